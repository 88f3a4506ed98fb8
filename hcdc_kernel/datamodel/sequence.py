"""A calibrated sequence with all that its reduction needs."""

from __future__ import annotations

from dataclasses import dataclass

from hcdc_kernel.datamodel.cube import Cube
from hcdc_kernel.datamodel.psf import Psf
from hcdc_kernel.errors import DataError


@dataclass(frozen=True, slots=True)
class Sequence:
    """Cube, PSF and, for RDI, reference frames of other stars.

    Attributes
    ----------
    cube : Cube
        The science sequence.
    psf : Psf
        The off-axis star in the same channels.
    references : Cube or None
        Frames of other stars with the same size, channels and pixel scale.

    Raises
    ------
    DataError
        If the channels or image sizes do not agree.
    """

    cube: Cube
    psf: Psf
    references: Cube | None = None

    def __post_init__(self) -> None:
        if self.psf.data.shape[0] != self.cube.n_wave:
            raise DataError(
                "Cube and PSF have different numbers of channels",
                found=f"{self.cube.n_wave} and {self.psf.data.shape[0]}",
            )
        library = self.references
        if library is not None and (
            library.n_wave != self.cube.n_wave
            or library.data.shape[2:] != self.cube.data.shape[2:]
        ):
            raise DataError(
                "Reference frames differ from the cube in channels or image size",
                found=f"{library.data.shape} and {self.cube.data.shape}",
            )
