"""Hour angle, parallactic angle and altitude, against known values and astropy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.algorithms.sky_angles import (
    altitude,
    hour_angle,
    parallactic_angle,
    sidereal_time,
)

PARANAL = {"latitude_deg": -24.6268, "longitude_deg": -70.4045}
DEC = -(8 + 46 / 60 + 56.85 / 3600)


def _ra(seconds: float) -> float:
    return 15 * (12 + 45 / 60 + seconds / 3600)


def _vector(longitude_deg, latitude_deg):
    lon, lat = np.deg2rad(longitude_deg), np.deg2rad(latitude_deg)
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


# Files of 2020-03-08: place, start, hour angle, and what the telescope wrote.
@pytest.mark.parametrize(
    ("seconds", "mjd", "hour", "angle", "elevation"),
    [
        (23.29766, 58916.30004305, 12.7199, 144.115, 70.053),
        (23.295586, 58916.29531841, 11.0143, 147.802, 70.999),
        (23.297664, 58916.32525021, 21.8193, 129.957, 63.862),
    ],
)
def test_real_files_are_reproduced(seconds, mjd, hour, angle, elevation):
    ra = _ra(seconds)
    assert hour_angle(mjd, ra, PARANAL["longitude_deg"]) == pytest.approx(hour, abs=0.006)
    assert parallactic_angle(mjd, ra, DEC, **PARANAL) == pytest.approx(angle, abs=0.03)
    assert altitude(mjd, ra, DEC, **PARANAL) == pytest.approx(elevation, abs=0.02)


def test_angles_agree_with_astropy_all_over_the_sky():
    from astropy import units as u
    from astropy.coordinates import TETE, AltAz, EarthLocation, SkyCoord
    from astropy.time import Time
    from astropy.utils import iers

    rng = np.random.default_rng(5)
    # Four years of the instrument; without UT1 - UTC, as here.
    mjd = rng.uniform(57000, 58500, 40)
    ra, dec = rng.uniform(0, 360, 40), rng.uniform(-85, 60, 40)
    with iers.conf.set_temp("auto_download", False):
        time = Time(mjd, format="mjd", scale="utc")
        time.delta_ut1_utc = 0.0
        site = EarthLocation.from_geodetic(-70.4045 * u.deg, -24.6268 * u.deg, 2648 * u.m)
        sidereal = time.sidereal_time("apparent", longitude=-70.4045 * u.deg).deg
        frame = TETE(obstime=time, location=site)
        place = SkyCoord(ra * u.deg, dec * u.deg, frame=frame)
        seen = place.transform_to(AltAz(obstime=time, location=site))
    off = (sidereal_time(mjd, PARANAL["longitude_deg"]) - sidereal + 180) % 360 - 180
    assert np.abs(off).max() * 3600 < 0.4
    elevation = altitude(mjd, ra, dec, **PARANAL)
    assert np.abs(elevation - seen.alt.deg).max() < 0.002
    # Parallactic angle from the azimuth: sin q = sin A cos(latitude) / cos(dec).
    angle = np.deg2rad(parallactic_angle(mjd, ra, dec, **PARANAL))
    expected = -np.sin(seen.az.rad) * np.cos(np.deg2rad(-24.6268)) / np.cos(np.deg2rad(dec))
    assert np.abs(np.sin(angle) - expected).max() < 2e-4


@given(hour=st.floats(-175, 175), dec=st.floats(-88, 88), latitude=st.floats(-80, 80))
def test_angle_is_the_direction_of_the_zenith(hour, dec, latitude):
    mjd = 58000.0
    ra = float(sidereal_time(mjd)) - hour
    angle = float(parallactic_angle(mjd, ra, dec, latitude, 0.0))
    # The star at right ascension 0: the zenith is then at that of the hour angle.
    zenith, low = _vector(hour, latitude), np.deg2rad(dec)
    east, north = np.array([0, 1, 0]), np.array([-np.sin(low), 0, np.cos(low)])
    if np.hypot(zenith @ east, zenith @ north) < 1e-6:
        return  # at the zenith there is no such direction
    expected = np.rad2deg(np.arctan2(zenith @ east, zenith @ north))
    assert (angle - expected + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dec", [-60.0, -24.7, -24.5, 10.0])
def test_angle_runs_through_transit_without_a_jump(dec):
    mjd = 58000 + np.linspace(0, 1, 5001)
    hour = hour_angle(mjd, 120.0, PARANAL["longitude_deg"])
    near = np.abs(hour) < 40
    angle = parallactic_angle(mjd[near], 120.0, dec, **PARANAL)
    assert np.abs(np.diff(angle)).max() < 60
    middle = float(np.interp(0, hour[near], angle))
    assert middle == pytest.approx(180 if dec > -24.6268 else 0, abs=6)


@given(dec=st.floats(-89, -25), hour=st.floats(1, 100))
def test_angle_is_odd_about_the_meridian_south_of_the_zenith(dec, hour):
    mjd = 58000.0
    here = float(sidereal_time(mjd, PARANAL["longitude_deg"]))
    before = float(parallactic_angle(mjd, here + hour, dec, **PARANAL))
    after = float(parallactic_angle(mjd, here - hour, dec, **PARANAL))
    assert before < 0 < after
    assert before == pytest.approx(-after, abs=1e-6)


def test_angles_do_not_depend_on_being_asked_one_by_one():
    mjd = 58000 + np.linspace(0.2, 0.4, 9)
    together = parallactic_angle(mjd, 20.0, 5.0, **PARANAL)
    alone = [float(parallactic_angle(one, 20.0, 5.0, **PARANAL)) for one in mjd]
    np.testing.assert_allclose(together, alone, atol=1e-9)
