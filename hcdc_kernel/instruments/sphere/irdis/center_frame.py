"""Find the star in one field of one calibrated frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hcdc_kernel.algorithms.photometry import fit_star
from hcdc_kernel.algorithms.registration import symmetry_center
from hcdc_kernel.algorithms.satellite_spots import SpotCenter, find_spots
from hcdc_kernel.algorithms.spot_search import SpotPattern
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere.irdis.field_reader import FieldView

CenterMethod = Literal["satellite-spots", "star", "symmetry"]

# The middle of symmetry of stellar light behind a mask is good to about this.
_SYMMETRY_ERROR_PX = 0.5
_STAR_ERROR_FWHM = 0.02
_SYMMETRY_REACH_FWHM = 20.0


@dataclass(frozen=True, slots=True)
class FoundStar:
    """The star in one field.

    Attributes
    ----------
    xy : ndarray, shape (2,)
        0-based, within the field as read out, x then y [px].
    error_px : float
        One standard deviation of a coordinate [px].
    spots_xy : ndarray, shape (4, 2)
        Satellite spots; NaN where there are none [px].
    least_snr : float
        Signal to noise of the faintest spot used; NaN without spots.
    method : {"satellite-spots", "star", "symmetry"}
        What was measured.
    """

    xy: FloatArray
    error_px: float
    spots_xy: FloatArray
    least_snr: float
    method: CenterMethod


def star_from_spots(
    view: FieldView,
    pattern: SpotPattern,
    guess_xy: FloatArray | None = None,
    search_px: float = 0.0,
) -> FoundStar:
    """Find the star from its satellite spots.

    Parameters
    ----------
    view : FieldView
        What to look at.
    pattern : SpotPattern
        What to look for.
    guess_xy : ndarray, shape (2,), optional
        Rough position of the star in the field [px]; without it, it may be anywhere.
    search_px : float
        How far from there it may be [px].

    Returns
    -------
    FoundStar
        With its spots.

    Raises
    ------
    DataError
        If there are no spots.
    """
    corner = np.asarray(view.corner_xy, dtype=float)
    near = None if guess_xy is None else guess_xy - corner
    return _of_spots(
        find_spots(view.image, pattern, guess_xy=near, search_px=search_px, usable=view.usable),
        corner,
    )


def _of_spots(found: SpotCenter, corner: FloatArray) -> FoundStar:
    """Count positions from the field's own corner."""
    return FoundStar(
        xy=found.xy + corner,
        error_px=found.error_px,
        spots_xy=found.spots_xy + corner,
        least_snr=float(np.nanmin(found.snr)),
        method="satellite-spots",
    )


def star_itself(
    view: FieldView, fwhm_px: float, guess_xy: FloatArray, search_px: float
) -> FoundStar:
    """Fit the star where no coronagraph hides it.

    Parameters
    ----------
    view : FieldView
        What to look at.
    fwhm_px : float
        Width of the image of a star [px].
    guess_xy : ndarray, shape (2,)
        Rough position of the star in the field [px].
    search_px : float
        How far from there it may be [px].

    Returns
    -------
    FoundStar
        Without spots.

    Raises
    ------
    DataError
        If there is no star.
    """
    part, corner = _around(view, guess_xy, search_px)
    star = fit_star(part)
    return _plain(np.asarray(star.xy) + corner, _STAR_ERROR_FWHM * fwhm_px, "star")


def star_by_symmetry(
    view: FieldView, fwhm_px: float, guess_xy: FloatArray, search_px: float
) -> FoundStar:
    """Take the point about which the halo of the star is most symmetric.

    Parameters
    ----------
    view : FieldView
        What to look at.
    fwhm_px : float
        Width of the image of a star [px].
    guess_xy : ndarray, shape (2,)
        Rough position of the star in the field [px].
    search_px : float
        How far from there it may be [px].

    Returns
    -------
    FoundStar
        Without spots, good to about half a pixel.

    Raises
    ------
    DataError
        If there is no light, or its middle is farther away than `search_px`.
    """
    part, corner = _around(view, guess_xy, search_px + _SYMMETRY_REACH_FWHM * fwhm_px)
    finite = np.isfinite(part)
    if not finite.any() or np.ptp(part[finite]) == 0:
        raise DataError("There is no light of a star", found="an image of one constant value")
    filled = np.where(finite, part, np.median(part[finite]))
    xy = symmetry_center(filled, fwhm_px) + corner
    if np.hypot(*(xy - guess_xy)) > search_px:
        raise DataError(
            "The star cannot be found by the symmetry of its light",
            found=f"a middle at x = {xy[0]:.0f}, y = {xy[1]:.0f}, far from where it should be",
            remedy="Leave these frames out",
        )
    return _plain(xy, _SYMMETRY_ERROR_PX, "symmetry")


def _plain(xy: FloatArray, error_px: float, method: CenterMethod) -> FoundStar:
    """Make a position without spots."""
    return FoundStar(xy, error_px, np.full((4, 2), np.nan), float("nan"), method)


def _around(view: FieldView, xy: FloatArray, reach_px: float) -> tuple[FloatArray, FloatArray]:
    """Cut a square out of a view; give it and where its first pixel is in the field."""
    n_y, n_x = view.image.shape
    x, y = (round(float(value)) for value in xy - np.asarray(view.corner_xy))
    reach = int(np.ceil(reach_px))
    left, top = max(0, x - reach), max(0, y - reach)
    part = view.image[top : min(n_y, y + reach + 1), left : min(n_x, x + reach + 1)]
    if not part.size:
        raise DataError("The star would be off the illuminated field", found=f"x = {x}, y = {y}")
    return part, np.asarray(view.corner_xy, dtype=float) + np.array([left, top])
