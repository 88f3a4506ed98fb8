"""From raw counts to light: background, flat field, bad pixels, variance, flags."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from hcdc_kernel.algorithms.bad_pixels import BadPixelFill
from hcdc_kernel.algorithms.cosmic_rays import flag_cosmic_rays
from hcdc_kernel.arrays import FloatArray, IntArray, require_shape

BAD, HIT, SATURATED, NO_DATA = (np.uint8(bit) for bit in (1, 2, 4, 8))
"""Bits of a plane of flags, as in `PixelFlag`."""


@dataclass(frozen=True, slots=True)
class DetectorProperties:
    """What the noise of a pixel depends on.

    Attributes
    ----------
    gain_e_per_adu : float
        Electrons for a count [e-/adu].
    read_noise_adu : float
        Noise of a frame without light [adu].
    saturation_adu : float
        Counts from which a pixel is no longer linear [adu].
    """

    gain_e_per_adu: float
    read_noise_adu: float
    saturation_adu: float


@dataclass(frozen=True, slots=True)
class CalibratedPlane:
    """A part of a frame without background, flat and whole.

    Attributes
    ----------
    image : ndarray, shape (n_y, n_x)
        Light [adu], float32; 0 where `flags` say that there is no data.
    variance : ndarray or None, shape (n_y, n_x)
        Its variance [adu^2].
    flags : ndarray of uint8, shape (n_y, n_x)
        Bits as in `PixelFlag`.
    """

    image: FloatArray
    variance: FloatArray | None
    flags: IntArray


@dataclass(frozen=True, slots=True)
class FrameCalibration:
    """How a part of the detector is calibrated, the same for any number of frames.

    Attributes
    ----------
    background, background_variance : ndarray, shape (n_y, n_x)
        What a frame shows without the star [adu], and how well that is known [adu^2].
    flat, flat_variance : ndarray, shape (n_y, n_x)
        Sensitivity of the pixels and how well it is known; divided by.
    fill : BadPixelFill
        Which pixels are bad, and what to put there.
    detector : DetectorProperties
        Its noise.
    hit_sigma : float
        Cosmic rays are marked from this excess over the noise; 0 for not at all.
    fwhm_px : float
        Width of the image of a star, for telling stars from cosmic rays [px].
    """

    background: FloatArray
    background_variance: FloatArray
    flat: FloatArray
    flat_variance: FloatArray
    fill: BadPixelFill
    detector: DetectorProperties
    hit_sigma: float = 0.0
    fwhm_px: float = 3.4
    _inverse_flat: FloatArray = field(init=False, repr=False, compare=False)
    _flat_error: FloatArray = field(init=False, repr=False, compare=False)
    _flags: IntArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shape = self.fill.state.shape
        for name in ("background", "background_variance", "flat", "flat_variance"):
            require_shape(name, getattr(self, name), shape)
        # A bad pixel may have any flat, also zero: it is filled anyway.
        usable = np.isfinite(self.flat) & (self.flat > 0)
        flat = np.where(usable, self.flat, 1.0)
        flags = np.where(self.fill.state == 1, BAD, np.uint8(0))
        flags[self.fill.is_lost] = NO_DATA
        error = np.where(usable & np.isfinite(self.flat_variance), self.flat_variance, 0) / flat**2
        object.__setattr__(self, "_inverse_flat", (1 / flat).astype(np.float32))
        object.__setattr__(self, "_flat_error", error.astype(np.float32))
        object.__setattr__(self, "_flags", flags)

    def apply(
        self,
        raw: FloatArray,
        scale: float = 1.0,
        level: float = 0.0,
        *,
        with_variance: bool = True,
    ) -> CalibratedPlane:
        """Calibrate one frame.

        Parameters
        ----------
        raw : ndarray of float32, shape (n_y, n_x)
            Counts as read out [adu].
        scale : float
            What to multiply the background by.
        level : float
            What to subtract besides [adu].
        with_variance : bool
            Whether the variance is wanted.

        Returns
        -------
        CalibratedPlane
            Bad pixels filled; its arrays are new.
        """
        require_shape("raw frame", raw, self.fill.state.shape)
        image, flags = np.empty(raw.shape, np.float32), self._flags.copy()
        wanted = with_variance or self.hit_sigma > 0
        variance = np.empty(raw.shape if wanted else (0, 0), np.float32)
        detector = self.detector
        _calibrate(
            raw, self.background, self.background_variance, self._inverse_flat, self._flat_error,
            np.array([
                scale, level, 1 / detector.gain_e_per_adu, detector.read_noise_adu**2,
                detector.saturation_adu,
            ], dtype=np.float32),
            image, variance, flags,
        )  # fmt: skip
        missing = ~np.isfinite(image)
        hits = missing if missing.any() else None
        flags[missing] |= BAD
        if self.hit_sigma > 0:
            struck = flag_cosmic_rays(
                image,
                np.sqrt(variance),
                flags != 0,
                n_sigma=self.hit_sigma,
                fwhm_px=self.fwhm_px,
            )
            flags[struck] |= HIT
            hits = struck if hits is None else hits | struck
        self.fill.apply(image, hits)
        if with_variance:
            self.fill.apply_variance(variance, hits)
            _blank(variance, flags)
        _blank(image, flags)
        return CalibratedPlane(image, variance if with_variance else None, flags)


@njit(cache=True, nogil=True)
def _calibrate(  # noqa: PLR0913 (one pass over all planes)
    raw: FloatArray,
    background: FloatArray,
    background_variance: FloatArray,
    inverse_flat: FloatArray,
    flat_error: FloatArray,
    numbers: FloatArray,
    image: FloatArray,
    variance: FloatArray,
    flags: IntArray,
) -> None:  # pragma: no cover
    """Subtract, divide, and sum up the variance, in one pass."""
    scale, level, adu_per_e, read_variance, saturation = numbers
    zero = np.float32(0)
    with_variance = variance.size > 0
    for y in range(raw.shape[0]):
        for x in range(raw.shape[1]):
            counts, inverse = raw[y, x], inverse_flat[y, x]
            light = (counts - scale * background[y, x] - level) * inverse
            image[y, x] = light
            if counts >= saturation:
                flags[y, x] |= 4
            if with_variance:
                noise = max(counts, zero) * adu_per_e + read_variance
                noise += scale * scale * background_variance[y, x]
                variance[y, x] = noise * inverse * inverse + light * light * flat_error[y, x]


@njit(cache=True, nogil=True)
def _blank(image: FloatArray, flags: IntArray) -> None:  # pragma: no cover
    """Put 0 where there is no value, and say so."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if not np.isfinite(image[y, x]):
                image[y, x] = 0
                flags[y, x] |= 8
