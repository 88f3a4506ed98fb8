"""When a SPHERE file was taken, and where it pointed.

Timing of the detectors: SPHERE User Manual (ESO), van Holstein et al. 2020 (A&A 633, A64) for the
dead times of IRDIS, file headers of 2020 for those of the IFS.
"""

from __future__ import annotations

import math
import re
from datetime import date

from hcdc_kernel.instruments.raw import RawHeader
from hcdc_kernel.instruments.sphere.kinds import Arm

_MJD_OF_1858 = date(1858, 11, 17).toordinal()
_DAY_S = 86400.0
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d*)?))?)?Z?", re.ASCII
)
# Dead time of each frame and of each file [s].
_DEAD_S: dict[str, tuple[float, float]] = {"irdis": (0.938, 2.4), "ifs": (1.94, 0.0)}
DIT_DELAY_S = {"irdis": 0.1, "ifs": 0.2}
_SHORTEST_S, _LONGEST_S = 0.0, 4 * 3600.0
_JUMP_S = 1.0


def mjd_of(text: str) -> float:
    """Read a date and time.

    Parameters
    ----------
    text : str
        As ``YYYY-MM-DDThh:mm:ss``, with any fraction of seconds.

    Returns
    -------
    float
        Modified Julian date, UTC [d]; NaN if it is no date.

    Examples
    --------
    >>> mjd_of("2020-03-08T12:00:00.0")
    58916.5
    """
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return math.nan
    year, month, day, hour, minute, second = (float(part or 0) for part in found.groups())
    if not 1900 <= year < 2200:
        return math.nan
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _MJD_OF_1858
    except ValueError:
        return math.nan
    if hour > 23 or minute > 59 or second >= 61:
        return math.nan
    return days + (hour * 3600 + minute * 60 + second) / _DAY_S


def night_of(mjd: float) -> str:
    """Name the night: the date of its evening; it lasts from noon to noon UTC.

    Parameters
    ----------
    mjd : float
        Modified Julian date, UTC [d].

    Returns
    -------
    str
        As ``YYYY-MM-DD``; empty if the date is not known.

    Examples
    --------
    >>> night_of(58916.3)
    '2020-03-07'
    """
    if math.isnan(mjd):
        return ""
    return date.fromordinal(math.floor(mjd - 0.5) + _MJD_OF_1858).isoformat()


def start_of(header: RawHeader) -> float:
    """Find when the first integration began.

    Parameters
    ----------
    header : RawHeader
        Of the file.

    Returns
    -------
    float
        Modified Julian date, UTC [d]; NaN if not known.
    """
    written = mjd_of(header.text("DATE-OBS", "DET SEQ UTC"))
    number = header.number("MJD-OBS")
    if not 0 < number < 1e5:
        number = math.nan
    if abs(written - number) * _DAY_S > _JUMP_S:
        header.note("DATE-OBS and MJD-OBS disagree; DATE-OBS is taken")
    if math.isnan(written) and header.text("DATE-OBS"):
        header.note(f"DATE-OBS is no date: '{header.text('DATE-OBS')[:40]}'")
    # DATE-OBS has a tenth of a millisecond, MJD-OBS one.
    return number if math.isnan(written) else written


def end_of(arm: Arm, header: RawHeader, start: float, n_planes: int, dit_s: float) -> float:
    """Find when the last integration ended.

    The detector says so (DET FRAM UTC), else how long its sequence took, else the known dead
    times are added to the integrations.

    Parameters
    ----------
    arm : str
        The arm that wrote the file.
    header : RawHeader
        Of the file.
    start : float
        Start, UTC [d].
    n_planes : int
        Frames taken.
    dit_s : float
        Integration time of a frame [s].

    Returns
    -------
    float
        Modified Julian date, UTC [d]; NaN if not known.
    """
    if math.isnan(start):
        return math.nan
    said = mjd_of(header.text("DET FRAM UTC"))
    if _SHORTEST_S < (said - start) * _DAY_S < _LONGEST_S:
        return said
    if not math.isnan(said):
        header.note("DET FRAM UTC cannot be the end of this exposure and is not used")
    lasted = header.number("DET SEQ1 EXPTIME")
    if _SHORTEST_S < lasted < _LONGEST_S:
        return start + lasted / _DAY_S
    if not dit_s > 0 or n_planes < 1:
        return math.nan
    frame_s, file_s = _DEAD_S.get(arm, (0.0, 0.0))
    return start + (n_planes * (dit_s + frame_s) + file_s) / _DAY_S


def sexagesimal(header: RawHeader, *keys: str, scale: float) -> float:
    """Read an angle that is written as the digits of a clock in one number.

    ``124523.3`` is 12 h 45 m 23.3 s and ``-1234.5`` is -00 d 12 m 34.5 s.

    Parameters
    ----------
    header : RawHeader
        Of the file.
    *keys : str
        Where it may stand.
    scale : float
        15 for hours, 1 for degrees.

    Returns
    -------
    float
        The angle [deg]; NaN if missing, or if minutes or seconds are 60 or more.
    """
    number = header.number(*keys)
    if math.isnan(number):
        return math.nan
    size = abs(number)
    whole, minutes, seconds = size // 10000, size // 100 % 100, size % 100
    if minutes >= 60 or seconds >= 60 or whole * scale > 360:
        header.note(f"{keys[0]} is no angle: {number}")
        return math.nan
    return math.copysign(scale * (whole + minutes / 60 + seconds / 3600), number)
