"""The parts of the image that are modeled one by one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hcdc_kernel.arrays import IntArray
from hcdc_kernel.errors import DataError


@dataclass(frozen=True, slots=True)
class Region:
    """Pixels that share one model.

    Attributes
    ----------
    pixels : ndarray of int, shape (n_px,)
        Places in the flattened image.
    radius_px : float
        Separation at which the motion of a companion is reckoned [px].
    """

    pixels: IntArray
    radius_px: float


def full_frame(shape: tuple[int, int], *, inner_px: float = 0) -> tuple[Region, ...]:
    """Make one region of the whole image.

    Parameters
    ----------
    shape : tuple of int
        Image size ``(n_y, n_x)``; the star is at ``(n_y // 2, n_x // 2)``.
    inner_px : float
        Radius about the star that is left out [px].

    Returns
    -------
    tuple of Region
        One region; companions are taken to be at a quarter of the image size.

    Raises
    ------
    DataError
        If nothing is left of the image.
    """
    radius, _ = _polar(shape)
    region = Region(np.flatnonzero(radius >= inner_px), min(shape) / 4)
    return _not_empty((region,), inner_px)


def annuli(
    shape: tuple[int, int], width_px: float, *, inner_px: float = 0, n_sectors: int = 1
) -> tuple[Region, ...]:
    """Cut the image into rings about the star, and rings into sectors.

    Parameters
    ----------
    shape : tuple of int
        Image size ``(n_y, n_x)``; the star is at ``(n_y // 2, n_x // 2)``.
    width_px : float
        Width of a ring [px]. A last ring of less than half of it joins its neighbor.
    inner_px : float
        Inner radius of the first ring [px].
    n_sectors : int
        Equal parts of each ring, counted counter-clockwise from the x axis.

    Returns
    -------
    tuple of Region
        From the star outwards, to the largest circle that fits the image; pixels beyond it
        belong to no region.

    Raises
    ------
    DataError
        If no ring fits.

    Examples
    --------
    >>> [region.radius_px for region in annuli((21, 21), 5.0)]
    [2.5, 7.75]
    """
    radius, angle = _polar(shape)
    outer_px = min(shape) // 2 + 0.5 * (min(shape) % 2)
    n_rings = max(1, int((outer_px - inner_px) / width_px + 0.5))
    # Rounded, lest rounding errors of the width decide where pixels on an edge belong.
    edges = np.append(inner_px + width_px * np.arange(n_rings), outer_px).round(6)
    sector = np.minimum((angle / (2 * np.pi) * n_sectors).astype(int), n_sectors - 1)
    regions = tuple(
        Region(
            np.flatnonzero((radius >= low) & (radius < high) & (sector == number)),
            float(low + high) / 2,
        )
        for low, high in pairwise(edges)
        for number in range(n_sectors)
    )
    return _not_empty(tuple(region for region in regions if region.pixels.size), inner_px)


def _polar(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Give distance [px] and angle from the x axis, 0 to 2 pi [rad], of every pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    dy, dx = y - shape[0] // 2, x - shape[1] // 2
    return np.hypot(dy, dx).ravel(), np.mod(np.arctan2(dy, dx), 2 * np.pi).ravel()


def _not_empty(regions: tuple[Region, ...], inner_px: float) -> tuple[Region, ...]:
    """Refuse a choice of regions that holds no pixel."""
    if not any(region.pixels.size for region in regions):
        raise DataError(
            "The inner radius leaves nothing of the image",
            found=f"{inner_px:.1f} px",
            remedy="Choose a smaller one",
        )
    return regions
