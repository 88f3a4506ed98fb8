"""The off-axis image of the star that all contrasts are measured against."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hcdc_kernel.arrays import FloatArray, require_finite, require_shape
from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity
from hcdc_kernel.errors import DataError


@dataclass(frozen=True, slots=True)
class Psf:
    """The unsaturated star, centered and scaled to the exposure of the cube.

    Attributes
    ----------
    data : ndarray, shape (n_wave, n_y, n_x)
        Odd-sized images with the peak on the middle pixel, in the unit and exposure time of
        the cube, neutral density undone: a companion of contrast c adds ``c * data``, times
        the transmission of the coronagraph at its separation.
    fwhm_px : ndarray, shape (n_wave,)
        Full width at half maximum [px].
    star_flux : ndarray, shape (n_wave,)
        Flux of the star within a circle of diameter FWHM [unit of the cube].
    wavelength_um : ndarray, shape (n_wave,)
        Central wavelength of each channel [um].
    pixel_scale_mas : float
        Size of a pixel on the sky [mas].
    identity : Identity
        Star, camera, filter, night.
    absolute : bool
        False if the star's flux is not known (there was no usable exposure of it): then
        contrasts cannot be told.
    transmission_mas : ndarray, shape (n_knot,)
        Separations, rising, at which the coronagraph's transmission is known [mas]; empty if
        there is no coronagraph.
    transmission : ndarray, shape (n_knot,)
        Share of a companion's light that passes the coronagraph at these separations, 0 to 1.
    notes : tuple of str
        What people should know of how it was measured, one sentence each.
    history : tuple of StepRecord
        What was done, oldest first.

    Raises
    ------
    DataError
        If shapes do not agree, the size is even, or width or flux are not positive.
    """

    data: FloatArray
    fwhm_px: FloatArray
    star_flux: FloatArray
    wavelength_um: FloatArray
    pixel_scale_mas: float
    identity: Identity
    absolute: bool = True
    transmission_mas: FloatArray = field(default_factory=lambda: np.empty(0))
    transmission: FloatArray = field(default_factory=lambda: np.empty(0))
    notes: tuple[str, ...] = ()
    history: History = field(default=())

    def __post_init__(self) -> None:
        n_wave = self.wavelength_um.size
        require_shape("PSF", self.data, (n_wave, -1, -1))
        require_shape("FWHM", self.fwhm_px, (n_wave,))
        require_shape("stellar flux", self.star_flux, (n_wave,))
        require_finite("PSF", self.data)
        require_shape("transmission", self.transmission, self.transmission_mas.shape)
        if self.data.shape[1] % 2 == 0 or self.data.shape[2] % 2 == 0:
            raise DataError("A PSF image needs a middle pixel", found=str(self.data.shape))
        for name, values in (("FWHM", self.fwhm_px), ("stellar flux", self.star_flux)):
            if not np.all(values > 0):
                raise DataError(f"The {name} of the PSF must be positive", found=str(values))

    def transmission_at(self, separation_mas: FloatArray) -> FloatArray:
        """Tell which share of a companion's light passes the coronagraph.

        Parameters
        ----------
        separation_mas : ndarray
            Distances from the star [mas].

        Returns
        -------
        ndarray, shape of `separation_mas`
            Interpolated linearly; the values at both ends hold beyond them; 1 without a
            coronagraph.
        """
        if not self.transmission.size:
            return np.ones(np.shape(separation_mas))
        return np.asarray(np.interp(separation_mas, self.transmission_mas, self.transmission))
