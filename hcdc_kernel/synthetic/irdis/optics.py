"""From pupil to detector: apodizer, focal mask, Lyot stop, evaluated at every pixel.

Images are the squared modulus of Fourier transforms evaluated directly at the centers of the
pixels, so stars and planets stand anywhere between the pixels without interpolation, and the
detector's smaller scale along y (the anamorphism) is that of the grid itself. The coronagraph
subtracts, in the Lyot plane, what its opaque mask holds back (Soummer et al. 2007, Opt. Express
15, 15935).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.filters import ANAMORPHISM_Y, Band, Coronagraph

ComplexArray = NDArray[np.complexfloating[Any, Any]]
DIAMETER_M = 8.0  # of the undersized pupil, for which spots are said to be at 13.72 lambda/D
N_PUPIL = 128
_OBSTRUCTION = 0.14
_SPIDER = 0.041 / DIAMETER_M
# Lyot stop: outer edge, central obstruction and spiders, as shares of the diameter.
_LYOT_OUTER, _LYOT_INNER, _LYOT_SPIDER = 0.96, 0.22, 4.5 * _SPIDER
_MAS = np.pi / 180 / 3600e3
_N_MASK = 56
# Amplitude of the apodizer APO1 along the radius, as measured on the real one.
_APO1_RADIUS = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_APO1_AMPLITUDE = (
    0.795, 0.849, 0.881, 0.913, 0.941, 0.962, 0.976, 0.977, 0.965, 0.938, 0.84, 0.688, 0.496,
    0.405, 0.307,
)  # fmt: skip
_WAFFLE_CYCLES = 9.7  # along each axis of the mirror: 10 * 0.97


@dataclass(frozen=True)
class Beam:
    """Light of one band on its way through one coronagraph to one field.

    Attributes
    ----------
    band : Band
        What passes the filter.
    coronagraph : Coronagraph
        What stands in the beam.
    n_waves : int
        Wavelengths that stand for the band.
    """

    band: Band
    coronagraph: Coronagraph
    n_waves: int

    @cached_property
    def wavelengths_um(self) -> FloatArray:
        """Wavelengths at equal steps through the band, of equal weight."""
        share = (np.arange(self.n_waves) + 0.5) / self.n_waves - 0.5
        return np.asarray(self.band.wavelength_um + share * self.band.width_um)

    def star(
        self, opd_nm: FloatArray, tilt_px: tuple[float, float], grid: Grid, *, masked: bool
    ) -> FloatArray:
        """Image a point source.

        Parameters
        ----------
        opd_nm : ndarray, shape (128, 128)
            Path difference in the pupil [nm].
        tilt_px : tuple of float
            Place of the source, x and y on the detector from the axis of the mask [px].
        grid : Grid
            Pixels to evaluate, counted from the axis of the mask.
        masked : bool
            Whether the focal mask acts; not worth its time far from it.

        Returns
        -------
        ndarray, shape (grid.n_y, grid.n_x)
            Share of the light that a perfect source beside the mask sends to the detector.
        """
        total = np.zeros((grid.n_y, grid.n_x))
        for wavelength in self.wavelengths_um:
            unit = wavelength * 1e-6 / DIAMETER_M / _MAS / self.band.pixel_scale_mas
            tilt = tilt_px[0] / unit, tilt_px[1] * ANAMORPHISM_Y / unit
            field = _field(opd_nm, float(wavelength), tilt) * self.apodizer
            if masked and self.coronagraph.mask_radius_mas:
                field = field - _behind(field, self._mask(float(wavelength)))
            total += _image(field * self.stop, grid, float(unit))
        return np.asarray(total / (self.n_waves * self._norm))

    def throughput(self, separation_mas: float) -> float:
        """Tell how much of a source's light passes the mask.

        Parameters
        ----------
        separation_mas : float
            From the axis of the mask [mas].

        Returns
        -------
        float
            Relative to a source far away.
        """
        wavelength = self.band.wavelength_um
        tilt = separation_mas * _MAS * DIAMETER_M / (wavelength * 1e-6)
        field = _field(np.zeros((N_PUPIL, N_PUPIL)), wavelength, (tilt, 0.0)) * self.apodizer
        if self.coronagraph.mask_radius_mas:
            field = field - _behind(field, self._mask(wavelength))
        return float(np.sum(np.abs(field * self.stop) ** 2) / self._norm)

    @cached_property
    def pupil(self) -> FloatArray:
        """Transmission of the telescope."""
        return aperture(1.0, _OBSTRUCTION, _SPIDER)

    @cached_property
    def apodizer(self) -> FloatArray:
        """Amplitude behind telescope and apodizer."""
        design = self.coronagraph.design_um
        if not design:
            return self.pupil
        if self.coronagraph.apodizer[1] == "APO1":
            u = _coordinate()
            radius = 2.0 * np.hypot(u[:, None], u[None, :])
            return np.asarray(self.pupil * np.interp(radius, _APO1_RADIUS, _APO1_AMPLITUDE))
        return _prolate(self.pupil, self._mask(design))

    @cached_property
    def stop(self) -> FloatArray:
        """Transmission of the Lyot stop."""
        if not self.coronagraph.mask_radius_mas:
            return np.ones_like(self.pupil)
        return aperture(_LYOT_OUTER, _LYOT_INNER, _LYOT_SPIDER)

    @cached_property
    def _norm(self) -> float:
        """Light of a perfect source beside the mask."""
        return float(np.sum((self.apodizer * self.stop) ** 2))

    def _mask(self, wavelength_um: float) -> tuple[ComplexArray, FloatArray, float]:
        """Transform to the opaque disk, its share of each sample, and their step."""
        radius = self.coronagraph.mask_radius_mas * _MAS * DIAMETER_M / (wavelength_um * 1e-6)
        step = 2.1 * radius / _N_MASK
        place = (np.arange(_N_MASK) - (_N_MASK - 1) / 2) * step
        distance = np.hypot(place[:, None], place[None, :])
        inside = np.clip((radius - distance) / step + 0.5, 0.0, 1.0)
        return _transform(place), inside, step


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels at which an image is evaluated.

    Attributes
    ----------
    x, y : float
        Of the first pixel, counted from the axis of the mask [px].
    n_x, n_y : int
        Their numbers.
    """

    x: float
    y: float
    n_x: int
    n_y: int


def aperture(outer: float, inner: float, spider: float) -> FloatArray:
    """Draw a round aperture with a central obstruction and four spiders.

    Parameters
    ----------
    outer, inner : float
        Diameters, as shares of the pupil.
    spider : float
        Width of the spiders, likewise.

    Returns
    -------
    ndarray, shape (128, 128)
        Share of each sample that is open.
    """
    fine = 6
    n = N_PUPIL * fine
    place = (np.arange(n) + 0.5) / n - 0.5
    x, y = np.meshgrid(place, place)
    radius = np.hypot(x, y)
    is_open = (radius <= outer / 2) & (radius >= inner / 2)
    # The spiders of the VLT meet the secondary off its center, two and two in parallel lines.
    for side_x, side_y in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        angle = np.radians(50.5)
        u, v = side_x * x, side_y * y
        across = np.abs((u - _OBSTRUCTION / 2) * np.sin(angle) - v * np.cos(angle))
        is_open &= ~((across < spider / 2) & (v >= 0.0) & (u >= 0.0))
    shares = is_open.reshape(N_PUPIL, fine, N_PUPIL, fine).mean(axis=(1, 3))
    return np.asarray(shares, dtype=np.float64)


def waffle_opd(orientation: str, amplitude_um: float) -> FloatArray:
    """Draw the path difference that makes four satellite spots.

    Parameters
    ----------
    orientation : {"x", "+"}
        Spots on the diagonals or on the axes of the detector.
    amplitude_um : float
        Of each of the two sine waves [um].

    Returns
    -------
    ndarray, shape (128, 128)
        Path difference [nm].
    """
    cycles = 2 * np.pi * _WAFFLE_CYCLES
    u, v = np.meshgrid(_coordinate(), _coordinate())
    if orientation == "+":
        waves = np.sin(np.sqrt(2.0) * cycles * u) + np.sin(np.sqrt(2.0) * cycles * v)
    else:
        waves = np.sin(cycles * (u + v)) + np.sin(cycles * (u - v))
    return np.asarray(1e3 * amplitude_um * waves)


def screen(rng: np.random.Generator, slope: float, low: float, high: float) -> FloatArray:
    """Draw a random path difference of unit rms.

    Parameters
    ----------
    rng : Generator
        Source of chance.
    slope : float
        Exponent with which the amplitude falls with frequency.
    low, high : float
        Range of frequencies; the amplitude is level below the first [cycles per pupil].

    Returns
    -------
    ndarray, shape (128, 128)
        Path difference.
    """
    frequency = np.hypot(
        np.fft.fftfreq(N_PUPIL, 1 / N_PUPIL)[:, None], np.fft.rfftfreq(N_PUPIL, 1 / N_PUPIL)
    )
    amplitude = np.where(frequency <= high, np.maximum(frequency, low) ** -slope, 0.0)
    amplitude[0, 0] = 0.0
    white = rng.standard_normal((N_PUPIL, N_PUPIL))
    drawn = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=white.shape)
    return np.asarray(drawn / drawn.std())


def _coordinate() -> FloatArray:
    """Pupil coordinate, in diameters."""
    return (np.arange(N_PUPIL) + 0.5) / N_PUPIL - 0.5


def _transform(place: FloatArray) -> ComplexArray:
    """Fourier kernel from the pupil to places in units of lambda/D."""
    kernel = np.exp(-2j * np.pi * np.outer(place, _coordinate()))
    return np.asarray(kernel, dtype=np.complex64)


def _field(opd_nm: FloatArray, wavelength_um: float, tilt: tuple[float, float]) -> ComplexArray:
    """Complex amplitude of a source at `tilt`, in units of lambda/D."""
    u = _coordinate()
    phase = (2e-3 * np.pi / wavelength_um * opd_nm).astype(np.float32)
    ramp_x = np.exp(2j * np.pi * tilt[0] * u).astype(np.complex64)
    ramp_y = np.exp(2j * np.pi * tilt[1] * u).astype(np.complex64)
    amplitude = np.empty(phase.shape, dtype=np.complex64)
    amplitude.real, amplitude.imag = np.cos(phase), np.sin(phase)
    return np.asarray(amplitude * ramp_y[:, None] * ramp_x[None, :])


def _behind(field: ComplexArray, mask: tuple[ComplexArray, FloatArray, float]) -> ComplexArray:
    """Light in the Lyot plane that the mask has held back."""
    kernel, inside, step = mask
    focus = kernel @ field.astype(np.complex64) @ kernel.T
    back = np.conj(kernel.T) @ (focus * inside.astype(np.float32)) @ np.conj(kernel)
    return np.asarray(back * np.float32(step / N_PUPIL) ** 2)


def _image(field: ComplexArray, grid: Grid, unit_px: float) -> FloatArray:
    """Intensity at the pixels of a grid; `unit_px` is lambda/D along x."""
    step_x, step_y = 1.0 / unit_px, ANAMORPHISM_Y / unit_px
    to_x = _transform((grid.x + np.arange(grid.n_x)) * step_x)
    to_y = _transform((grid.y + np.arange(grid.n_y)) * step_y)
    amplitude = to_y @ field.astype(np.complex64) @ to_x.T
    scale = step_x * step_y / N_PUPIL**2
    return np.asarray(scale * (amplitude.real**2 + amplitude.imag**2), dtype=np.float64)


def _prolate(pupil: FloatArray, mask: tuple[ComplexArray, FloatArray, float]) -> FloatArray:
    """Apodizer that the mask turns into itself: the first eigenfunction, by iteration."""
    function: ComplexArray = np.asarray(pupil, dtype=np.complex64)
    for _ in range(40):
        function = pupil * _behind(function, mask)
        function /= np.abs(function).max()
    return np.asarray(np.abs(function).astype(np.float64))
