"""Signal-to-noise ratios with small-sample statistics."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, stats

from hcdc_kernel.algorithms._snr_rings import map_columns, n_border
from hcdc_kernel.algorithms.apertures import aperture_sums, ring_positions
from hcdc_kernel.algorithms.row_blocks import for_row_blocks
from hcdc_kernel.arrays import BoolArray, FloatArray

# Fewer noise apertures than this say next to nothing about the noise.
_LEAST_APERTURES = 3


def snr_at(
    image: FloatArray, xy: tuple[float, float], fwhm: float, *, exclude_neighbors: int = 0
) -> float:
    """Measure the S/N of a source at one place.

    The flux in a circle of diameter FWHM is compared with that in the other circles that
    fit side by side at the same distance from the star (two-sample t-test of a sample of
    one against the rest). Without a source it follows Student's t distribution with
    ``n - 2`` degrees of freedom, n being the number of all circles.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Odd-sized image with the star at pixel ``(n_y // 2, n_x // 2)``.
    xy : tuple of float
        The place, x then y [px].
    fwhm : float
        Diameter of the circles [px].
    exclude_neighbors : int
        Circles to leave out of the noise on each side of the place: 1 leaves out the
        negative lobes that angular differential imaging makes beside a bright source.

    Returns
    -------
    float
        The S/N; NaN where it cannot be measured.

    References
    ----------
    .. [1] Mawet et al. 2014, ApJ, 792, 97.
    """
    center_xy = (image.shape[1] // 2, image.shape[0] // 2)
    dx, dy = xy[0] - center_xy[0], xy[1] - center_xy[1]
    angle_deg = float(np.rad2deg(np.arctan2(dy, dx)))
    places = ring_positions(center_xy, float(np.hypot(dx, dy)), fwhm, angle_deg)
    if len(places) < _LEAST_APERTURES + 1:
        return float("nan")
    sums = aperture_sums(image, places, fwhm / 2)
    noise = sums[1 + exclude_neighbors : len(sums) - exclude_neighbors]
    noise = noise[np.isfinite(noise)]
    if noise.size < max(_LEAST_APERTURES, len(places) / 2 - 1):
        return float("nan")
    error = noise.std(ddof=1) * np.sqrt(1 + 1 / noise.size)
    mean = noise.mean()
    # A flat ring has no noise but that of rounding.
    return float((sums[0] - mean) / error) if error > 1e-10 * abs(mean) else float("nan")


def snr_map(
    image: FloatArray,
    fwhm: float,
    *,
    exclude_neighbors: int = 0,
    where: BoolArray | None = None,
) -> FloatArray:
    """Measure the S/N at every pixel.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Odd-sized image with the star at pixel ``(n_y // 2, n_x // 2)``; NaN where there is
        no measurement.
    fwhm : float
        Diameter of the circles that are compared [px].
    exclude_neighbors : int
        Circles to leave out of the noise on each side, see `snr_at`.
    where : ndarray of bool, shape (n_y, n_x), optional
        Pixels to measure, if not all: the time needed falls with their number.

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The S/N of `snr_at` at every pixel; NaN closer to the star than one FWHM, where the
        circle is not on data, where less than half of the ring is, and where not asked for.

    References
    ----------
    .. [1] Mawet et al. 2014, ApJ, 792, 97.
    """
    n_y, n_x = image.shape
    size = max(n_y, n_x)
    corner_y, corner_x = (size - n_y) // 2, (size - n_x) // 2
    inner = (slice(corner_y, corner_y + n_y), slice(corner_x, corner_x + n_x))
    wanted = np.zeros((size, size), dtype=bool)
    wanted[inner] = True if where is None else where
    border = n_border(float(fwhm))
    square = np.full((size + 2 * border, size + 2 * border), np.nan)
    square[border:-border, border:-border][inner] = image
    # One weight serves all four turns: their pixels lie side by side.
    turned = np.stack([np.rot90(square, turns) for turns in range(4)], axis=-1)
    snr = np.full((size, size), np.nan)
    # Columns take different times: shuffled, blocks of them take the same.
    columns = np.random.default_rng(0).permutation(np.arange(1, size // 2 + 1))
    whole = _whole_boxes(turned, border)
    how = (wanted, float(fwhm), int(exclude_neighbors), _LEAST_APERTURES)
    for_row_blocks(
        size,
        lambda first, last: map_columns(turned, whole, columns[first // 2 : last // 2], *how, snr),
    )
    return np.asarray(np.where(wanted, snr, np.nan)[inner])


def _whole_boxes(turned: FloatArray, size: int) -> BoolArray:
    """Mark the pixels at which a square of `size` pixels starts that has data throughout."""
    complete = np.isfinite(turned).all(axis=-1)
    # A filter's window is centered; moved by half of it, it starts at its pixel.
    moved = -(size // 2)
    return np.asarray(
        ndimage.minimum_filter(complete, size, origin=moved, mode="constant", cval=False)
    )


def n_apertures(separation_px: FloatArray, fwhm: float) -> FloatArray:
    """Count the circles of diameter FWHM that fit side by side around the star.

    Parameters
    ----------
    separation_px : ndarray
        Distance of the circles' centers from the star [px].
    fwhm : float
        Diameter of each circle [px].

    Returns
    -------
    ndarray
        Their number, same shape; 0 where they would overlap the star.
    """
    distance = np.maximum(np.asarray(separation_px, dtype=float), 1e-9)
    ratio = np.minimum(fwhm / 2 / distance, 1.0)
    count = np.floor(np.pi / np.arcsin(ratio) + 1e-9)
    return np.asarray(np.where(distance > fwhm / 2, count, 0.0))


def false_alarm_probability(
    snr: FloatArray | float, n_circles: FloatArray | float, *, exclude_neighbors: int = 0
) -> FloatArray:
    """Tell how often noise alone gives at least this S/N at one given place.

    Parameters
    ----------
    snr : ndarray or float
        S/N of `snr_at`.
    n_circles : ndarray or float
        Number of all circles at that separation, `n_apertures`.
    exclude_neighbors : int
        Circles left out of the noise on each side.

    Returns
    -------
    ndarray
        One-sided probability of Student's t with ``n - 2 - 2 * exclude_neighbors`` degrees
        of freedom; NaN where there are none.
    """
    freedom = np.asarray(n_circles, dtype=float) - 2 - 2 * exclude_neighbors
    known = freedom > 0
    chance = stats.t.sf(np.asarray(snr, dtype=float), np.where(known, freedom, 1.0))
    return np.asarray(np.where(known, chance, np.nan))


def snr_threshold(
    n_sigma: float, n_circles: FloatArray | float, *, exclude_neighbors: int = 0
) -> FloatArray:
    """Find the S/N whose false alarms are as rare as those of `n_sigma` in Gaussian noise.

    Parameters
    ----------
    n_sigma : float
        Gaussian significance asked for.
    n_circles : ndarray or float
        Number of all circles at that separation, `n_apertures`.
    exclude_neighbors : int
        Circles left out of the noise on each side.

    Returns
    -------
    ndarray
        The S/N to exceed: larger than `n_sigma`, much so close to the star; NaN where too
        few circles are left.
    """
    freedom = np.asarray(n_circles, dtype=float) - 2 - 2 * exclude_neighbors
    known = freedom > 0
    limit = stats.t.isf(stats.norm.sf(n_sigma), np.where(known, freedom, 1.0))
    return np.asarray(np.where(known, limit, np.nan))


def gaussian_significance(false_alarm: FloatArray | float) -> FloatArray:
    """Translate a false-alarm probability into the sigma of Gaussian noise.

    Parameters
    ----------
    false_alarm : ndarray or float
        One-sided probability.

    Returns
    -------
    ndarray
        Number of sigma.
    """
    return np.asarray(stats.norm.isf(np.asarray(false_alarm, dtype=float)))
