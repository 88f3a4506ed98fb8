"""Calibrated frames of one field of the detector, read one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms.frame_calibration import NO_DATA, SATURATED
from hcdc_kernel.algorithms.spot_search import Orientation, SpotPattern
from hcdc_kernel.arrays import BoolArray, FloatArray
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.raw.planes import RawPlanes
from hcdc_kernel.instruments.sphere import filters
from hcdc_kernel.instruments.sphere.irdis.detector_setup import DetectorSetup
from hcdc_kernel.instruments.sphere.irdis.field_window import FieldWindow, lit_box
from hcdc_kernel.instruments.sphere.irdis.fields import (
    ANAMORPHISM_XY,
    default_centers,
    pixel_scale_mas,
    resolution_px,
    spot_radius_px,
)

_HIT_SIGMA = 12.0
# Width of the image of a star at half its height, in units of lambda over diameter.
_FWHM_OF_RESOLUTION = 1.03


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a calibrated frame.

    Attributes
    ----------
    image : ndarray, shape (n_y, n_x)
        The light; NaN outside the illuminated part.
    usable : ndarray of bool, shape (n_y, n_x)
        False for pixels that were filled in.
    corner_xy : tuple of int
        Where pixel (0, 0) is in the field, x then y [px].
    """

    image: FloatArray
    usable: BoolArray
    corner_xy: tuple[int, int]


@dataclass(frozen=True, slots=True)
class FieldReader:
    """One field of one raw file.

    Attributes
    ----------
    exposure : Exposure
        The file.
    planes : RawPlanes
        Its images.
    setup : DetectorSetup
        Masters and bad pixels.
    field : int
        0 for the left, 1 for the right half of the detector.
    """

    exposure: Exposure
    planes: RawPlanes
    setup: DetectorSetup
    field: int

    @property
    def scale_mas(self) -> float:
        """Pixel scale along x.

        Returns
        -------
        float
            Of this field [mas].
        """
        return pixel_scale_mas(self.exposure.filter)[self.field]

    @property
    def fwhm_px(self) -> float:
        """Width of the image of a star.

        Returns
        -------
        float
            At half of its height [px].
        """
        wave = filters.wavelength_um(self.exposure.filter)[self.field]
        return _FWHM_OF_RESOLUTION * resolution_px(wave, self.scale_mas)

    def pattern(self, waffle: str) -> SpotPattern:
        """Describe the satellite spots to look for.

        Parameters
        ----------
        waffle : str
            ``x``, ``+``, or empty if it is not known.

        Returns
        -------
        SpotPattern
            For the band of this field.
        """
        band = filters.bands(self.exposure.filter)[self.field]
        radius = spot_radius_px(band.wavelength_um, self.scale_mas)
        orientation: Orientation | None = None
        if waffle in ("x", "+"):
            orientation = "x" if waffle == "x" else "+"
        return SpotPattern(
            radius_px=radius,
            fwhm_px=self.fwhm_px,
            orientation=orientation,
            smear_px=radius * band.width_um / band.wavelength_um,
            stretch_y=ANAMORPHISM_XY[1],
        )

    def guess_xy(self) -> FloatArray:
        """Tell where the star usually is, with the dithering of this exposure.

        Returns
        -------
        ndarray, shape (2,)
            In the field, x then y [px].
        """
        usual = default_centers(self.exposure.filter, self.exposure.coronagraph)[self.field]
        return np.asarray(usual + np.asarray(self.exposure.dither_xy_px))

    def views(self) -> Iterator[FieldView]:
        """Read and calibrate frame after frame.

        Yields
        ------
        FieldView
            The illuminated part of the field; what is not illuminated is NaN.
        """
        rows, columns = lit_box(self.field)
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        window = FieldWindow(self.field, (columns.start, rows.start), shape)
        calibration = self.setup.calibration(window, hit_sigma=_HIT_SIGMA, fwhm_px=self.fwhm_px)
        for index in range(self.planes.shape[0]):
            raw = self.planes.read(index, window.rows, window.columns)
            plane = calibration.apply(raw, self.setup.background_scale, with_variance=False)
            image = np.where(plane.flags & NO_DATA, np.float32(np.nan), plane.image)
            # A saturated spot still tells where it is: it is cut off on all sides alike.
            yield FieldView(image, (plane.flags & ~SATURATED) == 0, window.corner_xy)


def mean_view(views: Iterator[FieldView]) -> tuple[FieldView, int]:
    """Average frames.

    Parameters
    ----------
    views : iterator of FieldView
        The frames.

    Returns
    -------
    tuple of FieldView and int
        The mean, a pixel of which is usable if it was so in most frames, and their number.

    Raises
    ------
    DataError
        If there is none.
    """
    total, count, n_frames = np.zeros(0), np.zeros(0), 0
    corner = (0, 0)
    for view in views:
        if not n_frames:
            total, count = np.zeros(view.image.shape), np.zeros(view.image.shape)
        total += view.image
        count += view.usable
        n_frames, corner = n_frames + 1, view.corner_xy
    if not n_frames:
        raise DataError("There is no frame in the file", remedy="Leave it out")
    return FieldView(total / n_frames, count > 0.5 * n_frames, corner), n_frames
