"""The part of a field that is read, and how it becomes an image on the common grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms.frame_calibration import NO_DATA, CalibratedPlane
from hcdc_kernel.algorithms.resample import resample, resample_matrix
from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere.irdis.fields import FIELD_SIZE, FIELDS, illuminated

# The window reaches farther than the image by what interpolation and bad pixels look at.
_MARGIN_PX = 16


@dataclass(frozen=True, slots=True)
class FieldWindow:
    """A rectangle of one field.

    Attributes
    ----------
    field : int
        0 left, 1 right.
    corner_xy : tuple of int
        First pixel, counted within the field, x then y.
    shape : tuple of int
        Number of rows, columns.
    """

    field: int
    corner_xy: tuple[int, int]
    shape: tuple[int, int]

    @property
    def rows(self) -> slice:
        """Its rows in the raw frame.

        Returns
        -------
        slice
            Contiguous.
        """
        return slice(self.corner_xy[1], self.corner_xy[1] + self.shape[0])

    @property
    def columns(self) -> slice:
        """Its columns in the raw frame.

        Returns
        -------
        slice
            Contiguous.
        """
        first = self.field * FIELD_SIZE + self.corner_xy[0]
        return slice(first, first + self.shape[1])


def lit_box(field: int) -> tuple[slice, slice]:
    """Tell which rows and columns of a field see light.

    Parameters
    ----------
    field : int
        0 left, 1 right.

    Returns
    -------
    tuple of slice
        Rows and columns, counted within the field.
    """
    lit = illuminated()[:, FIELDS[field].columns]
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def window_around(
    field: int, star_xy: FloatArray, half_px: int, step_xy: tuple[float, float]
) -> FieldWindow:
    """Choose the part of a field that holds all images to be made.

    Parameters
    ----------
    field : int
        0 left, 1 right.
    star_xy : ndarray, shape (..., 2)
        Where the star is in the frames, within the field [px].
    half_px : int
        Pixels from the middle to the border of the images.
    step_xy : tuple of float
        Size of their pixels, x then y [px of the detector].

    Returns
    -------
    FieldWindow
        Within the illuminated part of the field.

    Raises
    ------
    DataError
        If the star is not on the illuminated part.
    """
    lit_rows, lit_columns = lit_box(field)
    bounds = []
    for axis, lit in ((0, lit_columns), (1, lit_rows)):
        low, high = float(star_xy[..., axis].min()), float(star_xy[..., axis].max())
        if not (lit.start <= low and high <= lit.stop - 1):
            raise DataError(
                "The star is not on the illuminated part of the detector",
                found=f"{'xy'[axis]} from {low:.0f} to {high:.0f} in the "
                f"{('left', 'right')[field]} field",
                remedy="Check the star positions and the dithering of these exposures",
            )
        reach = half_px * step_xy[axis] + _MARGIN_PX
        first = max(lit.start, int(np.floor(low - reach)))
        bounds.append((first, min(lit.stop, int(np.ceil(high + reach)) + 1) - first))
    (x, n_x), (y, n_y) = bounds
    return FieldWindow(field, (x, y), (n_y, n_x))


@dataclass(frozen=True, slots=True)
class Placement:
    """How a window is put on the grid of the images: star to the middle, pixels made square.

    Attributes
    ----------
    rows, columns : ndarray, shape (n_out, n_in)
        Matrices of `resample_matrix`.
    nearest_y, nearest_x : ndarray of int, shape (n_out,)
        Nearest pixel of the window.
    is_outside_y, is_outside_x : ndarray of bool, shape (n_out,)
        Where there is no such pixel.
    """

    rows: FloatArray
    columns: FloatArray
    nearest_y: IntArray
    nearest_x: IntArray
    is_outside_y: BoolArray
    is_outside_x: BoolArray

    @classmethod
    def of(
        cls,
        window: FieldWindow,
        star_xy: FloatArray,
        half_px: int,
        step_xy: tuple[float, float],
    ) -> Placement:
        """Place a window so that the star is on the middle pixel.

        Parameters
        ----------
        window : FieldWindow
            The part of the field.
        star_xy : ndarray, shape (2,)
            Where the star is within the field [px].
        half_px : int
            Pixels from the middle to the border of the image.
        step_xy : tuple of float
            Size of its pixels, x then y [px of the detector].

        Returns
        -------
        Placement
            For any number of frames.
        """
        n_out, (n_y, n_x) = 2 * half_px + 1, window.shape
        start = np.asarray(star_xy) - window.corner_xy - half_px * np.asarray(step_xy)
        places = np.arange(n_out)
        x, y = (np.rint(start[axis] + step_xy[axis] * places).astype(int) for axis in (0, 1))
        return cls(
            resample_matrix(n_out, n_y, float(start[1]), step_xy[1]),
            resample_matrix(n_out, n_x, float(start[0]), step_xy[0]),
            np.clip(y, 0, n_y - 1),
            np.clip(x, 0, n_x - 1),
            (y < 0) | (y >= n_y),
            (x < 0) | (x >= n_x),
        )

    def image(self, image: FloatArray) -> FloatArray:
        """Interpolate an image.

        Parameters
        ----------
        image : ndarray, shape (n_y, n_x)
            The window, finite.

        Returns
        -------
        ndarray, shape (n_out, n_out)
            On the common grid; NaN outside the window.
        """
        return resample(image, self.rows, self.columns)

    def variance(self, variance: FloatArray) -> FloatArray:
        """Carry a variance along.

        Parameters
        ----------
        variance : ndarray, shape (n_y, n_x)
            Of the window.

        Returns
        -------
        ndarray, shape (n_out, n_out)
            Of each pixel; neighbors are correlated.
        """
        return resample(variance, self.rows**2, self.columns**2)

    def flags(self, flags: IntArray) -> IntArray:
        """Carry flags along: each pixel has those of the nearest one.

        Parameters
        ----------
        flags : ndarray of uint8, shape (n_y, n_x)
            Of the window.

        Returns
        -------
        ndarray of uint8, shape (n_out, n_out)
            On the common grid.
        """
        placed = flags.take(self.nearest_y, axis=0).take(self.nearest_x, axis=1)
        placed[self.is_outside_y] = NO_DATA
        placed[:, self.is_outside_x] = NO_DATA
        return placed

    def put(self, plane: CalibratedPlane) -> CalibratedPlane:
        """Put a calibrated window on the common grid.

        Parameters
        ----------
        plane : CalibratedPlane
            The window.

        Returns
        -------
        CalibratedPlane
            Image and variance NaN where there is no data.
        """
        flags = self.flags(plane.flags)
        image = self.image(plane.image)
        variance = None if plane.variance is None else self.variance(plane.variance)
        if (flags & NO_DATA).any():
            lost = (flags & NO_DATA) != 0
            image[lost] = np.nan
            if variance is not None:
                variance[lost] = np.nan
        return CalibratedPlane(image, variance, flags)


def grid_step(scale_mas: float, pixel_scale_mas: float, anamorphism: float) -> tuple[float, float]:
    """Tell how large a pixel of the images is on the detector.

    Parameters
    ----------
    scale_mas : float
        Pixel scale of the field along x [mas].
    pixel_scale_mas : float
        That of the images [mas].
    anamorphism : float
        Factor by which images are stretched along y.

    Returns
    -------
    tuple of float
        Along x and y [px of the detector].
    """
    step = pixel_scale_mas / scale_mas
    return step, step / anamorphism
