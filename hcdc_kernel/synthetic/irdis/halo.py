"""Light that the atmosphere scatters around the star, averaged over an integration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.conditions import FrameState
from hcdc_kernel.synthetic.irdis.filters import ANAMORPHISM_Y, Band
from hcdc_kernel.synthetic.irdis.optics import DIAMETER_M

CONTROL_RADIUS = 20.0  # cycles per pupil that the deformable mirror can make
_MAS = np.pi / 180 / 3600e3
_ARCSEC = 1e3 * _MAS
_DELAY_S = 3.4e-3  # of the whole loop
_KOLMOGOROV = 0.0229  # power spectrum of phase at one cycle per pupil for D = r0
_NOISE_NM = 45.0  # what noise and aliasing leave
_OPEN_STREHL = 0.12


@dataclass(frozen=True)
class Residual:
    """What the adaptive optics leave in one frame and band.

    Attributes
    ----------
    coherent : float
        Share of the light in the diffraction-limited image, aberrations of the instrument
        apart.
    strengths : tuple of float
        Of the parts of the halo: fitting, servo lag (xx, xy, yy), noise, open loop.
    """

    coherent: float
    strengths: tuple[float, ...]


def fried_m(seeing_arcsec: float, wavelength_um: float) -> float:
    """Tell Fried's parameter.

    Parameters
    ----------
    seeing_arcsec : float
        At 0.5 um.
    wavelength_um : float
        For which it is wanted [um].

    Returns
    -------
    float
        r0 [m].
    """
    at_half_um = 0.5e-6 / (seeing_arcsec * _ARCSEC)
    return float(at_half_um * (wavelength_um / 0.5) ** 1.2)


def wind_speed_ms(seeing_arcsec: float, coherence_ms: float) -> float:
    """Tell the effective speed of the turbulence: 0.314 r0 / tau0.

    Parameters
    ----------
    seeing_arcsec : float
        At 0.5 um.
    coherence_ms : float
        Coherence time at 0.5 um [ms].

    Returns
    -------
    float
        Speed [m/s].
    """
    return float(0.314 * fried_m(seeing_arcsec, 0.5) / (coherence_ms * 1e-3))


def residual(state: FrameState, wavelength_um: float) -> Residual:
    """Balance the errors of the adaptive optics.

    Fitting error beyond the control radius, servo lag along the wind within it, noise.

    Parameters
    ----------
    state : FrameState
        The weather.
    wavelength_um : float
        Of the image [um].

    Returns
    -------
    Residual
        Strehl ratio (Marechal) and strengths of the parts of the halo, which together hold
        the rest of the light.
    """
    turbulence = (DIAMETER_M / fried_m(state.seeing_arcsec, wavelength_um)) ** (5 / 3)
    k = _KOLMOGOROV * turbulence
    fitting = 2 * np.pi * k * CONTROL_RADIUS ** (-5 / 3) / (5 / 3)
    speed = wind_speed_ms(state.seeing_arcsec, state.coherence_ms)
    lag = k * (2 * np.pi * speed * _DELAY_S / DIAMETER_M) ** 2
    # The integral over the controlled frequencies; the wind's cosine squared averages to 1/2.
    servo = lag * np.pi * 3.0 * (CONTROL_RADIUS ** (1 / 3) - 1.0)
    noise = (2 * np.pi * _NOISE_NM * 1e-3 / wavelength_um) ** 2
    variance = fitting + servo + noise
    if state.fault == "open-loop":
        coherent = _OPEN_STREHL
        return Residual(coherent, (0.0, 0.0, 0.0, 0.0, 0.0, 1.0 - coherent))
    coherent = float(np.exp(-variance))
    share = (1.0 - coherent) / variance
    cos, sin = np.cos(np.radians(state.wind_deg)), np.sin(np.radians(state.wind_deg))
    return Residual(
        coherent,
        (
            share * fitting,
            share * servo * cos**2,
            share * servo * cos * sin,
            share * servo * sin**2,
            share * noise,
            0.0,
        ),
    )


class Halo:
    """Parts of the halo on the pixels of a field, ready to be added up.

    Attributes
    ----------
    parts : ndarray, shape (6, n_y, n_x)
        Each holds the light of a star once, over the whole plane.
    """

    def __init__(
        self,
        band: Band,
        xy_px: tuple[float, float],
        shape: tuple[int, int],
        throughput: FloatArray | None,
    ) -> None:
        """Evaluate the parts around a star at `xy_px`; `throughput` by mas, or None."""
        unit = band.wavelength_um * 1e-6 / DIAMETER_M / _MAS / band.pixel_scale_mas
        x = (np.arange(shape[1]) - xy_px[0]) / unit
        y = (np.arange(shape[0]) - xy_px[1]) * ANAMORPHISM_Y / unit
        fx, fy = np.meshgrid(x, y)
        f = np.maximum(np.hypot(fx, fy), 1.0)
        inside = 1.0 / (1.0 + (f / CONTROL_RADIUS) ** 30)
        servo = f ** (-11 / 3) * inside / (np.pi * 3.0 * (CONTROL_RADIUS ** (1 / 3) - 1.0))
        fitting = f ** (-11 / 3) * (1.0 - inside)
        fitting /= 2 * np.pi * CONTROL_RADIUS ** (-5 / 3) / (5 / 3)
        noise = f**-1.5 * inside / (4 * np.pi * np.sqrt(CONTROL_RADIUS))
        pixel = ANAMORPHISM_Y / unit**2
        parts = np.stack(
            [
                fitting,
                servo * fx**2,
                servo * 2 * fx * fy,
                servo * fy**2,
                noise,
                _seeing_limited(np.hypot(fx, fy), unit * band.pixel_scale_mas),
            ]
        )
        if throughput is not None:
            mas = np.hypot(fx, fy) * unit * band.pixel_scale_mas
            parts *= np.interp(mas, np.arange(throughput.size), throughput)
        self.parts = (parts * pixel).astype(np.float32)

    def sum(self, strengths: tuple[float, ...], window: tuple[slice, slice]) -> FloatArray:
        """Add the parts up.

        Parameters
        ----------
        strengths : tuple of float
            Of each part.
        window : tuple of slice
            Pixels wanted.

        Returns
        -------
        ndarray, float32
            Share of the star's light in each pixel.
        """
        total = np.zeros(self.parts[0][window].shape, dtype=np.float32)
        for strength, part in zip(strengths, self.parts, strict=True):
            if strength:
                total += np.float32(strength) * part[window]
        return total


def _seeing_limited(f: FloatArray, unit_mas: float) -> FloatArray:
    """Moffat profile of an image that nothing corrects, in light per (lambda/D)^2."""
    width = 350.0 / unit_mas  # half width at half maximum
    beta = 3.0
    alpha = width / np.sqrt(2.0 ** (1.0 / beta) - 1.0)
    return np.asarray((beta - 1) / (np.pi * alpha**2) * (1 + (f / alpha) ** 2) ** -beta)
