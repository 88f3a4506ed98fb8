"""How far the derotator was from where it should have been.

References
----------
.. [1] Maire et al. 2016, SPIE 9908, 990834 (error of the derotator's clock).
"""

from __future__ import annotations

import numpy as np

from hcdc_kernel.algorithms.sky_angles import altitude
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.instruments.sphere.astrometry import (
    DEFAULT_ASTROMETRY,
    Astrometry,
    telescope_site,
)

# Until this date the derotator ran by a clock that was not synchronized.
_CLOCK_REPAIRED_MJD = 57581.0  # 2016-07-12
_STALE_ABOVE_DEG = 0.2
_NO_DEROTATOR = "No derotator angles in the header: its error of up to 1 deg is not corrected"


def derotator_error_deg(exposure: Exposure) -> float:
    """Tell how far the derotator was from where it should have been.

    Before 2016-07-12 its control in pupil tracking ran by a clock that was not synchronized.
    The header's angle of the derotator, compared with half of the telescope's altitude, gives
    the error. If begin and end of the exposure contradict each other, the angle at begin was
    written late and the end is used.

    Parameters
    ----------
    exposure : Exposure
        The raw file.

    Returns
    -------
    float
        What to add to derotation angles; 0 after that date, in field tracking, and where the
        header does not tell [deg].
    """
    return derotator_error(exposure, DEFAULT_ASTROMETRY)[0]


def derotator_error(exposure: Exposure, astrometry: Astrometry) -> tuple[float, tuple[str, ...]]:
    """Give the derotator's error and what is odd about it.

    Parameters
    ----------
    exposure : Exposure
        The raw file.
    astrometry : Astrometry
        Says whether to correct at all.

    Returns
    -------
    tuple of float and tuple of str
        As `derotator_error_deg` [deg], and notes for people.
    """
    affected = exposure.tracking == "pupil" and exposure.start_mjd <= _CLOCK_REPAIRED_MJD
    if not affected or astrometry.correct_derotator == "never":
        return 0.0, ()
    begin = _angle_error(exposure.altitude_deg, exposure.derotator_begin_deg)
    end = _angle_error(_altitude_at_end(exposure), exposure.derotator_end_deg)
    if not np.isfinite(begin):
        return (end, ()) if np.isfinite(end) else (0.0, (_NO_DEROTATOR,))
    if np.isfinite(end) and abs(begin - end) > _STALE_ABOVE_DEG:
        return end, (f"Derotator angle at begin is off by {begin - end:.2f} deg: end is used",)
    return begin, ()


def _angle_error(altitude_deg: float, derotator_deg: float) -> float:
    """Compare the derotator, which turns the image twice as far, with the altitude [deg]."""
    twice = np.deg2rad(altitude_deg - 2 * derotator_deg)
    return float(np.rad2deg(np.arctan(np.tan(twice))))


def _altitude_at_end(exposure: Exposure) -> float:
    """Carry the telescope's altitude at the start over to the end [deg]."""
    ra, dec = exposure.apparent_ra_deg, exposure.apparent_dec_deg
    times = np.array([exposure.start_mjd, exposure.end_mjd])
    at_start, at_end = altitude(times, ra, dec, *telescope_site(exposure))
    return float(exposure.altitude_deg + at_end - at_start)
