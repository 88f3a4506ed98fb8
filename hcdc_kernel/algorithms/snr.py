"""Signal-to-noise ratios with small-sample statistics."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from scipy import stats

from hcdc_kernel.algorithms.apertures import aperture_sums, pixel_overlap, ring_positions
from hcdc_kernel.arrays import FloatArray

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


@numba.njit(cache=True)
def _ring_sums(image: Any, dx: int, dy: int, radius: float, n: int, sums: Any) -> None:
    """Fill sums (4, n) of the rings that start at (dx, dy) and at its quarter turns."""
    center = image.shape[0] // 2
    angle = 2.0 * np.arcsin(radius / np.hypot(dx, dy))
    for k in range(n):
        c, s = np.cos(k * angle), np.sin(k * angle)
        x, y = c * dx + s * dy, c * dy - s * dx
        sums[:, k] = 0.0
        for j in range(int(np.floor(y - radius + 0.5)), int(np.ceil(y + radius - 0.5)) + 1):
            for i in range(int(np.floor(x - radius + 0.5)), int(np.ceil(x + radius - 0.5)) + 1):
                weight = pixel_overlap(i - x, j - y, radius)
                if weight == 0.0:
                    continue
                if max(abs(i), abs(j)) > center:
                    sums[:, k] = np.nan
                    continue
                sums[0, k] += weight * image[center + j, center + i]
                sums[1, k] += weight * image[center + i, center - j]
                sums[2, k] += weight * image[center - j, center - i]
                sums[3, k] += weight * image[center - i, center + j]


@numba.njit(cache=True)
def _t_statistic(sums: Any, n_skip: int) -> float:
    """Compare the first sum with the others, leaving out `n_skip` on each side."""
    total, n = 0.0, 0
    for k in range(1 + n_skip, sums.size - n_skip):
        if np.isfinite(sums[k]):
            total += sums[k]
            n += 1
    if n < max(_LEAST_APERTURES, sums.size / 2 - 1):
        return np.nan
    mean, square = total / n, 0.0
    for k in range(1 + n_skip, sums.size - n_skip):
        if np.isfinite(sums[k]):
            square += (sums[k] - mean) ** 2
    error = np.sqrt(square / (n - 1) * (1.0 + 1.0 / n))
    return (sums[0] - mean) / error if error > 1e-10 * abs(mean) else np.nan


@numba.njit(cache=True)
def _map(image: Any, fwhm: float, n_skip: int) -> Any:
    """Map a square odd image; rings at the four quarter turns share their weights."""
    center = image.shape[0] // 2
    snr = np.full(image.shape, np.nan)
    for dx in range(1, center + 1):
        for dy in range(center + 1):
            distance = np.hypot(dx, dy)
            if distance < 0.999 * fwhm or distance > center:
                continue
            n = int(2.0 * np.pi / (2.0 * np.arcsin(fwhm / 2.0 / distance)) + 1e-9)
            sums = np.empty((4, n))
            _ring_sums(image, dx, dy, fwhm / 2.0, n, sums)
            snr[center + dy, center + dx] = _t_statistic(sums[0], n_skip)
            snr[center + dx, center - dy] = _t_statistic(sums[1], n_skip)
            snr[center - dy, center - dx] = _t_statistic(sums[2], n_skip)
            snr[center - dx, center + dy] = _t_statistic(sums[3], n_skip)
    return snr


def snr_map(image: FloatArray, fwhm: float, *, exclude_neighbors: int = 0) -> FloatArray:
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

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The S/N of `snr_at` at every pixel; NaN closer to the star than one FWHM, where the
        circle is not on data, and where less than half of the ring is.

    References
    ----------
    .. [1] Mawet et al. 2014, ApJ, 792, 97.
    """
    n_y, n_x = image.shape
    size = max(n_y, n_x)
    square = np.full((size, size), np.nan)
    y, x = (size - n_y) // 2, (size - n_x) // 2
    square[y : y + n_y, x : x + n_x] = image
    snr = _map(square, float(fwhm), int(exclude_neighbors))
    return np.asarray(snr[y : y + n_y, x : x + n_x])


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
