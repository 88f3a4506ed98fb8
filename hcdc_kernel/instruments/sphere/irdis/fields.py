"""The two fields of the IRDIS detector: where they are and what they see.

Each half of the detector shows the same sky, field 0 in columns 0 to 1023 and field 1 in
columns 1024 to 2047. All positions within a field are counted from its own first pixel,
0-based, x then y.

References
----------
.. [1] ESO SPHERE pipeline manual 1.53 (detector format).
.. [2] Maire et al. 2016, SPIE 9908, 990834 (plate scale, anamorphism, true north).
.. [3] van Holstein et al. 2020, A&A 633, A64 (illuminated part of the detector).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hcdc_kernel.arrays import BoolArray, FloatArray

FIELD_SIZE = 1024
N_FIELDS = 2
RAW_SHAPE = (FIELD_SIZE, N_FIELDS * FIELD_SIZE)

PIXEL_SCALE_MAS = 12.25
"""Generic pixel scale along x, also that of reduced cubes [mas]."""
PIXEL_SCALE_ERROR_MAS = 0.009

ANAMORPHISM_XY = (1.0, 1.0062)
"""Factors by which distances on the detector have to be stretched, x then y."""
ANAMORPHISM_ERROR = 0.0002

PUPIL_DIAMETER_M = 8.0
"""The part of the telescope that the instrument's stops let through [m]."""

DITHER_UM_PER_PX = 18.0
"""Way of the dithering stage that moves the image by a pixel [um]."""

# Rows and columns of the raw frame that see no light: (first, one after the last).
_DARK_ROWS = ((0, 15), (1013, 1024))
_DARK_COLUMNS = ((0, 50), (941, 1078), (1966, 2048))

# Pixel scale of field 0 and field 1, where it differs from the generic one [mas].
_SCALES_MAS = {
    "DB_H23": (12.255, 12.250),
    "DB_H32": (12.250, 12.255),
    "DB_K12": (12.267, 12.263),
}

# Usual place of the star behind the coronagraph in field 0 and field 1.
_CENTERS_H = ((485.8, 523.5), (488.0, 514.4))
_CENTERS_K = ((480.0, 524.7), (482.5, 511.4))
_CENTERS_OTHER = ((485.0, 520.0), (486.0, 508.0))
# Distance of the satellite spots from the star, in lambda over pupil diameter.
_SPOT_DISTANCE = 10 * math.sqrt(2) * 0.97
_RADIAN_MAS = math.degrees(1) * 3.6e6

_LARGE_MASKS = ("N_ALC_Ks", "N_ALC_YJH_L")

DEFAULT_CENTER_ERROR_PX = 15.0
"""The coronagraph was realigned several times, by up to 9 px [px]."""


@dataclass(frozen=True, slots=True)
class Field:
    """One half of the detector.

    Attributes
    ----------
    index : int
        0 for the left, 1 for the right half.
    """

    index: int

    @property
    def columns(self) -> slice:
        """Its columns in the raw frame.

        Returns
        -------
        slice
            1024 columns.
        """
        return slice(self.index * FIELD_SIZE, (self.index + 1) * FIELD_SIZE)

    def of(self, raw: FloatArray) -> FloatArray:
        """Cut the field out of a raw frame or a stack of them.

        Parameters
        ----------
        raw : ndarray, shape (..., 1024, 2048)
            Raw frames.

        Returns
        -------
        ndarray, shape (..., 1024, 1024)
            A view.
        """
        return raw[..., self.columns]


FIELDS = (Field(0), Field(1))


def illuminated() -> BoolArray:
    """Tell which pixels of a raw frame see light.

    Returns
    -------
    ndarray of bool, shape (1024, 2048)
        False in dead rows and columns and behind the edges of the two fields.
    """
    lit = np.ones(RAW_SHAPE, dtype=bool)
    for first, end in _DARK_ROWS:
        lit[first:end] = False
    for first, end in _DARK_COLUMNS:
        lit[:, first:end] = False
    return lit


def pixel_scale_mas(filter_name: str) -> tuple[float, float]:
    """Tell the pixel scale along x of each field.

    Parameters
    ----------
    filter_name : str
        Filter or filter pair, such as ``DB_H23``.

    Returns
    -------
    tuple of float
        Of field 0 and field 1, good to 0.009 mas [mas].
    """
    return _SCALES_MAS.get(filter_name, (PIXEL_SCALE_MAS, PIXEL_SCALE_MAS))


def default_centers(filter_name: str, coronagraph: str) -> FloatArray:
    """Tell where the star usually is, without dithering.

    Parameters
    ----------
    filter_name : str
        Filter or filter pair, such as ``DB_H23``.
    coronagraph : str
        Such as ``N_ALC_YJH_S``; empty for none.

    Returns
    -------
    ndarray, shape (2, 2)
        For field 0 and field 1, x then y, good to `DEFAULT_CENTER_ERROR_PX` [px].
    """
    if coronagraph in _LARGE_MASKS or "_K" in filter_name:
        return np.array(_CENTERS_K)
    return np.array(_CENTERS_H if "_H" in filter_name else _CENTERS_OTHER)


def spot_radius_px(wavelength_um: float, pixel_scale: float = PIXEL_SCALE_MAS) -> float:
    """Tell how far the satellite spots are from the star.

    The deformable mirror makes a wave of 9.7 periods along each axis of the pupil, so that
    the spots are 9.7 sqrt(2) = 13.72 resolution elements away along the diagonals.

    Parameters
    ----------
    wavelength_um : float
        Central wavelength [um].
    pixel_scale : float
        Of the field [mas].

    Returns
    -------
    float
        Along x of the detector; along y it is smaller by the anamorphism [px].

    Examples
    --------
    >>> f"{spot_radius_px(1.593):.1f}"
    '46.0'
    """
    element_mas = wavelength_um * 1e-6 / PUPIL_DIAMETER_M * _RADIAN_MAS
    return _SPOT_DISTANCE * element_mas / pixel_scale


def resolution_px(wavelength_um: float, pixel_scale: float = PIXEL_SCALE_MAS) -> float:
    """Tell the width of the image of a star, lambda over pupil diameter.

    Parameters
    ----------
    wavelength_um : float
        Central wavelength [um].
    pixel_scale : float
        Of the field [mas].

    Returns
    -------
    float
        Close to the full width at half maximum [px].
    """
    return spot_radius_px(wavelength_um, pixel_scale) / _SPOT_DISTANCE
