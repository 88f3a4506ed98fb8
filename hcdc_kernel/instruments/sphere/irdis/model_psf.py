"""The image of a star as diffraction alone would make it."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import j1

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.instruments.sphere.irdis.fields import PUPIL_DIAMETER_M

_OBSTRUCTION = 1.148 / 8.2  # of the telescope's pupil (Schmid et al. 2018, A&A 619, A9)
_RADIAN_MAS = math.degrees(1) * 3.6e6


def model_psf(wavelength_um: float, pixel_scale_mas: float, half_px: int) -> FloatArray:
    """Draw the image of a point source through an obstructed round pupil.

    Parameters
    ----------
    wavelength_um : float
        Central wavelength [um].
    pixel_scale_mas : float
        Size of a pixel [mas].
    half_px : int
        Pixels from the middle to the border.

    Returns
    -------
    ndarray, shape (2 * half_px + 1, 2 * half_px + 1)
        Adds up to 1.

    References
    ----------
    .. [1] Born & Wolf, Principles of Optics, 8.5 (annular aperture).
    """
    rows, columns = np.indices((2 * half_px + 1,) * 2) - half_px
    radius = np.hypot(rows, columns) * pixel_scale_mas / _RADIAN_MAS
    v = np.pi * radius * PUPIL_DIAMETER_M / (wavelength_um * 1e-6)
    amplitude = _airy(v) - _OBSTRUCTION**2 * _airy(_OBSTRUCTION * v)
    image = amplitude**2
    return np.asarray(image / image.sum())


def _airy(v: FloatArray) -> FloatArray:
    """Amplitude of a round aperture, 1 at its middle."""
    safe = np.where(v == 0, 1.0, v)
    return np.asarray(np.where(v == 0, 1.0, 2 * j1(safe) / safe))
