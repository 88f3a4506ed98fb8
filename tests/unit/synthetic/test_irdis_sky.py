"""Angles and times of simulated nights against published numbers and formulae."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hcdc_kernel.synthetic.irdis import clock, sky
from hcdc_kernel.synthetic.irdis.night import _derotation, _prepare
from hcdc_kernel.synthetic.irdis.scene import small_night
from hcdc_kernel.synthetic.irdis.schedule import plan_night


def hms(hours: int, minutes: int, seconds: float) -> float:
    return 15.0 * (hours + minutes / 60.0 + seconds / 3600.0)


# Apparent places and times of real exposures of 2020-03-08, their parallactic angle by the
# textbook formula, and what the telescope wrote.
VECTORS = (
    (hms(12, 45, 23.29766), -(8 + 46 / 60 + 56.8455 / 3600), 58916.30004305, 144.0927, 144.115),
    (hms(12, 45, 23.295586), -(8 + 46 / 60 + 56.82309 / 3600), 58916.29531841, 147.7801, 147.802),
    (hms(12, 45, 23.29766), -(8 + 46 / 60 + 56.8455 / 3600), 58916.32525021, 129.9461, 129.957),
)


@pytest.mark.parametrize("vector", VECTORS)
def test_parallactic_angle_of_real_exposures(vector: tuple[float, ...]) -> None:
    ra, dec, mjd, by_formula, by_telescope = vector
    found = sky.parallactic_at(ra, dec, mjd)
    assert found == pytest.approx(by_formula, abs=0.02)
    assert found == pytest.approx(by_telescope, abs=0.03)


def test_pointing_of_a_real_exposure_follows_from_j2000() -> None:
    # TARG ALPHA 12:44:20.236, DELTA -08:40:16.833; TEL ALT 70.053, AZ 140.404 (S = 0, W = 90).
    target = sky.Target(hms(12, 44, 20.236), -(8 + 40 / 60 + 16.833 / 3600))
    here = sky.point(target, np.array([58916.30004305]))
    assert here.altitude_deg[0] == pytest.approx(70.053, abs=0.02)
    assert here.azimuth_deg[0] == pytest.approx(140.404, abs=0.05)
    assert here.ra_deg[0] == pytest.approx(hms(12, 45, 23.29766), abs=2e-3)
    assert here.dec_deg[0] == pytest.approx(-(8 + 46 / 60 + 56.8455 / 3600), abs=2e-3)
    assert here.airmass[0] == pytest.approx(1.064, abs=2e-3)


@pytest.mark.parametrize("rotation_deg", [10.0, 50.0, 110.0])
def test_chosen_star_turns_as_asked(rotation_deg: float) -> None:
    target = sky.choose_target(58428.2, 0.6, rotation_deg)
    here = sky.point(target, 58428.2 + np.array([-0.3, 0.0, 0.3]) / 24.0)
    assert np.ptp(here.parallactic_deg) == pytest.approx(rotation_deg, rel=2e-3)
    assert here.parallactic_deg[1] == pytest.approx(0.0, abs=0.2)


def test_star_culminates_when_it_is_told_to() -> None:
    target = sky.culminating(58428.2, -10.0)
    here = sky.point(target, 58428.2 + np.array([-0.1, 0.0, 0.1]) / 24.0)
    assert here.altitude_deg.argmax() == 1
    assert abs(abs(here.parallactic_deg[1]) - 180.0) < 0.5  # it culminates in the north


def test_derotation_is_continuous_where_the_parallactic_angle_jumps() -> None:
    night = _prepare(small_night(dec_deg=-10.0))
    mjd = 58428.2 + np.linspace(-0.5, 0.5, 40) / 24.0
    turn = _derotation(night, mjd)
    assert np.abs(np.diff(turn)).max() < 10.0


def test_late_derotator_turns_the_field_by_what_the_header_lets_one_find() -> None:
    scene = small_night(date="2015-02-03", derotator_lag_s=90.0)
    night = _prepare(scene)
    right = _prepare(small_night(date="2015-02-03"))
    start = night.shots[2].start_mjd
    # The correction that users apply: atan(tan(ALT - 2 DROT2)), with DROT2 = ALT of the past / 2.
    now, past = sky.point(night.target, np.array([start, start - 90.0 / 86400.0])).altitude_deg
    epsilon = np.degrees(np.arctan(np.tan(np.radians(now - past))))
    mjd = np.array([start])
    assert abs(epsilon) > 0.05
    assert (_derotation(night, mjd) - _derotation(right, mjd))[0] == pytest.approx(
        epsilon, abs=1e-6
    )


def test_field_tracking_holds_the_sky() -> None:
    night = _prepare(small_night(field_tracking=True, position_angle_deg=20.0))
    np.testing.assert_allclose(_derotation(night, np.array([58428.2, 58428.3])), 20.0 - 1.75)


def test_true_north_is_that_of_the_epoch() -> None:
    assert sky.true_north_deg(56856.0) == -1.747
    assert sky.true_north_deg(59000.0) == -1.75
    assert -1.747 < sky.true_north_deg(56900.0) < -1.709


def test_clock_writes_what_headers_write() -> None:
    assert clock.iso(58916.30004305, 1) == "2020-03-08T07:12:03.7"
    assert clock.iso(58916.0 - 1e-10) == "2020-03-08T00:00:00.0000"
    assert clock.day_of_year(58916.3) == 68
    assert clock.packed(12.0 + 45 / 60 + 23.29766 / 3600, 5) == pytest.approx(124523.29766)
    assert clock.packed(-(8 + 46 / 60 + 56.8455 / 3600), 4) == pytest.approx(-84656.8455)
    assert clock.packed(-0.5, 3) == pytest.approx(-3000.0)


def test_files_do_not_overlap() -> None:
    shots = sorted(plan_night(small_night(sky=True, center_after=True)), key=lambda s: s.start_mjd)
    for first, second in pairwise(shots):
        assert second.start_mjd > first.end_mjd
        assert first.start_mjd < first.middle_mjd[0] <= first.middle_mjd[-1] < first.end_mjd
