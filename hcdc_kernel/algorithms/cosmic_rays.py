"""Find cosmic rays in a single frame without touching the starlight."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.special import j1

from hcdc_kernel.algorithms.row_blocks import for_row_blocks
from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray, require_shape

_FWHM_OF_AIRY = 1.03  # [lambda / D]
# Share of the mean light around a pixel by which light may miss its prediction: real stars do by
# up to 0.2; speckles by their scatter, which is as large as their mean, times what the neighbors
# leave open, which is much in the short bands.
_TOLERANCE = 0.3
_TOLERANCE_SIGMA = 8.0
_NUGGET = 1e-3  # noise of the scene beside its structure, which keeps the weights tame
_REACH = 2  # neighbors that predict a pixel: the 5 x 5 around it
_N_PASSES = 12  # a track is taken off pixel by pixel


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
    is marked if it exceeds their prediction by `n_sigma` and by 30 % or more of the mean light
    around it; the worst of its neighborhood goes first, and is not believed when the others are
    judged.

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
    usual = _weights_of_all(covariance)
    excess = np.zeros(image.shape, np.float32)
    hits = np.zeros(image.shape, dtype=np.bool_)
    for _ in range(_N_PASSES):
        _judge(scene, noise, places, covariance, usual, excess)
        new = _peaks(excess, places, n_sigma)
        if len(new) == 0:
            break
        hits.reshape(-1)[new] = True
        scene.reshape(-1)[new] = np.nan
        excess.reshape(-1)[new] = 0
        waiting = places[excess.reshape(-1)[places] > n_sigma]
        places = _around(waiting, rising, new, scene)
    return hits


def _covariance(fwhm_px: float) -> FloatArray:
    """Covariance of light at two pixels, by how far apart they are in y and x."""
    y, x = np.indices((2 * _REACH + 1, 2 * _REACH + 1))
    argument = np.pi * np.hypot(y, x) * _FWHM_OF_AIRY / fwhm_px
    argument[0, 0] = 1.0
    airy = (2 * j1(argument) / argument) ** 2
    airy[0, 0] = 1.0
    return np.asarray(airy)


def _around(waiting: IntArray, rising: BoolArray, new: IntArray, scene: FloatArray) -> IntArray:
    """Choose what to judge next: what waits, what rises near new hits, what touches one."""
    changed = np.zeros(scene.shape, dtype=bool)
    again = np.zeros(scene.shape, dtype=bool)
    for y, x in zip(*np.unravel_index(new, scene.shape), strict=True):
        changed[max(0, y - _REACH) : y + _REACH + 1, max(0, x - _REACH) : x + _REACH + 1] = True
        again[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] = True
    again |= changed & rising
    again.reshape(-1)[waiting] = True
    return np.flatnonzero(again & ~np.isnan(scene))


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
def _weights(
    covariance: FloatArray, offsets: IntArray
) -> tuple[FloatArray, float]:  # pragma: no cover
    """Weights of the best unbiased prediction from neighbors at these offsets.

    And its error, as part of the scatter of the light.
    """
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
    weights = solved[:, 0] + missing * solved[:, 1]
    error = 1.0
    for i in range(n):
        error -= weights[i] * sides[i, 0]
    return weights, np.sqrt(max(error + missing, 0.0))


@njit(cache=True, nogil=True)
def _weights_of_all(covariance: FloatArray) -> tuple[FloatArray, float]:  # pragma: no cover
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
    usual: tuple[FloatArray, float],
    excess: FloatArray,
) -> None:  # pragma: no cover
    """Measure how far pixels exceed their prediction, in units of the noise."""
    n_x = scene.shape[1]
    n_all = len(usual[0])
    offsets = np.empty((n_all, 2), np.int64)
    for place in places:
        y, x = place // n_x, place % n_x
        count = _neighbors(scene, y, x, offsets)
        excess[y, x] = 0
        if count < 6:
            continue
        weights, error = usual if count == n_all else _weights(covariance, offsets[:count])
        predicted, light, variance = 0.0, 0.0, noise[y, x] ** 2
        for k in range(count):
            ny, nx = y + offsets[k, 0], x + offsets[k, 1]
            predicted += weights[k] * scene[ny, nx]
            light += abs(scene[ny, nx])
            variance += (weights[k] * noise[ny, nx]) ** 2
        tolerance = max(_TOLERANCE, _TOLERANCE_SIGMA * error) * light / count
        beyond = scene[y, x] - predicted - tolerance
        excess[y, x] = beyond / np.sqrt(variance)


def _peaks(excess: FloatArray, places: IntArray, n_sigma: float) -> IntArray:
    """Choose the places that exceed the limit and all that they predict."""
    n_y, n_x = excess.shape
    flat = excess.reshape(-1)
    beyond = places[flat[places] > n_sigma]
    y, x = beyond // n_x, beyond % n_x
    highest = np.ones(len(beyond), dtype=bool)
    # A hit also spoils the prediction of the pixels that lean on it: only the worst counts.
    reach = range(-_REACH, _REACH + 1)
    for dy in reach:
        for dx in reach:
            near = excess[np.clip(y + dy, 0, n_y - 1), np.clip(x + dx, 0, n_x - 1)]
            highest &= flat[beyond] >= near
    return np.asarray(beyond[highest])
