"""Make the flat field: how sensitive each pixel is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from hcdc_kernel.algorithms.detector_noise import robust_spread
from hcdc_kernel.algorithms.flat_field import fit_flat, large_scale
from hcdc_kernel.algorithms.hot_pixels import local_median, unlit_pixels
from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray
from hcdc_kernel.datamodel import Data, Exposure, Exposures, Master, PixelFlag
from hcdc_kernel.instruments.raw.lamp_series import LampSeries, combine_lamp_series
from hcdc_kernel.instruments.raw.same_setup import commonest, field_columns
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress

_UNLIT_AREA_PX = 500


class MakeFlatConfig(StepConfig):
    """Settings of `MakeFlat`."""

    n_sigma: float = Field(
        default=5.0,
        ge=2,
        le=50,
        description="A value farther than this from the median of its pixel is left out of the "
        "mean of a file, in units of the scatter of the pixel.",
    )
    saturation_adu: float = Field(
        default=30000.0,
        gt=0,
        description="Counts beyond which the detector is not linear: such values, and lamp "
        "exposures of such a level, are left out [adu].",
    )
    intercept: Literal["auto", "zero", "free"] = Field(
        default="auto",
        description="Whether the line of counts against lamp level must go through zero. 'auto': "
        "it must if each lamp exposure has a background of its own exposure time.",
    )
    least_response: float = Field(
        default=0.2,
        ge=0,
        lt=1,
        description="Pixels that get less light than this are bad; 1 is usual. Where the optics "
        "cut off light at the edge of the field, the response falls without fault of the pixel.",
    )
    most_response: float = Field(
        default=1.5, gt=1, description="Pixels more sensitive than this are bad; 1 is usual."
    )
    most_deviation: float = Field(
        default=0.3,
        gt=0,
        le=1,
        description="Pixels are bad that differ from their neighbors by more than this share.",
    )
    most_chi2: float = Field(
        default=50.0,
        gt=1,
        description="Pixels are not linear, and bad, if the reduced chi-square of their line "
        "exceeds this, in units of that of usual pixels if this is above 1.",
    )
    unlit_response: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Parts of the detector with less than this response are outside the field.",
    )
    large_scale_px: int = Field(
        default=0,
        ge=0,
        description="Take structure larger than this out of the flat field, which an uneven lamp "
        "may have put in; 0 keeps it, since vignetting looks alike [px].",
    )

    @model_validator(mode="after")
    def _unlit_is_darkest(self) -> MakeFlatConfig:
        """Refuse limits in the wrong order."""
        if self.unlit_response > self.least_response:
            raise ValueError("unlit_response must not exceed least_response")
        return self


class MakeFlat(Step):
    """Fit each pixel's counts against the level of lamp exposures, field by field.

    Pixels that are dead, unlike their neighbors or not linear are marked, and the parts that no
    light reaches. Each field is scaled to a median of 1. The picture of the flat field shows
    that it worked: it is smooth within a few percent, lamp and coronagraph leave no pattern but
    grains of dust, and its histogram is narrow.
    """

    name: ClassVar[str] = "make-flat"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("flats",)
    optional_inputs: ClassVar[tuple[str, ...]] = ("flat_backgrounds",)
    outputs: ClassVar[tuple[str, ...]] = ("flat",)
    needed: ClassVar[bool] = False
    Config = MakeFlatConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: MakeFlatConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Make the flat field.

        Parameters
        ----------
        data : mapping of str to data object
            ``flats``, and ``flat_backgrounds`` if there are any. Of several filters the one with
            most frames is used.
        config : MakeFlatConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``flat``: median 1 over each field; raw frames are divided by it.

        Raises
        ------
        DataError
            If there is no image, no light, or all exposures are saturated.
        FileFormatError
            If a file cannot be read.
        """
        flats, backgrounds = data["flats"], data.get("flat_backgrounds")
        assert isinstance(flats, Exposures)
        assert backgrounds is None or isinstance(backgrounds, Exposures)
        chosen, rest = commonest(flats, _flat_setup)
        dark = () if backgrounds is None else backgrounds.items
        n_planes = sum(one.n_planes for one in (*chosen, *dark))
        n_seen = 0

        def seen() -> None:
            nonlocal n_seen
            n_seen += 1
            progress(0.8 * min(1.0, n_seen / n_planes), f"flat field from {len(chosen)} files")

        series = combine_lamp_series(chosen, dark, config.n_sigma, seen)
        progress(0.85, "response of the pixels")
        field = _fit_fields(series, config)
        flags = _flags(field, config)
        response = np.where(flags & PixelFlag.NO_DATA, np.nan, field.response)
        figures = {"n_files": len(chosen), "n_files_left_out": len(rest)}
        master = Master(
            kind="flat",
            data=response.astype(np.float32),
            variance=np.where(np.isfinite(response), field.variance, np.nan).astype(np.float32),
            flags=flags,
            setup={"filter": chosen[0].filter},
            quality=figures | _figures(series, field, flags),
            identity=replace(flats.identity, target="flat"),
            unit="",
        )
        return {"flat": master}


@dataclass(frozen=True, slots=True)
class _Fields:
    """Fits of all fields, side by side again; `levels` by field, image."""

    response: FloatArray
    variance: FloatArray
    chi2: FloatArray
    usual_chi2: FloatArray
    levels: FloatArray
    is_used: BoolArray


def _flat_setup(exposure: Exposure) -> tuple[str, ...]:
    """Tell what lamp exposures must have in common."""
    return (exposure.filter, exposure.elements.get("lamp", ""))


def _fit_fields(series: LampSeries, config: MakeFlatConfig) -> _Fields:
    """Fit each field on its own: the filters of a pair let different light through."""
    zero = config.intercept == "zero" or (
        config.intercept == "auto" and bool(series.has_background.all())
    )
    columns = field_columns((series.images.shape[1], series.images.shape[2]))
    fits = [
        fit_flat(
            series.images[:, :, part],
            series.variances[:, :, part],
            free_intercept=not zero,
            saturation_adu=config.saturation_adu,
        )
        for part in columns
    ]
    usual = [fit.usual_chi2 for fit in fits]
    response = np.concatenate([fit.response for fit in fits], axis=1)
    if config.large_scale_px:
        bad = ~((response > config.least_response) & (response < config.most_response))
        for part in columns:
            response[:, part] /= large_scale(
                response[:, part], bad[:, part], config.large_scale_px
            )
    return _Fields(
        response=response,
        # What the line does not describe counts as an error of the flat.
        variance=np.concatenate(
            [fit.variance * np.fmax(1.0, chi2) for fit, chi2 in zip(fits, usual, strict=True)],
            axis=1,
        ),
        chi2=np.concatenate([fit.chi2 for fit in fits], axis=1),
        usual_chi2=np.array(usual),
        levels=np.array([fit.levels for fit in fits]),
        is_used=np.logical_and.reduce([fit.is_used for fit in fits]),
    )


def _flags(field: _Fields, config: MakeFlatConfig) -> IntArray:
    """Mark bad pixels and those outside the field."""
    response = field.response
    unlit = unlit_pixels(response, config.unlit_response, _UNLIT_AREA_PX)
    usable = (response >= config.least_response) & (response <= config.most_response)
    near = np.concatenate(
        [
            local_median(np.where(unlit, np.nan, response)[:, part])
            for part in field_columns((response.shape[0], response.shape[1]))
        ],
        axis=1,
    )
    usable &= np.abs(response - near) <= config.most_deviation * near
    limit = config.most_chi2 * np.fmax(1.0, field.usual_chi2)
    width = response.shape[1] // len(field.usual_chi2)
    crooked = field.chi2 > np.repeat(limit, width)[None, :]
    flags = np.where(usable & ~crooked, np.uint8(0), np.uint8(PixelFlag.BAD_PIXEL))
    return np.where(unlit, np.uint8(PixelFlag.NO_DATA), flags)


def _figures(series: LampSeries, field: _Fields, flags: IntArray) -> dict[str, float]:
    """Figures of merit; those that cannot be measured are missing."""
    good = flags == 0
    ratio = field.response / local_median(field.response)
    levels = field.levels.mean(axis=0)
    figures = {
        "n_levels": int(field.is_used.sum()),
        "n_saturated_levels": int((~field.is_used).sum()),
        "n_levels_with_background": int(series.has_background.sum()),
        "lowest_level_adu": float(levels[field.is_used].min()),
        "highest_level_adu": float(levels[field.is_used].max()),
        "rms_percent": 100 * robust_spread(ratio[good]),
        "error_percent": 100 * math.sqrt(float(np.median(field.variance[good]))),
        "chi2": float(field.usual_chi2.mean()),
        "nonlinearity_percent": 100 * _nonlinearity(levels, series.dit_s, field.is_used),
        "lamp_drift_percent": 100 * series.drift,
        "gain_e_per_adu": series.gain_e_per_adu,
        "n_bad": int(((flags & PixelFlag.BAD_PIXEL) != 0).sum()),
        "n_outside": int(((flags & PixelFlag.NO_DATA) != 0).sum()),
    }
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def _nonlinearity(levels: FloatArray, dit_s: FloatArray, is_used: BoolArray) -> float:
    """Largest departure of the level from a line over exposure time, as part of the level."""
    levels, times = levels[is_used], dit_s[is_used]
    if len(levels) < 3 or not np.ptp(times) > 0:
        return math.nan
    line = np.polyfit(times, levels, 1, w=1 / np.sqrt(levels))
    return float(np.max(np.abs(np.polyval(line, times) / levels - 1)))
