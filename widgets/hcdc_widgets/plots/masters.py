"""Master backgrounds and flat fields, and which pixels they show to be bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hcdc_widgets import theme
from hcdc_widgets.plots.figure import FloatArray, SkyFigure, cuts
from hcdc_widgets.plots.images import blocks, pixel_extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hcdc_kernel.datamodel import Master

_BLOCK_PX = 32
_SHOWN_PX = 512
_LARGE = 1000.0
_STYLES = (("left field", theme.BLUE, "-"), ("right field", theme.ORANGE, "--"))
# Bits of hcdc_kernel.datamodel.PixelFlag, as people call them.
_CAUSES = (
    (1, "n_bad", "hot, dead or not linear"),
    (4, "n_saturated", "saturated"),
    (8, "n_outside", "outside the field"),
)
_DEFECTS = 1 | 2 | 4
_OUTSIDE = 8
_WORDS = {"n": "number of", "ao": "AO", "chi2": "chi-squared", "um": "\u00b5m"}
_UNITS = ("adu", "s", "px", "arcsec", "mas", "deg", "nm", "um", "ms", "percent", "hpa")


def background(master: Master) -> SkyFigure:
    """Show a master background: its image, its levels and its bad pixels.

    Parameters
    ----------
    master : Master
        A background of the whole detector.

    Returns
    -------
    SkyFigure
        Image of both fields, histogram of the levels, density of bad pixels, figures of merit.
    """
    return _draw(master, f"level [{master.unit or 'adu'}]", "background")


def flat(master: Master) -> SkyFigure:
    """Show a master flat field: how the response differs from pixel to pixel.

    Parameters
    ----------
    master : Master
        A flat field of the whole detector; 1 is the usual response.

    Returns
    -------
    SkyFigure
        Image of both fields, histogram of the response, density of bad pixels, figures of merit.
    """
    return _draw(master, "response [median = 1]", "flat field")


def _draw(master: Master, label: str, words: str) -> SkyFigure:
    """Draw image and bad pixels above, histogram and figures of merit below."""
    usable = np.isfinite(master.data) & ((master.flags & (_DEFECTS | _OUTSIDE)) == 0)
    clean = np.where(usable, master.data, np.nan)
    figure = SkyFigure(_describe(master, clean, words), width_in=11, height_in=6.3)
    cells = figure.add_gridspec(2, 2, height_ratios=(1.15, 1), width_ratios=(1, 1))
    image, bad = figure.add_subplot(cells[0, 0]), figure.add_subplot(cells[0, 1])
    histogram, merit = figure.add_subplot(cells[1, 0]), figure.add_subplot(cells[1, 1])
    # Bad pixels have a panel of their own; averaged into their neighbors they would hide all else.
    smooth = blocks(clean, max(1, clean.shape[1] // _SHOWN_PX))
    low, high = cuts(smooth, 1, 99)
    drawn = image.imshow(
        smooth,
        origin="lower",
        extent=pixel_extent(clean.shape, (0.0, 0.0)),
        cmap=theme.IMAGE_MAP,
        vmin=low,
        vmax=high,
        interpolation="nearest",
    )
    _detector_axes(image, clean.shape)
    image.set_title(f"{words}, good pixels")
    figure.colorbar(drawn, ax=image, label=label, extend="both", shrink=0.9)
    _bad_density(figure, bad, master)
    _levels(histogram, clean, label)
    _figures_of_merit(merit, master)
    setup = _setup(master)
    figure.suptitle(f"Master {words}{f': {setup}' if setup else ''}".replace("$", r"\$"))
    return figure


def _detector_axes(axes: Axes, shape: tuple[int, ...]) -> None:
    """Label the detector and part its two fields."""
    axes.set(xlabel="column x [px]", ylabel="row y [px]")
    axes.set_facecolor("0.75")
    if _n_fields(shape) == 2:
        axes.axvline(shape[1] / 2 - 0.5, color="white", lw=1, ls="--")


def _n_fields(shape: tuple[int, ...]) -> int:
    """Count the fields beside each other on the detector."""
    return 2 if shape[1] == 2 * shape[0] else 1


def _bad_density(figure: SkyFigure, axes: Axes, master: Master) -> None:
    """Draw the share of bad pixels in blocks, so that clusters stand out."""
    outside = (master.flags & _OUTSIDE) != 0
    bad = np.where(outside, np.nan, 100.0 * ((master.flags & _DEFECTS) != 0))
    size = max(1, min(_BLOCK_PX, min(bad.shape) // 8))
    share = blocks(bad, size)
    drawn = axes.imshow(
        share,
        origin="lower",
        extent=pixel_extent(bad.shape, (0.0, 0.0)),
        cmap=theme.CHANNEL_MAP,
        vmin=0,
        vmax=max(1.0, cuts(share, 0, 99)[1]),
        interpolation="nearest",
    )
    _detector_axes(axes, bad.shape)
    n_bad, n_seen = int(np.nansum(bad > 0)), int(np.sum(~outside))
    percent = 100 * n_bad / max(1, n_seen)
    axes.set_title(f"bad pixels: {n_bad:,} ({percent:.2f} %)")
    label = f"bad pixels in {size} x {size} px [%]"
    figure.colorbar(drawn, ax=axes, label=label, extend="max", shrink=0.9)


def _levels(axes: Axes, clean: FloatArray, label: str) -> None:
    """Draw how often each level occurs, field by field."""
    low, high = cuts(clean, 0.01, 99.99)
    edges = np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 160)
    fields = np.split(clean, _n_fields(clean.shape), axis=1)
    for part, (name, color, style) in zip(fields, _STYLES, strict=False):
        values = part[np.isfinite(part)]
        if not values.size:
            continue
        called = name if len(fields) > 1 else "detector"
        middle = float(np.median(values))
        counts, _ = np.histogram(values, edges)
        axes.stairs(
            counts, edges, color=color, ls=style, lw=1.6, label=f"{called}: median {middle:.4g}"
        )
        axes.axvline(middle, color=color, lw=1, ls=":")
    axes.set(xlabel=label, ylabel="pixels", title="good pixels", yscale="log")
    axes.set_ylim(0.7, 40 * axes.get_ylim()[1])  # room for the legend
    axes.grid(visible=True, color="0.9")
    if axes.patches:
        axes.legend(loc="upper right", fontsize="small")


def _figures_of_merit(axes: Axes, master: Master) -> None:
    """List causes of bad pixels and what was measured."""
    axes.set_axis_off()
    axes.set_title("what was measured")
    lines = [(spoken_quantity(name), _number(value)) for name, value in master.quality.items()]
    for bit, name, words in _CAUSES:
        count = int(np.sum((master.flags & bit) != 0))
        if count and name not in master.quality:
            lines.append((f"pixels {words}", f"{count:,}"))
    step = min(0.1, 1.0 / max(1, len(lines)))
    for place, (name, value) in enumerate(lines):
        axes.text(0.04, 0.93 - place * step, name, transform=axes.transAxes, va="top")
        axes.text(0.98, 0.93 - place * step, value, transform=axes.transAxes, va="top", ha="right")


def _number(value: float) -> str:
    """Write counts in full, all else to four digits."""
    if float(value).is_integer() or abs(value) >= _LARGE:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def spoken_quantity(name: str) -> str:
    """Turn the name of a measured figure into words with its unit.

    Parameters
    ----------
    name : str
        In snake case, the unit last.

    Returns
    -------
    str
        Words, the unit in brackets.

    Examples
    --------
    >>> spoken_quantity("read_noise_adu")
    'read noise [adu]'
    >>> spoken_quantity("n_bad")
    'number of bad'
    """
    parts = name.split("_")
    if name.endswith("_e_per_adu"):
        return f"{spoken_quantity(name.removesuffix('_e_per_adu'))} [e\u207b/adu]"
    if len(parts) > 1 and parts[-1] in _UNITS:
        unit = "m/s" if "wind" in parts else _WORDS.get(parts[-1], parts[-1])
        return f"{spoken_quantity('_'.join(parts[:-1]))} [{unit}]"
    return " ".join(_WORDS.get(part, part) for part in parts)


def _setup(master: Master) -> str:
    """Say which frames the master is for."""
    words = {"dit_s": "{:.4g} s", "filter": "{}", "neutral_density": "{}"}
    known = [words[name].format(v) for name, v in master.setup.items() if name in words and v]
    return ", ".join("no neutral density" if word == "OPEN" else word for word in known)


def _describe(master: Master, clean: FloatArray, words: str) -> str:
    """Say the most important numbers in a sentence."""
    identity = master.identity
    unit = f" {master.unit or 'adu'}" if master.kind == "background" else ""
    level = np.nanmedian(clean) if np.isfinite(clean).any() else np.nan
    n_bad = int(np.sum((master.flags & _DEFECTS) != 0))
    return (
        f"Master {words} of {identity.instrument}, {identity.filter}, {identity.night}: "
        f"median {level:.4g}{unit}, {n_bad:,} bad pixels."
    )
