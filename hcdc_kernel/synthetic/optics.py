"""A telescope in the Fraunhofer limit, sampled anywhere in the focal plane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.arrays import FloatArray

ComplexArray = NDArray[np.complexfloating]
_N_PUPIL = 48  # images repeat after 48 lambda/D: more than our fields
_RADIAN_PER_MAS = np.pi / 180 / 3600e3
_CONTROL_RADIUS = 20.0  # cycles per pupil that the adaptive optics correct


@dataclass(frozen=True)
class Telescope:
    """Pupil, pixel scale and image size.

    The image of a field ``E(u)`` in the pupil is the square of its Fourier transform,
    evaluated directly at every pixel center, so that a point source may stand at any place
    between the pixels without interpolation.

    Attributes
    ----------
    diameter_m : float
        Of the primary mirror [m].
    pixel_scale_mas : float
        Size of a pixel [mas].
    obstruction : float
        Diameter of the central obstruction, as a share of the primary's.
    """

    diameter_m: float
    pixel_scale_mas: float
    obstruction: float = 0.14

    @cached_property
    def coordinate(self) -> FloatArray:
        """Pupil coordinate, in diameters."""
        return (np.arange(_N_PUPIL) + 0.5) / _N_PUPIL - 0.5

    @cached_property
    def pupil(self) -> FloatArray:
        """Transmission of the pupil, 0 or 1."""
        radius = np.hypot(self.coordinate[:, None], self.coordinate[None, :])
        return ((radius <= 0.5) & (radius >= self.obstruction / 2)).astype(np.float64)

    def pixels_per_resolution(self, wavelength_um: float) -> float:
        """Tell how many pixels lambda/D is wide."""
        angle = wavelength_um * 1e-6 / self.diameter_m
        return angle / (self.pixel_scale_mas * _RADIAN_PER_MAS)

    def image(
        self, field: ComplexArray, wavelength_um: float, size_px: int, xy: tuple[float, float]
    ) -> FloatArray:
        """Image a field in the pupil.

        Parameters
        ----------
        field : ndarray, shape (48, 48)
            Complex amplitude in the pupil.
        wavelength_um : float
            Wavelength [um].
        size_px : int
            Side of the image [px].
        xy : tuple of float
            Where the optical axis falls [px].

        Returns
        -------
        ndarray, shape (size_px, size_px)
            Intensity, as a share of the light that an unaberrated star sends through the
            pupil.
        """
        step = 1.0 / self.pixels_per_resolution(wavelength_um)
        place = np.arange(size_px, dtype=np.float64)
        to_x = np.exp(-2j * np.pi * step * np.outer(place - xy[0], self.coordinate))
        to_y = np.exp(-2j * np.pi * step * np.outer(place - xy[1], self.coordinate))
        amplitude = to_y @ field @ to_x.T
        scale = (step / _N_PUPIL) ** 2 / self.pupil.sum()
        return np.asarray(scale * np.abs(amplitude) ** 2)

    def point_source(
        self, opd_nm: FloatArray, wavelength_um: float, size_px: int, xy: tuple[float, float]
    ) -> FloatArray:
        """Image a point source without coronagraph.

        Parameters
        ----------
        opd_nm : ndarray, shape (48, 48)
            Path difference in the pupil [nm].
        wavelength_um : float
            Wavelength [um].
        size_px : int
            Side of the image [px].
        xy : tuple of float
            Where the source is [px].

        Returns
        -------
        ndarray, shape (size_px, size_px)
            Share of the source's light in each pixel.
        """
        return self.image(self._field(opd_nm, wavelength_um), wavelength_um, size_px, xy)

    def coronagraph(
        self, opd_nm: FloatArray, wavelength_um: float, size_px: int, xy: tuple[float, float]
    ) -> FloatArray:
        """Image the star behind a perfect coronagraph; parameters as for `point_source`."""
        field = self._field(opd_nm, wavelength_um)
        leak = field - self.pupil * (field.sum() / self.pupil.sum())
        return self.image(leak, wavelength_um, size_px, xy)

    def halo(
        self, opd_nm: float, wavelength_um: float, size_px: int, xy: tuple[float, float]
    ) -> FloatArray:
        """Average the atmosphere's residual over a long exposure.

        Parameters
        ----------
        opd_nm : float
            Rms path difference of the residual [nm].
        wavelength_um : float
            Wavelength [um].
        size_px : int
            Side of the image [px].
        xy : tuple of float
            Where the star is [px].

        Returns
        -------
        ndarray, shape (size_px, size_px)
            Share of the star's light in each pixel: flat within the control radius, steep
            beyond it, dark at the center.
        """
        unit = self.pixels_per_resolution(wavelength_um)
        place = np.arange(size_px, dtype=np.float64)
        radius = np.hypot(place[:, None] - xy[1], place[None, :] - xy[0]) / unit
        shape = (1 + (radius / 4) ** 2) ** -0.75 / (1 + (radius / _CONTROL_RADIUS) ** 8)
        shape *= 1 - 0.9 * np.exp(-((radius / 1.5) ** 2))
        grid = (np.arange(1200) + 0.5) / 20  # in lambda/D, to normalize over the whole plane
        profile = (1 + (grid / 4) ** 2) ** -0.75 / (1 + (grid / _CONTROL_RADIUS) ** 8)
        energy = float(np.sum(2 * np.pi * grid * profile) / 20) * unit**2
        share = (2 * np.pi * opd_nm * 1e-3 / wavelength_um) ** 2
        return np.asarray(share * shape / energy)

    def _field(self, opd_nm: FloatArray, wavelength_um: float) -> ComplexArray:
        """Turn a path difference into a complex amplitude."""
        phase = 2 * np.pi * opd_nm * 1e-3 / wavelength_um
        return np.asarray(self.pupil * np.exp(1j * phase))


def opd_track(
    rng: np.random.Generator, minutes: FloatArray, rms_nm: float, lifetime_minutes: float
) -> FloatArray:
    """Let aberrations wander with time.

    Parameters
    ----------
    rng : Generator
        Source of chance.
    minutes : ndarray, shape (n,)
        Times, in ascending order [min].
    rms_nm : float
        Path difference at any time [nm].
    lifetime_minutes : float
        Time after which the correlation has fallen to 1/e [min].

    Returns
    -------
    ndarray, shape (n, 48, 48)
        Path difference in the pupil [nm], an autoregressive process of first order with a
        1/f amplitude spectrum up to the control radius.
    """
    frequency = np.hypot(
        np.fft.fftfreq(_N_PUPIL, 1 / _N_PUPIL)[:, None], np.fft.rfftfreq(_N_PUPIL, 1 / _N_PUPIL)
    )
    amplitude = np.where(frequency <= _CONTROL_RADIUS, 1 / np.maximum(frequency, 3.0), 0.0)
    amplitude[0, 0] = 0.0
    state = rng.standard_normal((_N_PUPIL, _N_PUPIL))
    track = []
    for step in np.diff(minutes, prepend=minutes[0]):
        kept = np.exp(-step / lifetime_minutes)
        fresh = rng.standard_normal((_N_PUPIL, _N_PUPIL))
        state = kept * state + np.sqrt(1 - kept**2) * fresh
        track.append(np.fft.irfft2(np.fft.rfft2(state) * amplitude, s=state.shape))
    screens = np.array(track)
    return np.asarray(screens * (rms_nm / _expected_rms(amplitude)))


def _expected_rms(amplitude: FloatArray) -> float:
    """Rms of white noise of unit variance after the filter, over all realizations."""
    weight = np.full(amplitude.shape[1], 2.0)
    weight[[0, -1]] = 1.0
    return float(np.sqrt(np.sum(weight * amplitude**2) / _N_PUPIL**2))
