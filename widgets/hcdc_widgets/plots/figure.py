"""A figure that shows itself, and sky axes: arcsec, north up, east left."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.floating[Any]]


class SkyFigure(Figure):
    """A matplotlib figure without pyplot, with a description for those who cannot see it.

    Parameters
    ----------
    description : str
        What the figure shows, in a sentence.
    width_in, height_in : float
        Size [inch].

    Attributes
    ----------
    description : str
        What the figure shows, in a sentence; the alternative text of the image.
    """

    def __init__(self, description: str, *, width_in: float, height_in: float) -> None:
        super().__init__(figsize=(width_in, height_in), dpi=110, layout="constrained")
        self.description = description

    def png(self) -> bytes:
        """Draw the figure.

        Returns
        -------
        bytes
            A PNG file.
        """
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", facecolor="white")
        return buffer.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        image = base64.b64encode(self.png()).decode()
        data = {"image/png": image, "text/plain": self.description}
        return data, {"image/png": {"alt": self.description}}

    def html(self) -> str:
        """Draw the figure for a page.

        Returns
        -------
        str
            An ``<img>`` element that needs no file beside it.
        """
        image = base64.b64encode(self.png()).decode()
        return (
            f'<div class="hcdc-figure"><img src="data:image/png;base64,{image}" '
            f'alt="{escape(self.description, quote=True)}"></div>'
        )


def two_rows(figure: Figure, heights: tuple[float, float]) -> tuple[SubFigure, SubFigure]:
    """Part a figure in two rows that have columns of their own.

    Parameters
    ----------
    figure : Figure
        The figure.
    heights : tuple of float
        Their heights, relative to each other.

    Returns
    -------
    tuple of SubFigure
        The upper and the lower row.
    """
    rows = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=heights)))
    return rows[0], rows[1]


def sky_extent(
    shape: tuple[int, ...], pixel_scale_mas: float
) -> tuple[float, float, float, float]:
    """Give the edges of an image that is centered on the star.

    Parameters
    ----------
    shape : tuple of int
        Shape ``(n_y, n_x)`` of the image; the star is at ``(n_y // 2, n_x // 2)``.
    pixel_scale_mas : float
        Size of a pixel on the sky [mas].

    Returns
    -------
    tuple of float
        Left, right, bottom and top edge [arcsec]; east, on the left, is positive.
    """
    scale = pixel_scale_mas / 1000
    n_y, n_x = shape
    center_y, center_x = n_y // 2, n_x // 2
    return (
        (center_x + 0.5) * scale,
        (center_x - n_x + 0.5) * scale,
        (-center_y - 0.5) * scale,
        (n_y - center_y - 0.5) * scale,
    )


def sky_axes(axes: Axes, *, ink: str = "white") -> None:
    """Label the axes of a sky image and draw star and compass.

    Parameters
    ----------
    axes : Axes
        Axes that hold an image drawn with `sky_extent`.
    ink : str
        Color of the compass: white on dark maps, black on light ones.
    """
    axes.set_xlabel("East offset [arcsec]")
    axes.set_ylabel("North offset [arcsec]")
    axes.set_facecolor("0.75")
    outline = [withStroke(linewidth=2.5, foreground="black" if ink == "white" else "white")]
    axes.plot(0, 0, marker="*", color="white", mec="black", ms=12, ls="none", label="star")
    arrow = {"arrowstyle": "->", "color": ink, "lw": 1.8, "path_effects": outline}
    corner = (0.93, 0.07)
    ends = {"N": (0.93, 0.19), "E": (0.81, 0.07)}
    for name, end in ends.items():
        axes.annotate(
            "",
            xy=end,
            xytext=corner,
            xycoords="axes fraction",
            textcoords="axes fraction",
            arrowprops=arrow,
        )
        place = (end[0], end[1] + 0.025) if name == "N" else (end[0] - 0.025, end[1])
        axes.text(
            *place,
            name,
            transform=axes.transAxes,
            color=ink,
            ha="center",
            va="center",
            fontweight="bold",
            path_effects=outline,
        )


def mean_image(images: FloatArray) -> FloatArray:
    """Average images where they have data.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        Images with NaN where there is no measurement.

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The average; NaN where no image has data.
    """
    total, count = np.zeros(images.shape[1:]), np.zeros(images.shape[1:], dtype=int)
    for image in images:  # one at a time: sequences are large
        finite = np.isfinite(image)
        total += np.where(finite, image, 0)
        count += finite
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def cuts(image: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Find display limits.

    Parameters
    ----------
    image : ndarray
        The image; NaN is left out.
    low, high : float
        Percentiles [percent].

    Returns
    -------
    tuple of float
        Values of darkest and brightest color; (0, 1) for an image without data.
    """
    finite = image[np.isfinite(image)]
    if finite.size == 0:
        return 0.0, 1.0
    bottom, top = (float(v) for v in np.percentile(finite, (low, high)))
    return bottom, top if top > bottom else bottom + 1.0


def title(target: str, words: str) -> str:
    """Write the title of a figure.

    Parameters
    ----------
    target : str
        Name of the star, as the observer wrote it.
    words : str
        What is shown.

    Returns
    -------
    str
        The title; dollar signs in names are no mathematics.
    """
    return f"{target}: {words}".replace("$", r"\$")
