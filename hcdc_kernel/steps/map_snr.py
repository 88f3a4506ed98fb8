"""Map the signal-to-noise ratio with small-sample statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.detection import combine_channels
from hcdc_kernel.algorithms.snr import snr_map
from hcdc_kernel.datamodel import Data, DetectionMap, Psf, Residual
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress


class MapSnrConfig(StepConfig):
    """Settings of `MapSnr`."""

    exclude_neighbors: int = Field(
        default=0,
        ge=0,
        le=2,
        description="Circles on each side of a place to leave out of its noise. 1 spares the "
        "dark lobes that angular differential imaging makes beside a bright companion, which "
        "raises its S/N; it costs two of the few circles there are close to the star.",
    )


class MapSnr(Step):
    """Measure at every pixel how far it stands out of the noise at its separation.

    S/N after Mawet et al. (2014): the flux in a circle of diameter FWHM against that in the
    circles that fit side by side at the same separation. In pure noise it follows Student's
    t distribution. With several channels there is a map of each and, last, one of their
    mean, weighted by noise. The S/N map shows that it worked: noise looks alike at all
    separations, companions are bright spots.
    """

    name: ClassVar[str] = "map-snr"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("residual", "psf")
    outputs: ClassVar[tuple[str, ...]] = ("detection",)
    Config = MapSnrConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: MapSnrConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Make the map.

        Parameters
        ----------
        data : mapping of str to data object
            ``residual`` and ``psf``.
        config : MapSnrConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``detection``.
        """
        residual, psf = data["residual"], data["psf"]
        assert isinstance(residual, Residual)
        assert isinstance(psf, Psf)
        fwhm_px = float(psf.fwhm_px.mean())
        images, wavelength_um = list(residual.data), residual.wavelength_um
        widths = [float(width) for width in psf.fwhm_px]
        if len(images) > 1:
            images.append(all_channels(residual, psf))
            widths.append(fwhm_px)
            wavelength_um = np.append(wavelength_um, wavelength_um.mean())
        maps = []
        for done, (image, width) in enumerate(zip(images, widths, strict=True)):
            progress(done / len(images), f"map {done + 1} of {len(images)}")
            maps.append(
                snr_map(image.astype(float), width, exclude_neighbors=config.exclude_neighbors)
            )
        return {
            "detection": DetectionMap(
                snr=np.array(maps, dtype=np.float32),
                wavelength_um=wavelength_um,
                fwhm_px=fwhm_px,
                pixel_scale_mas=residual.pixel_scale_mas,
                identity=residual.identity,
                history=residual.history,
            )
        }


def all_channels(residual: Residual, psf: Psf) -> Any:
    """Combine the channels of a residual into one image.

    Parameters
    ----------
    residual : Residual
        One image a channel.
    psf : Psf
        Gives the flux of the star in each.

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The only image, or the mean of all, relative to the star, weighted by their noise.
    """
    if residual.data.shape[0] == 1:
        return residual.data[0].astype(float)
    scale = np.ones(psf.star_flux.size) if residual.unit == "contrast" else psf.star_flux
    return combine_channels(residual.data, scale, float(psf.fwhm_px.mean()))
