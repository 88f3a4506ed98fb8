"""Times and angles as headers write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)


def iso(mjd: float, digits: int = 4) -> str:
    """Write a time.

    Parameters
    ----------
    mjd : float
        UTC [d].
    digits : int
        Of the fraction of a second.

    Returns
    -------
    str
        ``YYYY-MM-DDThh:mm:ss.ssss``.
    """
    unit = 10**digits
    ticks = round(mjd * 86400.0 * unit)
    whole, fraction = divmod(ticks, unit)
    text = (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:0{digits}d}" if digits else text


def seconds_of_day(mjd: float) -> float:
    """Count seconds since midnight.

    Parameters
    ----------
    mjd : float
        UTC [d].

    Returns
    -------
    float
        Seconds [s].
    """
    return (mjd % 1.0) * 86400.0


def day_of_year(mjd: float) -> int:
    """Count days since New Year, from 1.

    Parameters
    ----------
    mjd : float
        UTC [d].

    Returns
    -------
    int
        Day.
    """
    return (_EPOCH + timedelta(days=mjd)).timetuple().tm_yday


def unix_s(mjd: float) -> float:
    """Count seconds since 1970.

    Parameters
    ----------
    mjd : float
        UTC [d].

    Returns
    -------
    float
        Seconds [s].
    """
    return (mjd - 40587.0) * 86400.0


def clock_text(seconds: float, digits: int = 3) -> str:
    """Write seconds of the day as ``hh:mm:ss.sss``.

    Parameters
    ----------
    seconds : float
        Since midnight [s].
    digits : int
        Of the fraction of a second.

    Returns
    -------
    str
        Time.
    """
    unit = 10**digits
    whole, fraction = divmod(int(seconds * unit), unit)
    hours, rest = divmod(whole, 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}.{fraction:0{digits}d}"


def packed(value: float, digits: int) -> float:
    """Pack an angle into one number, as ``hhmmss.sss`` or ``ddmmss.sss``.

    Parameters
    ----------
    value : float
        Hours or degrees, with sign.
    digits : int
        Of the fraction of a second.

    Returns
    -------
    float
        Packed.
    """
    unit = 10**digits
    ticks = round(abs(value) * 3600.0 * unit)
    seconds, fraction = divmod(ticks, unit)
    whole, rest = divmod(seconds, 3600)
    number = float(whole * 10000 + rest // 60 * 100 + rest % 60 + fraction / unit)
    return -number if value < 0 else number
