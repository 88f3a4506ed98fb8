"""Add companions to raw frames, or take them out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import DataError


def companion_track(
    separation_px: float,
    position_angle_deg: float,
    derotation_deg: FloatArray,
    star_xy: FloatArray,
) -> FloatArray:
    """Follow a companion through the frames, as the sky turns.

    Parameters
    ----------
    separation_px : float
        Distance from the star [px].
    position_angle_deg : float
        East of north, on the sky [deg].
    derotation_deg : ndarray, shape (n_time,)
        Angle to turn each frame by, counter-clockwise with y up, to bring north up and east
        left [deg].
    star_xy : ndarray, shape (..., 2)
        Position of the star, x then y [px]: one for all images, or (n_time, 2), or
        (n_wave, n_time, 2).

    Returns
    -------
    ndarray, shape (..., n_time, 2)
        Position of the companion in each image, x then y [px].

    Examples
    --------
    East is left once the frame is derotated, and up in a frame that must turn by 90 deg.

    >>> track = companion_track(10.0, 90.0, np.array([0.0, 90.0]), np.array([50.0, 50.0]))
    >>> np.round(track, 6).tolist()
    [[40.0, 50.0], [50.0, 60.0]]
    """
    angle = np.deg2rad(position_angle_deg - np.asarray(derotation_deg))
    offset = separation_px * np.stack([-np.sin(angle), np.cos(angle)], axis=-1)
    return np.asarray(np.asarray(star_xy) + offset)


def inject(
    cube: FloatArray,
    psf: FloatArray,
    xy: FloatArray,
    flux: FloatArray,
) -> FloatArray:
    """Add one companion to every image of a cube.

    The PSF is shifted by its Fourier transform, so flux is exact and the core is not
    smoothed; it is not turned, as the pupil does not turn in a raw frame.

    Parameters
    ----------
    cube : ndarray, shape (n_wave, n_time, n_y, n_x)
        The raw, not derotated, images.
    psf : ndarray, shape (n_wave, n_psf_y, n_psf_x)
        Odd-sized images of the star, the peak on the middle pixel.
    xy : ndarray, shape (n_time, 2) or (n_wave, n_time, 2)
        Where to add it, x then y [px]; see `companion_track`.
    flux : ndarray, shape (n_wave,)
        What to multiply the PSF with: the contrast; negative takes a companion out.

    Returns
    -------
    ndarray, shape (n_wave, n_time, n_y, n_x)
        A new cube of the same precision.

    Raises
    ------
    DataError
        If the numbers of channels do not agree.
    """
    n_wave, n_time = cube.shape[:2]
    if psf.shape[0] != n_wave or np.shape(flux) != (n_wave,):
        raise DataError(
            "Cube, PSF and flux have different numbers of channels",
            found=f"{n_wave}, {psf.shape[0]} and shape {np.shape(flux)}",
        )
    added = cube.copy()
    places = np.broadcast_to(xy, (n_wave, n_time, 2))
    for wave in range(n_wave):
        if flux[wave] != 0:
            stamps, corners = _shifted_stamps(flux[wave] * psf[wave], places[wave])
            for time in range(n_time):
                _add_stamp(added[wave, time], stamps[time], corners[time])
    return added


def _shifted_stamps(psf: FloatArray, xy: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Shift a PSF to many sub-pixel places; also return the first pixel of each stamp."""
    n_y, n_x = psf.shape
    margin = 4  # room for the shift and for what little rings beyond the border
    shape = (
        fft.next_fast_len(n_y + 2 * margin, real=True),
        fft.next_fast_len(n_x + 2 * margin, real=True),
    )
    padded = np.zeros(shape, dtype=np.float32)
    padded[margin : margin + n_y, margin : margin + n_x] = psf
    whole = np.rint(xy).astype(np.int64)
    rest = (xy - whole).astype(np.float64)
    ramp_y = _phase(rest[:, 1], fft.fftfreq(shape[0]))
    ramp_x = _phase(rest[:, 0], fft.rfftfreq(shape[1]))
    spectra = fft.rfft2(padded)[None] * ramp_y[:, :, None] * ramp_x[:, None, :]
    stamps = fft.irfft2(spectra, s=shape)
    corner = np.array([n_x // 2 + margin, n_y // 2 + margin])
    return np.asarray(stamps), whole - corner


def _phase(shift: FloatArray, frequency: FloatArray) -> NDArray[np.complex64]:
    """Phase ramps that shift by `shift`; real at the Nyquist frequency."""
    angle = -2j * np.pi * np.outer(shift, frequency)
    ramp = np.exp(angle)
    # At Nyquist's frequency only the cosine belongs to a real image.
    nyquist = np.isclose(np.abs(frequency), 0.5)
    ramp[:, nyquist] = ramp[:, nyquist].real
    return np.asarray(ramp, dtype=np.complex64)


def _add_stamp(image: FloatArray, stamp: FloatArray, corner: NDArray[np.int64]) -> None:
    """Add the part of a stamp that lies within the image, in place."""
    x, y = int(corner[0]), int(corner[1])
    n_y, n_x = stamp.shape
    y_low, y_high = max(y, 0), min(y + n_y, image.shape[0])
    x_low, x_high = max(x, 0), min(x + n_x, image.shape[1])
    if y_low < y_high and x_low < x_high:
        image[y_low:y_high, x_low:x_high] += stamp[y_low - y : y_high - y, x_low - x : x_high - x]
