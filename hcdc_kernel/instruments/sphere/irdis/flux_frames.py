"""Find the star in frames without coronagraph, and judge them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hcdc_kernel.algorithms.frame_calibration import NO_DATA, FrameCalibration
from hcdc_kernel.algorithms.photometry import StarFit, fit_star
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.raw.planes import RawPlanes
from hcdc_kernel.instruments.sphere.irdis.field_window import FieldWindow, Placement, lit_box
from hcdc_kernel.instruments.sphere.irdis.fields import N_FIELDS, default_centers
from hcdc_kernel.instruments.sphere.irdis.sky_level import SkyGauge

# Half width of what is cut out around the star to find and fit it [px].
_CUT_PX = 24
_LEAST_SIGMA = 10.0
_CORE_PX = 6.0
# The level of the sky is measured in a ring around the star, beyond most of its halo.
_RING_PX = (115.0, 150.0)
# A star in both fields is the same star if it stands at the same distance from the mask.
_MATCH_PX = 12.0


@dataclass(frozen=True, slots=True)
class FluxLimits:
    """What makes a frame of the star unusable.

    Attributes
    ----------
    saturation_adu : float
        Highest pixel allowed, background subtracted [adu].
    brightness, width : float
        Largest relative deviation of flux and width from the other frames of the file.
    """

    saturation_adu: float
    brightness: float
    width: float


@dataclass(frozen=True, slots=True)
class StarFrame:
    """The star in one frame, in one field.

    Attributes
    ----------
    image : ndarray, shape (n, n)
        On the common grid, the star on the middle pixel [adu].
    fit : StarFit
        Its core, in the field.
    flux : float
        Within the core [adu].
    peak : float
        Highest pixel of the raw frame, background subtracted [adu].
    has_all_data : bool
        Whether the image is complete.
    """

    image: FloatArray
    fit: StarFit
    flux: float
    peak: float
    has_all_data: bool


@dataclass(frozen=True, slots=True)
class FluxCamera:
    """Turns raw frames of the star into centered images.

    Attributes
    ----------
    calibrations : tuple of FrameCalibration
        Of the illuminated part of the left and the right field.
    windows : tuple of FieldWindow
        The illuminated parts.
    step_xy : tuple of tuple of float
        Size of a pixel of the result in each field, x then y [px of the detector].
    half_px : int
        Pixels from the middle to the border of the result.
    sky : SkyGauge
        Measures the background.
    """

    calibrations: tuple[FrameCalibration, ...]
    windows: tuple[FieldWindow, ...]
    step_xy: tuple[tuple[float, float], ...]
    half_px: int
    sky: SkyGauge

    def fields(self, planes: RawPlanes, index: int) -> tuple[FloatArray, ...]:
        """Calibrate the whole illuminated part of both fields of a frame.

        Parameters
        ----------
        planes : RawPlanes
            The raw file.
        index : int
            Which frame.

        Returns
        -------
        tuple of ndarray
            Left and right; NaN where there is no data.
        """
        level = self.sky.measure(planes, index)
        made = []
        for number, (window, calibration) in enumerate(
            zip(self.windows, self.calibrations, strict=True)
        ):
            raw = planes.read(index, window.rows, window.columns)
            plane = calibration.apply(raw, level.scale, level.level[number], with_variance=False)
            plane.image[(plane.flags & NO_DATA) != 0] = np.nan
            made.append(plane.image)
        return tuple(made)

    def star(self, image: FloatArray, number: int, near_xy: tuple[int, int]) -> StarFrame:
        """Center the star of one field.

        Parameters
        ----------
        image : ndarray, shape (n_y, n_x)
            The calibrated illuminated part.
        number : int
            0 left, 1 right field.
        near_xy : tuple of int
            Pixel of `image` close to the star.

        Returns
        -------
        StarFrame
            The star.

        Raises
        ------
        DataError
            If it is not there or too near the border.
        """
        x, y = near_xy
        if not (
            _CUT_PX <= x < image.shape[1] - _CUT_PX and _CUT_PX <= y < image.shape[0] - _CUT_PX
        ):
            raise DataError("the star is too near the border of the field")
        cut = image[y - _CUT_PX : y + _CUT_PX + 1, x - _CUT_PX : x + _CUT_PX + 1]
        fit = fit_star(cut)
        star_xy = (fit.xy[0] + x - _CUT_PX, fit.xy[1] + y - _CUT_PX)
        window = self.windows[number]
        placement = Placement.of(
            window,
            np.add(star_xy, window.corner_xy),
            self.half_px,
            self.step_xy[number],
        )
        image = image - level_around(image, star_xy)
        is_known = np.isfinite(image)
        placed = placement.image(np.where(is_known, image, 0.0).astype(np.float32))
        inside = not (placement.is_outside_y.any() or placement.is_outside_x.any())
        core = np.hypot(*(np.indices(cut.shape) - np.reshape(fit.xy[::-1], (2, 1, 1))))
        flux = float(np.nansum(np.where(core <= _CORE_PX, cut - fit.background, 0.0)))
        return StarFrame(placed, fit, flux, float(np.nanmax(cut)), inside)


def find_in_fields(
    mean: tuple[FloatArray, ...], exposure: Exposure
) -> tuple[tuple[int, int], ...]:
    """Find the star in the mean of all frames of a file, in both fields.

    Both fields show the same sky: their images are added with the mask on the same place, so
    that a ghost or a bad pixel in one of them does not win over the star.

    Parameters
    ----------
    mean : tuple of ndarray
        Illuminated parts of left and right field; NaN where there is no data.
    exposure : Exposure
        Gives the usual place of the mask.

    Returns
    -------
    tuple of tuple of int
        Nearest pixel in each field, x then y.

    Raises
    ------
    DataError
        If nothing stands out.
    """
    smooth = [_smoothed(image) for image in mean]
    usual = default_centers(exposure.filter, exposure.coronagraph)
    corners = [(box[1].start, box[0].start) for box in map(lit_box, range(N_FIELDS))]
    moves = np.rint(usual - np.array(corners)).astype(int)
    offset = moves[1] - moves[0]  # from a pixel of the left to that of the right field
    joint = smooth[0].copy()
    scale = [max(float(image.max()), 1e-30) for image in smooth]
    joint /= scale[0]
    n_y, n_x = joint.shape
    y, x = np.arange(n_y) + offset[1], np.arange(n_x) + offset[0]
    in_y, in_x = (y >= 0) & (y < smooth[1].shape[0]), (x >= 0) & (x < smooth[1].shape[1])
    joint[np.ix_(in_y, in_x)] += smooth[1][np.ix_(y[in_y], x[in_x])] / scale[1]
    top_y, top_x = divmod(int(np.argmax(joint)), n_x)
    return tuple(
        _nearest_peak(image, (top_x + shift[0], top_y + shift[1]))
        for image, shift in zip(smooth, ((0, 0), offset), strict=True)
    )


def _smoothed(image: FloatArray) -> FloatArray:
    """Smooth over about a resolution element, the median taken off."""
    known = np.isfinite(image)
    middle = float(np.median(image[known])) if known.any() else 0.0
    return np.asarray(ndimage.gaussian_filter(np.where(known, image - middle, 0.0), 1.5))


def _nearest_peak(smooth: FloatArray, near_xy: tuple[int, int]) -> tuple[int, int]:
    """Find the peak of a field close to where it must be, and see that it stands out."""
    reach = int(_MATCH_PX)
    x, y = int(near_xy[0]), int(near_xy[1])
    low_x, low_y = max(x - reach, 0), max(y - reach, 0)
    part = smooth[low_y : y + reach + 1, low_x : x + reach + 1]
    if not part.size:
        raise DataError("the star is not on both fields")
    peak_y, peak_x = divmod(int(np.argmax(part)), part.shape[1])
    spread = 1.4826 * float(np.median(np.abs(smooth)))
    if not part[peak_y, peak_x] > _LEAST_SIGMA * spread:
        raise DataError("there is no star in the field")
    return low_x + peak_x, low_y + peak_y


def judge_frames(frames: list[tuple[StarFrame, ...]], limits: FluxLimits) -> list[str]:
    """Say which frames of a file cannot be used, and why.

    Parameters
    ----------
    frames : list of tuple of StarFrame
        Both fields of each frame.
    limits : FluxLimits
        What is allowed.

    Returns
    -------
    list of str
        A reason each; empty for good frames.
    """
    flux = np.array([[star.flux for star in frame] for frame in frames])
    width = np.array([[star.fit.fwhm for star in frame] for frame in frames])
    # Few frames scatter: the median of all is what a frame is held against.
    off_flux = np.abs(flux / np.median(flux, axis=0) - 1).max(axis=1)
    off_width = np.abs(width / np.median(width, axis=0) - 1).max(axis=1)

    def reason(index: int) -> str:
        peak = max(star.peak for star in frames[index])
        if peak > limits.saturation_adu:
            return f"saturated: {peak:.0f} adu"
        if not all(star.has_all_data for star in frames[index]):
            return "the star is too near the border of the field"
        if off_flux[index] > limits.brightness:
            return (
                f"the star's brightness differs by {100 * off_flux[index]:.0f} % from the others"
            )
        if off_width[index] > limits.width:
            return f"the star's width differs by {100 * off_width[index]:.0f} % from the others"
        return ""

    return [reason(index) for index in range(len(frames))]


def level_around(image: FloatArray, star_xy: tuple[float, float]) -> float:
    """Measure the level of the sky around a star.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Calibrated field; NaN where there is no data.
    star_xy : tuple of float
        Where the star is, x then y [px].

    Returns
    -------
    float
        Median of a ring; 0 if all of it is off the image.
    """
    reach = int(_RING_PX[1]) + 1
    x, y = round(star_xy[0]), round(star_xy[1])
    low_x, low_y = max(x - reach, 0), max(y - reach, 0)
    part = image[low_y : y + reach + 1, low_x : x + reach + 1]
    rows, columns = np.indices(part.shape)
    distance = np.hypot(columns + low_x - star_xy[0], rows + low_y - star_xy[1])
    ring = part[(distance >= _RING_PX[0]) & (distance <= _RING_PX[1]) & np.isfinite(part)]
    return float(np.median(ring)) if ring.size else 0.0
