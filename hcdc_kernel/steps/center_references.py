"""Center the frames of other stars like those of the science target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hcdc_kernel.datamodel import Cube, Data, Psf
from hcdc_kernel.steps.base import Progress, Step, no_progress
from hcdc_kernel.steps.center_star import CenterStarConfig, center_frames, crop_to


class CenterReferences(Step):
    """Find the other stars in their frames, and cut these like the science frames.

    Frames of other stars need not have their star where the science frames have theirs. Both
    come out in the same size, the largest that both can give. The plot of centering shows that
    it worked, drawn of the reference frames.
    """

    name: ClassVar[str] = "center-references"
    version: ClassVar[int] = 2
    inputs: ClassVar[tuple[str, ...]] = ("cube", "references", "psf")
    outputs: ClassVar[tuple[str, ...]] = ("cube", "references")
    Config = CenterStarConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: CenterStarConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Center the reference frames.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube``, centered, ``references`` and ``psf``.
        config : CenterStarConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``references`` and ``cube`` of equal odd size, their stars on the middle pixel.

        Raises
        ------
        DataError
            If a star cannot be found, is not where the data say, or is too near the border.
        """
        cube, references, psf = data["cube"], data["references"], data["psf"]
        assert isinstance(cube, Cube)
        assert isinstance(references, Cube)
        assert isinstance(psf, Psf)
        library = center_frames(references, psf, config, progress)
        size_px = min(cube.data.shape[-1], library.data.shape[-1])
        return {"cube": crop_to(cube, size_px), "references": crop_to(library, size_px)}
