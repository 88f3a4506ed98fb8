"""The calibrated sequence: images, orientation, conditions and noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patheffects import withStroke

from hcdc_widgets import theme
from hcdc_widgets.plots.figure import FloatArray, SkyFigure, title, two_rows
from hcdc_widgets.plots.images import (
    draw_star,
    offset_extent,
    ring_means,
    shown_channels,
)
from hcdc_widgets.plots.masters import spoken_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from hcdc_kernel import Cube

# A median of more frames looks the same and takes longer.
_MOST_FRAMES = 25
_SEEN_DEG = 1.0
_RING_PX = 2.0
_STYLES = ((theme.BLUE, "o"), (theme.ORANGE, "s"), (theme.GREEN, "^"), (theme.GRAY, "D"))
# What tells most of the data; only so many can be told apart in one panel.
_TELLING = ("background_scale", "strehl", "seeing", "coherence")
_MINUTES_PER_DAY = 1440.0


def calibrated(cube: Cube) -> SkyFigure:
    """Show the calibrated frames, how the field turned, and in what conditions.

    Parameters
    ----------
    cube : Cube
        The sequence before the star is subtracted.

    Returns
    -------
    SkyFigure
        Median frame of each channel with north and east at the first and last frame;
        derotation angle, conditions and noise.
    """
    target = cube.identity.target
    channels = shown_channels(cube.n_wave)
    chosen = np.unique(np.linspace(0, cube.n_time - 1, _MOST_FRAMES).astype(int))
    figure = SkyFigure(_describe(cube), width_in=11, height_in=8.6)
    upper, lower = two_rows(figure, (1.15, 1))
    for wave, axes in zip(
        channels, upper.subplots(1, len(channels), squeeze=False)[0], strict=True
    ):
        _image(axes, cube, wave, chosen)
    turning, weather, noise = lower.subplots(1, 3)
    _turning(turning, cube)
    _conditions(weather, cube)
    _noise(noise, cube, channels[0], chosen)
    figure.suptitle(title(target, f"calibrated sequence of {cube.n_time} frames"))
    return figure


def _image(axes: Axes, cube: Cube, wave: int, chosen: FloatArray) -> None:
    """Draw the median frame with the directions on the sky."""
    image = _median(cube.data[wave, chosen])
    draw_star(axes, image, offset_extent(image.shape, cube.pixel_scale_mas))
    angles = cube.frames.derotation_deg
    _compass(axes, angles[0], "white", "-")
    words = "arrows: first frame"
    if abs(angles[-1] - angles[0]) > _SEEN_DEG:
        _compass(axes, angles[-1], "#ffc66e", "--")
        words = "arrows: first frame; dashed: last frame"
    axes.text(
        0.02,
        0.02,
        words,
        transform=axes.transAxes,
        color="white",
        fontsize="small",
        path_effects=[withStroke(linewidth=2.5, foreground="black")],
    )
    axes.set(
        xlabel="x from the star [arcsec]",
        ylabel="y from the star [arcsec]",
        title=f"{cube.wavelength_um[wave]:.3f} \u00b5m, median of {len(chosen)} frames",
    )


def _median(images: FloatArray) -> FloatArray:
    """Take the median of frames where any has data."""
    empty = np.isnan(images).all(axis=0)
    filled = np.where(empty, 0, images)
    return np.where(empty, np.nan, np.nanmedian(filled, axis=0))


def _compass(axes: Axes, derotation_deg: float, color: str, style: str) -> None:
    """Draw north and east as they lie on the detector in a frame not yet turned."""
    angle = np.deg2rad(derotation_deg)
    outline = [withStroke(linewidth=3, foreground="black")]
    for name, x, y in (
        ("N", np.sin(angle), np.cos(angle)),
        ("E", -np.cos(angle), np.sin(angle)),
    ):
        axes.annotate(
            "",
            xy=(0.5 + 0.36 * x, 0.5 + 0.36 * y),
            xytext=(0.5 + 0.16 * x, 0.5 + 0.16 * y),
            xycoords="axes fraction",
            textcoords="axes fraction",
            arrowprops={
                "arrowstyle": "->", "color": color, "lw": 2, "ls": style, "path_effects": outline,
            },
        )  # fmt: skip
        axes.text(
            0.5 + 0.41 * x,
            0.5 + 0.41 * y,
            name,
            transform=axes.transAxes,
            color=color,
            ha="center",
            va="center",
            fontweight="bold",
            path_effects=outline,
        )


def _minutes(cube: Cube) -> tuple[FloatArray, str]:
    """Give the times of the frames, or their numbers if no times are known."""
    mjd = cube.frames.mjd
    if not np.isfinite(mjd).all():
        return np.arange(cube.n_time, dtype=float), "frame"
    return (mjd - mjd[0]) * _MINUTES_PER_DAY, "time since the first frame [min]"


def _turning(axes: Axes, cube: Cube) -> None:
    """Draw the derotation angle by time."""
    times, label = _minutes(cube)
    angles = np.rad2deg(np.unwrap(np.deg2rad(cube.frames.derotation_deg)))
    axes.plot(times, angles, "o", color=theme.BLUE, ms=4)
    turned = float(np.ptp(angles))
    axes.set(xlabel=label, ylabel="derotation angle [deg]", title=f"field turned {turned:.1f} deg")
    axes.grid(visible=True, color="0.9")


def _conditions(axes: Axes, cube: Cube) -> None:
    """Draw what was measured at each frame, divided by its median."""
    times, label = _minutes(cube)
    known = {n: v for n, v in cube.frames.conditions.items() if np.isfinite(v).any()}
    chosen = sorted(known.items(), key=lambda one: _interest(one[0]))
    for (name, values), (color, mark) in zip(chosen, _STYLES, strict=False):
        middle = float(np.nanmedian(values))
        if middle != 0:
            words = f"{_without_unit(name)}: median {middle:.3g}{_unit(name)}"
            axes.plot(times, values / middle, mark, color=color, ms=4, mfc="none", label=words)
    axes.set(xlabel=label, ylabel="relative to the median", title="conditions")
    axes.grid(visible=True, color="0.9")
    if axes.lines:
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom, top + 0.5 * (top - bottom))  # room for the legend
        axes.legend(loc="upper center", fontsize="x-small")
    else:
        axes.text(0.5, 0.5, "none were recorded", transform=axes.transAxes, ha="center")


def _interest(name: str) -> tuple[int, str]:
    """Put first what tells most of the data."""
    places = [i for i, word in enumerate(_TELLING) if word in name]
    return (places[0] if places else len(_TELLING)), name


def _without_unit(name: str) -> str:
    """Name a condition without its unit."""
    return spoken_quantity(name).split(" [")[0]


def _unit(name: str) -> str:
    """Give the unit of a condition, a blank before it."""
    return (
        " " + spoken_quantity(name).split("[")[1].rstrip("]")
        if "[" in spoken_quantity(name)
        else ""
    )


def _noise(axes: Axes, cube: Cube, wave: int, chosen: Sequence[int] | FloatArray) -> None:
    """Compare the scatter between frames with the noise that detector and photons make."""
    frames = cube.data[wave, chosen]
    n_y, n_x = frames.shape[1:]
    center = (float(n_x // 2), float(n_y // 2))
    scale = cube.pixel_scale_mas / 1000
    for values, words, color, style in (
        (_spread(frames), "scatter between frames", theme.ORANGE, "-"),
        (_expected(cube, wave, chosen), "photons and detector", theme.BLUE, "--"),
    ):
        if values is not None:
            radius, mean = ring_means(values, center, _RING_PX)
            axes.plot(radius * scale, np.sqrt(mean), color=color, ls=style, lw=1.8, label=words)
    axes.set(
        xlabel="separation [arcsec]",
        ylabel=f"noise of a pixel [{cube.unit}]",
        title=f"noise at {cube.wavelength_um[wave]:.3f} \u00b5m",
        yscale="log",
    )
    axes.grid(visible=True, which="both", color="0.9")
    axes.legend(loc="upper right", fontsize="small")


def _spread(frames: FloatArray) -> FloatArray:
    """Measure the variance of each pixel between frames; NaN where frames lack data."""
    return np.asarray(np.var(frames, axis=0, dtype=float))


def _expected(cube: Cube, wave: int, chosen: Sequence[int] | FloatArray) -> FloatArray | None:
    """Average the variance that the calibration gives, if it does."""
    if cube.variance is None:
        return None
    return np.asarray(np.mean(cube.variance[wave, chosen], axis=0, dtype=float))


def _describe(cube: Cube) -> str:
    """Say what the sequence is in a sentence."""
    turned = float(np.ptp(np.unwrap(np.deg2rad(cube.frames.derotation_deg))))
    n_y, n_x = cube.data.shape[2:]
    return (
        f"Calibrated sequence of {cube.identity.target}: {cube.n_time} frames of {n_x} x {n_y} px "
        f"in {cube.n_wave} channels; the field turned by {np.rad2deg(turned):.1f} deg."
    )
