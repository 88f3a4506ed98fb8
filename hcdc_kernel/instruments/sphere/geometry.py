"""When each frame was taken and how the sky was turned on the detector.

References
----------
.. [1] Maire et al. 2016, SPIE 9908, 990834 (true north, offsets, error of the derotator).
.. [2] Maire et al. 2021, JATIS 7, 035004 (stability over five years).
.. [3] van Holstein et al. 2020, A&A 633, A64 (clock and derotator of IRDIS).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hcdc_kernel.algorithms.sky_angles import parallactic_angle
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere.astrometry import (
    DEFAULT_ASTROMETRY,
    Astrometry,
    telescope_site,
    true_north_deg,
    ut1_minus_utc_s,
)
from hcdc_kernel.instruments.sphere.clock import DAY_S, frame_clock, mid_exposure_mjd
from hcdc_kernel.instruments.sphere.derotator import derotator_error, derotator_error_deg

__all__ = [
    "Astrometry",
    "SkyRotation",
    "apparent_place",
    "derotation",
    "derotator_error_deg",
    "mid_exposure_mjd",
    "parallactic",
    "sky_rotation",
    "true_north_deg",
]

AngleSource = Literal["apparent place", "J2000 place", "telescope"]

_DISAGREEMENT_DEG = 0.3


@dataclass(frozen=True, slots=True)
class SkyRotation:
    """How the sky is turned in each frame of an exposure.

    Attributes
    ----------
    mjd : ndarray, shape (n_planes,)
        Middle of each frame, UTC [d].
    parallactic_deg : ndarray, shape (n_planes,)
        Parallactic angle then [deg].
    derotation_deg : ndarray, shape (n_planes,)
        Turn counter-clockwise, y up, that brings north up and east left [deg].
    error_deg : float
        One standard deviation of what all frames have in common: true north, pupil offset [deg].
    source : {"apparent place", "J2000 place", "telescope"}
        What the parallactic angle was computed from.
    notes : tuple of str
        What is odd, for people.
    """

    mjd: FloatArray
    parallactic_deg: FloatArray
    derotation_deg: FloatArray
    error_deg: float
    source: AngleSource
    notes: tuple[str, ...] = field(default=())


def parallactic(exposure: Exposure) -> FloatArray:
    """Tell the parallactic angle in the middle of each frame.

    Parameters
    ----------
    exposure : Exposure
        The raw file.

    Returns
    -------
    ndarray, shape (n_planes,)
        See `sky_rotation` [deg].

    Raises
    ------
    DataError
        If the header gives neither a place nor parallactic angles.
    """
    return _parallactic_at(exposure, mid_exposure_mjd(exposure))[0]


def derotation(exposure: Exposure, astrometry: Astrometry = DEFAULT_ASTROMETRY) -> FloatArray:
    """Tell by how much each frame has to be turned to have north up and east left.

    Parameters
    ----------
    exposure : Exposure
        The raw file.
    astrometry : Astrometry
        Constants of the instrument.

    Returns
    -------
    ndarray, shape (n_planes,)
        Counter-clockwise with y up [deg].

    Raises
    ------
    DataError
        If the angles cannot be computed, or the derotator stood still.
    """
    return sky_rotation(exposure, astrometry).derotation_deg


def sky_rotation(exposure: Exposure, astrometry: Astrometry = DEFAULT_ASTROMETRY) -> SkyRotation:
    """Work out times, parallactic and derotation angles of all frames of an exposure.

    Pupil tracking: parallactic angle + pupil offset + true north, plus the derotator's error
    for exposures before 2016-07-12. Field tracking: the position angle asked for + true
    north. The IFS adds the offset of its own field to both.

    Parameters
    ----------
    exposure : Exposure
        The raw file.
    astrometry : Astrometry
        Constants of the instrument.

    Returns
    -------
    SkyRotation
        One row a frame.

    Raises
    ------
    DataError
        If the angles cannot be computed, or the derotator stood still.
    """
    mjd = mid_exposure_mjd(exposure)
    if exposure.tracking not in ("pupil", "field"):
        raise DataError(
            f"{exposure.name}: how the sky was turned is not known",
            found=f"derotator {exposure.tracking}",
            remedy="Only exposures in pupil or field tracking can be derotated: leave it out",
        )
    north, north_error = true_north_deg(exposure.start_mjd)
    if astrometry.true_north_deg is not None:
        north = astrometry.true_north_deg
    variance = north_error**2
    is_ifs = exposure.camera == "vlt-ifs"
    offset = north + (astrometry.ifs_offset_deg if is_ifs else 0.0)
    variance += astrometry.ifs_offset_error_deg**2 if is_ifs else 0.0
    angle, source = _parallactic_at(exposure, mjd)
    notes = (*_place_notes(source), *_disagreement(exposure, source))
    if exposure.tracking == "pupil":
        error_deg, stale = derotator_error(exposure, astrometry)
        turned = angle + astrometry.pupil_offset_deg + offset + error_deg
        variance += astrometry.pupil_offset_error_deg**2
        notes += stale
    else:
        asked = exposure.position_angle_deg
        turned = np.full(mjd.size, (asked if np.isfinite(asked) else 0.0) + offset)
        if not np.isfinite(asked):
            notes += ("No position angle in the header: 0 is taken",)
    return SkyRotation(mjd, angle, turned, float(np.sqrt(variance)), source, notes)


def _parallactic_at(exposure: Exposure, mjd: FloatArray) -> tuple[FloatArray, AngleSource]:
    """Compute parallactic angles from the best that the header has [deg]."""
    # The sky turns with the Earth, which keeps UT1, up to 0.9 s from the clocks' UTC.
    turned = mjd + ut1_minus_utc_s(exposure.start_mjd) / DAY_S
    if np.isfinite(exposure.apparent_ra_deg) and np.isfinite(exposure.apparent_dec_deg):
        place = (exposure.apparent_ra_deg, exposure.apparent_dec_deg)
        return parallactic_angle(turned, *place, *telescope_site(exposure)), "apparent place"
    if np.isfinite(exposure.ra_deg) and np.isfinite(exposure.dec_deg):
        place = apparent_place(exposure.ra_deg, exposure.dec_deg, exposure.start_mjd)
        return parallactic_angle(turned, *place, *telescope_site(exposure)), "J2000 place"
    begin, end = exposure.parallactic_begin_deg, exposure.parallactic_end_deg
    if not (np.isfinite(begin) and np.isfinite(end)):
        raise DataError(
            f"{exposure.name}: parallactic angles cannot be computed",
            found="neither a place on the sky nor the telescope's own angles",
            remedy="Leave the file out, or restore RA and DEC in its header",
        )
    return _between(exposure, mjd, begin, end), "telescope"


def _between(exposure: Exposure, mjd: FloatArray, begin: float, end: float) -> FloatArray:
    """Interpolate the telescope's own angles over the exposure [deg]."""
    way = (end - begin + 180.0) % 360.0 - 180.0
    lasted = max(exposure.n_dit, exposure.n_planes) * frame_clock(exposure)[1] / DAY_S
    return np.asarray(begin + way * (mjd - exposure.start_mjd) / lasted)


def apparent_place(ra_deg: float, dec_deg: float, mjd: float) -> tuple[float, float]:
    """Move a J2000 place to the equator and equinox of a date.

    Parameters
    ----------
    ra_deg, dec_deg : float
        J2000 place [deg].
    mjd : float
        Modified Julian date, UTC [d].

    Returns
    -------
    tuple of float
        Apparent right ascension and declination, with precession, nutation and aberration [deg].
    """
    from astropy import units as u
    from astropy.coordinates import TETE, SkyCoord
    from astropy.time import Time

    star = SkyCoord(ra_deg * u.deg, dec_deg * u.deg, frame="icrs")
    seen = star.transform_to(TETE(obstime=Time(mjd, format="mjd", scale="utc")))
    return float(seen.ra.deg), float(seen.dec.deg)


def _place_notes(source: AngleSource) -> tuple[str, ...]:
    """Say where angles come from if not from the apparent place."""
    if source == "apparent place":
        return ()
    return (f"No apparent place in the header: parallactic angles from the {source}",)


def _disagreement(exposure: Exposure, source: AngleSource) -> tuple[str, ...]:
    """Say if the telescope wrote another parallactic angle."""
    given = exposure.parallactic_begin_deg
    if source == "telescope" or not np.isfinite(given):
        return ()
    computed, _ = _parallactic_at(exposure, np.array([exposure.start_mjd]))
    off = (float(computed[0]) - given + 180.0) % 360.0 - 180.0
    if abs(off) <= _DISAGREEMENT_DEG:
        return ()
    return (f"Parallactic angle differs by {off:.2f} deg from the telescope's own {given:.2f}",)
