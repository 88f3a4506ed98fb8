"""Find cosmic rays in a single frame without touching the starlight."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hcdc_kernel.algorithms.row_blocks import for_row_blocks
from hcdc_kernel.arrays import BoolArray, FloatArray, require_shape

# How much sharper than the image of a star a spot must be.
_SHARPER = 0.5
_N_PASSES = 2  # the second finds what the pixels of a track hid from each other


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

    An image of a star is no sharper than the diffraction limit, and neither is a speckle, a
    satellite spot or a companion: beside its peak it still has a known part of its height. A
    cosmic ray falls off at once. A pixel is marked if, above the floor of its surroundings, it
    exceeds by `n_sigma` what the two dimmest of its four neighbors allow.

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
        search is then done on the difference, which also shows hits on the star.

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
    The sharpness of an image against that of a star is also what the Laplacian edge detection
    of van Dokkum (2001) rests on; here the limit follows from the width of the star.

    References
    ----------
    .. [1] van Dokkum 2001, PASP, 113, 1420.
    """
    require_shape("image", image, (-1, -1))
    require_shape("noise", noise, image.shape)
    require_shape("bad pixels", is_bad, image.shape)
    scene = image if reference is None else image - reference
    scene = np.where(is_bad, np.float32(np.nan), scene).astype(np.float32)
    least = (n_sigma * noise).astype(np.float32)
    # Peak on the corner of four pixels: the least that the farther neighbors can have.
    allowed = _SHARPER * math.exp(-8 * math.log(2) / fwhm_px**2)
    hits = np.zeros(image.shape, dtype=bool)

    def search(start: int, end: int) -> None:
        _search(scene, least, allowed, (start, end), hits)

    for _ in range(_N_PASSES):
        before = int(hits.sum())
        for_row_blocks(len(image), search)
        if int(hits.sum()) == before:
            break
        scene[hits] = np.nan
    return hits


@njit(cache=True, nogil=True)
def _search(
    scene: FloatArray, least: FloatArray, allowed: float, rows: tuple[int, int], hits: BoolArray
) -> None:  # pragma: no cover
    """Mark hits in some rows."""
    for y in range(rows[0], rows[1]):
        for x in range(scene.shape[1]):
            # Most pixels end here: they do not rise above their neighbors at all.
            beside = _beside(scene, y, x)
            if scene[y, x] - beside > least[y, x]:
                floor = _floor(scene, y, x)
                excess = scene[y, x] - floor - (beside - floor) / allowed
                hits[y, x] |= excess > least[y, x]


@njit(cache=True, nogil=True)
def _beside(scene: FloatArray, y: int, x: int) -> float:  # pragma: no cover
    """Mean of the two lowest of the four neighbors; NaN if fewer than two have data."""
    n_y, n_x = scene.shape
    lowest, second = np.inf, np.inf
    for k in range(4):
        ny = y + (k == 0) - (k == 1)
        nx = x + (k == 2) - (k == 3)
        if 0 <= ny < n_y and 0 <= nx < n_x:
            value = scene[ny, nx]
            if value < lowest:
                lowest, second = value, lowest
            elif value < second:
                second = value
    return 0.5 * (lowest + second) if second < np.inf else np.nan


@njit(cache=True, nogil=True)
def _floor(scene: FloatArray, y: int, x: int) -> float:  # pragma: no cover
    """Third lowest of the 24 pixels around: the surroundings without the light of the spot."""
    n_y, n_x = scene.shape
    first, second, third = np.inf, np.inf, np.inf
    for ny in range(max(0, y - 2), min(n_y, y + 3)):
        for nx in range(max(0, x - 2), min(n_x, x + 3)):
            value = scene[ny, nx]
            if value < first:
                first, second, third = value, first, second
            elif value < second:
                second, third = value, second
            elif value < third:
                third = value
    return third
