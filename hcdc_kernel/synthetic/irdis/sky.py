"""Where the star stands: apparent place, altitude, parallactic angle.

Computed with astropy from the directions of star, pole and zenith, without the formulae of the
reduction, so that the two can be held against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import ConfigError

LATITUDE_DEG, LONGITUDE_DEG, ELEVATION_M = -24.6268, -70.4045, 2648.0  # of the telescope
PUPIL_OFFSET_DEG = 135.99
# True north of IRDIS by date of its calibration (modified Julian date, deg), and the value
# adopted before and after (Maire et al. 2016, Proc. SPIE 9908, 990834; 2021, JATIS 7, 035004).
_NORTH_MJD = (
    56856.0, 56993.0, 57112.0, 57145.0, 57289.0, 57382.0, 57410.0,
    57477.0, 57533.0, 57550.0, 57562.0, 57647.0, 57735.0, 57831.0,
)  # fmt: skip
_NORTH_DEG = (
    -1.747, -1.709, -1.750, -1.86, -1.813, -1.79, -1.85,
    -1.756, -1.651, -1.664, -1.767, -1.762, -1.808, -1.713,
)  # fmt: skip
MEAN_NORTH_DEG = -1.75
_SIDEREAL = 1.0027379


@dataclass(frozen=True, slots=True)
class Target:
    """Place of the star, J2000, at rest [deg]."""

    ra_deg: float
    dec_deg: float


@dataclass(frozen=True, slots=True)
class Pointing:
    """Where the star stands at some times.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
        Times, UTC [d].
    ra_deg, dec_deg : ndarray, shape (n,)
        Apparent place, true equator and equinox of date [deg].
    altitude_deg, azimuth_deg : ndarray, shape (n,)
        Without refraction; azimuth from south over west, as the telescope counts it [deg].
    parallactic_deg : ndarray, shape (n,)
        From north over east to the zenith, in (-180, 180] [deg].
    sidereal_s : ndarray, shape (n,)
        Local apparent sidereal time [s].
    """

    mjd: FloatArray
    ra_deg: FloatArray
    dec_deg: FloatArray
    altitude_deg: FloatArray
    azimuth_deg: FloatArray
    parallactic_deg: FloatArray
    sidereal_s: FloatArray

    @property
    def airmass(self) -> FloatArray:
        """Secant of the zenith distance.

        Returns
        -------
        ndarray, shape (n,)
            Without units.
        """
        return np.asarray(1.0 / np.sin(np.radians(self.altitude_deg)))


def point(target: Target, mjd: FloatArray) -> Pointing:
    """Follow a star.

    Parameters
    ----------
    target : Target
        J2000 place.
    mjd : ndarray, shape (n,)
        Times, UTC [d].

    Returns
    -------
    Pointing
        At these times.
    """
    from astropy import units
    from astropy.coordinates import ICRS, TETE, AltAz, SkyCoord

    with _offline():
        time, site = _time(mjd)
        star = SkyCoord(target.ra_deg * units.deg, target.dec_deg * units.deg, frame=ICRS())
        apparent = star.transform_to(TETE(obstime=time, location=site))
        horizon = AltAz(obstime=time, location=site)
        here = apparent.transform_to(horizon)
        pole = SkyCoord(
            np.zeros(time.size) * units.deg,
            np.full(time.size, 90.0) * units.deg,
            frame=TETE(obstime=time, location=site),
        ).transform_to(horizon)
        sidereal = time.sidereal_time("apparent").to_value(units.hourangle) * 3600.0
    return Pointing(
        mjd=np.asarray(mjd, dtype=np.float64),
        ra_deg=np.asarray(apparent.ra.deg),
        dec_deg=np.asarray(apparent.dec.deg),
        altitude_deg=np.asarray(here.alt.deg),
        azimuth_deg=np.asarray((here.az.deg - 180.0) % 360.0),
        parallactic_deg=_parallactic(_unit(here), _unit(pole)),
        sidereal_s=np.asarray(sidereal),
    )


def parallactic_at(apparent_ra_deg: float, apparent_dec_deg: float, mjd: float) -> float:
    """Tell the parallactic angle of an apparent place, as a header gives it.

    Parameters
    ----------
    apparent_ra_deg, apparent_dec_deg : float
        True equator and equinox of date [deg].
    mjd : float
        Time, UTC [d].

    Returns
    -------
    float
        In (-180, 180] [deg].
    """
    from astropy import units
    from astropy.coordinates import TETE, AltAz, SkyCoord

    with _offline():
        time, site = _time(np.array([mjd]))
        frame = TETE(obstime=time, location=site)
        places = [
            SkyCoord([ra] * units.deg, [dec] * units.deg, frame=frame).transform_to(
                AltAz(obstime=time, location=site)
            )
            for ra, dec in ((apparent_ra_deg, apparent_dec_deg), (0.0, 90.0))
        ]
    return float(_parallactic(_unit(places[0]), _unit(places[1]))[0])


def choose_target(transit_mjd: float, hours: float, rotation_deg: float) -> Target:
    """Find a place south of the zenith whose field turns by a given angle.

    Parameters
    ----------
    transit_mjd : float
        When the star shall culminate [d].
    hours : float
        Length of the observation, centered on the culmination [h].
    rotation_deg : float
        How far the field shall turn [deg].

    Returns
    -------
    Target
        J2000 place.

    Raises
    ------
    ConfigError
        If no star turns by so much, or so little, in that time.
    """
    from astropy import units
    from astropy.coordinates import ICRS, TETE, SkyCoord

    half = np.radians(7.5 * hours * _SIDEREAL)
    latitude = np.radians(LATITUDE_DEG)

    def excess(dec_deg: float) -> float:
        """Rotation of a star of this declination, minus the one asked for."""
        dec = np.radians(dec_deg)
        angle = np.arctan2(
            np.sin(half), np.cos(dec) * np.tan(latitude) - np.sin(dec) * np.cos(half)
        )
        return float(2.0 * np.degrees(angle)) - rotation_deg

    near, far = LATITUDE_DEG - 0.5, -80.0
    if excess(near) < 0.0 or excess(far) > 0.0:
        raise ConfigError(
            "No star turns by that angle in that time",
            found=f"{rotation_deg} deg in {hours:.2f} h",
            remedy="Take more or longer files, a longer gap between files, or another rotation",
        )
    dec_deg = float(brentq(excess, far, near))
    with _offline():
        time, site = _time(np.array([transit_mjd]))
        ra = time.sidereal_time("apparent")
        frame = TETE(obstime=time, location=site)
        place = SkyCoord(ra, [dec_deg] * units.deg, frame=frame).transform_to(ICRS())
        return Target(float(place.ra.deg[0]), float(place.dec.deg[0]))


def culminating(transit_mjd: float, dec_deg: float) -> Target:
    """Find the star of a given declination that culminates at a given time.

    Parameters
    ----------
    transit_mjd : float
        Time, UTC [d].
    dec_deg : float
        Declination, J2000 [deg].

    Returns
    -------
    Target
        Its place; the precession of its right ascension is undone to a few arcminutes.
    """
    with _offline():
        time, _ = _time(np.array([transit_mjd]))
        sidereal_deg = float(time.sidereal_time("apparent").deg[0])
    target = Target(sidereal_deg, dec_deg)
    late = point(target, np.array([transit_mjd])).ra_deg[0] - sidereal_deg
    return Target(float((sidereal_deg - late) % 360.0), dec_deg)


def true_north_deg(mjd: float) -> float:
    """Tell the true north that the simulated instrument has.

    Parameters
    ----------
    mjd : float
        Date [d].

    Returns
    -------
    float
        Added to the parallactic angle and the pupil offset [deg].
    """
    return float(np.interp(mjd, _NORTH_MJD, _NORTH_DEG, left=MEAN_NORTH_DEG, right=MEAN_NORTH_DEG))


def _parallactic(star: FloatArray, pole: FloatArray) -> FloatArray:
    """Angle at the star from the direction of the pole over east to that of the zenith."""
    zenith = np.array([0.0, 0.0, 1.0])
    north = pole - np.sum(pole * star, axis=1, keepdims=True) * star
    up = zenith - star[:, 2:] * star
    east = np.cross(pole, star)
    east *= np.linalg.norm(north, axis=1, keepdims=True) / np.linalg.norm(
        east, axis=1, keepdims=True
    )
    return np.asarray(
        np.degrees(np.arctan2(np.sum(up * east, axis=1), np.sum(up * north, axis=1)))
    )


def _unit(place: Any) -> FloatArray:
    """Directions in a right-handed frame of east, north and up."""
    altitude, azimuth = place.alt.radian, place.az.radian
    return np.stack(
        [
            np.cos(altitude) * np.sin(azimuth),
            np.cos(altitude) * np.cos(azimuth),
            np.sin(altitude),
        ],
        axis=1,
    )


def _time(mjd: FloatArray) -> tuple[Any, Any]:
    """Give times and the place of the telescope to astropy."""
    from astropy import units
    from astropy.coordinates import EarthLocation
    from astropy.time import Time

    site = EarthLocation.from_geodetic(
        LONGITUDE_DEG * units.deg, LATITUDE_DEG * units.deg, ELEVATION_M * units.m
    )
    return Time(np.atleast_1d(mjd), format="mjd", scale="utc", location=site), site


def _offline() -> Any:
    """Let astropy use the Earth rotation that it was installed with, and ask nobody."""
    from contextlib import ExitStack

    from astropy.utils import iers

    stack = ExitStack()
    stack.enter_context(iers.conf.set_temp("auto_download", value=False))
    stack.enter_context(iers.conf.set_temp("iers_degraded_accuracy", "ignore"))
    return stack
