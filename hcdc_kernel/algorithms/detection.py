"""Point sources that stand out of an S/N map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hcdc_kernel.algorithms.apertures import aperture_map, aperture_sums
from hcdc_kernel.algorithms.snr import n_apertures, snr_threshold
from hcdc_kernel.arrays import FloatArray

# Rings of a bright source may be this much brighter than in the PSF: the reduction changes them.
_SIDELOBE_MARGIN = 2.5
_SIDELOBE_REACH_FWHM = 4.0


@dataclass(frozen=True, slots=True)
class Source:
    """A point source in an image.

    Attributes
    ----------
    xy : tuple of float
        Position, 0-based pixel centers, x then y [px].
    snr : float
        The S/N of the brightest pixel of the map.
    """

    xy: tuple[float, float]
    snr: float


def threshold_map(
    shape: tuple[int, int],
    fwhm: float,
    n_sigma: float,
    *,
    small_sample: bool = True,
    exclude_neighbors: int = 0,
) -> FloatArray:
    """Draw the S/N that a source must exceed at each place.

    Parameters
    ----------
    shape : tuple of int
        Shape of the map; the star is at pixel ``(n_y // 2, n_x // 2)``.
    fwhm : float
        Resolution element [px].
    n_sigma : float
        Gaussian significance asked for.
    small_sample : bool
        Ask for the false-alarm rate of `n_sigma` in Gaussian noise, with the Student's t
        distribution of the few resolution elements at that separation; otherwise for an S/N
        of `n_sigma` everywhere.
    exclude_neighbors : int
        Circles that the map left out of the noise on each side.

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The limit; infinite where none can be given.
    """
    if not small_sample:
        return np.full(shape, float(n_sigma))
    rows, columns = np.indices(shape)
    distance = np.hypot(columns - shape[1] // 2, rows - shape[0] // 2)
    count, where = np.unique(n_apertures(distance, fwhm), return_inverse=True)
    limits = snr_threshold(n_sigma, count, exclude_neighbors=exclude_neighbors)
    return np.asarray(np.where(np.isnan(limits), np.inf, limits)[where].reshape(shape))


def find_sources(
    snr: FloatArray, threshold: FloatArray, fwhm: float, *, inner_px: float, n_most: int
) -> list[Source]:
    """List the local maxima above the threshold, brightest first.

    Parameters
    ----------
    snr : ndarray, shape (n_y, n_x)
        S/N map with the star at pixel ``(n_y // 2, n_x // 2)``; NaN where there is none.
    threshold : ndarray, shape (n_y, n_x)
        What must be exceeded.
    fwhm : float
        Resolution element: of maxima closer than this, the brightest counts [px].
    inner_px : float
        Nothing closer to the star is taken [px].
    n_most : int
        Largest number of sources.

    Returns
    -------
    list of Source
        Whole-pixel positions; refine them with `centroid`.
    """
    rows, columns = np.indices(snr.shape)
    distance = np.hypot(columns - snr.shape[1] // 2, rows - snr.shape[0] // 2)
    left = np.where(np.isfinite(snr) & (distance >= inner_px), snr, -np.inf)
    highest = ndimage.maximum_filter(left, size=3)
    left = np.where((left == highest) & (left > threshold), left, -np.inf)
    found: list[Source] = []
    while len(found) < n_most and np.isfinite(left.max()):
        y, x = divmod(int(np.argmax(left)), snr.shape[1])
        found.append(Source((float(x), float(y)), float(left[y, x])))
        left[np.hypot(columns - x, rows - y) <= fwhm] = -np.inf
    return found


def centroid(image: FloatArray, xy: tuple[float, float], fwhm: float) -> tuple[float, float]:
    """Refine the position of a source: the top of the image, smoothed to its resolution.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Residual image, not an S/N map; NaN where there is no measurement.
    xy : tuple of float
        Rough position, x then y [px].
    fwhm : float
        Resolution element [px].

    Returns
    -------
    tuple of float
        The position, x then y [px]; `xy` itself where no top is found within one FWHM.
    """
    smooth = ndimage.gaussian_filter(np.nan_to_num(image.astype(float)), fwhm / 2.355)
    x, y = round(xy[0]), round(xy[1])
    for _ in range(int(np.ceil(fwhm)) + 1):
        if not (0 < x < image.shape[1] - 1 and 0 < y < image.shape[0] - 1):
            return xy
        box = smooth[y - 1 : y + 2, x - 1 : x + 2]
        up, right = divmod(int(np.argmax(box)), 3)
        if (up, right) == (1, 1):
            dx = _vertex(box[1, 0], box[1, 1], box[1, 2])
            dy = _vertex(box[0, 1], box[1, 1], box[2, 1])
            near = np.hypot(x + dx - xy[0], y + dy - xy[1]) <= fwhm
            return (x + dx, y + dy) if near else xy
        x, y = x + right - 1, y + up - 1
    return xy


def _vertex(left: float, middle: float, right: float) -> float:
    """Place of the top of the parabola through three points, relative to the middle one."""
    bend = left - 2 * middle + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0


def sidelobes(
    image: FloatArray, places: list[tuple[float, float]], psf: FloatArray, fwhm: float
) -> list[bool]:
    """Tell which sources are but rings or spikes of a brighter one near them.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Residual image.
    places : list of tuple of float
        Positions of the sources, x then y [px].
    psf : ndarray, shape (n_psf_y, n_psf_x)
        Odd-sized image of a point source.
    fwhm : float
        Resolution element [px].

    Returns
    -------
    list of bool
        True for a source within 4 FWHM of a brighter one and no brighter than the rings of
        the PSF at that distance may explain.
    """
    if not places:
        return []
    fluxes = aperture_sums(image.astype(float), np.array(places), fwhm / 2)
    levels = _ring_level(psf.astype(float), fwhm)

    def explained(faint: int, bright: int) -> bool:
        distance = float(np.hypot(*np.subtract(places[faint], places[bright])))
        if not 0 < distance <= _SIDELOBE_REACH_FWHM * fwhm or not fluxes[faint] < fluxes[bright]:
            return False
        level = levels[min(round(distance), levels.size - 1)]
        return bool(fluxes[faint] < _SIDELOBE_MARGIN * level * fluxes[bright])

    n = len(places)
    return [any(explained(i, j) for j in range(n)) for i in range(n)]


def _ring_level(psf: FloatArray, fwhm: float) -> FloatArray:
    """Brightest circle of a PSF at each whole distance, relative to its core."""
    sums = aperture_map(psf, fwhm / 2)
    n_y, n_x = psf.shape
    rows, columns = np.indices(psf.shape)
    distance = np.rint(np.hypot(columns - n_x // 2, rows - n_y // 2)).astype(int)
    levels = np.zeros(int(distance.max()) + 1)
    measured = np.isfinite(sums)
    np.maximum.at(levels, distance[measured], sums[measured])
    return np.asarray(levels / sums[n_y // 2, n_x // 2])


def combine_channels(images: FloatArray, scale: FloatArray, fwhm: float) -> FloatArray:
    """Average the channels of a residual, each weighted by its noise at each separation.

    Parameters
    ----------
    images : ndarray, shape (n_wave, n_y, n_x)
        Residuals with the star at pixel ``(n_y // 2, n_x // 2)``; NaN where no measurement.
    scale : ndarray, shape (n_wave,)
        Flux of the star in each channel: with it, a companion of the star's color has the
        same height in all channels.
    fwhm : float
        Width of the rings in which noise is measured [px].

    Returns
    -------
    ndarray, shape (n_y, n_x)
        Weighted mean of ``images / scale``; NaN where no channel has data.
    """
    n_wave, n_y, n_x = images.shape
    rows, columns = np.indices((n_y, n_x))
    distance = np.hypot(columns - n_x // 2, rows - n_y // 2)
    total, weights = np.zeros((n_y, n_x)), np.zeros((n_y, n_x))
    for wave in range(n_wave):
        image = images[wave].astype(float) / scale[wave]
        weight = 1.0 / np.maximum(_ring_noise(image, distance, fwhm), 1e-30) ** 2
        known = np.isfinite(image) & np.isfinite(weight)
        total += np.where(known, np.nan_to_num(image) * np.nan_to_num(weight), 0.0)
        weights += np.where(known, np.nan_to_num(weight), 0.0)
    return np.asarray(np.where(weights > 0, total / np.where(weights > 0, weights, 1.0), np.nan))


def _ring_noise(image: FloatArray, distance: FloatArray, width: float) -> FloatArray:
    """Robust scatter of the pixels in rings, drawn as a map; NaN where it is not known."""
    edges = np.arange(0.0, float(distance.max()) + width, width)
    ring = np.digitize(distance, edges)
    noise = np.full(image.shape, np.nan)
    for index in np.unique(ring):
        values = image[(ring == index) & np.isfinite(image)]
        if values.size > 3:
            spread = 1.4826 * np.median(np.abs(values - np.median(values)))
            noise[ring == index] = spread if spread > 0 else np.nan
    return noise
