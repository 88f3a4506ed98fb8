"""Shift and stretch images once, without losing sharpness."""

from __future__ import annotations

from typing import cast

import numpy as np

from hcdc_kernel.arrays import FloatArray

_HALF_WIDTH_PX = 10
_KAISER_BETA = 7.5


def resample_matrix(n_out: int, n_in: int, start: float, step: float) -> FloatArray:
    """Make the matrix that interpolates one axis of an image.

    A sinc under a Kaiser window reaching 10 pixels to either side. An image sampled at least
    as finely as a telescope's resolution asks for comes out right to 5e-4 of its highest
    point. Where the window reaches over the border, its inner part is scaled up.

    Parameters
    ----------
    n_out, n_in : int
        Number of pixels of the axis after and before.
    start : float
        Coordinate of output pixel 0 in the input, 0-based pixel centers [px].
    step : float
        Distance of neighboring output pixels in the input [px]; below 1 stretches the image.

    Returns
    -------
    ndarray, shape (n_out, n_in)
        Float32. Output pixel i is the input at ``start + i * step``; each row adds up to 1, so
        that surface brightness is kept. Rows for places outside the input are NaN.

    Examples
    --------
    >>> middle = resample_matrix(1, 41, start=20.0, step=1.0)
    >>> bool(middle[0, 20] == 1), f"{middle.sum():.3f}"
    (True, '1.000')
    """
    places = start + step * np.arange(n_out)
    # A coarser grid holds less detail: the window widens, so that none of it is folded back.
    width = max(1.0, abs(step))
    distance = (places[:, None] - np.arange(n_in)) / width
    inside = np.clip(1.0 - (distance / _HALF_WIDTH_PX) ** 2, 0.0, None)
    weights = np.sinc(distance) * np.where(inside > 0, np.i0(_KAISER_BETA * np.sqrt(inside)), 0.0)
    outside = (places < -0.5) | (places > n_in - 0.5)
    total = np.where(outside, np.nan, weights.sum(axis=1))
    return np.asarray(weights / total[:, None], dtype=np.float32)


def resample(image: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Interpolate an image along both axes.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Finite; a NaN would spread over the result.
    rows : ndarray, shape (m_y, n_y)
        From `resample_matrix`, for y.
    columns : ndarray, shape (m_x, n_x)
        From `resample_matrix`, for x.

    Returns
    -------
    ndarray, shape (m_y, m_x)
        Float32; NaN where an output pixel is outside the image.
    """
    narrow = image.astype(np.float32, copy=False)
    # The smaller product first.
    if rows.shape[0] * narrow.shape[1] <= columns.shape[0] * narrow.shape[0]:
        return cast(FloatArray, (rows @ narrow) @ columns.T)
    return cast(FloatArray, rows @ (narrow @ columns.T))


def resample_variance(variance: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Carry the variance of independent pixels through `resample`.

    Parameters
    ----------
    variance : ndarray, shape (n_y, n_x)
        Variance of the input, finite [unit^2].
    rows, columns : ndarray
        The matrices given to `resample`.

    Returns
    -------
    ndarray, shape (m_y, m_x)
        Variance of each output pixel [unit^2]; neighbors are correlated, which it does not say.
    """
    return resample(variance, rows * rows, columns * columns)
