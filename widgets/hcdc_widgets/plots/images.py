"""Images of the star and of the detector: stretched, with honest axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hcdc_widgets import theme
from hcdc_widgets.plots.figure import FloatArray, cuts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

Extent = tuple[float, float, float, float]

_MOST_CHANNELS = 3


def draw_star(
    axes: Axes,
    image: FloatArray,
    extent: Extent | None = None,
    *,
    percentiles: tuple[float, float] = (1, 99.7),
) -> AxesImage:
    """Draw a star so that its core and its halo are both seen.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    image : ndarray, shape (n_y, n_x)
        The image; NaN is gray.
    extent : tuple of float, optional
        Left, right, bottom and top edge; pixels from 0 if not given.
    percentiles : tuple of float
        Between these the scale bends from linear to logarithmic [percent].

    Returns
    -------
    AxesImage
        What was drawn; its values are inverse hyperbolic sines.
    """
    low, high = cuts(image, *percentiles)
    softening = max((high - low) / 20, np.finfo(float).tiny)
    shown = np.arcsinh((image - low) / softening)
    bottom, top = cuts(shown, 1, 99.9)
    axes.set_facecolor("0.75")
    return axes.imshow(
        shown,
        origin="lower",
        cmap=theme.IMAGE_MAP,
        vmin=bottom,
        vmax=top,
        interpolation="nearest",
        extent=extent,
    )


def pixel_extent(shape: tuple[int, ...], corner_xy: tuple[float, float]) -> Extent:
    """Give the edges of an image in pixels of the detector.

    Parameters
    ----------
    shape : tuple of int
        Shape ``(n_y, n_x)`` of the image.
    corner_xy : tuple of float
        Where the middle of its pixel (0, 0) is, x then y [px].

    Returns
    -------
    tuple of float
        Left, right, bottom and top edge [px].
    """
    n_y, n_x = shape
    x, y = corner_xy
    return x - 0.5, x + n_x - 0.5, y - 0.5, y + n_y - 0.5


def offset_extent(shape: tuple[int, ...], pixel_scale_mas: float) -> Extent:
    """Give the edges of an image as offsets from its middle pixel, not turned to north.

    Parameters
    ----------
    shape : tuple of int
        Shape ``(n_y, n_x)`` of the image; the star is at ``(n_y // 2, n_x // 2)``.
    pixel_scale_mas : float
        Size of a pixel on the sky [mas].

    Returns
    -------
    tuple of float
        Left, right, bottom and top edge [arcsec]; x rises to the right.
    """
    n_y, n_x = shape
    corner = (-float(n_x // 2), -float(n_y // 2))
    left, right, bottom, top = (
        edge * pixel_scale_mas / 1000 for edge in pixel_extent(shape, corner)
    )
    return left, right, bottom, top


def blocks(image: FloatArray, size: int) -> FloatArray:
    """Average an image in square blocks.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image; NaN is left out.
    size : int
        Side of a block [px]; what is left over at the upper and right edge is dropped.

    Returns
    -------
    ndarray, shape (n_y // size, n_x // size)
        Averages; NaN where a block has no data.
    """
    n_y, n_x = (n // size for n in image.shape)
    parts = image[: n_y * size, : n_x * size].reshape(n_y, size, n_x, size)
    finite = np.isfinite(parts)
    count = finite.sum(axis=(1, 3))
    total = np.where(finite, parts, 0).sum(axis=(1, 3), dtype=float)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def ring_means(
    image: FloatArray, center_xy: tuple[float, float], width_px: float
) -> tuple[FloatArray, FloatArray]:
    """Average an image in rings, for display.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image; NaN is left out.
    center_xy : tuple of float
        Middle of the rings, x then y [px].
    width_px : float
        Width of a ring [px].

    Returns
    -------
    tuple of ndarray, shape (n_ring,)
        Middle radius of each ring that has data [px], and the mean in it.
    """
    rows, columns = np.indices(image.shape)
    radius = np.hypot(columns - center_xy[0], rows - center_xy[1])
    within = np.isfinite(image) & (radius < min(image.shape) / 2)
    ring = (radius[within] / width_px).astype(int)
    count = np.bincount(ring)
    total = np.bincount(ring, weights=image[within].astype(float))
    filled = np.flatnonzero(count)
    return (filled + 0.5) * width_px, total[filled] / count[filled]


def shown_channels(n_wave: int) -> list[int]:
    """Pick the channels to draw side by side.

    Parameters
    ----------
    n_wave : int
        Number of channels.

    Returns
    -------
    list of int
        All of a few; else the first, the middle one and the last.
    """
    if n_wave <= _MOST_CHANNELS:
        return list(range(n_wave))
    return [0, n_wave // 2, n_wave - 1]
