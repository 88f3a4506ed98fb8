"""Times and orientation of SPHERE frames, against real headers and direct trigonometry."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.algorithms.sky_angles import parallactic_angle
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere.astrometry import Astrometry
from hcdc_kernel.instruments.sphere.geometry import (
    apparent_place,
    derotation,
    derotator_error_deg,
    mid_exposure_mjd,
    parallactic,
    sky_rotation,
    true_north_deg,
    ut1_minus_utc_s,
)

LATITUDE, LONGITUDE = -24.6268, -70.4045
DAY_S = 86400.0


def _exposure(**changes) -> Exposure:
    """An IRDIS file: 16 frames of 32 s in pupil tracking."""
    start = 58226.2
    usual = Exposure(
        name="one",
        path=Path("one.fits"),
        camera="vlt-irdis",
        kind="science",
        apparent_ra_deg=191.3471,
        apparent_dec_deg=-8.7825,
        start_mjd=start,
        end_mjd=start + 16 * 32.938 / DAY_S,
        dit_s=32.0,
        dit_delay_s=0.1,
        n_dit=16,
        n_planes=16,
        tracking="pupil",
        position_angle_deg=0.0,
        latitude_deg=LATITUDE,
        longitude_deg=LONGITUDE,
    )
    return replace(usual, **changes)


# --- clock -----------------------------------------------------------------------------------


def test_frames_share_the_time_of_the_file_evenly():
    exposure = _exposure()
    seconds = (mid_exposure_mjd(exposure) - exposure.start_mjd) * DAY_S
    np.testing.assert_allclose(seconds, 0.1 + 16 + 32.938 * np.arange(16), atol=1e-4)


def test_truncated_file_keeps_its_clock():
    whole, part = _exposure(), _exposure(n_planes=5)
    np.testing.assert_allclose(mid_exposure_mjd(part), mid_exposure_mjd(whole)[:5], atol=1e-9)


def test_file_stopped_early_has_the_clock_of_its_frames():
    # Promised 16, ended after 5.
    stopped = _exposure(n_planes=5, end_mjd=58226.2 + 5 * 32.938 / DAY_S)
    np.testing.assert_allclose(
        mid_exposure_mjd(stopped), mid_exposure_mjd(_exposure())[:5], atol=1e-9
    )


def test_without_the_end_the_usual_overheads_are_taken():
    known, unknown = mid_exposure_mjd(_exposure()), mid_exposure_mjd(_exposure(end_mjd=np.nan))
    assert np.abs(known - unknown).max() * DAY_S < 1.0


def test_one_frame_is_in_the_middle():
    exposure = _exposure(n_dit=1, n_planes=1, end_mjd=58226.2 + 33 / DAY_S)
    assert (mid_exposure_mjd(exposure)[0] - 58226.2) * DAY_S == pytest.approx(16.1, abs=1e-3)


@pytest.mark.parametrize("missing", ["start_mjd", "dit_s"])
def test_unknown_times_are_refused(missing):
    with pytest.raises(DataError, match="cannot be computed"):
        mid_exposure_mjd(_exposure(**{missing: np.nan}))


# --- real headers ----------------------------------------------------------------------------


def _cards(path: Path) -> dict[str, str]:
    """Keywords of a header kept as text or of a product."""
    if path.suffix == ".fits":
        from astropy.io import fits

        header = fits.getheader(path)
        return {f"HIERARCH {key}": str(header[key]) for key in header if key and "ESO " in key} | {
            "MJD-OBS": str(header.get("MJD-OBS", ""))
        }
    found = {}
    for line in path.read_text().splitlines():
        match = re.match(r"(?:HIERARCH )?([A-Z0-9 -]+?)\s*=\s*('[^']*'|\S+)", line)
        if match:
            found["HIERARCH " + match[1] if " " in match[1] else match[1]] = match[2].strip("' ")
    return found


def _sexagesimal(value: float) -> float:
    """Read hhmmss.s or ddmmss.s."""
    size = abs(value)
    degrees = size // 10000 + size // 100 % 100 / 60 + size % 100 / 3600
    return float(np.sign(value) * degrees)


def _real_tracks(real_data: Path):
    """Date, apparent place and parallactic angle of all real files that have them."""
    files = [*(real_data / "eso_headers").glob("SPHER*.hdr.txt")]
    files += [*(real_data / "irdis_hcdc_psf").glob("*.fits")]
    files += [
        *(real_data / "irdis_tyc7415").glob("*.fits"),
        *(real_data / "irdis_hd120326").glob("*psf.fits"),
    ]
    for path in sorted(files):
        cards = _cards(path)
        key = "HIERARCH ESO TEL PARANG START"
        if key in cards and "HIERARCH ESO INS4 DROT2 RA" in cards:
            ra = 15 * _sexagesimal(float(cards["HIERARCH ESO INS4 DROT2 RA"]))
            dec = _sexagesimal(float(cards["HIERARCH ESO INS4 DROT2 DEC"]))
            yield path.name, float(cards["MJD-OBS"]), ra, dec, float(cards[key])


def test_parallactic_angles_of_real_headers_are_reproduced(real_data):
    off, rate = {}, {}
    for name, mjd, ra, dec, written in _real_tracks(real_data):
        at = np.array([mjd, mjd + 1 / DAY_S])
        angle = parallactic_angle(at, ra, dec, LATITUDE, LONGITUDE)
        off[name] = float((angle[0] - written + 180) % 360 - 180)
        rate[name] = float(angle[1] - angle[0])
    assert len(off) >= 13
    # The telescope wrote its angle up to 3 s before the exposure began.
    late_s = [off[name] / rate[name] for name in off if abs(rate[name]) > 1e-3]
    assert all(0 < seconds < 3 for seconds in late_s), late_s
    assert max(abs(off[name]) for name in off if abs(rate[name]) < 0.02) < 0.03, off
    assert max(abs(value) for value in off.values()) < 0.04, off


def test_real_ifs_file_gives_the_telescopes_angles_at_its_ends(real_data):
    from hcdc_kernel.instruments.raw import read_exposure

    path = real_data / "eso_headers" / "SPHER.2020-03-08T07_12_03.720.hdr.txt"
    exposure = read_exposure(path, measured=False)
    exposure = replace(exposure, n_planes=exposure.n_dit)
    rotation = sky_rotation(exposure)
    # The curve between the ends is nearly a parabola: compare its ends.
    angle = np.polyval(
        np.polyfit(rotation.mjd - exposure.start_mjd, rotation.parallactic_deg, 3),
        [0.0, exposure.end_mjd - exposure.start_mjd],
    )
    np.testing.assert_allclose(angle, [144.115, 139.884], atol=0.03)
    np.testing.assert_allclose(
        rotation.derotation_deg, rotation.parallactic_deg + 135.99 - 100.48 - 1.75
    )
    assert rotation.notes == ()


# --- orientation -----------------------------------------------------------------------------


def test_pupil_tracking_turns_with_the_parallactic_angle():
    exposure = _exposure()
    north = true_north_deg(exposure.start_mjd)[0]
    np.testing.assert_allclose(derotation(exposure), parallactic(exposure) + 135.99 + north)


def test_field_tracking_stands_still_whatever_the_parallactic_angle():
    exposure = _exposure(tracking="field", position_angle_deg=30.0)
    np.testing.assert_allclose(derotation(exposure), 30.0 - 1.75)
    assert np.ptp(parallactic(exposure)) > 1


def test_ifs_is_turned_against_irdis_by_its_offset():
    irdis, ifs = derotation(_exposure()), derotation(_exposure(camera="vlt-ifs"))
    np.testing.assert_allclose(ifs - irdis, -100.48)


@pytest.mark.parametrize("tracking", ["fixed", "unknown"])
def test_fixed_derotator_is_refused_with_a_reason(tracking):
    with pytest.raises(DataError, match="not known"):
        derotation(_exposure(tracking=tracking))


def test_constants_are_those_given():
    own = Astrometry(true_north_deg=-1.7, pupil_offset_deg=136.0)
    np.testing.assert_allclose(derotation(_exposure(), own), parallactic(_exposure()) + 134.3)


def _on_detector(sky_pa_deg, hour_deg, dec_deg):
    """Where a companion at a position angle is, from unit vectors alone: angle from the zenith.

    In pupil tracking the detector is fixed to the telescope, that is to the direction of the
    zenith; counter-clockwise on the detector as on the sky seen with north up, east left.
    """
    lat, dec, hour = np.deg2rad([LATITUDE, dec_deg, hour_deg])
    star = np.array([np.cos(dec), 0, np.sin(dec)])
    zenith = np.array([np.cos(lat) * np.cos(hour), np.cos(lat) * np.sin(hour), np.sin(lat)])
    east, north = np.array([0, 1, 0]), np.cross(star, [0, 1, 0])
    theta = np.deg2rad(sky_pa_deg)
    companion = north * np.cos(theta) + east * np.sin(theta)
    up = zenith - (zenith @ star) * star
    up /= np.linalg.norm(up)
    left = np.cross(up, star)
    return np.rad2deg(np.arctan2(companion @ left, companion @ up))


@given(angle=st.floats(0, 360), dec=st.floats(-80, 20), hour=st.floats(-60, 60))
def test_derotation_undoes_the_turn_of_the_sky(angle, dec, hour):
    from hcdc_kernel.algorithms.sky_angles import sidereal_time

    start = 58226.2
    ut1 = start + (0.5 + ut1_minus_utc_s(start)) / DAY_S
    ra = float(sidereal_time(ut1, LONGITUDE)) - hour
    exposure = _exposure(
        apparent_ra_deg=ra,
        apparent_dec_deg=dec,
        n_dit=1,
        n_planes=1,
        dit_s=0.8,
        end_mjd=start + 1.0 / DAY_S,
    )
    rotation = float(derotation(exposure)[0])
    constant = 135.99 - 1.75
    # In the raw frame the companion is at p - D; from the zenith it is p - (D - constant).
    seen = _on_detector(angle, hour, dec)
    off = (angle - (rotation - constant) - seen + 180) % 360 - 180
    assert off == pytest.approx(0, abs=1e-3)


def test_the_earth_is_as_late_as_the_iers_says():
    # Bulletin B of the IERS for 2017-09-04 and 2014-07-18.
    assert ut1_minus_utc_s(58000.0) == pytest.approx(0.33577, abs=1e-4)
    assert ut1_minus_utc_s(56856.0) == pytest.approx(-0.31117, abs=1e-4)
    assert ut1_minus_utc_s(90000.0) == 0.0


def test_tracks_of_published_angles_have_the_sense_and_speed_of_ours(real_data):
    from astropy.io import fits

    # 51 Eri, 2015-09-25: dec -2.47, from before to after culmination.
    track = fits.getdata(real_data / "irdis_51eri" / "SPHERE_51ERI_pa.fits").astype(float)
    other = fits.getdata(real_data / "irdis_51eri" / "SPHERE_51ERI_pa_older.fits").astype(float)
    assert track[0] == pytest.approx(-other[0], abs=1)
    ra, dec = apparent_place(69.4006, -2.4734, 57290.3)
    mjd = 57290.25 + np.linspace(0, 0.2, 400)
    ours = parallactic_angle(mjd, ra, dec, LATITUDE, LONGITUDE)
    # Both run through the same angles between 160 and 200 deg of parallactic angle; the
    # published ones include the pupil offset and true north.
    theirs = track - (135.99 - 1.81)
    if theirs[0] < 90:
        theirs += 360 * np.round((180 - theirs.mean()) / 360)
    assert np.sign(theirs[-1] - theirs[0]) == np.sign(ours[-1] - ours[0])
    assert ours.min() - 5 < theirs.min()
    assert theirs.max() < ours.max() + 5


# --- true north, derotator -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mjd", "value", "error"),
    [(56000, -1.75, 0.08), (57647, -1.762, 0.048), (57691, -1.785, 0.0455), (59000, -1.75, 0.08)],
)
def test_true_north_is_that_of_the_date(mjd, value, error):
    assert true_north_deg(mjd) == pytest.approx((value, error), abs=1e-3)


def _early(error_deg: float, **changes) -> Exposure:
    """A file of 2015 whose derotator is off; its angles as the control wrote them."""
    start = 57200.25
    exposure = _exposure(start_mjd=start, end_mjd=start + 16 * 32.938 / DAY_S, altitude_deg=70.0)
    from hcdc_kernel.algorithms.sky_angles import altitude

    place = (exposure.apparent_ra_deg, exposure.apparent_dec_deg, LATITUDE, LONGITUDE)
    at_start, at_end = altitude(np.array([start, exposure.end_mjd]), *place)
    angles = {
        "altitude_deg": float(at_start),
        "derotator_begin_deg": float(180 + (at_start - error_deg) / 2),
        "derotator_end_deg": float(180 + (at_end - error_deg) / 2),
    }
    return replace(exposure, **(angles | changes))


@pytest.mark.parametrize("error", [-0.8, 0.0, 0.35])
def test_derotator_is_corrected_before_its_clock_was_repaired(error):
    assert derotator_error_deg(_early(error)) == pytest.approx(error, abs=1e-6)
    off = derotation(_early(error)) - derotation(_early(0.0))
    np.testing.assert_allclose(off, error, atol=1e-6)


def test_stale_angle_of_the_derotator_is_not_believed():
    stale = _early(0.2, derotator_begin_deg=_early(0.2).derotator_end_deg)
    assert derotator_error_deg(stale) == pytest.approx(0.2, abs=1e-6)
    assert any("end is used" in note for note in sky_rotation(stale).notes)


def test_later_or_in_field_tracking_the_derotator_is_right():
    late = _exposure(altitude_deg=70.0, derotator_begin_deg=214.5, derotator_end_deg=214.3)
    assert derotator_error_deg(late) == 0
    assert derotator_error_deg(_early(0.5, tracking="field")) == 0
    kept = derotation(_early(0.5), Astrometry(correct_derotator="never"))
    np.testing.assert_allclose(kept, derotation(_early(0.0)), atol=1e-6)


def test_missing_angles_of_the_derotator_are_said():
    bare = _early(0.5, derotator_begin_deg=np.nan, derotator_end_deg=np.nan)
    assert derotator_error_deg(bare) == 0
    assert any("not corrected" in note for note in sky_rotation(bare).notes)


# --- what to do with poor headers ------------------------------------------------------------


def test_j2000_place_serves_where_the_apparent_one_is_missing():
    exposure = _exposure()
    ra, dec = apparent_place(191.0843, -8.6714, exposure.start_mjd)
    full = _exposure(apparent_ra_deg=ra, apparent_dec_deg=dec)
    poor = _exposure(
        apparent_ra_deg=np.nan, apparent_dec_deg=np.nan, ra_deg=191.0843, dec_deg=-8.6714
    )
    rotation = sky_rotation(poor)
    np.testing.assert_allclose(rotation.parallactic_deg, parallactic(full), atol=1e-9)
    assert rotation.source == "J2000 place"
    assert "J2000" in rotation.notes[0]
    # Precession since 2000 must be there: a quarter of a degree in right ascension.
    assert abs(ra - 191.0843) > 0.2


def test_telescopes_own_angles_are_the_last_resort():
    full = _exposure()
    place = (full.apparent_ra_deg, full.apparent_dec_deg, LATITUDE, LONGITUDE)
    begin, end = parallactic_angle(np.array([full.start_mjd, full.end_mjd]), *place)
    poor = _exposure(
        apparent_ra_deg=np.nan, parallactic_begin_deg=float(begin), parallactic_end_deg=float(end)
    )
    np.testing.assert_allclose(parallactic(poor), parallactic(full), atol=0.1)
    with pytest.raises(DataError, match="neither a place"):
        parallactic(_exposure(apparent_ra_deg=np.nan))


def test_disagreement_with_the_telescope_is_said():
    right = float(parallactic(_exposure())[0])
    assert sky_rotation(_exposure(parallactic_begin_deg=right + 360)).notes == ()
    assert "differs" in sky_rotation(_exposure(parallactic_begin_deg=right + 3)).notes[0]


def test_file_without_frames_has_no_angles():
    assert derotation(_exposure(n_planes=0)).shape == (0,)
