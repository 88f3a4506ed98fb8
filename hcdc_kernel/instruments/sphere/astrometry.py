"""Where the telescope stands and how the detectors are turned to the sky.

References
----------
.. [1] Maire et al. 2016, SPIE 9908, 990834 (true north, offsets).
.. [2] Maire et al. 2021, JATIS 7, 035004 (stability over five years).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from hcdc_kernel.datamodel import Exposure

LATITUDE_DEG, LONGITUDE_DEG = -24.6268, -70.4045

# True north: date (MJD), value and error [deg] (Maire et al. 2016; last one of 2017).
_TRUE_NORTH = np.array(
    [
        (56856, -1.747, 0.043),
        (56993, -1.709, 0.051),
        (57112, -1.750, 0.058),
        (57145, -1.860, 0.150),
        (57289, -1.813, 0.046),
        (57382, -1.790, 0.060),
        (57410, -1.850, 0.060),
        (57477, -1.756, 0.061),
        (57533, -1.651, 0.049),
        (57550, -1.664, 0.048),
        (57562, -1.767, 0.046),
        (57647, -1.762, 0.048),
        (57735, -1.808, 0.043),
        (57831, -1.713, 0.012),
    ]
)
_TRUE_NORTH_MEAN = (-1.75, 0.08)


@dataclass(frozen=True, slots=True)
class Astrometry:
    """Constants of the orientation of the sky on the detector.

    Attributes
    ----------
    true_north_deg : float or None
        Added to all derotation angles [deg]; None takes the value measured nearest in time.
    pupil_offset_deg, pupil_offset_error_deg : float
        Angle between pupil and field in pupil tracking [deg].
    ifs_offset_deg, ifs_offset_error_deg : float
        Turn of the IFS field against that of IRDIS [deg].
    correct_derotator : {"auto", "never"}
        Whether the derotator's error before 2016-07-12 is corrected.

    References
    ----------
    .. [1] Maire et al. 2016, SPIE 9908, 990834.
    """

    true_north_deg: float | None = None
    pupil_offset_deg: float = 135.99
    pupil_offset_error_deg: float = 0.11
    ifs_offset_deg: float = -100.48
    ifs_offset_error_deg: float = 0.13
    correct_derotator: Literal["auto", "never"] = "auto"


DEFAULT_ASTROMETRY = Astrometry()


def true_north_deg(mjd: float) -> tuple[float, float]:
    """Tell the direction of true north at a date.

    Parameters
    ----------
    mjd : float
        Modified Julian date [d].

    Returns
    -------
    tuple of float
        What to add to derotation angles, and its error [deg]. Between measurements the value
        is interpolated, outside their time the mean of all is taken.
    """
    dates, values, errors = _TRUE_NORTH.T
    if not dates[0] <= mjd <= dates[-1]:
        return _TRUE_NORTH_MEAN
    return float(np.interp(mjd, dates, values)), float(np.interp(mjd, dates, errors))


def ut1_minus_utc_s(mjd: float) -> float:
    """Tell how far the Earth's rotation is ahead of the clocks.

    Parameters
    ----------
    mjd : float
        Modified Julian date, UTC [d].

    Returns
    -------
    float
        UT1 - UTC, from the tables of the IERS that are installed with astropy; 0 for dates that
        they do not cover [s].
    """
    return _ut1_minus_utc_s(int(mjd)) if np.isfinite(mjd) else 0.0


@lru_cache(maxsize=1024)
def _ut1_minus_utc_s(day: int) -> float:
    """Look a day up; the value changes by a few milliseconds from day to day."""
    from astropy.utils import iers

    with iers.conf.set_temp("auto_download", value=False):
        table = iers.earth_orientation_table.get()
        value, status = table.ut1_utc(day + 2400000.5, return_status=True)
    known = status not in (iers.TIME_BEFORE_IERS_RANGE, iers.TIME_BEYOND_IERS_RANGE)
    return float(value.to_value("s")) if known else 0.0


def telescope_site(exposure: Exposure) -> tuple[float, float]:
    """Tell where the telescope is.

    Parameters
    ----------
    exposure : Exposure
        The raw file.

    Returns
    -------
    tuple of float
        Latitude and longitude, east positive; those of UT3 if the header has none [deg].
    """
    latitude, longitude = exposure.latitude_deg, exposure.longitude_deg
    known = np.isfinite(latitude) and np.isfinite(longitude)
    return (latitude, longitude) if known else (LATITUDE_DEG, LONGITUDE_DEG)
