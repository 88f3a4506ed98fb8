"""Find pixels that are hot, cold, noisy or without light."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from scipy import ndimage
from scipy.stats import chi2, norm

from hcdc_kernel.algorithms.detector_noise import MAD_TO_SIGMA
from hcdc_kernel.algorithms.detector_statistics import CombinedPlanes
from hcdc_kernel.algorithms.row_blocks import for_row_blocks
from hcdc_kernel.arrays import BoolArray, FloatArray, require_shape

_BLOCK_PX = 64
_LEAST_PLANES = 5  # below, the scatter of a pixel says nothing about it
_STUCK = 1e-3  # of the usual variance: below, a pixel does not react
_MOST_REJECTED = 0.15  # of the planes
_LEAST_EXCESS = 2.0  # a pixel is noisy from this multiple of the noise of its like


def local_median(image: FloatArray, half_width: int = 2) -> FloatArray:
    """Take the median of the pixels around each pixel, without itself.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Image; NaN is left out.
    half_width : int
        The box is ``2 * half_width + 1`` pixels wide.

    Returns
    -------
    ndarray, shape (n_y, n_x)
        Float32; NaN where no neighbor has data.
    """
    require_shape("image", image, (-1, -1))
    image = np.ascontiguousarray(image, dtype=np.float32)
    out = np.empty_like(image)
    for_row_blocks(len(image), lambda a, b: _local_median(image, half_width, a, b, out))
    return out


def hot_pixels(
    level: FloatArray, n_sigma: float = 5.0, least_excess_adu: float | FloatArray = 0.0
) -> BoolArray:
    """Find pixels much brighter than their neighbors in a dark or background.

    Parameters
    ----------
    level : ndarray, shape (n_y, n_x)
        Master dark or background [adu].
    n_sigma : float
        Limit in units of the usual scatter between neighbors.
    least_excess_adu : float or ndarray, shape (n_y, n_x)
        What exceeds the neighbors by less is harmless, such as the read noise of a frame, or
        chance, where the level itself is not known well enough [adu].

    Returns
    -------
    ndarray of bool, shape (n_y, n_x)
        True where a pixel is hot, or has no data.
    """
    excess, spread = _excess(level)
    harmless = excess <= np.maximum(n_sigma * spread, least_excess_adu)
    return np.asarray(~harmless)


def noisy_pixels(combined: CombinedPlanes, n_sigma: float = 5.0) -> BoolArray:
    """Find pixels that jump from plane to plane (telegraph noise), or never change at all.

    Parameters
    ----------
    combined : CombinedPlanes
        Planes without light or of steady light.
    n_sigma : float
        Significance that is asked for, as of a normal distribution; the scatter must also be
        twice that of pixels of the same level.

    Returns
    -------
    ndarray of bool, shape (n_y, n_x)
        True for noisy pixels, for those that had many values rejected, which cosmic rays do not
        do, and for stuck ones; none with fewer than 5 planes, which cannot tell.
    """
    n_planes = combined.n_planes
    if n_planes < _LEAST_PLANES:
        return np.zeros(combined.mean.shape, dtype=bool)
    expected = combined.noise.variance_at(combined.mean)
    limit = chi2.isf(norm.sf(n_sigma), n_planes - 1) / (n_planes - 1)
    variance = combined.scatter**2
    noisy = variance > expected * max(limit, _LEAST_EXCESS**2)
    jumps = n_planes - combined.n_used.astype(int) > max(1.0, _MOST_REJECTED * n_planes)
    stuck = variance < _STUCK * expected
    return np.asarray(noisy | jumps | stuck)


def unlit_pixels(response: FloatArray, least_response: float, least_area_px: int) -> BoolArray:
    """Find the parts of a detector that no light reaches.

    Parameters
    ----------
    response : ndarray, shape (n_y, n_x)
        Response to a lamp; 1 is usual.
    least_response : float
        Below, a pixel is dark.
    least_area_px : int
        Dark pixels that touch each other form an unlit part from this number on; smaller groups
        are bad pixels [px].

    Returns
    -------
    ndarray of bool, shape (n_y, n_x)
        True where there is no light.
    """
    dark = ~(response >= least_response)
    # Thin chains of dark pixels are bad pixels: they vanish in the median.
    core = _large_parts(ndimage.median_filter(dark, size=5, mode="nearest"), least_area_px)
    unlit = ndimage.binary_dilation(core & dark, iterations=3, mask=dark)
    # What is lit must hang together too: hot pixels in the dark do not.
    return np.asarray(~_large_parts(~unlit, least_area_px))


def _large_parts(chosen: BoolArray, least_area_px: int) -> BoolArray:
    """Keep those parts of what is chosen that have a certain area."""
    label, n_parts = ndimage.label(chosen)
    large = np.bincount(label.ravel(), minlength=n_parts + 1) >= least_area_px
    large[0] = False
    return np.asarray(large[label])


def _excess(level: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Subtract from each pixel the median of its neighbors; and the usual scatter of that."""
    difference = level - local_median(level)
    spread = np.empty_like(difference)
    for rows in _blocks(level.shape[0]):
        for columns in _blocks(level.shape[1]):
            values = difference[rows, columns]
            known = values[np.isfinite(values)]
            usual = MAD_TO_SIGMA * float(np.median(np.abs(known))) if known.size else math.nan
            spread[rows, columns] = usual if usual > 0 else math.nan
    # A block whose pixels are all alike takes the scatter of the whole detector.
    known = spread[np.isfinite(spread)]
    spread[~np.isfinite(spread)] = float(np.median(known)) if known.size else np.inf
    return difference, spread


def _blocks(length: int) -> list[slice]:
    """Cut a length into blocks."""
    starts = range(0, max(length - _BLOCK_PX // 2, 1), _BLOCK_PX)
    ends = [*list(starts)[1:], length]
    return [slice(a, b) for a, b in zip(starts, ends, strict=True)]


@njit(cache=True, nogil=True)
def _local_median(
    image: FloatArray, half_width: int, start: int, end: int, out: FloatArray
) -> None:  # pragma: no cover
    """Loop of `local_median` over some rows."""
    n_y, n_x = image.shape
    values = np.empty((2 * half_width + 1) ** 2, np.float32)
    for y in range(start, end):
        for x in range(n_x):
            count = 0
            for ny in range(max(0, y - half_width), min(n_y, y + half_width + 1)):
                for nx in range(max(0, x - half_width), min(n_x, x + half_width + 1)):
                    if (ny != y or nx != x) and np.isfinite(image[ny, nx]):
                        values[count] = image[ny, nx]
                        count += 1
            out[y, x] = _median(values, count)


@njit(cache=True, nogil=True)
def _median(values: FloatArray, count: int) -> float:  # noqa: C901  # pragma: no cover
    """Median of the first few values, by quick selection; the values change places."""
    if count == 0:
        return np.nan
    low, high, middle = 0, count - 1, count // 2
    while low < high:
        pivot = values[middle]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < middle:
            low = i
        if i > middle:
            high = j
    if count % 2:
        return float(values[middle])
    below = values[0]
    for k in range(1, middle):
        below = max(below, values[k])
    return float(0.5 * (below + values[middle]))
