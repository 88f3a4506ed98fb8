"""Hour angle, parallactic angle and altitude of a star."""

from __future__ import annotations

import numpy as np

from hcdc_kernel.arrays import FloatArray

_J2000_MJD = 51544.5
_DAYS_PER_CENTURY = 36525.0


def sidereal_time(mjd: FloatArray | float, longitude_deg: float = 0.0) -> FloatArray:
    """Tell the apparent sidereal time of a place.

    Mean sidereal time plus the equation of the equinoxes with its four largest terms, good to
    0.2 arcsec. UTC stands for UT1, which adds at most 0.9 s, 14 arcsec or 0.004 deg.

    Parameters
    ----------
    mjd : ndarray or float
        Modified Julian date, UTC [d].
    longitude_deg : float
        Of the place, east positive [deg]; 0 gives Greenwich.

    Returns
    -------
    ndarray
        Between 0 and 360, same shape as `mjd` [deg].

    References
    ----------
    .. [1] Meeus 1998, Astronomical Algorithms, chapters 12 and 22.
    """
    days = np.asarray(mjd, dtype=float) - _J2000_MJD
    century = days / _DAYS_PER_CENTURY
    mean = 280.46061837 + 360.98564736629 * days + (3.87933e-4 - century / 38710000) * century**2
    return np.asarray((mean + _equation_of_equinoxes(century) + longitude_deg) % 360.0)


def _equation_of_equinoxes(century: FloatArray) -> FloatArray:
    """Give apparent less mean sidereal time [deg]."""
    node = np.deg2rad(125.04452 - 1934.136261 * century)
    sun = 2 * np.deg2rad(280.4665 + 36000.7698 * century)
    moon = 2 * np.deg2rad(218.3165 + 481267.8813 * century)
    nutation_arcsec = (
        -17.20 * np.sin(node) - 1.32 * np.sin(sun) - 0.23 * np.sin(moon) + 0.21 * np.sin(2 * node)
    )
    return np.asarray(nutation_arcsec / 3600 * np.cos(np.deg2rad(23.4393)))


def hour_angle(
    mjd: FloatArray | float, ra_deg: FloatArray | float, longitude_deg: float
) -> FloatArray:
    """Tell how far west of the meridian a star is.

    Parameters
    ----------
    mjd : ndarray or float
        Modified Julian date, UTC [d].
    ra_deg : ndarray or float
        Apparent right ascension, equinox of date [deg]. J2000 coordinates are off by several
        tenths of a degree.
    longitude_deg : float
        Of the telescope, east positive [deg].

    Returns
    -------
    ndarray
        Between -180 and 180, negative before the star culminates [deg].
    """
    angle = sidereal_time(mjd, longitude_deg) - np.asarray(ra_deg, dtype=float)
    return np.asarray((angle + 180.0) % 360.0 - 180.0)


def parallactic_angle(
    mjd: FloatArray | float,
    ra_deg: FloatArray | float,
    dec_deg: FloatArray | float,
    latitude_deg: float,
    longitude_deg: float,
) -> FloatArray:
    """Tell the position angle of the zenith as seen from a star.

    Zero where the star culminates south of the zenith (of a place on the southern hemisphere:
    towards the pole), 180 deg where it culminates north of it; it runs through both without a
    jump. Negative angles before culmination belong to the first case only.

    Parameters
    ----------
    mjd : ndarray or float
        Modified Julian date, UTC [d].
    ra_deg, dec_deg : ndarray or float
        Apparent place, equinox of date [deg].
    latitude_deg, longitude_deg : float
        Of the telescope, east positive [deg].

    Returns
    -------
    ndarray
        Counted from north through east, continuous along the array [deg].

    Notes
    -----
    Geometric: refraction moves a star along the vertical and does not change the angle.

    Examples
    --------
    >>> paranal = {"latitude_deg": -24.6268, "longitude_deg": -70.4045}
    >>> angle = parallactic_angle(58916.30004305, 191.347074, -8.782457, **paranal)
    >>> print(f"{float(angle):.2f}")
    144.09
    """
    hour = np.deg2rad(hour_angle(mjd, ra_deg, longitude_deg))
    dec, latitude = np.deg2rad(np.asarray(dec_deg, dtype=float)), np.deg2rad(latitude_deg)
    # Multiplied by cos(latitude), so that the poles are places like any other.
    angle = np.rad2deg(
        np.arctan2(
            np.sin(hour) * np.cos(latitude),
            np.cos(dec) * np.sin(latitude) - np.sin(dec) * np.cos(latitude) * np.cos(hour),
        )
    )
    angle = np.asarray(np.where(dec >= latitude, angle % 360.0, angle))
    return np.unwrap(angle, period=360.0) if angle.ndim else angle


def altitude(
    mjd: FloatArray | float,
    ra_deg: FloatArray | float,
    dec_deg: FloatArray | float,
    latitude_deg: float,
    longitude_deg: float,
) -> FloatArray:
    """Tell how high a star is above the horizon, without refraction.

    Parameters
    ----------
    mjd : ndarray or float
        Modified Julian date, UTC [d].
    ra_deg, dec_deg : ndarray or float
        Apparent place, equinox of date [deg].
    latitude_deg, longitude_deg : float
        Of the telescope, east positive [deg].

    Returns
    -------
    ndarray
        Between -90 and 90 [deg].
    """
    hour = np.deg2rad(hour_angle(mjd, ra_deg, longitude_deg))
    dec, latitude = np.deg2rad(np.asarray(dec_deg, dtype=float)), np.deg2rad(latitude_deg)
    sine = np.sin(latitude) * np.sin(dec) + np.cos(latitude) * np.cos(dec) * np.cos(hour)
    return np.asarray(np.rad2deg(np.arcsin(np.clip(sine, -1.0, 1.0))))
