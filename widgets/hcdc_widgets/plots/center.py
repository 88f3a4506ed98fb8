"""Where the star stands behind the coronagraph: satellite spots and drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hcdc_widgets import theme
from hcdc_widgets.plots.figure import FloatArray, SkyFigure, title, two_rows
from hcdc_widgets.plots.images import draw_star, pixel_extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hcdc_kernel.datamodel import StarPositions

_FIELDS = ("left field", "right field")
_COLORS = (theme.BLUE, theme.ORANGE)
_METHODS = {
    "satellite-spots": "satellite spots",
    "star": "the star itself",
    "symmetry": "the symmetry of its halo",
}
_MINUTES_PER_DAY = 1440.0


def star_positions(positions: StarPositions) -> SkyFigure:
    """Show where the star was measured, by its satellite spots or by itself.

    Parameters
    ----------
    positions : StarPositions
        Positions in each frame and channel.

    Returns
    -------
    SkyFigure
        An image a field with spots circled, diagonals and center; the star's drift in time.
    """
    target = positions.identity.target
    n_wave = positions.xy_px.shape[1]
    figure = SkyFigure(_describe(positions), width_in=4.4 * n_wave + 2.6, height_in=7.2)
    upper, lower = two_rows(figure, (1.7, 1))
    still = positions.xy_px - positions.dither_xy_px[:, None]
    for wave, axes in enumerate(np.ravel(np.asarray(upper.subplots(1, n_wave)))):
        _image(axes, positions, still, wave)
    for place, axes in enumerate(lower.subplots(1, 2, sharex=True)):
        _drift(axes, positions, still[..., place], "xy"[place])
    how = _METHODS.get(positions.method, positions.method)
    figure.suptitle(title(target, f"star found by {how}"))
    return figure


def _image(axes: Axes, positions: StarPositions, still: FloatArray, wave: int) -> None:
    """Draw the mean frame with what was measured on it."""
    image = positions.image[wave]
    corner = positions.image_corner_xy_px[wave]
    draw_star(axes, image, pixel_extent(image.shape, (float(corner[0]), float(corner[1]))))
    axes.autoscale(enable=False)
    spots = _mean(positions.spots_xy_px[:, wave] - positions.dither_xy_px[:, None])
    radius = 0.035 * max(image.shape)
    turn = np.linspace(0, 2 * np.pi, 73)
    for x, y in spots[np.isfinite(spots).all(axis=1)]:
        axes.plot(x + radius * np.cos(turn), y + radius * np.sin(turn), color="white", lw=1.6)
    for pair in (spots[0::2], spots[1::2]):
        axes.plot(pair[:, 0], pair[:, 1], color="white", lw=0.9, ls="--")
    x, y = np.median(still[:, wave], axis=0)
    axes.plot(x, y, marker="+", color=theme.ORANGE, ms=18, mew=2.2, ls="none")
    error = float(np.median(positions.error_px[:, wave]))
    axes.set(
        xlabel="x in the field [px]",
        ylabel="y in the field [px]",
        title=f"{_field(wave)}: star at ({x:.2f}, {y:.2f}) \u00b1 {error:.2f} px",
    )


def _drift(axes: Axes, positions: StarPositions, still: FloatArray, name: str) -> None:
    """Draw one coordinate about its median by time, the dithering taken out."""
    minutes = (positions.mjd - np.nanmin(positions.mjd)) * _MINUTES_PER_DAY
    offset = still - np.median(still, axis=0)
    for wave in range(still.shape[1]):
        axes.errorbar(
            minutes,
            offset[:, wave],
            yerr=positions.error_px[:, wave],
            fmt="os"[wave % 2],
            ms=5,
            capsize=2,
            color=_COLORS[wave % 2],
            mfc=_COLORS[wave % 2] if wave % 2 == 0 else "white",
            label=_field(wave),
        )
    spread = max(0.1, 1.3 * float(np.max(np.abs(offset) + positions.error_px)))
    axes.axhline(0, color="0.5", lw=0.8)
    axes.set(
        xlabel="time since the first frame [min]",
        ylabel=f"{name} minus its median [px]",
        ylim=(-spread, spread),
        title=f"drift in {name}",
    )
    axes.margins(x=0.08)
    axes.grid(visible=True, color="0.9")
    axes.legend(loc="best", fontsize="small", ncols=2)


def _mean(spots: FloatArray) -> FloatArray:
    """Average the places of the spots over the frames; NaN where there are none."""
    found = np.isfinite(spots)
    count = found.sum(axis=0)
    total = np.where(found, spots, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _field(wave: int) -> str:
    """Name a field of the detector."""
    return _FIELDS[wave] if wave < len(_FIELDS) else f"field {wave + 1}"


def _describe(positions: StarPositions) -> str:
    """Say where the star is, field by field."""
    still = np.median(positions.xy_px - positions.dither_xy_px[:, None], axis=0)
    error = np.median(positions.error_px, axis=0)
    places = "; ".join(
        f"{_field(wave)} x {x:.2f}, y {y:.2f}, each to {error[wave]:.2f} px"
        for wave, (x, y) in enumerate(still)
    )
    return (
        f"Star of {positions.identity.target} measured in {len(positions.mjd)} frames: {places}."
    )
