"""Compiled loops behind rotation: laying out, phase ramps, missing data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from hcdc_kernel.arrays import FloatArray, IntArray

# Missing pixels are filled from measured ones within this distance [px].
_FILL_REACH_PX = 3


@njit(cache=True, nogil=True)
def _mirrored(place: int, size: int, margin: int) -> tuple[int, float]:  # pragma: no cover
    """Find the pixel that stands in for a place beyond the edge, and its weight."""
    if place < 0:
        beyond, image = -place, -place - 1
    elif place >= size:
        beyond, image = place - size + 1, 2 * size - 1 - place
    else:
        return place, 1.0
    if beyond > margin or image < 0 or image >= size:
        return 0, 0.0
    return image, 0.5 * (1.0 + math.cos(math.pi * beyond / (margin + 1.0)))


@njit(cache=True, nogil=True)
def _filled(image: FloatArray, y: int, x: int) -> float:  # pragma: no cover
    """Guess a missing pixel from its neighbors; it fades to zero far from any."""
    total = 0.0
    weights = 0.0
    for j in range(max(0, y - _FILL_REACH_PX), min(image.shape[0], y + _FILL_REACH_PX + 1)):
        for i in range(max(0, x - _FILL_REACH_PX), min(image.shape[1], x + _FILL_REACH_PX + 1)):
            value = image[j, i]
            if not math.isnan(value):
                weight = math.exp(-0.5 * ((j - y) ** 2 + (i - x) ** 2))
                total += weight * value
                weights += weight
    return total / (weights + 0.05)


@njit(cache=True, nogil=True)
def _turned_back(quarters: int, x: int, y: int) -> tuple[int, int]:  # pragma: no cover
    """Find where a place was before quarter turns, counter-clockwise with y up."""
    if quarters == 1:
        return y, -x
    if quarters == 2:
        return -x, -y
    if quarters == 3:
        return -y, x
    return x, y


@njit(cache=True, nogil=True)
def embed(
    laid: FloatArray,
    source: FloatArray,
    batch: IntArray,
    quarters: IntArray,
    origin_xy: IntArray,
    margin: int,
) -> None:  # pragma: no cover
    """Lay frames on square canvases, turned by quarters, without NaN.

    Parameters
    ----------
    laid : ndarray, shape (n_batch, size, size)
        Written to; `size` is odd and the middle pixel is the point turned about.
    source : ndarray, shape (n, n_y, n_x)
        The images, NaN where there is no measurement.
    batch : ndarray of int, shape (n_batch,)
        Which images to lay out.
    quarters : ndarray of int, shape (n,)
        Turns by 90 deg, counter-clockwise with y up, 0 to 3.
    origin_xy : ndarray of int, shape (n, 2)
        Pixel of each image that comes to the middle.
    margin : int
        Width of the mirrored border that fades out [px].
    """
    _, n_y, n_x = source.shape
    half = laid.shape[1] // 2
    for b in range(batch.size):
        frame = batch[b]
        turn = quarters[frame]
        image = source[frame]
        for row in range(laid.shape[1]):
            v = row - half
            for column in range(laid.shape[2]):
                dx, dy = _turned_back(turn, column - half, v)
                y, weight_y = _mirrored(origin_xy[frame, 1] + dy, n_y, margin)
                x, weight_x = _mirrored(origin_xy[frame, 0] + dx, n_x, margin)
                weight = weight_y * weight_x
                if weight == 0.0:
                    laid[b, row, column] = 0.0
                    continue
                value = image[y, x]
                if math.isnan(value):
                    value = _filled(image, y, x)
                laid[b, row, column] = weight * value


@njit(cache=True, nogil=True)
def shear_phases(
    spectrum: Any, slope: FloatArray, offset: FloatArray, first_row: float, length: int
) -> None:  # pragma: no cover
    """Multiply row spectra with phase ramps: row r moves by ``slope * r + offset``.

    Parameters
    ----------
    spectrum : ndarray of complex, shape (n, n_row, length // 2 + 1)
        Real Fourier transforms of the rows; changed in place.
    slope, offset : ndarray, shape (n,)
        Motion towards larger indices, per row and in common [px].
    first_row : float
        The number r of the first row.
    length : int
        Length of the transforms.
    """
    n, n_row, n_k = spectrum.shape
    for i in range(n):
        for row in range(n_row):
            step = -2.0 * math.pi * (slope[i] * (first_row + row) + offset[i]) / length
            step_re, step_im = math.cos(step), math.sin(step)
            re, im = 1.0, 0.0
            for k in range(n_k):
                value = spectrum[i, row, k]
                spectrum[i, row, k] = complex(
                    value.real * re - value.imag * im, value.real * im + value.imag * re
                )
                re, im = re * step_re - im * step_im, re * step_im + im * step_re


@njit(cache=True, nogil=True)
def mark_missing(
    out: FloatArray,
    source: FloatArray,
    angles_rad: FloatArray,
    center_xy: FloatArray,
    shift_xy: FloatArray,
) -> None:  # pragma: no cover
    """Write NaN where the pixel that moved there was missing or outside.

    Parameters
    ----------
    out : ndarray, shape (n, n_y, n_x)
        Moved images; changed in place.
    source : ndarray, shape (n, n_y, n_x)
        The images before, NaN where there is no measurement.
    angles_rad : ndarray, shape (n,)
        How far each was turned, counter-clockwise with y up [rad].
    center_xy : ndarray, shape (2,)
        Point turned about [px].
    shift_xy : ndarray, shape (n, 2)
        Shift after the turn [px].
    """
    n, n_y, n_x = out.shape
    for frame in range(n):
        cos, sin = math.cos(angles_rad[frame]), math.sin(angles_rad[frame])
        for y in range(n_y):
            dy = y - center_xy[1] - shift_xy[frame, 1]
            for x in range(n_x):
                dx = x - center_xy[0] - shift_xy[frame, 0]
                from_x = math.floor(center_xy[0] + cos * dx + sin * dy + 0.5)
                from_y = math.floor(center_xy[1] - sin * dx + cos * dy + 0.5)
                inside = 0 <= from_x < n_x and 0 <= from_y < n_y
                if not inside or math.isnan(source[frame, int(from_y), int(from_x)]):
                    out[frame, y, x] = np.nan
