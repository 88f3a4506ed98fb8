"""Measure where the star is from the frames with satellite spots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from hcdc_kernel.datamodel import Data, Exposures, Master, StarPositions
from hcdc_kernel.instruments.sphere.irdis.center_sequence import CenterSearch, measure_centers
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.units import Pixel


class MeasureCenterConfig(StepConfig):
    """Settings of `MeasureCenter`."""

    method: Literal["auto", "satellite-spots", "star", "symmetry"] = Field(
        default="auto",
        description="Measure the satellite spots, the star itself, or the symmetry of its "
        "halo. 'auto' takes the star where there is no coronagraph, else the spots, and the "
        "symmetry where no spots can be seen.",
    )
    waffle: Literal["auto", "x", "+"] = Field(
        default="auto",
        description="How the four spots stand: on the diagonals of the detector (x) or along "
        "its rows and columns (+). 'auto' tries what the header says, then the other.",
    )
    frames: Literal["auto", "per-exposure", "per-frame"] = Field(
        default="auto",
        description="One position from the mean of all frames of an exposure, or one for each "
        "frame; 'auto' takes each frame alone where its spots are bright enough.",
    )
    search: Pixel = Field(
        default=60.0,
        ge=5,
        le=500,
        description="How far from the usual place of the star to look first [px]; spots are "
        "then looked for in the whole field.",
    )


class MeasureCenter(Step):
    """Measure the position of the star behind the coronagraph, in both fields of the detector.

    The frames have four satellite spots around the star; it is where the diagonals through
    them cross. The plot of the mean frame with the four fitted spots and the cross in their
    middle shows that it worked: the spots sit on the marks, and the crosses of all frames fall
    together to a few hundredths of a pixel. In the result, the axis of channels counts the two
    fields of the detector, left then right, whatever the filter.
    """

    name: ClassVar[str] = "measure-center"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("center",)
    optional_inputs: ClassVar[tuple[str, ...]] = (
        "center_background",
        "science_background",
        "flat",
    )
    outputs: ClassVar[tuple[str, ...]] = ("star_positions",)
    needed: ClassVar[bool] = False
    Config = MeasureCenterConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: MeasureCenterConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Measure the star.

        Parameters
        ----------
        data : mapping of str to data object
            ``center``: raw files; masters if there are any.
        config : MeasureCenterConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``star_positions``.

        Raises
        ------
        DataError
            If the star cannot be found.
        """
        center = data["center"]
        assert isinstance(center, Exposures)
        background = data.get("center_background", data.get("science_background"))
        flat = data.get("flat")
        assert background is None or isinstance(background, Master)
        assert flat is None or isinstance(flat, Master)
        search = CenterSearch(config.method, config.waffle, config.frames, config.search)
        positions: StarPositions = measure_centers(center, background, flat, search, progress)
        return {"star_positions": positions}
