"""The star behind a coronagraph from its four satellite spots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms.spot_fit import FittedSpot, Square, fit_spot, fit_square
from hcdc_kernel.algorithms.spot_search import (
    Orientation,
    SpotCandidate,
    SpotPattern,
    search_spots,
)
from hcdc_kernel.arrays import BoolArray, FloatArray
from hcdc_kernel.errors import DataError

_LEAST_SNR = 5.0
_LEAST_SPOTS = 3
# If the middles of the diagonals are farther apart than both, one spot may be disturbed.
_DISTURBED_PX, _DISTURBED_SIGMA = 0.25, 3.0


@dataclass(frozen=True, slots=True)
class SpotCenter:
    """The star between its satellite spots.

    Attributes
    ----------
    xy : ndarray, shape (2,)
        Star, 0-based pixel centers, x then y [px].
    error_px : float
        One standard deviation of a coordinate [px].
    spots_xy : ndarray, shape (4, 2)
        The spots, counter-clockwise from +x; NaN for one that was not used [px].
    spot_error_px : ndarray, shape (4,)
        Error of each spot across the radius [px].
    height : ndarray, shape (4,)
        Height of each spot [unit of the image]; NaN for one that was not used.
    snr : ndarray, shape (4,)
        Signal to noise of each spot; NaN for one that was not used.
    orientation : {"x", "+"}
        The pattern.
    radius_px : float
        Distance of the spots from the star, along x [px].
    departure_px : float
        Root mean square distance of the spots from the corners of a square [px].
    """

    xy: FloatArray
    error_px: float
    spots_xy: FloatArray
    spot_error_px: FloatArray
    height: FloatArray
    snr: FloatArray
    orientation: Orientation
    radius_px: float
    departure_px: float

    @property
    def n_spots(self) -> int:
        """Number of spots used.

        Returns
        -------
        int
            3 or 4.
        """
        return int(np.isfinite(self.snr).sum())


def find_spots(
    image: FloatArray,
    pattern: SpotPattern,
    *,
    guess_xy: FloatArray | None = None,
    search_px: float = 60.0,
    usable: BoolArray | None = None,
) -> SpotCenter:
    """Find the star from four satellite spots, without knowing where it is.

    Places around which four spots stand out are listed, the spots of each are fitted by
    elongated Gaussians on a sloping background, and the place is kept whose spots are
    clearest and nearest to a square. The star is where the diagonals cross; that does not
    depend on how the spots are drawn out along them. With one spot lost, a square is laid
    through the other three.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image; NaN where there is no measurement.
    pattern : SpotPattern
        What to look for.
    guess_xy : ndarray, shape (2,), optional
        Rough position of the star, x then y [px]; without it the whole image is searched.
    search_px : float
        How far from `guess_xy` the star may be [px].
    usable : ndarray of bool, shape (n_y, n_x), optional
        False for pixels that were filled in and say nothing.

    Returns
    -------
    SpotCenter
        The star, with its error.

    Raises
    ------
    DataError
        If no four spots, or three good ones, are found.

    References
    ----------
    .. [1] Marois et al. 2006, ApJ, 647, 612; Sivaramakrishnan & Oppenheimer 2006, ApJ, 647, 620
       (satellite spots).
    """
    finite = np.isfinite(image)
    usable = finite if usable is None else finite & usable
    level = float(np.median(image[finite])) if finite.any() else 0.0
    filled = np.where(finite, image, level).astype(float)
    near = np.ones(image.shape, dtype=bool)
    if guess_xy is not None:
        rows, columns = np.indices(image.shape)
        near = np.hypot(columns - guess_xy[0], rows - guess_xy[1]) <= search_px
    candidates = search_spots(filled, usable, pattern, near)
    fits = [fit for one in candidates if (fit := _fit_pattern(filled, usable, pattern, one))]
    if not fits:
        raise DataError(
            "No satellite spots can be found",
            found=f"no three bright spots {pattern.radius_px:.1f} px from a common center",
            remedy="Check that the spots were on and the filter is right, or measure the star "
            "in another way",
        )
    return max(fits, key=_merit)


def _merit(fit: SpotCenter) -> float:
    """Rate a fit: bright spots in a good square.

    The brightest spot does not count: a pattern of faint spots of second order has the star
    itself for its fourth.
    """
    lower = np.sort(fit.height[np.isfinite(fit.height)])[:-1]
    return float(lower.mean()) / (1.0 + (fit.departure_px / 0.5) ** 2)


def _fit_pattern(
    image: FloatArray, usable: BoolArray, pattern: SpotPattern, candidate: SpotCandidate
) -> SpotCenter | None:
    """Fit the spots around a candidate, or find that there are not enough."""
    offsets = pattern.offsets(candidate.orientation, candidate.radius_px)
    center = np.array(candidate.xy)
    fitted = [fit_spot(image, usable, pattern, center, offset) for offset in offsets]
    spots = {k: one for k, one in enumerate(fitted) if one and one.snr >= _LEAST_SNR}
    if len(spots) < _LEAST_SPOTS:
        return None
    square = fit_square(spots, pattern, candidate.orientation)
    gap_px, gap_sigma = _gap(spots) if len(spots) == 4 else (0.0, 0.0)
    if gap_px > _DISTURBED_PX and gap_sigma > _DISTURBED_SIGMA:
        trios = [{k: one for k, one in spots.items() if k != out} for out in spots]
        squares = [fit_square(trio, pattern, candidate.orientation) for trio in trios]
        best = min(range(4), key=lambda k: squares[k].departure_px)
        better = squares[best].departure_px < square.departure_px / 3
        if better and squares[best].is_like(pattern):
            spots, square = trios[best], squares[best]
    if not square.is_like(pattern):
        return None
    return _assemble(spots, square, candidate.orientation)


def _gap(spots: dict[int, FittedSpot]) -> tuple[float, float]:
    """Give the distance of the middles of the two diagonals in px and in errors.

    They fall together in a square, and also in one that is stretched, sheared or turned.
    """
    first, second, third, fourth = (spots[k] for k in range(4))
    gap = (first.xy + third.xy - second.xy - fourth.xy) / 2
    covariance = np.sum([spot.covariance for spot in spots.values()], axis=0) / 4
    return float(np.hypot(*gap)), float(np.sqrt(gap @ np.linalg.solve(covariance, gap)))


def _assemble(
    spots: dict[int, FittedSpot], square: Square, orientation: Orientation
) -> SpotCenter:
    """Put the result together."""
    spots_xy, (errors, height, snr) = np.full((4, 2), np.nan), np.full((3, 4), np.nan)
    for k, spot in spots.items():
        spots_xy[k], errors[k] = spot.xy, spot.tangential_error_px
        height[k], snr[k] = spot.height, spot.snr
    xy, covariance, misfit = square.xy, square.covariance, square.misfit
    if len(spots) == 4:
        xy, covariance = _crossing(spots)
        misfit = _gap(spots)[1] ** 2 / 2
    # Spots that scatter more than their errors say have larger errors.
    error = float(np.sqrt(max(1.0, misfit) * np.trace(covariance) / 2))
    return SpotCenter(
        xy=xy,
        error_px=error,
        spots_xy=spots_xy,
        spot_error_px=errors,
        height=height,
        snr=snr,
        orientation=orientation,
        radius_px=square.radius_px,
        departure_px=square.departure_px,
    )


def _crossing(spots: dict[int, FittedSpot]) -> tuple[FloatArray, FloatArray]:
    """Intersect the two diagonals; give the point and its covariance."""
    normals, values, variances = [], [], []
    for first, second in ((0, 2), (1, 3)):
        a, b = spots[first], spots[second]
        way = b.xy - a.xy
        normal = np.array([-way[1], way[0]]) / np.hypot(*way)
        normals.append(normal)
        values.append(normal @ (a.xy + b.xy) / 2)
        variances.append(normal @ (a.covariance + b.covariance) @ normal / 4)
    inverse = np.linalg.inv(np.array(normals))
    return inverse @ np.array(values), inverse @ np.diag(variances) @ inverse.T
