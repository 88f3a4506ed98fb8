"""Go through the exposures with satellite spots, field by field and frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure, Exposures, Master, StarPositions
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.raw.planes import open_planes
from hcdc_kernel.instruments.sphere import filters
from hcdc_kernel.instruments.sphere.geometry import mid_exposure_mjd
from hcdc_kernel.instruments.sphere.irdis.center_frame import (
    FoundStar,
    star_by_symmetry,
    star_from_spots,
    star_itself,
)
from hcdc_kernel.instruments.sphere.irdis.detector_setup import detector_setup
from hcdc_kernel.instruments.sphere.irdis.field_reader import FieldReader, FieldView, mean_view
from hcdc_kernel.instruments.sphere.irdis.fields import N_FIELDS, pixel_scale_mas, spot_radius_px
from hcdc_kernel.steps.base import Progress, no_progress

# A frame is measured alone if its faintest spot will stand out by this much.
_FRAME_SNR = 10.0
_FRAME_SEARCH_PX = 4.0
# Beyond the spots, the image to look at shows this much [px].
_IMAGE_MARGIN_PX = 24


@dataclass(frozen=True, slots=True)
class CenterSearch:
    """How to look for the star.

    Attributes
    ----------
    method : {"auto", "satellite-spots", "star", "symmetry"}
        What to measure.
    waffle : {"auto", "x", "+"}
        How the spots stand.
    frames : {"auto", "per-exposure", "per-frame"}
        Whether each frame is measured alone.
    search_px : float
        How far from its usual place the star may be [px].
    """

    method: Literal["auto", "satellite-spots", "star", "symmetry"] = "auto"
    waffle: Literal["auto", "x", "+"] = "auto"
    frames: Literal["auto", "per-exposure", "per-frame"] = "auto"
    search_px: float = 60.0


def measure_centers(
    exposures: Exposures,
    background: Master | None,
    flat: Master | None,
    search: CenterSearch,
    progress: Progress = no_progress,
) -> StarPositions:
    """Measure the star in both fields of all exposures.

    Parameters
    ----------
    exposures : Exposures
        Raw files with satellite spots, or without coronagraph.
    background, flat : Master or None
        Masters, if there are any.
    search : CenterSearch
        How.
    progress : callable
        Told how far the work is.

    Returns
    -------
    StarPositions
        One row a frame, or an exposure; the axis of channels counts the two fields.

    Raises
    ------
    DataError
        If the star cannot be found in an exposure; it says in which.
    """
    setup = detector_setup(exposures, background, flat, "frames with satellite spots")
    measured = []
    for index, exposure in enumerate(exposures):
        progress(index / len(exposures), f"exposure {index + 1} of {len(exposures)}")
        with open_planes(exposure.path) as planes:
            fields = [
                _measure_field(FieldReader(exposure, planes, setup, field), search)
                for field in range(N_FIELDS)
            ]
        measured.append(_Measured(exposure, _agreeing(fields)))
    if not measured:
        raise DataError("There are no frames with satellite spots", found="no exposures")
    return _positions(measured, exposures)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of one exposure: positions from the mean and from each frame, and the mean."""

    mean: FoundStar
    frames: tuple[FoundStar, ...]
    view: FieldView


@dataclass(frozen=True, slots=True)
class _Measured:
    """One exposure, measured."""

    exposure: Exposure
    fields: list[_Field]


def _measure_field(reader: FieldReader, search: CenterSearch) -> _Field:
    """Measure the mean of all frames of a field, then each frame near that place."""
    view, n_frames = mean_view(reader.views())
    mean = _find(view, reader, search, reader.guess_xy())
    alone = search.frames == "per-frame" or (
        search.frames == "auto" and mean.least_snr >= _FRAME_SNR * np.sqrt(n_frames)
    )
    if not alone or n_frames == 1:
        return _Field(mean, (mean,), view)
    near = replace(search, method=mean.method, search_px=_FRAME_SEARCH_PX)
    try:
        frames = tuple(_find(one, reader, near, mean.xy) for one in reader.views())
    except DataError:
        # A frame without the star, such as one with an open loop, asks for the mean of all.
        if search.frames == "per-frame":
            raise
        frames = (mean,)
    return _Field(mean, frames, view)


def _find(
    view: FieldView, reader: FieldReader, search: CenterSearch, guess_xy: FloatArray
) -> FoundStar:
    """Find the star by the method asked for; 'auto' by the best that works."""
    name = f"{reader.exposure.name}, {('left', 'right')[reader.field]} field"
    method = search.method
    if method == "auto" and _is_open(reader.exposure.coronagraph):
        method = "star"
    try:
        if method == "star":
            return star_itself(view, reader.fwhm_px, guess_xy, search.search_px)
        if method == "symmetry":
            return star_by_symmetry(view, reader.fwhm_px, guess_xy, search.search_px)
        return _by_spots(view, reader, search, guess_xy)
    except DataError as error:
        raise DataError(
            f"{name}: {error.problem}",
            found=error.found,
            remedy=f"{error.remedy or 'Leave this exposure out'}; or set measure-center.method",
        ) from error


def _by_spots(
    view: FieldView, reader: FieldReader, search: CenterSearch, guess_xy: FloatArray
) -> FoundStar:
    """Try the spots as the header says, then the other pattern, then the whole field."""
    said = reader.exposure.waffle if search.waffle == "auto" else search.waffle
    open_mind = "" if search.waffle == "auto" else said
    tries: list[tuple[str, FloatArray | None]] = [(said, guess_xy)]
    if search.search_px > _FRAME_SEARCH_PX:
        tries += [(open_mind, guess_xy)] if open_mind != said else []
        tries += [(open_mind, None)]
    problems = []
    for waffle, near in tries:
        try:
            return star_from_spots(view, reader.pattern(waffle), near, search.search_px)
        except DataError as error:
            problems.append(error)
    if search.method == "auto":
        return star_by_symmetry(view, reader.fwhm_px, guess_xy, search.search_px)
    raise problems[0]


def _is_open(coronagraph: str) -> bool:
    """Tell whether nothing hides the star."""
    return coronagraph in ("N_NS_CLEAR", "N_NS_VLT", "N_NS_APO_1", "N_NS_APO_2")


def _agreeing(fields: list[_Field]) -> list[_Field]:
    """Give both fields the same number of rows: frames only if both were measured so."""
    if len({len(one.frames) for one in fields}) == 1:
        return fields
    return [replace(one, frames=(one.mean,)) for one in fields]


def _positions(measured: list[_Measured], exposures: Exposures) -> StarPositions:
    """Put all positions into one table."""
    stars, mjd, dither, names = [], [], [], []
    for one in measured:
        rows = list(zip(*(field.frames for field in one.fields), strict=True))
        times = mid_exposure_mjd(one.exposure)
        stars += rows
        mjd += list(times) if len(rows) == times.size else [float(times.mean())]
        dither += [one.exposure.dither_xy_px] * len(rows)
        names += [one.exposure.name] * len(rows)
    methods = {star.method for row in stars for star in row}
    image, corner = _images(measured)
    return StarPositions(
        xy_px=np.array([[star.xy for star in row] for row in stars]),
        error_px=np.array([[star.error_px for star in row] for row in stars]),
        mjd=np.array(mjd, dtype=float),
        dither_xy_px=np.array(dither, dtype=float),
        exposure=tuple(names),
        spots_xy_px=np.array([[star.spots_xy for star in row] for row in stars]),
        image=image,
        image_corner_xy_px=corner,
        method="satellite-spots" if "satellite-spots" in methods else methods.pop(),
        identity=exposures.identity,
    )


def _images(measured: list[_Measured]) -> tuple[FloatArray, FloatArray]:
    """Average the surroundings of the star over all exposures, field by field."""
    name = measured[0].exposure.filter
    radius = max(
        spot_radius_px(wave, scale)
        for wave, scale in zip(filters.wavelength_um(name), pixel_scale_mas(name), strict=True)
    )
    half = int(np.ceil(radius)) + _IMAGE_MARGIN_PX
    images, corners = [], []
    for field in range(N_FIELDS):
        rest = [
            one.fields[field].mean.xy - np.asarray(one.exposure.dither_xy_px) for one in measured
        ]
        corner = np.rint(np.mean(rest, axis=0)).astype(int) - half
        cuts = [
            _cut(
                one.fields[field].view,
                corner + np.rint(one.exposure.dither_xy_px).astype(int),
                2 * half + 1,
            )
            for one in measured
        ]
        images.append(np.mean(cuts, axis=0))
        corners.append(corner)
    return np.array(images, dtype=np.float32), np.array(corners, dtype=float)


def _cut(view: FieldView, corner_xy: FloatArray, size: int) -> FloatArray:
    """Cut a square out of a field; NaN where it reaches beyond."""
    square = np.full((size, size), np.nan)
    x, y = (int(value) for value in corner_xy - np.asarray(view.corner_xy))
    n_y, n_x = view.image.shape
    rows = slice(max(y, 0), min(y + size, n_y))
    columns = slice(max(x, 0), min(x + size, n_x))
    inner = (
        slice(rows.start - y, rows.stop - y),
        slice(columns.start - x, columns.stop - x),
    )
    square[inner] = view.image[rows, columns]
    return square
