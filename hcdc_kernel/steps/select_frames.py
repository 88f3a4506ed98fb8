"""Reject frames that differ from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from hcdc_kernel.algorithms.frame_quality import (
    condition_deviations,
    frame_statistics,
    reject_frames,
)
from hcdc_kernel.datamodel import Cube, Data, Psf
from hcdc_kernel.errors import DataError
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress


class SelectFramesConfig(StepConfig):
    """Settings of `SelectFrames`."""

    n_sigma: float = Field(
        default=5.0,
        ge=2,
        le=50,
        description="A frame is rejected if its flux, background or likeness to the others "
        "deviates by more than this, in units of the robust scatter.",
    )
    max_rejected_share: float = Field(
        default=0.3,
        ge=0,
        le=0.9,
        description="Largest share of the frames that may be rejected: only the worst go.",
    )
    use_conditions: bool = Field(
        default=True,
        description="Also reject frames taken while the adaptive optics, the seeing or the "
        "brightness of the star were far worse than for the others, where that is known.",
    )
    inner_fwhm: float = Field(
        default=1.0, ge=0, le=20, description="Inner border of the ring looked at [FWHM]."
    )
    outer_fwhm: float = Field(
        default=7.0, ge=2, le=60, description="Outer border of the ring looked at [FWHM]."
    )

    @model_validator(mode="after")
    def _ring_has_width(self) -> SelectFramesConfig:
        """Refuse a ring without pixels."""
        if self.outer_fwhm < self.inner_fwhm + 1:
            raise ValueError("outer_fwhm must exceed inner_fwhm by 1 or more")
        return self


class SelectFrames(Step):
    """Mark frames whose starlight, background or shape differ from those of the others.

    Frames taken in far worse conditions than the others, by the telemetry of the adaptive optics,
    are marked too. Nothing is removed: rejected frames stay in the cube, with a reason each, and
    later steps pass over them. The plot of flux, background and correlation by frame shows that
    it worked: the frames marked are those that stand apart.
    """

    name: ClassVar[str] = "select-frames"
    version: ClassVar[int] = 2
    inputs: ClassVar[tuple[str, ...]] = ("cube", "psf")
    outputs: ClassVar[tuple[str, ...]] = ("cube",)
    Config = SelectFramesConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: SelectFramesConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Mark the frames.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube`` (aligned) and ``psf``.
        config : SelectFramesConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``cube``: the same images, with `usable` and `reason` of its frames set.

        Raises
        ------
        DataError
            If no frame can be used.
        """
        cube, psf = data["cube"], data["psf"]
        assert isinstance(cube, Cube)
        assert isinstance(psf, Psf)
        before = cube.frames
        if not before.usable.any():
            raise DataError("No frame of the sequence is marked as usable")
        fwhm_px = float(np.median(psf.fwhm_px))
        room = min(cube.data.shape[2:]) // 2
        outer_px = min(config.outer_fwhm * fwhm_px, 0.8 * room)
        inner_px = min(config.inner_fwhm * fwhm_px, 0.5 * outer_px)
        progress(0.0, "frame statistics")
        statistics = frame_statistics(cube.data, inner_px, outer_px)
        conditions = before.conditions if config.use_conditions else {}
        reasons = reject_frames(
            statistics,
            before.usable,
            config.n_sigma,
            config.max_rejected_share,
            condition_deviations(conditions, before.usable),
        )
        fresh = np.array([bool(reason) for reason in reasons])
        usable = before.usable & ~fresh
        if not usable.any():
            raise DataError("No usable frame has data near the star")
        texts = tuple(new or old for new, old in zip(reasons, before.reason, strict=True))
        return {"cube": replace(cube, frames=replace(before, usable=usable, reason=texts))}
