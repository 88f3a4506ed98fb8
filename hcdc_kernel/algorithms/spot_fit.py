"""Fit single satellite spots, and the square that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, optimize

from hcdc_kernel.algorithms.spot_search import Orientation, SpotPattern
from hcdc_kernel.arrays import BoolArray, FloatArray

_SIGMA_OF_FWHM = 1.0 / np.sqrt(8.0 * np.log(2.0))
_LEAST_USABLE = 0.8
_LARGEST_DEPARTURE_FWHM = 0.35
_LARGEST_TURN_DEG = 4.0


@dataclass(frozen=True, slots=True)
class FittedSpot:
    """One satellite spot.

    Attributes
    ----------
    xy : ndarray, shape (2,)
        Its center, x then y [px].
    covariance : ndarray, shape (2, 2)
        Of `xy` [px^2].
    tangential_error_px : float
        Error across the radius [px].
    height : float
        Height above the background [unit of the image].
    snr : float
        Height over its error.
    """

    xy: FloatArray
    covariance: FloatArray
    tangential_error_px: float
    height: float
    snr: float


def fit_spot(
    image: FloatArray,
    usable: BoolArray,
    pattern: SpotPattern,
    center_xy: FloatArray,
    offset: FloatArray,
) -> FittedSpot | None:
    """Fit a Gaussian drawn out along the radius, on a sloping background.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Finite image.
    usable : ndarray of bool, shape (n_y, n_x)
        True where the image was measured.
    pattern : SpotPattern
        Widths to start from.
    center_xy : ndarray, shape (2,)
        Rough position of the star [px].
    offset : ndarray, shape (2,)
        Rough place of the spot relative to it [px].

    Returns
    -------
    FittedSpot or None
        None if there is none, or it is in part off the image or on bad pixels.
    """
    start = center_xy + offset
    reach = max(6.0, 2.2 * pattern.fwhm_px + 0.7 * pattern.smear_px)
    x, y, values = _window(image, usable, start, reach)
    if values.size < _LEAST_USABLE * np.pi * reach**2:
        return None
    radial = offset / np.hypot(*offset)
    sigma = pattern.fwhm_px * _SIGMA_OF_FWHM
    long = float(np.hypot(sigma, 0.3 * pattern.smear_px))
    background = float(np.median(values))
    scale = float(values.max()) - background
    if not scale > 0:
        return None
    p0, low, high = np.array(
        [
            (0.0, -0.6 * reach, 0.6 * reach),
            (0.0, -0.6 * reach, 0.6 * reach),
            (0.8, 0.0, 3.0),
            (long, 0.7 * sigma, 2.5 * long),
            (sigma, 0.6 * sigma, 1.8 * sigma),
            (0.0, -2.0, 2.0),
            (0.0, -1.0, 1.0),
            (0.0, -1.0, 1.0),
        ]
    ).T
    u0, v0 = x - start[0], y - start[1]

    def misfit(p: FloatArray) -> FloatArray:
        dx, dy = u0 - p[0], v0 - p[1]
        along, across = dx * radial[0] + dy * radial[1], -dx * radial[1] + dy * radial[0]
        spot = p[2] * np.exp(-0.5 * ((along / p[3]) ** 2 + (across / p[4]) ** 2))
        model = spot + p[5] + (p[6] * u0 + p[7] * v0) / reach
        return np.asarray(model - (values - background) / scale)

    noise = 1.4826 * float(np.median(np.abs(misfit(p0))))
    found = optimize.least_squares(
        misfit, p0, bounds=(low, high), loss="soft_l1", f_scale=max(3 * noise, 1e-3)
    )
    at_border = np.hypot(found.x[0], found.x[1]) > 0.55 * reach
    if not found.success or at_border or found.x[2] <= 0:
        return None
    covariance = _covariance(np.asarray(found.jac), misfit(found.x), (u0, v0), pattern.fwhm_px)
    across_vector = np.array([-radial[1], radial[0]])
    place = covariance[:2, :2]
    return FittedSpot(
        xy=start + found.x[:2],
        covariance=place,
        tangential_error_px=float(np.sqrt(across_vector @ place @ across_vector)),
        height=float(found.x[2] * scale),
        snr=float(found.x[2] / np.sqrt(covariance[2, 2])),
    )


def _window(
    image: FloatArray, usable: BoolArray, middle: FloatArray, reach: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give x, y and value of the usable pixels within a distance."""
    left, top = (max(0, int(np.ceil(value))) for value in middle - reach)
    right, bottom = (int(np.floor(value)) + 1 for value in middle + reach)
    if right <= left or bottom <= top:
        return np.empty(0), np.empty(0), np.empty(0)
    part = np.s_[top:bottom, left:right]
    values, grid = image[part], np.indices(image[part].shape).astype(float)
    x, y = grid[1] + left, grid[0] + top
    use = usable[part] & (np.hypot(x - middle[0], y - middle[1]) <= reach)
    return x[use], y[use], values[use]


def _covariance(
    slopes: FloatArray, rest: FloatArray, places: tuple[FloatArray, FloatArray], fwhm_px: float
) -> FloatArray:
    """Give the covariance of fitted values in noise that may be speckles.

    Speckles are as wide as the PSF: then the rest of the fit is alike in neighboring pixels,
    and those count as fewer measurements.
    """
    n_measured, n_fitted = slopes.shape
    columns, rows = (np.rint(place - place.min()).astype(int) for place in places)
    grid = np.zeros((n_fitted + 1, rows.max() + 1, columns.max() + 1))
    grid[:, rows, columns] = np.vstack([slopes.T, rest])
    power = float((rest**2).sum())
    rest_grid = grid[-1]
    pairs = (rest_grid[:, 1:] * rest_grid[:, :-1]).sum() + (rest_grid[1:] * rest_grid[:-1]).sum()
    sigma = np.sqrt(2) * fwhm_px * _SIGMA_OF_FWHM  # of the PSF correlated with itself
    share = float(np.clip(pairs / (2 * power) / np.exp(-0.5 / sigma**2), 0.0, 1.0))
    smooth = ndimage.gaussian_filter(grid[:-1], (0, sigma, sigma), mode="constant")
    alike = 2 * np.pi * sigma**2 * np.asarray(smooth)[:, rows, columns]
    inverse = np.linalg.pinv(slopes.T @ slopes)
    middle = (1 - share) * slopes.T + share * alike
    variance = power / max(n_measured - n_fitted, 1)
    return np.asarray(variance * inverse @ (middle @ slopes) @ inverse)


@dataclass(frozen=True, slots=True)
class Square:
    """The square nearest to fitted spots.

    Attributes
    ----------
    xy : ndarray, shape (2,)
        Its middle, x then y [px].
    covariance : ndarray, shape (2, 2)
        Of `xy` [px^2].
    radius_px : float
        Half of its diagonal, along x [px].
    turn_deg : float
        Turn against the expected orientation, counter-clockwise [deg].
    departure_px : float
        Root mean square distance of the spots from its corners [px].
    misfit : float
        Mean squared departure in units of the errors; about 1 for a square.
    """

    xy: FloatArray
    covariance: FloatArray
    radius_px: float
    turn_deg: float
    departure_px: float
    misfit: float

    def is_like(self, pattern: SpotPattern) -> bool:
        """Tell whether this can be the pattern that was looked for.

        Parameters
        ----------
        pattern : SpotPattern
            What was looked for.

        Returns
        -------
        bool
            False if size, turn or shape are others.
        """
        off = abs(self.radius_px / pattern.radius_px - 1.0)
        return (
            off <= pattern.tolerance + 1.0 / pattern.radius_px
            and abs(self.turn_deg) <= _LARGEST_TURN_DEG
            and self.departure_px <= _LARGEST_DEPARTURE_FWHM * pattern.fwhm_px
        )


def fit_square(
    spots: Mapping[int, FittedSpot], pattern: SpotPattern, orientation: Orientation
) -> Square:
    """Lay a square through three or four spots.

    Parameters
    ----------
    spots : mapping of int to FittedSpot
        Spots by their number, counter-clockwise from +x.
    pattern : SpotPattern
        How the square is drawn out along y.
    orientation : {"x", "+"}
        Whether the spots are on the diagonals.

    Returns
    -------
    Square
        By least squares, weighted by the errors of the spots.
    """
    direct = pattern.offsets(orientation, 1.0)
    turned = pattern.offsets(orientation, 1.0, 90.0)
    design, values = [], []
    for k, spot in spots.items():
        root = np.linalg.inv(np.linalg.cholesky(spot.covariance))
        block = np.column_stack([np.eye(2), direct[k], turned[k]])
        design.append(root @ block)
        values.append(root @ spot.xy)
    a, b = np.concatenate(design), np.concatenate(values)
    p = np.linalg.lstsq(a, b, rcond=None)[0]
    away = [spots[k].xy - p[:2] - direct[k] * p[2] - turned[k] * p[3] for k in spots]
    return Square(
        xy=p[:2],
        covariance=np.linalg.inv(a.T @ a)[:2, :2],
        radius_px=float(np.hypot(p[2], p[3])),
        turn_deg=float(np.rad2deg(np.arctan2(p[3], p[2]))),
        departure_px=float(np.sqrt(np.mean(np.sum(np.square(away), axis=1)))),
        misfit=float(((a @ p - b) ** 2).sum() / (b.size - 4)),
    )
