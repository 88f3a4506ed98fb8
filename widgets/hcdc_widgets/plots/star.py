"""The star beside the coronagraph: what all contrasts are measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hcdc_widgets import theme
from hcdc_widgets.plots.curves import channel_colors
from hcdc_widgets.plots.figure import FloatArray, SkyFigure, title, two_rows
from hcdc_widgets.plots.images import (
    draw_star,
    offset_extent,
    ring_means,
    shown_channels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hcdc_kernel import Psf

_RING_PX = 1.0
_HALF = 0.5
_FAINTEST = 1e-7
_UNIT = "in units of the cube"


def psf(psf: Psf) -> SkyFigure:
    """Show the image of the star off the coronagraph, its width and its flux.

    Parameters
    ----------
    psf : Psf
        Images in the unit and exposure time of the cube.

    Returns
    -------
    SkyFigure
        Image of each channel with its FWHM, radial profile, encircled energy and, if there is
        a coronagraph, its transmission.
    """
    channels = shown_channels(psf.wavelength_um.size)
    has_curve = psf.transmission.size > 0
    figure = SkyFigure(_describe(psf), width_in=11, height_in=7.2)
    upper, lower = two_rows(figure, (1.1, 1))
    for wave, axes in zip(
        channels, upper.subplots(1, len(channels), squeeze=False)[0], strict=True
    ):
        _image(axes, psf, wave)
    panels = lower.subplots(1, 3 if has_curve else 2)
    _profile(panels[0], psf)
    _encircled(panels[1], psf)
    if has_curve:
        _curve(panels[2], psf)
    words = "star beside the coronagraph"
    if not psf.absolute:
        words = "model of the star's image: its true flux is NOT known"
    figure.suptitle(title(psf.identity.target, words))
    return figure


def transmission(psf: Psf) -> SkyFigure:
    """Show which share of a companion's light passes the coronagraph.

    Parameters
    ----------
    psf : Psf
        It carries the transmission.

    Returns
    -------
    SkyFigure
        Transmission by separation, with the separation where half of the light passes.
    """
    figure = SkyFigure(_describe_transmission(psf), width_in=6.4, height_in=3.8)
    axes = figure.add_subplot()
    _curve(axes, psf)
    axes.set_title(title(psf.identity.target, "transmission of the coronagraph"))
    return figure


def _image(axes: Axes, psf: Psf, wave: int) -> None:
    """Draw the image with a circle of diameter FWHM."""
    image = psf.data[wave]
    draw_star(axes, image, offset_extent(image.shape, psf.pixel_scale_mas), percentiles=(5, 99))
    radius = psf.fwhm_px[wave] * psf.pixel_scale_mas / 2000
    turn = np.linspace(0, 2 * np.pi, 73)
    axes.plot(radius * np.cos(turn), radius * np.sin(turn), color=theme.ORANGE, lw=1.8)
    flux = f"{psf.star_flux[wave]:.3g} {_UNIT}" if psf.absolute else "not known"
    axes.set(
        xlabel="x from the star [arcsec]",
        ylabel="y from the star [arcsec]",
        title=(
            f"{psf.wavelength_um[wave]:.3f} \u00b5m: FWHM "
            f"{psf.fwhm_px[wave] * psf.pixel_scale_mas:.1f} mas\nflux within it: {flux}"
        ),
    )


def _rings(psf: Psf, wave: int) -> tuple[FloatArray, FloatArray]:
    """Average the image in rings; radii in mas."""
    n_y, n_x = psf.data.shape[1:]
    radius, mean = ring_means(psf.data[wave], (float(n_x // 2), float(n_y // 2)), _RING_PX)
    return radius * psf.pixel_scale_mas, mean


def _profile(axes: Axes, psf: Psf) -> None:
    """Draw the mean brightness by distance, peak 1; what is below zero is left out."""
    for wave, color in enumerate(channel_colors(psf.wavelength_um.size)):
        radius, mean = _rings(psf, wave)
        relative = mean / float(psf.data[wave].max())
        bright = relative > 0
        name = f"{psf.wavelength_um[wave]:.3f} \u00b5m"
        axes.plot(radius[bright], relative[bright], color=color, lw=1.8, label=name)
    axes.axhline(_HALF, color="0.4", lw=0.9, ls=":")
    axes.set(
        xlabel="distance from the peak [mas]",
        ylabel="brightness [peak = 1]",
        yscale="log",
        title="radial profile",
    )
    axes.set_ylim(max(_FAINTEST, axes.get_ylim()[0]), 2)
    axes.grid(visible=True, color="0.9")
    axes.legend(loc="upper right", fontsize="small")


def _encircled(axes: Axes, psf: Psf) -> None:
    """Draw the share of the image's flux within each distance."""
    for wave, color in enumerate(channel_colors(psf.wavelength_um.size)):
        radius, mean = _rings(psf, wave)
        flux = np.cumsum(mean * radius)  # the area of a ring grows with its radius
        axes.plot(radius, flux / flux[-1], color=color, lw=1.8)
    axes.set(
        xlabel="radius of the circle [mas]",
        ylabel="share of the flux in the image",
        ylim=(0, 1.1),
        title="encircled energy",
    )
    axes.grid(visible=True, color="0.9")


def _curve(axes: Axes, psf: Psf) -> None:
    """Draw the transmission by separation; without a coronagraph it is 1."""
    separation = psf.transmission_mas if psf.transmission.size else np.array([0.0, 1000.0])
    axes.plot(separation, psf.transmission_at(separation), color=theme.BLUE, lw=2)
    half = half_transmission_mas(psf)
    if half is not None:
        axes.axvline(half, color=theme.ORANGE, lw=1.4, ls="--")
        late = half > separation[-1] / 2  # the words would not fit on the right
        axes.annotate(
            f"half at {half:.0f} mas",
            (half, _HALF),
            xytext=(-8 if late else 8, 10),
            textcoords="offset points",
            ha="right" if late else "left",
            color="#8f3f00",
            fontweight="bold",
        )
    axes.set(
        xlabel="separation [mas]",
        ylabel="share of light that passes",
        ylim=(0, 1.1),
        title="transmission of the coronagraph",
    )
    axes.grid(visible=True, color="0.9")


def half_transmission_mas(psf: Psf) -> float | None:
    """Find the separation outside which more than half of a companion's light passes.

    Parameters
    ----------
    psf : Psf
        It carries the transmission.

    Returns
    -------
    float or None
        The separation [mas]; None if there is no coronagraph or the curve does not cross one
        half.
    """
    below = np.flatnonzero(psf.transmission < _HALF)
    if not below.size or below[-1] + 1 >= psf.transmission.size:
        return None
    ends = slice(below[-1], below[-1] + 2)
    return float(np.interp(_HALF, psf.transmission[ends], psf.transmission_mas[ends]))


def _describe(psf: Psf) -> str:
    """Say widths and what the flux is worth."""
    widths = ", ".join(f"{w * psf.pixel_scale_mas:.1f}" for w in psf.fwhm_px)
    worth = "" if psf.absolute else " It is a model: the star's flux is not known."
    return f"Image of {psf.identity.target} off the coronagraph; width {widths} mas.{worth}"


def _describe_transmission(psf: Psf) -> str:
    """Say where half of the light passes."""
    half = half_transmission_mas(psf)
    where = "all of it passes" if half is None else f"half of it passes at {half:.0f} mas"
    return f"Share of a companion's light that passes the coronagraph: {where}."
