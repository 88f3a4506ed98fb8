"""Turn the residual frames north up and combine them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.combine import combine, variance_over_time
from hcdc_kernel.algorithms.rotate import derotate
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Data, Residual
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress


class CombineFramesConfig(StepConfig):
    """Settings of `CombineFrames`."""

    method: Literal["median", "mean", "weighted"] = Field(
        default="median",
        description="Median, mean, or mean weighted by the inverse variance of each pixel over "
        "time (Bottom et al. 2017).",
    )


class CombineFrames(Step):
    """Turn each residual frame so that north is up and east is left, and combine them.

    The residual image shows that it worked: a companion is a round spot, the wings of its
    self-subtraction lie on either side along the circle about the star.
    """

    name: ClassVar[str] = "combine-frames"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("residual_cube",)
    outputs: ClassVar[tuple[str, ...]] = ("residual",)
    Config = CombineFramesConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: CombineFramesConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Derotate and combine.

        Parameters
        ----------
        data : mapping of str to data object
            ``residual_cube``.
        config : CombineFramesConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``residual``, north up.
        """
        cube = data["residual_cube"]
        assert isinstance(cube, Cube)
        images = np.empty((cube.n_wave, *cube.data.shape[2:]), dtype=cube.data.dtype)
        for channel in range(cube.n_wave):
            progress(channel / cube.n_wave, f"channel {channel + 1} of {cube.n_wave}")
            images[channel] = _north_up(cube.data[channel], cube.frames.derotation_deg, config)
        residual = Residual(
            data=images,
            wavelength_um=cube.wavelength_um,
            pixel_scale_mas=cube.pixel_scale_mas,
            identity=cube.identity,
            unit=cube.unit,
            history=cube.history,
        )
        return {"residual": residual}


def _north_up(
    frames: FloatArray, derotation_deg: FloatArray, config: CombineFramesConfig
) -> FloatArray:
    """Derotate and combine one channel."""
    turned = derotate(frames, derotation_deg)
    if config.method != "weighted":
        return combine(turned, config.method)
    variance = variance_over_time(frames)
    measured = variance[variance > 0]
    if measured.size == 0:
        return combine(turned, "mean")
    turned_variance = derotate(np.broadcast_to(variance, frames.shape), derotation_deg)
    # Fourier rotation may overshoot below zero beside a noisy pixel: no pixel is less noisy
    # than the quietest one measured.
    floor = measured.min()
    return combine(turned, "weighted", variance=np.maximum(turned_variance, floor))
