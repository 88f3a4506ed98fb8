"""Residual images and S/N maps on the sky."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patheffects import withStroke

from hcdc_widgets import theme
from hcdc_widgets.plots.figure import SkyFigure, cuts, mean_image, sky_axes, sky_extent, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hcdc_kernel import Candidates, DetectionMap, Residual


def residual(residual: Residual) -> SkyFigure:
    """Show what is left when the star is gone.

    Parameters
    ----------
    residual : Residual
        Images north up; the channels are averaged.

    Returns
    -------
    SkyFigure
        The mean image, blue below and red above zero.
    """
    image = mean_image(residual.data)
    limit = max(abs(v) for v in cuts(image, 0.5, 99.5))
    target = residual.identity.target
    figure = SkyFigure(
        f"Residual image of {target} after PSF subtraction, north up, east left.",
        width_in=6.4,
        height_in=5.4,
    )
    axes = figure.add_subplot()
    drawn = axes.imshow(
        image,
        origin="lower",
        extent=sky_extent(image.shape, residual.pixel_scale_mas),
        cmap=theme.DIVERGING_MAP,
        vmin=-limit,
        vmax=limit,
        interpolation="nearest",
    )
    sky_axes(axes, ink="black")
    axes.set_title(title(target, f"residual, {_channels(residual.wavelength_um.size)}"))
    unit = "flux ratio to the star" if residual.unit == "contrast" else residual.unit
    figure.colorbar(drawn, ax=axes, label=f"residual [{unit}]", extend="both")
    return figure


def detection(detection: DetectionMap, candidates: Candidates | None = None) -> SkyFigure:
    """Show the S/N map with its candidates circled.

    Parameters
    ----------
    detection : DetectionMap
        The map of all channels together is shown.
    candidates : Candidates, optional
        Each is circled once and labelled.

    Returns
    -------
    SkyFigure
        The map, star and compass marked.
    """
    image = detection.combined
    target = detection.identity.target
    names = sorted(set(candidates.label)) if candidates is not None else []
    found = f"candidates {', '.join(names)} circled" if names else "no candidate"
    figure = SkyFigure(
        f"Signal-to-noise map of {target}, north up, east left; {found}.",
        width_in=6.4,
        height_in=5.4,
    )
    axes = figure.add_subplot()
    peak = cuts(image, 0, 100)[1]
    drawn = axes.imshow(
        image,
        origin="lower",
        extent=sky_extent(image.shape, detection.pixel_scale_mas),
        cmap=theme.IMAGE_MAP,
        vmin=-3,
        vmax=max(5.0, 0.9 * peak),
        interpolation="nearest",
    )
    sky_axes(axes)
    axes.set_title(title(target, "detection map"))
    figure.colorbar(drawn, ax=axes, label="signal-to-noise ratio", extend="both")
    if candidates is not None:
        _circle(axes, candidates, 1.2 * detection.fwhm_px * detection.pixel_scale_mas / 1000)
    return figure


def _circle(axes: Axes, candidates: Candidates, radius_arcsec: float) -> None:
    """Circle each candidate once and write its label beside it."""
    outline = [withStroke(linewidth=3, foreground="black")]
    for row in first_rows(candidates):
        separation = candidates.separation_mas[row] / 1000
        angle = np.deg2rad(candidates.position_angle_deg[row])
        east, north = separation * np.sin(angle), separation * np.cos(angle)
        turn = np.linspace(0, 2 * np.pi, 73)
        axes.plot(
            east + radius_arcsec * np.cos(turn),
            north + radius_arcsec * np.sin(turn),
            color="white",
            lw=1.6,
            path_effects=outline,
            scalex=False,
            scaley=False,
        )
        axes.text(
            east - 1.15 * radius_arcsec,
            north + 0.9 * radius_arcsec,
            candidates.label[row],
            color="white",
            fontsize=13,
            fontweight="bold",
            path_effects=outline,
            clip_on=True,
        )


def first_rows(candidates: Candidates) -> list[int]:
    """Pick one row a candidate: all channels together if there is one, else the first.

    Parameters
    ----------
    candidates : Candidates
        Rows by candidate and channel.

    Returns
    -------
    list of int
        Places of the rows, in order of label.
    """
    chosen: dict[str, int] = {}
    for row, label in enumerate(candidates.label):
        if label not in chosen or np.isnan(candidates.wavelength_um[row]):
            chosen[label] = row
    return [chosen[label] for label in sorted(chosen)]


def _channels(n_wave: int) -> str:
    """Say what the image is the average of."""
    return "one channel" if n_wave == 1 else f"mean of {n_wave} channels"
