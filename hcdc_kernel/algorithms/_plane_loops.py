"""Compiled loops behind the combination of planes."""

from __future__ import annotations

import numpy as np
from numba import njit

from hcdc_kernel.algorithms.detector_noise import MAD_TO_SIGMA
from hcdc_kernel.arrays import FloatArray, IntArray

_PRIOR_DOF = 20  # weight of the noise model beside the scatter of the pixel itself


@njit(cache=True, nogil=True)
def low_mean(planes: FloatArray, out: FloatArray) -> None:  # pragma: no cover
    """Mean over the planes without the highest value, quick and good enough for a start."""
    n, n_y, n_x = planes.shape
    for y in range(n_y):
        for x in range(n_x):
            total, highest, count = 0.0, -np.inf, 0
            for t in range(n):
                value = planes[t, y, x]
                if np.isfinite(value):
                    total += value
                    count += 1
                    highest = max(highest, value)
            if count > 2:
                total -= highest
                count -= 1
            out[y, x] = total / count if count else np.nan


@njit(cache=True, nogil=True)
def _sort(values: FloatArray, count: int) -> None:  # pragma: no cover
    """Sort the first few values by insertion, which is quickest for so few."""
    for i in range(1, count):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


@njit(cache=True, nogil=True)
def middle_and_spread(
    planes: FloatArray,
    drifts: FloatArray,
    drift_shape: FloatArray,
    guess: FloatArray,
    scatter: FloatArray,
) -> None:  # pragma: no cover
    """Median and scaled median absolute deviation of each pixel, drift taken off."""
    n, n_y, n_x = planes.shape
    values = np.empty(n, np.float32)
    for y in range(n_y):
        for x in range(n_x):
            count = 0
            for t in range(n):
                value = planes[t, y, x] - drifts[t] * drift_shape[y, x]
                if np.isfinite(value):
                    values[count] = value
                    count += 1
            if count == 0:
                guess[y, x] = np.nan
                scatter[y, x] = np.nan
                continue
            _sort(values, count)
            middle = 0.5 * (values[(count - 1) // 2] + values[count // 2])
            for t in range(count):
                values[t] = abs(values[t] - middle)
            _sort(values, count)
            guess[y, x] = middle
            scatter[y, x] = MAD_TO_SIGMA * 0.5 * (values[(count - 1) // 2] + values[count // 2])


@njit(cache=True, nogil=True)
def accumulate(  # noqa: PLR0913
    plane: FloatArray,
    guess: FloatArray,
    limit: FloatArray,
    drift_shape: FloatArray,
    drift: float,
    n_sigma: float,
    total: FloatArray,
    square: FloatArray,
    count: IntArray,
) -> None:  # pragma: no cover
    """Add a plane to the sums wherever it is near the guess."""
    n_y, n_x = plane.shape
    for y in range(n_y):
        for x in range(n_x):
            difference = plane[y, x] - guess[y, x] - drift * drift_shape[y, x]
            if abs(difference) <= n_sigma * limit[y, x]:
                total[y, x] += difference
                square[y, x] += difference * difference
                count[y, x] += 1


@njit(cache=True, nogil=True)
def close(
    total: FloatArray, square: FloatArray, count: IntArray, mean: FloatArray, variance: FloatArray
) -> None:  # pragma: no cover
    """Mean and variance of what was summed; NaN where too little was."""
    n_y, n_x = total.shape
    for y in range(n_y):
        for x in range(n_x):
            n = float(count[y, x])
            mean[y, x] = total[y, x] / n if n > 0 else np.nan
            spread = square[y, x] - total[y, x] * mean[y, x]
            variance[y, x] = max(spread, 0.0) / (n - 1) if n > 1 else np.nan


@njit(cache=True, nogil=True)
def pool(variance: FloatArray, count: IntArray, expected: FloatArray) -> None:  # pragma: no cover
    """Turn the expected variance of a plane into the variance of the mean, in place."""
    n_y, n_x = variance.shape
    for y in range(n_y):
        for x in range(n_x):
            n = float(count[y, x])
            freedom = max(n - 1, 0.0)
            known = freedom * variance[y, x] if n > 1 else 0.0
            pooled = (known + _PRIOR_DOF * expected[y, x]) / (freedom + _PRIOR_DOF)
            expected[y, x] = pooled / n if n > 0 else np.nan
