"""When exposures were taken, and how far apart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from hcdc_kernel.datamodel.exposure import Exposure

DAY_S: Final = 86400.0
_MJD_ZERO: Final = date(1858, 11, 17)


def span(exposure: Exposure) -> tuple[float, float]:
    """Say from when to when an exposure lasted.

    Parameters
    ----------
    exposure : Exposure
        Any.

    Returns
    -------
    start, end : float
        UTC [d]. Without an end in the header, frames and exposure time give a lower limit of
        it. Both are NaN if the start is not known.
    """
    start, end = exposure.start_mjd, exposure.end_mjd
    if end >= start:
        return start, end
    dit_s = exposure.dit_s if math.isfinite(exposure.dit_s) else 0.0
    n_frames = max(exposure.n_dit, exposure.n_planes, 1)
    return start, start + n_frames * dit_s / DAY_S


def gap_days(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Measure the time between two spans.

    Parameters
    ----------
    one, other : tuple of float
        Start and end [d].

    Returns
    -------
    float
        From the end of `other` to the start of `one`, positive if `one` is later, negative if
        it is earlier, 0 if they overlap [d].
    """
    if one[0] > other[1]:
        return one[0] - other[1]
    return min(0.0, one[1] - other[0])


def in_order(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Sort exposures by time; those without a time come last.

    Parameters
    ----------
    exposures : iterable of Exposure
        In any order.

    Returns
    -------
    tuple of Exposure
        The same, ordered by start, camera, name and path.
    """

    def key(exposure: Exposure) -> tuple[bool, float, str, str, str]:
        unknown = math.isnan(exposure.start_mjd)
        start = 0.0 if unknown else exposure.start_mjd
        return unknown, start, exposure.camera, exposure.name, str(exposure.path)

    return tuple(sorted(exposures, key=key))


def night_of(exposure: Exposure) -> str:
    """Tell in which night, noon to noon UTC, an exposure was taken.

    Parameters
    ----------
    exposure : Exposure
        Any.

    Returns
    -------
    str
        Date of the evening, ``YYYY-MM-DD``; empty if neither night nor start is known.
    """
    return exposure.night or date_of(exposure.start_mjd - 0.5)


def date_of(mjd: float) -> str:
    """Write a day.

    Parameters
    ----------
    mjd : float
        Modified Julian date [d].

    Returns
    -------
    str
        As ``YYYY-MM-DD``; empty if it is not known.

    Examples
    --------
    >>> date_of(58916.3)
    '2020-03-08'
    """
    return (_MJD_ZERO + timedelta(days=math.floor(mjd))).isoformat() if mjd == mjd else ""
