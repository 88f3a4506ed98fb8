"""Combine aligned images into one."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba import njit

from hcdc_kernel.arrays import FloatArray, require_shape
from hcdc_kernel.errors import DataError

Method = Literal["median", "mean", "weighted"]


def combine(
    images: FloatArray, method: Method, *, variance: FloatArray | None = None
) -> FloatArray:
    """Combine images pixel by pixel, leaving missing data out.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        Aligned images; NaN marks missing data.
    method : {"median", "mean", "weighted"}
        Median, mean, or mean with inverse-variance weights.
    variance : ndarray, shape (n, n_y, n_x), optional
        Variance of each pixel, asked for by ``"weighted"`` alone [unit of images, squared].
        Pixels whose variance is not positive are left out.

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The combined image in the precision of the input; NaN where no image has data.

    Raises
    ------
    DataError
        If there is no image, or weights are asked for without variances of the same shape.

    References
    ----------
    .. [1] Bottom, Ruane & Mawet 2017, RNAAS, 1, 30 (noise-weighted combination).

    Examples
    --------
    >>> combine(np.array([[[1.0]], [[5.0]], [[np.nan]]]), "mean")
    array([[3.]])
    """
    require_shape("images", images, (-1, -1, -1))
    if images.shape[0] == 0:
        raise DataError("There is no image to combine")
    if method == "median":
        flat = np.ascontiguousarray(images).reshape(images.shape[0], -1)
        return _median(flat).reshape(images.shape[1:])
    if method == "mean":
        return _weighted_mean(images, np.isfinite(images).astype(images.dtype))
    if variance is None:
        raise DataError("A weighted mean needs the variance of the images")
    require_shape("variance", variance, images.shape)
    usable = np.isfinite(images) & (variance > 0)
    # In double precision: the inverse of a small variance overflows single.
    weights = np.divide(1.0, variance, out=np.zeros(images.shape), where=usable, dtype=float)
    return _weighted_mean(images, weights)


def variance_over_time(images: FloatArray) -> FloatArray:
    """Estimate the variance of each pixel from its scatter from frame to frame.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        Residual images in the frame of the detector; NaN marks missing data.

    Returns
    -------
    ndarray, shape (n_y, n_x)
        Mean of the squares over time [unit of images, squared]; NaN without data. What PSF
        subtraction leaves has mean zero, a companion that passes by adds little.
    """
    finite = np.isfinite(images)
    count = finite.sum(axis=0)
    total = np.where(finite, images, 0).astype(float)
    mean_square = np.einsum("nyx,nyx->yx", total, total) / np.where(count > 0, count, np.nan)
    return np.asarray(mean_square, dtype=images.dtype)


def _weighted_mean(images: FloatArray, weights: FloatArray) -> FloatArray:
    """Average over the first axis; NaN where all weights are zero."""
    total = weights.sum(axis=0, dtype=float)
    summed = np.einsum("nyx,nyx->yx", np.nan_to_num(images), weights, dtype=float)
    mean = np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0)
    return np.asarray(mean, dtype=images.dtype)


@njit(cache=True, nogil=True)
def _median(flat: FloatArray) -> FloatArray:  # pragma: no cover
    """Median over the first axis of what is not NaN."""
    n, n_px = flat.shape
    out = np.empty(n_px, flat.dtype)
    block = 64
    column = np.empty((block, n), flat.dtype)
    for start in range(0, n_px, block):
        width = min(block, n_px - start)
        count = np.zeros(block, np.int64)
        for i in range(n):
            for p in range(width):
                value = flat[i, start + p]
                if not np.isnan(value):
                    column[p, count[p]] = value
                    count[p] += 1
        for p in range(width):
            out[start + p] = np.nan if count[p] == 0 else np.median(column[p, : count[p]])
    return out
