"""Light of a ring of dust, drawn at its place on the detector in every frame."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.filters import ANAMORPHISM_Y
from hcdc_kernel.synthetic.irdis.optics import Beam, Grid
from hcdc_kernel.synthetic.irdis.scene import RingDisk

_KERNEL = 49


def ring_light(
    disk: RingDisk, beam: Beam, opd_nm: FloatArray, grid: Grid, derotation_deg: float
) -> FloatArray:
    """Image a ring.

    The brightness is evaluated at the sky coordinates of every pixel, then convolved with the
    image of a point.

    Parameters
    ----------
    disk : RingDisk
        The ring.
    beam : Beam
        Optics of the field.
    opd_nm : ndarray, shape (128, 128)
        Aberrations [nm].
    grid : Grid
        Pixels, counted from the star.
    derotation_deg : float
        Of the frame [deg].

    Returns
    -------
    ndarray, shape (grid.n_y, grid.n_x)
        Share of the star's light in each pixel.
    """
    image = brightness(disk, beam.band.pixel_scale_mas, grid, derotation_deg)
    half = (_KERNEL - 1) / 2
    point = beam.star(opd_nm, (0.0, 0.0), Grid(-half, -half, _KERNEL, _KERNEL), masked=False)
    return np.asarray(fftconvolve(image, point, mode="same"))


def brightness(
    disk: RingDisk, pixel_scale_mas: float, grid: Grid, derotation_deg: float
) -> FloatArray:
    """Tell the brightness of a ring before telescope and atmosphere.

    Parameters
    ----------
    disk : RingDisk
        The ring.
    pixel_scale_mas : float
        Along x [mas].
    grid : Grid
        Pixels, counted from the star.
    derotation_deg : float
        Of the frame [deg].

    Returns
    -------
    ndarray, shape (grid.n_y, grid.n_x)
        Share of the star's light in each pixel; sums to the contrast of the disk if the ring
        lies within the grid.
    """
    x = (grid.x + np.arange(grid.n_x)) * pixel_scale_mas
    y = (grid.y + np.arange(grid.n_y)) * ANAMORPHISM_Y * pixel_scale_mas
    xx, yy = np.meshgrid(x, y)
    angle = np.radians(disk.position_angle_deg - derotation_deg)
    along = -xx * np.sin(angle) + yy * np.cos(angle)
    tilt = np.cos(np.radians(disk.inclination_deg))
    # Seen from the side, the near edge lies to the right of the major axis.
    across = (xx * np.cos(angle) + yy * np.sin(angle)) / max(tilt, 0.02)
    radius = np.hypot(along, across)
    profile = np.exp(-0.5 * ((radius - disk.radius_mas) / disk.width_mas) ** 2)
    scattering = np.sin(np.radians(disk.inclination_deg)) * across / np.maximum(radius, 1.0)
    g = disk.asymmetry
    phase = (1 - g**2) / (1 + g**2 - 2 * g * scattering) ** 1.5
    light = profile * phase
    pixel = pixel_scale_mas**2 * ANAMORPHISM_Y / max(tilt, 0.02)
    whole = 2 * np.pi * disk.radius_mas * disk.width_mas * np.sqrt(2 * np.pi)
    mean = _mean_phase(g, np.sin(np.radians(disk.inclination_deg)))
    return np.asarray(disk.contrast * light * pixel / whole / mean)


def _mean_phase(g: float, sine: float) -> float:
    """Average the phase function around the ring."""
    around = np.linspace(0.0, 2 * np.pi, 720, endpoint=False)
    return float(np.mean((1 - g**2) / (1 + g**2 - 2 * g * sine * np.sin(around)) ** 1.5))
