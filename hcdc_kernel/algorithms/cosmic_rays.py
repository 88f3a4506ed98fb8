"""Find cosmic rays in a single frame without touching the starlight."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.special import j1

from hcdc_kernel.algorithms.row_blocks import for_row_blocks
from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray, require_shape

_FWHM_OF_AIRY = 1.03  # [lambda / D]
# Share of the mean light around a pixel by which optics may miss the prediction; the images of
# stars at hand miss it by up to 0.2.
_TOLERANCE = 0.3
_NUGGET = 1e-3  # noise of the scene beside its structure, which keeps the weights tame
_REACH = 2  # neighbors that predict a pixel: the 5 x 5 around it
_N_PASSES = 6  # a track is taken off pixel by pixel


def flag_cosmic_rays(
    image: FloatArray,
    noise: FloatArray,
    is_bad: BoolArray,
    *,
    n_sigma: float = 6.0,
    fwhm_px: float = 3.4,
    reference: FloatArray | None = None,
) -> BoolArray:
    """Find pixels that stand out more sharply than any light through the telescope can.

    Light through a telescope is blurred by diffraction: star, speckles, satellite spots and
    companions alike. What a pixel may hold therefore follows from the pixels around it. A pixel
    is marked if it exceeds their prediction by `n_sigma` and by 30 % of the mean light around
    it; the worst of its neighborhood goes first, and is not believed when the others are judged.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Frame, background subtracted [adu]; NaN is left out.
    noise : ndarray, shape (n_y, n_x)
        Standard deviation of each pixel [adu].
    is_bad : ndarray of bool, shape (n_y, n_x)
        Pixels known to be bad: neither marked nor used.
    n_sigma : float
        Least excess, in units of the noise.
    fwhm_px : float
        Width of the image of a star at this wavelength [px].
    reference : ndarray, shape (n_y, n_x), optional
        The same scene without the hits, such as the median of frames before and after [adu]. The
        search is then done on the difference, which also shows faint hits on the star.

    Returns
    -------
    ndarray of bool, shape (n_y, n_x)
        True where a pixel was hit.

    Raises
    ------
    DataError
        If the shapes differ.

    Notes
    -----
    The prediction is the unbiased linear one of least error (kriging) for light whose
    covariance is the Airy pattern, as that of speckles is.

    References
    ----------
    .. [1] van Dokkum 2001, PASP, 113, 1420 (cosmic rays are sharper than stars).
    .. [2] Goodman 2007, Speckle Phenomena in Optics (covariance of speckles).
    """
    require_shape("image", image, (-1, -1))
    require_shape("noise", noise, image.shape)
    require_shape("bad pixels", is_bad, image.shape)
    scene = np.array(image if reference is None else image - reference, dtype=np.float32)
    scene[is_bad] = np.nan
    noise = np.ascontiguousarray(noise, dtype=np.float32)
    rising = np.zeros(image.shape, dtype=np.bool_)
    for_row_blocks(len(image), lambda a, b: _rise(scene, noise, n_sigma, (a, b), rising))
    places: IntArray = np.flatnonzero(rising)
    covariance = _covariance(fwhm_px)
    weights = _weights_of_all(covariance)
    excess = np.zeros(image.shape, np.float32)
    hits = np.zeros(image.shape, dtype=np.bool_)
    for _ in range(_N_PASSES):
        _judge(scene, noise, places, covariance, weights, excess)
        new = _peaks(excess, places, n_sigma)
        if len(new) == 0:
            break
        hits.reshape(-1)[new] = True
        scene.reshape(-1)[new] = np.nan
        excess.reshape(-1)[new] = 0
        places = _around(places, new, scene)
    return hits


def _covariance(fwhm_px: float) -> FloatArray:
    """Covariance of light at two pixels, by how far apart they are in y and x."""
    y, x = np.indices((2 * _REACH + 1, 2 * _REACH + 1))
    argument = np.pi * np.hypot(y, x) * _FWHM_OF_AIRY / fwhm_px
    argument[0, 0] = 1.0
    airy = (2 * j1(argument) / argument) ** 2
    airy[0, 0] = 1.0
    return np.asarray(airy)


def _around(places: IntArray, new: IntArray, scene: FloatArray) -> IntArray:
    """Choose what to judge again: places near new hits, and all pixels that touch one."""
    changed = np.zeros(scene.shape, dtype=bool)
    touching = np.zeros(scene.shape, dtype=bool)
    for y, x in zip(*np.unravel_index(new, scene.shape), strict=True):
        changed[max(0, y - _REACH) : y + _REACH + 1, max(0, x - _REACH) : x + _REACH + 1] = True
        touching[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] = True
    again = np.zeros(scene.size, dtype=bool)
    again[places] = changed.reshape(-1)[places]
    again |= touching.reshape(-1)
    return np.flatnonzero(again & ~np.isnan(scene).reshape(-1))


@njit(cache=True, nogil=True)
def _rise(
    scene: FloatArray, noise: FloatArray, n_sigma: float, rows: tuple[int, int], out: BoolArray
) -> None:  # pragma: no cover
    """Mark pixels that rise above two of their four neighbors: they need a closer look."""
    n_y, n_x = scene.shape
    for y in range(max(rows[0], 1), min(rows[1], n_y - 1)):
        for x in range(1, n_x - 1):
            floor = scene[y, x] - n_sigma * noise[y, x]
            above, below = scene[y - 1, x], scene[y + 1, x]
            left, right = scene[y, x - 1], scene[y, x + 1]
            # Comparisons with NaN are false: bad pixels do not count.
            n_low = (above < floor) + (below < floor) + (left < floor) + (right < floor)
            out[y, x] = n_low >= 2


@njit(cache=True, nogil=True)
def _neighbors(scene: FloatArray, y: int, x: int, offsets: IntArray) -> int:  # pragma: no cover
    """List the offsets to the neighbors that have data; how many there are."""
    n_y, n_x = scene.shape
    count = 0
    for dy in range(-_REACH, _REACH + 1):
        for dx in range(-_REACH, _REACH + 1):
            ny, nx = y + dy, x + dx
            if (dy == 0 and dx == 0) or not (0 <= ny < n_y and 0 <= nx < n_x):
                continue
            if not np.isnan(scene[ny, nx]):
                offsets[count, 0], offsets[count, 1] = dy, dx
                count += 1
    return count


@njit(cache=True, nogil=True)
def _weights(covariance: FloatArray, offsets: IntArray) -> FloatArray:  # pragma: no cover
    """Weights of the best unbiased prediction from neighbors at these offsets."""
    n = len(offsets)
    matrix = np.empty((n, n))
    sides = np.ones((n, 2))
    for i in range(n):
        for j in range(n):
            dy, dx = offsets[i, 0] - offsets[j, 0], offsets[i, 1] - offsets[j, 1]
            matrix[i, j] = covariance[abs(dy), abs(dx)]
        matrix[i, i] += _NUGGET
        sides[i, 0] = covariance[abs(offsets[i, 0]), abs(offsets[i, 1])]
    solved = np.linalg.solve(matrix, sides)
    missing = (1 - solved[:, 0].sum()) / solved[:, 1].sum()
    return np.asarray(solved[:, 0] + missing * solved[:, 1])


@njit(cache=True, nogil=True)
def _weights_of_all(covariance: FloatArray) -> FloatArray:  # pragma: no cover
    """Weights where all neighbors have data."""
    width = 2 * _REACH + 1
    offsets = np.empty((width * width - 1, 2), np.int64)
    _neighbors(np.zeros((width, width), np.float32), _REACH, _REACH, offsets)
    return _weights(covariance, offsets)


@njit(cache=True, nogil=True)
def _judge(
    scene: FloatArray,
    noise: FloatArray,
    places: IntArray,
    covariance: FloatArray,
    weights_of_all: FloatArray,
    excess: FloatArray,
) -> None:  # pragma: no cover
    """Measure how far pixels exceed their prediction, in units of the noise."""
    n_x = scene.shape[1]
    offsets = np.empty((len(weights_of_all), 2), np.int64)
    for place in places:
        y, x = place // n_x, place % n_x
        count = _neighbors(scene, y, x, offsets)
        excess[y, x] = 0
        if count < 6:
            continue
        complete = count == len(weights_of_all)
        weights = weights_of_all if complete else _weights(covariance, offsets[:count])
        predicted, light, variance = 0.0, 0.0, noise[y, x] ** 2
        for k in range(count):
            ny, nx = y + offsets[k, 0], x + offsets[k, 1]
            predicted += weights[k] * scene[ny, nx]
            light += abs(scene[ny, nx])
            variance += (weights[k] * noise[ny, nx]) ** 2
        beyond = scene[y, x] - predicted - _TOLERANCE * light / count
        excess[y, x] = beyond / np.sqrt(variance)


def _peaks(excess: FloatArray, places: IntArray, n_sigma: float) -> IntArray:
    """Choose the places that exceed the limit and all their neighbors."""
    n_y, n_x = excess.shape
    flat = excess.reshape(-1)
    beyond = places[flat[places] > n_sigma]
    y, x = beyond // n_x, beyond % n_x
    highest = np.ones(len(beyond), dtype=bool)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            near = excess[np.clip(y + dy, 0, n_y - 1), np.clip(x + dx, 0, n_x - 1)]
            highest &= flat[beyond] >= near
    return np.asarray(beyond[highest])
