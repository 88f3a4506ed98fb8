"""Magnify images about the star, as speckles grow with wavelength."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from hcdc_kernel.arrays import FloatArray, require_finite, require_shape
from hcdc_kernel.errors import DataError

# Half width of the windowed sinc [px of the coarser grid]; rms errors of 1e-4 at Nyquist's rate.
_REACH_PX = 8
_KAISER_BETA = 7.0


def rescale(
    images: FloatArray, factors: FloatArray, *, center_xy: tuple[float, float] | None = None
) -> FloatArray:
    """Magnify each image about the star by its own factor.

    What stood at distance r from the star stands at ``factor * r`` afterwards. Surface
    brightness is kept, not flux: the value of a speckle at its peak does not change, so that
    speckles of one channel, magnified by the ratio of wavelengths, match those of another.
    The flux within an aperture grows with ``factor**2``.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        The images; NaN marks missing data.
    factors : ndarray, shape (n,)
        Magnification of each image; wavelength wanted / wavelength of the image.
    center_xy : tuple of float, optional
        Position of the star, 0-based pixel centers, x then y [px]; by default the pixel
        ``(n_x // 2, n_y // 2)``.

    Returns
    -------
    ndarray, shape (n, n_y, n_x)
        The magnified images in the precision of the input; NaN where what was measured does
        not reach.

    Raises
    ------
    DataError
        If the shapes do not agree or a factor is not positive.

    Notes
    -----
    Separable interpolation with a sinc in a Kaiser window, as two matrix products an image. A
    reduction (factor below 1) is low-pass filtered first, so that noise does not alias.

    References
    ----------
    .. [1] Sparks & Ford 2002, ApJ, 578, 543.
    """
    require_shape("images", images, (-1, -1, -1))
    require_shape("factors", factors, (images.shape[0],))
    require_finite("factors", factors)
    if not np.all(factors > 0):
        raise DataError("Magnifications must be positive", found=str(float(np.min(factors))))
    _, n_y, n_x = images.shape
    x, y = (n_x // 2, n_y // 2) if center_xy is None else center_xy
    out = np.empty(images.shape, dtype=np.result_type(images.dtype, np.float32))
    for factor in np.unique(factors):
        which = np.flatnonzero(factors == factor)
        if factor == 1:
            out[which] = images[which]
            continue
        along_y = _sampling(n_y, y, float(factor)).astype(out.dtype)
        along_x = _sampling(n_x, x, float(factor)).astype(out.dtype)
        out[which] = along_y @ _without_gaps(images[which]) @ along_x.T
        _mark_missing(out, images, which, (x, y), float(factor))
    return out


def _sampling(size: int, center: float, factor: float) -> np.ndarray:
    """Make the matrix that reads a line of pixels at the places that map onto pixels."""
    place = center + (np.arange(size) - center) / factor
    band = min(1.0, factor)
    distance = band * (place[:, None] - np.arange(size)[None, :])
    inside = np.clip(1 - (distance / _REACH_PX) ** 2, 0, None)
    weights = np.sinc(distance) * np.i0(_KAISER_BETA * np.sqrt(inside)) * (inside > 0)
    total = weights.sum(axis=1, keepdims=True)
    # Rows far outside the image hold nothing at all; they are marked as missing later.
    return np.asarray(weights / np.where(np.abs(total) > 0.1, total, np.inf))


def _without_gaps(images: FloatArray) -> FloatArray:
    """Fill missing pixels with the mean of near neighbors, zero far from any."""
    missing = np.isnan(images)
    if not missing.any():
        return images
    filled = np.where(missing, 0, images)
    sigma = (0, 1.0, 1.0)
    near = gaussian_filter(filled, sigma, mode="constant", truncate=3)
    weight = gaussian_filter((~missing).astype(filled.dtype), sigma, mode="constant", truncate=3)
    guess = near / (weight + filled.dtype.type(0.01))
    return np.where(missing, guess, filled)


def _mark_missing(
    out: FloatArray,
    images: FloatArray,
    which: np.ndarray,
    center_xy: tuple[float, float],
    factor: float,
) -> None:
    """Write NaN where the nearest pixel of the source is missing or outside."""
    _, n_y, n_x = images.shape
    from_x = np.rint(center_xy[0] + (np.arange(n_x) - center_xy[0]) / factor).astype(int)
    from_y = np.rint(center_xy[1] + (np.arange(n_y) - center_xy[1]) / factor).astype(int)
    outside = ((from_y < 0) | (from_y >= n_y))[:, None] | ((from_x < 0) | (from_x >= n_x))[None, :]
    near_y, near_x = np.clip(from_y, 0, n_y - 1), np.clip(from_x, 0, n_x - 1)
    for frame in which:
        lost = outside | np.isnan(images[frame][np.ix_(near_y, near_x)])
        out[frame][lost] = np.nan
