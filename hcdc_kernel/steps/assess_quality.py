"""Sum up how good a reduction is, with traffic lights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from hcdc_kernel.datamodel import Cube, Data, Psf, Quality, QualityNote
from hcdc_kernel.steps import quality_notes as notes
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress


class AssessQualityConfig(StepConfig):
    """Settings of `AssessQuality`."""

    contrast_at_mas: tuple[float, ...] = Field(
        default=(250.0, 500.0),
        max_length=10,
        description="Separations at which the contrast limit is quoted [mas].",
    )


class AssessQuality(Step):
    """Say in a few figures how good the data and their reduction are.

    Each figure has a light (good, fair, poor) and a sentence for someone who is no
    specialist. The table of these notes shows that it worked; a poor light says which plot
    to look at.
    """

    name: ClassVar[str] = "assess-quality"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("cube", "psf", "residual", "detection")
    optional_inputs: ClassVar[tuple[str, ...]] = ("contrast", "candidates")
    outputs: ClassVar[tuple[str, ...]] = ("quality",)
    Config = AssessQualityConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: AssessQualityConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Write the notes.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube`` (aligned), ``psf``, ``residual``, ``detection`` and, if they exist,
            ``contrast`` and ``candidates``.
        config : AssessQualityConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``quality``.
        """
        cube, psf = data["cube"], data["psf"]
        assert isinstance(cube, Cube)
        assert isinstance(psf, Psf)
        measures: tuple[Callable[[], list[QualityNote]], ...] = (
            lambda: notes.field_rotation(cube, psf),
            lambda: notes.frames_used(cube),
            lambda: notes.star_center(cube, psf),
            lambda: notes.psf_sampling(psf),
            lambda: notes.flux_scale(cube, psf),
            lambda: notes.calibration_notes(cube, psf),
            lambda: notes.noise_shape(data, psf),
            lambda: notes.contrast_limits(data, config.contrast_at_mas),
            lambda: notes.candidate_count(data),
        )
        found: list[QualityNote] = []
        for done, measure in enumerate(measures):
            progress(done / len(measures), "figures of merit")
            found += measure()
        detection = data["detection"]
        return {
            "quality": Quality(
                notes=tuple(found), identity=cube.identity, history=detection.history
            )
        }
