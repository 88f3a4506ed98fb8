"""Where the star is in each science frame, by the frames with satellite spots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure, Exposures, StarPositions
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere.geometry import mid_exposure_mjd
from hcdc_kernel.instruments.sphere.irdis.fields import N_FIELDS, default_centers

CenterTransfer = Literal["interpolate", "nearest", "mean"]


# Speckles interfere with satellite spots and pull all of them: on simulated nights the star is
# off by this, the errors of the fits apart [px].
_SPECKLE_ERROR_PX = 0.03
# Found by the symmetry of its light, in the images, the star is off by about this [px].
_USUAL_ERROR_PX = 0.25


@dataclass(frozen=True, slots=True)
class StarPlaces:
    """The star in both fields, frame by frame.

    Attributes
    ----------
    xy_px : tuple of ndarray, shape (n_planes, 2, 2)
        For each exposure: frame, field, x then y within the field [px].
    is_measured : bool
        False if these are the usual places only.
    is_per_frame : bool
        Whether each frame has a measurement of its own.
    error_px : float
        One standard deviation of a coordinate, common to all frames [px].
    notes : tuple of str
        What people should know.
    """

    xy_px: tuple[FloatArray, ...]
    is_measured: bool
    is_per_frame: bool = False
    error_px: float = _USUAL_ERROR_PX
    notes: tuple[str, ...] = ()


def star_places(
    exposures: Exposures,
    positions: StarPositions | None,
    transfer: CenterTransfer,
) -> StarPlaces:
    """Tell where the star is in each frame.

    The star moves with the dithering; what is left after that is followed from one exposure
    with satellite spots to the next. Frames that have spots themselves take their own position.

    Parameters
    ----------
    exposures : Exposures
        The science frames.
    positions : StarPositions or None
        What was measured, in the left and the right field; None for the usual place.
    transfer : {"interpolate", "nearest", "mean"}
        How to go from exposures with spots to those without.

    Returns
    -------
    StarPlaces
        One array for each exposure.

    Raises
    ------
    DataError
        If the positions are not of two fields.
    """
    if positions is None:
        return _usual_places(exposures)
    fields_xy = np.asarray(positions.xy_px, dtype=float)
    if fields_xy.shape[1] != N_FIELDS:
        raise DataError(
            "The star must have been measured in both fields of the detector",
            found=f"positions in {fields_xy.shape[1]}",
        )
    own = [
        np.array([name == exposure.name for name in positions.exposure]) for exposure in exposures
    ]
    if all(
        rows.sum() in (1, exposure.n_planes) for rows, exposure in zip(own, exposures, strict=True)
    ):
        return StarPlaces(
            tuple(
                np.broadcast_to(fields_xy[rows], (exposure.n_planes, N_FIELDS, 2))
                for rows, exposure in zip(own, exposures, strict=True)
            ),
            is_measured=True,
            is_per_frame=True,
            error_px=_error_px(positions),
        )
    at_rest = fields_xy - positions.dither_xy_px[:, None, :]
    times, places = _by_exposure(positions, at_rest)
    return StarPlaces(
        tuple(
            _carried(times, places, mid_exposure_mjd(exposure), transfer)
            + np.asarray(exposure.dither_xy_px)
            for exposure in exposures
        ),
        is_measured=True,
        error_px=_error_px(positions),
    )


def _error_px(positions: StarPositions) -> float:
    """Tell how well the star is known: errors of the fits and what they do not know."""
    fitted = positions.error_px[np.isfinite(positions.error_px)]
    return float(np.hypot(np.median(fitted) if fitted.size else 0.0, _SPECKLE_ERROR_PX))


def _usual_places(exposures: Exposures) -> StarPlaces:
    """Take the usual place, with the dithering."""

    def of(exposure: Exposure) -> FloatArray:
        usual = default_centers(exposure.filter, exposure.coronagraph)
        return np.broadcast_to(usual + exposure.dither_xy_px, (exposure.n_planes, N_FIELDS, 2))

    note = (
        "There are no frames with satellite spots: the usual place of the star is taken, and "
        "the star is looked for in the calibrated images."
    )
    return StarPlaces(
        tuple(of(exposure) for exposure in exposures), is_measured=False, notes=(note,)
    )


def _by_exposure(positions: StarPositions, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Average the frames of each exposure by their errors; in the order of time."""
    names = np.array(positions.exposure)
    error = np.broadcast_to(positions.error_px.mean(axis=1), names.shape)
    weight = np.where(np.isfinite(error) & (error > 0), 1 / np.maximum(error, 1e-4) ** 2, 1e-8)
    times, means = [], []
    for name in dict.fromkeys(positions.exposure):
        rows = names == name
        times.append(float(positions.mjd[rows].mean()))
        means.append(np.average(places[rows], axis=0, weights=weight[rows]))
    order = np.argsort(times)
    return np.array(times)[order], np.array(means)[order]


def _carried(
    times: FloatArray, places: FloatArray, mjd: FloatArray, transfer: CenterTransfer
) -> FloatArray:
    """Go from the exposures with spots to the times of other frames (n_planes, 2, 2)."""
    if transfer == "mean" or len(times) == 1 or not np.isfinite(mjd).all():
        return np.broadcast_to(places.mean(axis=0), (mjd.size, *places.shape[1:]))
    if transfer == "nearest":
        return np.asarray(places[np.abs(mjd[:, None] - times).argmin(axis=1)])
    flat = places.reshape(len(times), -1)
    at = [np.interp(mjd, times, column) for column in flat.T]
    return np.stack(at, axis=-1).reshape(mjd.size, *places.shape[1:])
