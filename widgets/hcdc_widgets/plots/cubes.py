"""Before and after centering, and which frames were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hcdc_widgets import theme
from hcdc_widgets.plots.figure import FloatArray, SkyFigure, mean_image, title
from hcdc_widgets.plots.images import draw_star

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hcdc_kernel import Cube

_MARKS = ("x", "s", "^", "D", "v", "P", "*")


def centering(cube_before: Cube, cube_after: Cube) -> SkyFigure:
    """Show where the star was found, and that it is in the middle now.

    Parameters
    ----------
    cube_before : Cube
        The sequence as it came.
    cube_after : Cube
        The sequence with the star at the middle pixel; it tells where the star was found.

    Returns
    -------
    SkyFigure
        Mean image before, mean image after, and the star's motion between frames.
    """
    target = cube_before.identity.target
    figure = SkyFigure(
        f"Mean images of {target} before and after centering, and the star's drift.",
        width_in=11,
        height_in=4.1,
    )
    left, middle, right = figure.subplots(1, 3)
    channel = cube_before.n_wave // 2
    found = cube_before.star_xy_px if cube_after.found_xy_px is None else cube_after.found_xy_px
    # A calibration that measured the star has brought it to the middle already; what it found
    # is told in pixels of the detector.
    calibrated = cube_before.found_xy_px is not None
    as_it_came = cube_before.star_xy_px if calibrated else found
    _image(left, cube_before, "calibrated" if calibrated else "as it came", as_it_came[channel])
    _image(middle, cube_after, "star centered", cube_after.star_xy_px[channel])
    n_y, n_x = cube_after.data.shape[2:]
    middle.axhline(n_y // 2, color="white", lw=0.8, ls="--")
    middle.axvline(n_x // 2, color="white", lw=0.8, ls="--")
    _drift(
        right, found[channel], "star on the detector" if calibrated else "star before centering"
    )
    figure.suptitle(title(target, "centering"))
    return figure


def _image(axes: Axes, cube: Cube, words: str, star_xy: FloatArray) -> None:
    """Draw the mean frame of the middle channel with the star marked."""
    channel = cube.n_wave // 2
    draw_star(axes, mean_image(cube.data[channel]))
    x, y = np.nanmedian(star_xy, axis=0)
    axes.plot(x, y, marker="+", color=theme.ORANGE, ms=16, mew=2, ls="none")
    axes.set(xlabel="x [px]", ylabel="y [px]", title=f"{words}: star at ({x:.2f}, {y:.2f})")


def _drift(axes: Axes, star_xy: FloatArray, words: str) -> None:
    """Draw the star's position about its median, by frame."""
    offset = star_xy - np.nanmedian(star_xy, axis=0)
    frame = np.arange(len(offset))
    axes.plot(frame, offset[:, 0], ".-", color=theme.BLUE, label="x", lw=1)
    axes.plot(frame, offset[:, 1], ".-", color=theme.ORANGE, label="y", lw=1)
    spread = max(0.1, 1.15 * float(np.nanmax(np.abs(offset))))
    axes.set(
        xlabel="frame",
        ylabel="offset from the median [px]",
        ylim=(-spread, spread),
        title=words,
    )
    axes.grid(visible=True, color="0.9")
    axes.legend(loc="best", fontsize="small")


def frame_selection(cube: Cube) -> SkyFigure:
    """Show which frames are used, by their angle and brightness.

    Parameters
    ----------
    cube : Cube
        A sequence after frame selection.

    Returns
    -------
    SkyFigure
        Derotation angle and brightness by frame; frames not used stand out with the reason.
    """
    frames = cube.frames
    kept = int(frames.usable.sum())
    target = cube.identity.target
    figure = SkyFigure(
        f"Frame selection for {target}: {kept} of {frames.n_time} frames are used.",
        width_in=9.5,
        height_in=4.6,
    )
    upper, lower = figure.subplots(2, 1, sharex=True)
    _rows(upper, cube, frames.derotation_deg)
    _rows(lower, cube, _brightness(cube))
    upper.set_ylabel("derotation angle\n[deg]")
    upper.legend(loc="best", fontsize="small")
    lower.set(xlabel="frame", ylabel="brightness\n[median frame = 1]")
    figure.suptitle(title(target, f"{kept} of {frames.n_time} frames used"))
    return figure


def _rows(axes: Axes, cube: Cube, values: FloatArray) -> None:
    """Draw one value a frame, one mark a reason."""
    frames = cube.frames
    number = np.arange(frames.n_time)
    axes.plot(
        number[frames.usable], values[frames.usable], "o", color=theme.BLUE, ms=4, label="used"
    )
    reasons = sorted({frames.reason[i] for i in np.flatnonzero(~frames.usable)})
    for place, reason in enumerate(reasons):
        rows = [i for i in np.flatnonzero(~frames.usable) if frames.reason[i] == reason]
        axes.plot(
            number[rows],
            values[rows],
            _MARKS[place % len(_MARKS)],
            color=theme.ORANGE,
            ms=7,
            label=f"not used: {reason or 'no reason given'}",
        )
    axes.grid(visible=True, color="0.9")


def _brightness(cube: Cube) -> FloatArray:
    """Sum each frame of the middle channel, for display, the median frame being 1."""
    sums = np.nansum(cube.data[cube.n_wave // 2], axis=(1, 2), dtype=float)
    middle = float(np.median(sums))
    return np.asarray(sums / middle if middle else sums)
