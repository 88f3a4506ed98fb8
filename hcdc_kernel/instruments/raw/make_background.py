"""Make master backgrounds: thermal light, dark current and hot pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.detector_noise import robust_spread
from hcdc_kernel.algorithms.detector_statistics import CombinedPlanes, combine_planes
from hcdc_kernel.algorithms.hot_pixels import hot_pixels, noisy_pixels
from hcdc_kernel.arrays import BoolArray
from hcdc_kernel.datamodel import Data, Exposure, Exposures, Master, PixelFlag
from hcdc_kernel.instruments.raw.same_setup import background_setup, commonest, planes_of
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress

# A level of less than this share of the variance adds little photon noise: a gain is about 1 or
# more electrons for a count [adu].
_FAINT = 0.1
# Photon noise of this share of the read noise's variance tells the gain.
_BRIGHT = 1.0


class MakeBackgroundConfig(StepConfig):
    """Settings of the steps that make backgrounds."""

    n_sigma: float = Field(
        default=5.0,
        ge=2,
        le=50,
        description="A value farther than this from the median of its pixel is left out of the "
        "mean, such as a cosmic ray, in units of the scatter of the pixel.",
    )
    hot_sigma: float = Field(
        default=5.0,
        ge=2,
        le=100,
        description="A pixel is hot if it exceeds its neighbors by more than this, in units of "
        "the usual scatter between neighbors, and by more than the read noise.",
    )
    noisy_sigma: float = Field(
        default=5.0,
        ge=2,
        le=100,
        description="A pixel is noisy if it jumps from frame to frame twice as much as others of "
        "its level do, with at least this significance.",
    )


class MakeBackground(Step):
    """Average exposures without a star into what every frame contains besides the star.

    Subclasses say what the exposures are for.
    """

    version: ClassVar[int] = 1
    needed: ClassVar[bool] = False
    Config = MakeBackgroundConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: MakeBackgroundConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Make the master.

        Parameters
        ----------
        data : mapping of str to data object
            The exposures. Those of the setup with most frames are used; the others are left out.
        config : MakeBackgroundConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            The master background, counted per frame of its exposure time.

        Raises
        ------
        DataError
            If there is no file with images, or images differ in shape.
        FileFormatError
            If a file cannot be read.
        """
        exposures = data[self.inputs[0]]
        assert isinstance(exposures, Exposures)
        chosen, rest = commonest(exposures, background_setup)
        left_out = f", {len(rest)} of another setup left out" if rest else ""
        seen = _counter(progress, chosen, f"background from {len(chosen)} files{left_out}")
        combined = combine_planes(planes_of(chosen, seen), config.n_sigma)
        progress(0.95, "bad pixels of the background")
        chance = config.hot_sigma * np.sqrt(combined.variance)
        harmless = np.maximum(chance, combined.noise.read_noise_adu)
        hot = hot_pixels(combined.mean, config.hot_sigma, harmless)
        noisy = noisy_pixels(combined, config.noisy_sigma)
        bad = hot | noisy
        figures = _figures(combined, hot, noisy)
        master = Master(
            kind="background",
            data=combined.mean,
            variance=combined.variance,
            flags=np.where(bad, np.uint8(PixelFlag.BAD_PIXEL), np.uint8(0)),
            setup=_setup(chosen[0]),
            quality={"n_files": len(chosen), "n_files_left_out": len(rest)} | figures,
            identity=replace(exposures.identity, target="background"),
        )
        return {self.outputs[0]: master}


class MakeScienceBackground(MakeBackground):
    """Make the background of the science frames.

    It is the mean of sky frames, or of frames with the telescope closed, without cosmic rays;
    pixels that are hot or noisy are marked. The picture of the master background shows that it
    worked: it is smooth but for the thermal glow of the instrument, holds no star, and few
    pixels are marked.
    """

    name: ClassVar[str] = "make-science-background"
    inputs: ClassVar[tuple[str, ...]] = ("science_backgrounds",)
    outputs: ClassVar[tuple[str, ...]] = ("science_background",)


class MakeCenterBackground(MakeBackground):
    """Make the background of the frames with satellite spots, if it is not that of science.

    As for the science frames; the picture of the master background shows that it worked.
    """

    name: ClassVar[str] = "make-center-background"
    inputs: ClassVar[tuple[str, ...]] = ("center_backgrounds",)
    outputs: ClassVar[tuple[str, ...]] = ("center_background",)


class MakeFluxBackground(MakeBackground):
    """Make the background of the frames of the star beside the coronagraph.

    As for the science frames, at the exposure time and neutral density of the flux frames; the
    picture of the master background shows that it worked.
    """

    name: ClassVar[str] = "make-flux-background"
    inputs: ClassVar[tuple[str, ...]] = ("flux_backgrounds",)
    outputs: ClassVar[tuple[str, ...]] = ("flux_background",)


def _counter(progress: Progress, exposures: tuple[Exposure, ...], text: str) -> Callable[[], None]:
    """Tell progress after each plane."""
    n_planes = max(1, sum(one.n_planes for one in exposures))
    n_seen = 0

    def seen() -> None:
        nonlocal n_seen
        n_seen += 1
        progress(0.9 * min(1.0, n_seen / n_planes), text)

    return seen


def _setup(exposure: Exposure) -> dict[str, str | float]:
    """Say what a frame must have in common with the background."""
    setup: dict[str, str | float] = {
        "filter": exposure.filter,
        "neutral_density": exposure.neutral_density,
    }
    if math.isfinite(exposure.dit_s):
        setup["dit_s"] = exposure.dit_s
    return setup


def _figures(combined: CombinedPlanes, hot: BoolArray, noisy: BoolArray) -> dict[str, float]:
    """Figures of merit; those that cannot be measured are missing."""
    levels, noise = combined.levels, combined.noise
    several = combined.n_planes > 1
    level = float(np.nanmedian(combined.mean))
    # Where all pixels see the same light, read noise and photon noise cannot be told apart.
    told_apart = math.isfinite(noise.gain_e_per_adu)
    read_only = told_apart or level < _FAINT * noise.read_variance
    # Without enough light the slope of noise over level is chance.
    bright = level * noise.variance_per_adu > _BRIGHT * noise.read_variance
    figures = {
        "n_planes": combined.n_planes,
        "level_adu": level,
        "level_drift_adu": float(np.ptp(levels)) if several else math.nan,
        "structure_adu": robust_spread(combined.mean),
        "noise_adu": float(np.nanmedian(combined.scatter)) if several else math.nan,
        "read_noise_adu": noise.read_noise_adu if several and read_only else math.nan,
        "gain_e_per_adu": noise.gain_e_per_adu if several and bright else math.nan,
        "n_hot": int(hot.sum()),
        "n_noisy": int(noisy.sum()),
        "n_bad": int((hot | noisy).sum()),
    }
    return {name: value for name, value in figures.items() if math.isfinite(value)}
