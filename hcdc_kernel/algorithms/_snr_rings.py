"""Compiled loops that compare circles on rings around the star.

Nearly all the time of an S/N map goes into the shares of pixels within circles whose centers
lie between pixels. They are measured for many circles at once, so that the processor's vector
units are used, and each is used for four rings, which are quarter turns of each other.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

# Circles measured at once; few enough for all their numbers to stay in the fastest cache.
_BATCH = 64
# arcsin(sqrt(q)) / sqrt(q) for q up to 1/2 as a polynomial, right to a few 1e-15.
_N_TERMS = 16
_FIT = np.polynomial.Chebyshev.interpolate(
    lambda q: np.arcsin(np.sqrt(q)) / np.sqrt(q), _N_TERMS - 1, domain=[0.0, 0.5]
)
_ARCSINE = _FIT.convert(kind=np.polynomial.Polynomial).coef


@numba.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _place_lines(places: Any, radius: float, lines: Any, areas: Any, nearest: Any) -> None:
    """See pixel borders and pixels of one axis from circles that lie at `places`.

    Fills, for each line between pixels, its distance from the circle's center, at most the
    radius, in `lines`, and the area of the circle between center and line in `areas`; and for
    each pixel the square of the least distance along the axis in `nearest`.
    """
    n_pixels, n = nearest.shape
    square = radius * radius
    for e in range(n_pixels + 1):
        for k in range(n):
            first = np.floor(places[k] - radius + 0.5) - places[k]
            middle = abs(first + e)
            border = min(max(first + e - 0.5, -radius), radius)
            far = abs(border)
            chord = np.sqrt(max(square - far * far, 0.0))  # rounding may put it below zero
            # arcsin of the smaller leg: the polynomial holds up to 45 deg.
            leg = min(far, chord)
            q = leg * leg / square
            arc = _ARCSINE[_N_TERMS - 1]
            for term in range(_N_TERMS - 2, -1, -1):
                arc = arc * q + _ARCSINE[term]
            arc *= leg * radius
            arc = arc if far <= chord else 0.5 * np.pi * square - arc
            lines[e, k] = border
            areas[e, k] = 0.5 * (far * chord + arc)
            if e < n_pixels:
                near = max(middle - 0.5, 0.0)
                nearest[e, k] = near * near


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _weigh(radius: float, x: Any, y: Any, corners: Any, weights: Any) -> None:
    """Fill weights (row, column, circle): the share of each pixel within each circle.

    `x` and `y` are lines, areas and nearest distances along either axis. A pixel's share is
    the second difference of the area between the circle's center and the pixel's corners.
    """
    x_lines, x_areas, x_nearest = x
    y_lines, y_areas, y_nearest = y
    n_pixels, n = x_nearest.shape
    square = radius * radius
    quarter = 0.25 * np.pi * square
    for f in range(n_pixels + 1):
        here, below = corners[f % 2], corners[(f + 1) % 2]
        for e in range(n_pixels + 1):
            for k in range(n):
                u, v = x_lines[e, k], y_lines[f, k]
                outside = np.copysign(x_areas[e, k] + y_areas[f, k] - quarter, u * v)
                here[e, k] = u * v if u * u + v * v <= square else outside
        if f == 0:
            continue
        for e in range(n_pixels):
            for k in range(n):
                share = here[e + 1, k] - here[e, k] - (below[e + 1, k] - below[e, k])
                touched = x_nearest[e, k] + y_nearest[f - 1, k] < square
                weights[f - 1, e, k] = share if touched else 0.0


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _sum_ring(turned: Any, whole: Any, start: Any, radius: float, room: Any, sums: Any) -> None:
    """Fill sums (n, 4) of the rings that start at a place and at its quarter turns."""
    x, y, places, corners, weights = room
    n_pixels = weights.shape[0]
    middle = turned.shape[0] // 2
    next_x, next_y = float(start[0]), float(start[1])
    sine = radius / np.hypot(next_x, next_y)
    turn_c, turn_s = 1.0 - 2.0 * sine * sine, 2.0 * sine * np.sqrt(1.0 - sine * sine)
    for first in range(0, sums.shape[0], _BATCH):
        for k in range(_BATCH):
            places[0, k], places[1, k] = next_x, next_y
            next_x, next_y = turn_c * next_x + turn_s * next_y, turn_c * next_y - turn_s * next_x
        _place_lines(places[0], radius, x[0], x[1], x[2])
        _place_lines(places[1], radius, y[0], y[1], y[2])
        _weigh(radius, x, y, corners, weights)
        for k in range(min(_BATCH, sums.shape[0] - first)):
            left = middle + int(np.floor(places[0, k] - radius + 0.5))
            bottom = middle + int(np.floor(places[1, k] - radius + 0.5))
            everywhere = whole[bottom, left]
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            for j in range(n_pixels):
                for i in range(n_pixels):
                    weight = weights[j, i, k]
                    if everywhere or weight != 0.0:
                        a += weight * turned[bottom + j, left + i, 0]
                        b += weight * turned[bottom + j, left + i, 1]
                        c += weight * turned[bottom + j, left + i, 2]
                        d += weight * turned[bottom + j, left + i, 3]
            sums[first + k, 0], sums[first + k, 1] = a, b
            sums[first + k, 2], sums[first + k, 3] = c, d


@numba.njit(cache=True, nogil=True)
def _t_statistic(sums: Any, n_skip: int, least: int) -> float:
    """Compare the first sum with the others, leaving out `n_skip` on each side."""
    total, n = 0.0, 0
    for k in range(1 + n_skip, sums.size - n_skip):
        if np.isfinite(sums[k]):
            total += sums[k]
            n += 1
    if n < max(least, sums.size / 2 - 1):
        return np.nan
    mean, square = total / n, 0.0
    for k in range(1 + n_skip, sums.size - n_skip):
        if np.isfinite(sums[k]):
            square += (sums[k] - mean) ** 2
    error = np.sqrt(square / (n - 1) * (1.0 + 1.0 / n))
    return (sums[0] - mean) / error if error > 1e-10 * abs(mean) else np.nan


@numba.njit(cache=True, nogil=True)
def map_columns(  # noqa: PLR0913 (of what, where, how, to where)
    turned: Any,
    whole: Any,
    columns: Any,
    wanted: Any,
    fwhm: float,
    n_skip: int,
    least: int,
    snr: Any,
) -> None:
    """Map the S/N of places right of the star, and of their three quarter turns.

    Parameters
    ----------
    turned : ndarray, shape (n, n, 4)
        A square odd image with a border of NaN, `n_border` wide, and its quarter turns.
    whole : ndarray of bool, shape (n, n)
        Where the square of `n_border` pixels that starts there has data in all four.
    columns : ndarray of int, shape (n_columns,)
        Distances from the star along x of the places to measure [px].
    wanted : ndarray of bool, shape (n_y, n_y)
        Pixels to measure, without the border; of a place and its turns all are measured if
        one is wanted.
    fwhm : float
        Diameter of the circles that are compared [px].
    n_skip : int
        Circles to leave out of the noise on each side.
    least : int
        Fewest circles that noise is measured from.
    snr : ndarray, shape (n_y, n_y)
        Written to.
    """
    center = wanted.shape[0] // 2
    radius = fwhm / 2.0
    size = n_border(fwhm)
    room = (
        (np.empty((size + 1, _BATCH)), np.empty((size + 1, _BATCH)), np.empty((size, _BATCH))),
        (np.empty((size + 1, _BATCH)), np.empty((size + 1, _BATCH)), np.empty((size, _BATCH))),
        np.empty((2, _BATCH)),
        np.empty((2, size + 1, _BATCH)),
        np.empty((size, size, _BATCH)),
    )
    for dx in columns:
        for dy in range(center + 1):
            distance = np.hypot(dx, dy)
            if distance < 0.999 * fwhm or distance > center:
                continue
            at = (
                (center + dy, center + dx),
                (center + dx, center - dy),
                (center - dy, center - dx),
                (center - dx, center + dy),
            )
            if not (wanted[at[0]] or wanted[at[1]] or wanted[at[2]] or wanted[at[3]]):
                continue
            n = int(2.0 * np.pi / (2.0 * np.arcsin(radius / distance)) + 1e-9)
            sums = np.empty((n, 4))
            _sum_ring(turned, whole, (dx, dy), radius, room, sums)
            for quarter in range(4):
                snr[at[quarter]] = _t_statistic(sums[:, quarter], n_skip, least)


@numba.njit(cache=True, nogil=True)
def n_border(fwhm: float) -> int:
    """Count the pixels in a row that a circle may touch.

    Parameters
    ----------
    fwhm : float
        Diameter of the circle [px].

    Returns
    -------
    int
        Their largest number, wherever the circle lies.
    """
    return int(np.ceil(fwhm)) + 1
