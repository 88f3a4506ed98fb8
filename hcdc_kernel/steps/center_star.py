"""Find the star, check its position, and put it on the middle pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.registration import find_star
from hcdc_kernel.algorithms.rotate import shift
from hcdc_kernel.arrays import FloatArray, IntArray
from hcdc_kernel.datamodel import Cube, Data, Psf
from hcdc_kernel.errors import DataError
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.units import Pixel

# Pixels kept beyond the final border while images are shifted by parts of a pixel.
_MARGIN_PX = 3
_LEAST_FIELD_FWHM = 3.0


class CenterStarConfig(StepConfig):
    """Settings of `CenterStar`."""

    method: Literal["auto", "measure", "given"] = Field(
        default="auto",
        description="Measure where the star is, or believe the position given with the data; "
        "'auto' leaves images alone that were centered on a measured position when they were "
        "calibrated, and measures in all others.",
    )
    alignment: Literal["auto", "common", "per-frame"] = Field(
        default="auto",
        description="One position for the whole sequence, one for each frame, or whichever the "
        "measured scatter asks for.",
    )
    common_below: Pixel = Field(
        default=0.1,
        ge=0,
        le=5,
        description="With 'auto', frames are not moved one by one if the star moves less than "
        "this [px]: that is within the error of the measurement.",
    )
    no_shift_below: Pixel = Field(
        default=0.05,
        ge=0,
        le=0.5,
        description="If the star is this close to the middle of a pixel, the images are only "
        "cropped, not resampled [px].",
    )
    max_disagreement: Pixel = Field(
        default=15.0,
        gt=0,
        description="Stop if the star is found farther than this from where the data say [px].",
    )


class CenterStar(Step):
    """Find the star in every image and crop the images so that it is on the middle pixel.

    The star is found by the symmetry of its light, also behind a coronagraph, where the dark hole
    of a vortex is used if that is steadier. The result is the largest odd-sized square that is
    inside all images. Images that were centered on satellite spots when the raw frames were
    calibrated are left as they are. The plot of the star's position by frame over the median
    image shows that it worked: the cross sits in the middle of the rings, without a trend.
    """

    name: ClassVar[str] = "center-star"
    version: ClassVar[int] = 2
    inputs: ClassVar[tuple[str, ...]] = ("cube", "psf")
    outputs: ClassVar[tuple[str, ...]] = ("cube",)
    Config = CenterStarConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: CenterStarConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Center the sequence.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube`` and ``psf``.
        config : CenterStarConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``cube``: odd-sized, square, the star at pixel ``(n // 2, n // 2)`` of every image.

        Raises
        ------
        DataError
            If the star cannot be found, is not where the data say, or is too near the border.
        """
        cube, psf = data["cube"], data["psf"]
        assert isinstance(cube, Cube)
        assert isinstance(psf, Psf)
        return {"cube": center_frames(cube, psf, config, progress)}


def center_frames(
    cube: Cube, psf: Psf, config: CenterStarConfig, progress: Progress = no_progress
) -> Cube:
    """Find the star in each image and crop all images to a square around it.

    Parameters
    ----------
    cube : Cube
        The images.
    psf : Psf
        The star in the same channels; only its width is used.
    config : CenterStarConfig
        How.
    progress : callable
        Told how far the work is.

    Returns
    -------
    Cube
        Odd-sized, square, the star at pixel ``(n // 2, n // 2)`` of every image.

    Raises
    ------
    DataError
        If the star cannot be found, is not where the data say, or is too near the border.
    """
    if config.method == "auto" and is_centered(cube):
        return cube
    star_xy, found = cube.star_xy_px.astype(float), None
    if config.method != "given":
        found = _measure(cube, psf, config, progress)
        star_xy = found.star_xy
    window = _choose_window(star_xy, cube, config, float(psf.fwhm_px.max()))
    return replace(_cut(cube, window), found_xy_px=None if found is None else found.found_xy)


def is_centered(cube: Cube) -> bool:
    """Tell whether the images were already centered on a star whose position was measured.

    Parameters
    ----------
    cube : Cube
        The images.

    Returns
    -------
    bool
        True if they are odd-sized squares with the star on the middle pixel of each, and the
        cube knows where it was found.
    """
    n_y, n_x = cube.data.shape[2:]
    return (
        cube.found_xy_px is not None
        and n_y == n_x
        and n_y % 2 == 1
        and bool(np.all(cube.star_xy_px == n_y // 2))
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """Where the star is, in each image and channel.

    Attributes
    ----------
    star_xy : ndarray, shape (n_wave, n_time, 2)
        Position to center on [px].
    found_xy : ndarray, shape (n_wave, n_time, 2)
        Position measured in each image; NaN where it could not be [px].
    """

    star_xy: FloatArray
    found_xy: FloatArray


def _measure(cube: Cube, psf: Psf, config: CenterStarConfig, progress: Progress) -> _Measured:
    """Find the star in each image and hold it against the position given."""
    star_xy = np.empty(cube.star_xy_px.shape)
    found_xy = np.empty(cube.star_xy_px.shape)
    for wave in range(cube.n_wave):
        progress(wave / cube.n_wave, f"channel {wave + 1} of {cube.n_wave}")
        found = find_star(cube.data[wave], float(psf.fwhm_px[wave]))
        common = np.nanmedian(found.xy, axis=0)
        single = config.alignment == "per-frame" or (
            config.alignment == "auto" and found.scatter_px > config.common_below
        )
        single_xy = np.where(np.isnan(found.xy), common, found.xy)
        star_xy[wave] = single_xy if single else common
        found_xy[wave] = found.xy
        _compare(common, np.median(cube.star_xy_px[wave], axis=0), config.max_disagreement)
    return _Measured(star_xy, found_xy)


def crop_to(cube: Cube, size_px: int) -> Cube:
    """Cut the middle out of centered images.

    Parameters
    ----------
    cube : Cube
        Centered, odd-sized images.
    size_px : int
        Odd size of the result, not larger than the images [px].

    Returns
    -------
    Cube
        The same images, less of their border.
    """
    middle = np.rint(cube.star_xy_px).astype(np.int64)
    return _cut(cube, _Window(middle, np.zeros(middle.shape), size_px // 2, 0))


def _compare(found: FloatArray, given: FloatArray, limit: float) -> None:
    """Refuse a star that is far from where the data say it is."""
    distance = float(np.hypot(*(found - given)))
    if distance > limit:
        raise DataError(
            "The star is not where the description of the data says",
            found=f"x = {found[0]:.1f}, y = {found[1]:.1f} instead of "
            f"x = {given[0]:.1f}, y = {given[1]:.1f}",
            remedy="Correct star_xy in the description, or set center-star.method to 'given' "
            "or a larger center-star.max_disagreement",
        )


@dataclass(frozen=True, slots=True)
class _Window:
    """The square to keep of each image.

    Attributes
    ----------
    middle : ndarray of int, shape (n_wave, n_time, 2)
        Pixel of each image that becomes the middle one, x then y.
    rest : ndarray, shape (n_wave, n_time, 2)
        Distance of the star from the middle of that pixel [px].
    half : int
        Half of the size, without the middle pixel [px].
    margin : int
        Further pixels to keep while shifting by `rest` [px]; 0 if nothing is shifted.
    """

    middle: IntArray
    rest: FloatArray
    half: int
    margin: int


def _choose_window(
    star_xy: FloatArray, cube: Cube, config: CenterStarConfig, fwhm_px: float
) -> _Window:
    """Find the largest odd square around the star that all images have."""
    n_y, n_x = cube.data.shape[2:]
    middle = np.rint(star_xy).astype(np.int64)
    rest = star_xy - middle
    exact = bool(np.abs(rest).max() <= config.no_shift_below)
    low = int(middle.min())
    high = int((np.array([n_x - 1, n_y - 1]) - middle).min())
    half = min(low, high) - (0 if exact else 1)  # shifting leaves one incomplete pixel
    if half < _LEAST_FIELD_FWHM * fwhm_px:
        raise DataError(
            "The star is off the images or too near their border",
            found=f"star near x = {np.median(star_xy[..., 0]):.1f}, "
            f"y = {np.median(star_xy[..., 1]):.1f} on {n_x} x {n_y} pixels",
            remedy="Check star_xy in the description, or give images centered on the star",
        )
    return _Window(middle, rest, half, 0 if exact else min(_MARGIN_PX, min(low, high) - half))


def _cut(cube: Cube, window: _Window) -> Cube:
    """Crop all planes, and shift the images by what is left."""
    reach = window.half + window.margin
    images = _crop(cube.data, window.middle, reach)
    if window.margin:
        size = images.shape[-1]
        moved = shift(images.reshape(-1, size, size), -window.rest.reshape(-1, 2))
        inner = slice(window.margin, size - window.margin)
        images = np.ascontiguousarray(moved.reshape(images.shape)[..., inner, inner])
    variance, flags = cube.variance, cube.flags
    return replace(
        cube,
        data=images.astype(cube.data.dtype, copy=False),
        star_xy_px=np.full(cube.star_xy_px.shape, float(window.half)),
        variance=None if variance is None else _crop(variance, window.middle, window.half),
        flags=None if flags is None else _crop(flags, window.middle, window.half),
    )


def _crop(planes: Any, middle: IntArray, reach: int) -> Any:
    """Cut a square out of each image."""
    n_wave, n_time = planes.shape[:2]
    size = 2 * reach + 1
    cut = np.empty((n_wave, n_time, size, size), dtype=planes.dtype)
    for wave in range(n_wave):
        for time in range(n_time):
            x, y = middle[wave, time] - reach
            cut[wave, time] = planes[wave, time, y : y + size, x : x + size]
    return cut
