"""Small parts of derotated frames, without derotating the rest."""

from __future__ import annotations

import numpy as np
from numba import njit

from hcdc_kernel.arrays import FloatArray, IntArray, require_shape

REACH_PX = 6
"""Pixels on either side that an interpolated value depends on."""

_KAISER = 8.0
_STEPS = 1024
# Less of the kernel than this share must not fall on missing pixels.
_LEAST_WEIGHT = 0.5


def _kernel_table() -> FloatArray:
    """Tabulate the windowed sinc: row i holds the weights at a fraction i / _STEPS of a pixel."""
    fraction = np.arange(_STEPS + 1)[:, None] / _STEPS
    distance = np.arange(1 - REACH_PX, REACH_PX + 1)[None, :] - fraction
    window = np.i0(_KAISER * np.sqrt(np.clip(1 - (distance / REACH_PX) ** 2, 0, None)))
    weights = np.sinc(distance) * window
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


_TABLE = _kernel_table()


def derotate_patches(
    frames: FloatArray, angles_deg: FloatArray, middle_xy: IntArray, half_px: int
) -> FloatArray:
    """Cut squares out of derotated frames.

    Parameters
    ----------
    frames : ndarray, shape (n, n_y, n_x)
        The frames as they are, the star at pixel ``(n_y // 2, n_x // 2)``; NaN marks missing
        data.
    angles_deg : ndarray, shape (n,)
        Angle to turn each frame by, counter-clockwise with y up [deg].
    middle_xy : ndarray of int, shape (n_patch, 2)
        Middle pixel of each square in the derotated frames, x then y.
    half_px : int
        Half of the size of the squares, without the middle pixel.

    Returns
    -------
    ndarray, shape (n_patch, n, 2 * half_px + 1, 2 * half_px + 1)
        The squares, in the precision of `frames`; NaN where data are missing.

    Notes
    -----
    A sinc under a Kaiser window, 12 pixels wide. What is as smooth as the resolution of the
    image comes out as in a rotation by Fourier transform, to a thousandth; noise from pixel to
    pixel comes out as another draw.
    """
    require_shape("frames", frames, (-1, -1, -1))
    require_shape("angles", angles_deg, (frames.shape[0],))
    require_shape("middles", middle_xy, (-1, 2))
    size = 2 * half_px + 1
    out = np.empty((middle_xy.shape[0], frames.shape[0], size, size), dtype=frames.dtype)
    _cut(frames, np.deg2rad(angles_deg), middle_xy, out, _TABLE)
    return out


@njit(cache=True, nogil=True)
def _value_at(
    frame: FloatArray, x: float, y: float, table: FloatArray
) -> float:  # pragma: no cover
    """Interpolate a frame at one place; NaN where too much around it is missing."""
    n_y, n_x = frame.shape
    taps, steps = table.shape[1], table.shape[0] - 1
    left, low = int(np.floor(x)), int(np.floor(y))
    wx = table[int((x - left) * steps + 0.5)]
    wy = table[int((y - low) * steps + 0.5)]
    first_x, first_y = left + 1 - taps // 2, low + 1 - taps // 2
    total, weight = 0.0, 0.0
    for b in range(max(0, -first_y), min(taps, n_y - first_y)):
        for a in range(max(0, -first_x), min(taps, n_x - first_x)):
            value = frame[first_y + b, first_x + a]
            if not np.isnan(value):
                share = wy[b] * wx[a]
                total += share * value
                weight += share
    return total / weight if weight > _LEAST_WEIGHT else np.nan


@njit(cache=True, nogil=True)
def _cut(
    frames: FloatArray, angles: FloatArray, middles: IntArray, out: FloatArray, table: FloatArray
) -> None:  # pragma: no cover
    """Interpolate every pixel of every square."""
    n_patch, n, size, _ = out.shape
    star_y, star_x = frames.shape[1] // 2, frames.shape[2] // 2
    for i in range(n):
        cos, sin = np.cos(angles[i]), np.sin(angles[i])
        for k in range(n_patch):
            for row in range(size):
                dy = middles[k, 1] - size // 2 + row - star_y
                for column in range(size):
                    dx = middles[k, 0] - size // 2 + column - star_x
                    # The place that the rotation brings here.
                    x, y = cos * dx + sin * dy + star_x, cos * dy - sin * dx + star_y
                    out[k, i, row, column] = _value_at(frames[i], x, y, table)
