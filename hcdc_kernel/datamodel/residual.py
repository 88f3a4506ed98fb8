"""What is left when the star is gone, north up."""

from __future__ import annotations

from dataclasses import dataclass, field

from hcdc_kernel.arrays import FloatArray, require_shape
from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity


@dataclass(frozen=True, slots=True)
class Residual:
    """Combined, derotated images after PSF subtraction: north up, east left.

    The star is at pixel ``(n_y // 2, n_x // 2)`` of these odd-sized images.

    Attributes
    ----------
    data : ndarray, shape (n_wave, n_y, n_x)
        One image a channel, float32; NaN where there is no measurement.
    wavelength_um : ndarray, shape (n_wave,)
        Central wavelength of each channel [um].
    pixel_scale_mas : float
        Size of a pixel on the sky [mas].
    identity : Identity
        Star, camera, filter, night.
    unit : str
        Unit of the images: that of the cube, or ``"contrast"`` for matched filters.
    history : tuple of StepRecord
        What was done, oldest first.
    """

    data: FloatArray
    wavelength_um: FloatArray
    pixel_scale_mas: float
    identity: Identity
    unit: str = "adu"
    history: History = field(default=())

    def __post_init__(self) -> None:
        require_shape("residual", self.data, (self.wavelength_um.size, -1, -1))
