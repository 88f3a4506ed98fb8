"""Contrast curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.ticker import MultipleLocator, NullFormatter

from hcdc_widgets import theme
from hcdc_widgets.plots.figure import FloatArray, SkyFigure, title
from hcdc_widgets.plots.maps import first_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hcdc_kernel import Candidates, ContrastCurve


def contrast(
    curve: ContrastCurve,
    candidates: Candidates | None = None,
    *,
    fwhm_mas: float | None = None,
) -> SkyFigure:
    """Show the faintest companion that would have been found, by separation.

    Parameters
    ----------
    curve : ContrastCurve
        One curve a channel.
    candidates : Candidates, optional
        Drawn with their errors, for comparison.
    fwhm_mas : float, optional
        Resolution element [mas]; if given, the upper axis counts in it, else in mas.

    Returns
    -------
    SkyFigure
        Contrast and magnitude above, throughput below.
    """
    target = curve.identity.target
    figure = SkyFigure(_describe(curve), width_in=7.2, height_in=5.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    colors = channel_colors(curve.wavelength_um.size)
    separation = curve.separation_mas / 1000
    for channel, color in enumerate(colors):
        name = f"{curve.wavelength_um[channel]:.3f} um".replace("um", "\u00b5m")
        upper.plot(separation, curve.contrast[channel], color=color, lw=2, label=name)
        lower.plot(separation, curve.throughput[channel], color=color, lw=2)
    if candidates is not None:
        _mark(upper, candidates)
    upper.set_yscale("log")
    upper.set_ylabel(f"{curve.n_sigma:g}-sigma contrast\n(flux ratio to the star)")
    upper.grid(visible=True, which="both", color="0.9")
    upper.legend(loc="upper right", ncols=2 if len(colors) > 6 else 1, fontsize="small")
    _magnitude_scale(upper)
    _upper_scale(upper, fwhm_mas)
    lower.set(xlabel="separation [arcsec]", ylabel="throughput", ylim=(0, 1.1))
    lower.grid(visible=True, color="0.9")
    figure.suptitle(title(target, "contrast curve"))
    return figure


def _describe(curve: ContrastCurve) -> str:
    """Say the best limit in words."""
    text = f"Contrast curve of {curve.identity.target} at {curve.n_sigma:g} sigma"
    if not np.isfinite(curve.contrast).any():
        return f"{text}; no limit could be given."
    best = float(np.nanmin(curve.contrast))
    where = curve.separation_mas[np.nanargmin(curve.contrast) % curve.separation_mas.size]
    return f"{text}; deepest {best:.1e} at {where / 1000:.2f} arcsec."


def channel_colors(n_wave: int) -> list[object]:
    """Pick a color for each channel, dark for short waves.

    Parameters
    ----------
    n_wave : int
        Number of channels.

    Returns
    -------
    list of color
        One a channel; told apart by lightness too.
    """
    if n_wave == 1:
        return [theme.BLUE]
    palette = matplotlib.colormaps[theme.CHANNEL_MAP]
    return [palette(v) for v in np.linspace(0.05, 0.85, n_wave)]


def _mark(axes: Axes, candidates: Candidates) -> None:
    """Draw each candidate with its errors."""
    for row in first_rows(candidates):
        flux = float(candidates.contrast[row])
        if not flux > 0:
            continue
        place = candidates.separation_mas[row] / 1000
        error = float(np.nan_to_num(candidates.contrast_error[row]))
        axes.errorbar(
            place,
            flux,
            xerr=float(np.nan_to_num(candidates.separation_error_mas[row])) / 1000,
            yerr=[[min(error, 0.9 * flux)], [error]],
            fmt="o",
            color=theme.ORANGE,
            mec="black",
            capsize=3,
        )
        axes.annotate(
            candidates.label[row],
            (place, flux),
            xytext=(8, 6),
            textcoords="offset points",
            fontweight="bold",
            color="#8f3f00",
        )


def _magnitude_scale(axes: Axes) -> None:
    """Add the contrast as a magnitude difference."""
    scale = axes.secondary_yaxis("right", functions=(_to_magnitude, _to_contrast))
    scale.set_ylabel("magnitude difference")
    scale.yaxis.set_major_locator(MultipleLocator(1))
    scale.yaxis.set_major_formatter("{x:g}")
    scale.yaxis.set_minor_formatter(NullFormatter())


def _upper_scale(axes: Axes, fwhm_mas: float | None) -> None:
    """Add the separation in resolution elements, or in mas."""
    unit_arcsec = (1.0 if fwhm_mas is None else fwhm_mas) / 1000

    def upward(arcsec: Any) -> Any:
        return np.asarray(arcsec, dtype=float) / unit_arcsec

    def downward(count: Any) -> Any:
        return np.asarray(count, dtype=float) * unit_arcsec

    scale = axes.secondary_xaxis("top", functions=(upward, downward))
    scale.set_xlabel("separation [mas]" if fwhm_mas is None else "separation [FWHM]")


def _to_magnitude(flux: Any) -> FloatArray:
    """Turn flux ratios into magnitude differences; matplotlib also asks below zero."""
    return np.asarray(-2.5 * np.log10(np.maximum(np.asarray(flux, dtype=float), 1e-30)))


def _to_contrast(magnitude: Any) -> FloatArray:
    """Turn magnitude differences into flux ratios."""
    return np.asarray(10 ** (-0.4 * np.asarray(magnitude, dtype=float)))
