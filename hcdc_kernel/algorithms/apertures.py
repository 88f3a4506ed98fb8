"""Sums in circles, with the exact overlap of circle and pixels."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from hcdc_kernel.arrays import FloatArray


@numba.njit(cache=True, inline="always")
def _corner_area(x: float, y: float, radius: float) -> float:
    """Signed area that circle and the rectangle from the circle's center to (x, y) share."""
    sign = 1.0
    if x < 0.0:
        x, sign = -x, -sign
    if y < 0.0:
        y, sign = -y, -sign
    x, y = min(x, radius), min(y, radius)
    if x * x + y * y <= radius * radius:
        return sign * x * y
    a = np.sqrt(radius * radius - y * y)
    upper = x * np.sqrt(radius * radius - x * x) + radius * radius * np.arcsin(x / radius)
    lower = a * y + radius * radius * np.arcsin(a / radius)
    return float(sign * (a * y + 0.5 * (upper - lower)))


@numba.njit(cache=True)
def pixel_overlap(dx: float, dy: float, radius: float) -> float:
    """Measure the share of a pixel that lies within a circle.

    Parameters
    ----------
    dx, dy : float
        Place of the pixel's center as seen from the circle's center [px].
    radius : float
        Radius of the circle [px].

    Returns
    -------
    float
        Area of the overlap, 0 to 1 [px^2].
    """
    ax, ay = abs(dx), abs(dy)
    if (ax + 0.5) ** 2 + (ay + 0.5) ** 2 <= radius * radius:
        return 1.0
    near_x, near_y = max(ax - 0.5, 0.0), max(ay - 0.5, 0.0)
    if near_x * near_x + near_y * near_y >= radius * radius:
        return 0.0
    return float(
        _corner_area(ax + 0.5, ay + 0.5, radius)
        - _corner_area(ax - 0.5, ay + 0.5, radius)
        - _corner_area(ax + 0.5, ay - 0.5, radius)
        + _corner_area(ax - 0.5, ay - 0.5, radius)
    )


@numba.njit(cache=True)
def _sum_at(image: Any, x: float, y: float, radius: float) -> float:
    """Sum one circle; NaN as soon as a pixel of it is off the image or has no data."""
    n_y, n_x = image.shape
    x_low, x_high = int(np.floor(x - radius + 0.5)), int(np.ceil(x + radius - 0.5))
    y_low, y_high = int(np.floor(y - radius + 0.5)), int(np.ceil(y + radius - 0.5))
    total = 0.0
    for j in range(y_low, y_high + 1):
        for i in range(x_low, x_high + 1):
            weight = pixel_overlap(i - x, j - y, radius)
            if weight > 0.0:
                if i < 0 or j < 0 or i >= n_x or j >= n_y:
                    return np.nan
                total += weight * image[j, i]
    return total


@numba.njit(cache=True)
def _sums(image: Any, xy: Any, radius: float) -> Any:
    """Sum circles at many places."""
    sums = np.empty(xy.shape[0])
    for k in range(xy.shape[0]):
        sums[k] = _sum_at(image, xy[k, 0], xy[k, 1], radius)
    return sums


def aperture_sums(image: FloatArray, xy: FloatArray, radius: float) -> FloatArray:
    """Sum an image in circles around many places.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image; NaN where there is no measurement.
    xy : ndarray, shape (n, 2)
        Centers of the circles, 0-based pixel centers, x then y [px].
    radius : float
        Radius of all circles [px].

    Returns
    -------
    ndarray, shape (n,)
        Sums over the exact area of each circle; NaN for circles that leave the image or
        touch a pixel without data.

    Examples
    --------
    >>> sums = aperture_sums(np.ones((9, 9)), np.array([[4.0, 4.3]]), 2.0)
    >>> bool(np.isclose(sums[0], np.pi * 2.0**2))
    True
    """
    places = np.ascontiguousarray(np.atleast_2d(xy), dtype=np.float64)
    return np.asarray(_sums(np.ascontiguousarray(image), places, float(radius)))


def disk_kernel(radius: float) -> FloatArray:
    """Draw a circle of weight one with soft, exact edges, centered on the middle pixel.

    Parameters
    ----------
    radius : float
        Radius of the circle [px].

    Returns
    -------
    ndarray, shape (n, n)
        Share of each pixel within the circle; n is odd; the sum is the area of the circle.
    """
    reach = int(np.ceil(radius - 0.5))
    offsets = range(-reach, reach + 1)
    return np.array([[pixel_overlap(i, j, radius) for i in offsets] for j in offsets])


def aperture_map(image: FloatArray, radius: float) -> FloatArray:
    """Sum an image in a circle around each of its pixels.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image; NaN where there is no measurement.
    radius : float
        Radius of the circles [px].

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The sums; NaN where the circle leaves the image or touches a pixel without data.
    """
    rows, columns = np.indices(image.shape)
    xy = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(float)
    return aperture_sums(image, xy, radius).reshape(image.shape)


def ring_positions(
    center_xy: tuple[float, float], separation_px: float, fwhm_px: float, angle_deg: float = 0.0
) -> FloatArray:
    """Line up circles of diameter FWHM, side by side, around the star.

    Parameters
    ----------
    center_xy : tuple of float
        Position of the star, x then y [px].
    separation_px : float
        Distance of the circles' centers from the star [px].
    fwhm_px : float
        Diameter of each circle [px].
    angle_deg : float
        Direction of the first circle, counter-clockwise from the x axis [deg].

    Returns
    -------
    ndarray, shape (n, 2)
        Centers of the circles, x then y [px], clockwise; neighbors touch, the last and the
        first may leave a gap of less than one circle. Empty where fewer than two fit.
    """
    if separation_px <= fwhm_px / 2:
        return np.empty((0, 2))
    step = 2.0 * np.arcsin(fwhm_px / 2.0 / separation_px)
    # A hair of tolerance, so that six circles fit at a separation of exactly one diameter.
    angles = np.deg2rad(angle_deg) - step * np.arange(int(2.0 * np.pi / step + 1e-9))
    return np.stack(
        [
            center_xy[0] + separation_px * np.cos(angles),
            center_xy[1] + separation_px * np.sin(angles),
        ],
        axis=1,
    )
