"""Calibrations are found by setup and time, the best first, whatever order the files come in."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.datamodel import EXPOSURE_KINDS, Exposure
from hcdc_kernel.errors import ConfigError
from hcdc_kernel.instruments.raw import assemble_observations
from hcdc_kernel.instruments.raw.association import ExposureIndex, associate
from hcdc_kernel.instruments.raw.rules import CalibrationRule, Way, same_setup

K_BAND = {"filter": "DB_K12", "coronagraph": "N_ALC_Ks"}


def only(exposures):
    (observation,) = assemble_observations(exposures)
    return observation


def note(observation, role):
    return next(one for one in observation.calibrations if one.role == role)


def hours(night, observation, role):
    files = observation.roles.get(role, ())
    return [round((one.start_mjd - night.midnight_mjd) * 24, 2) for one in files]


def test_a_complete_observation_has_every_role(night):
    observation = only(night.complete())
    assert {role: len(files) for role, files in observation.roles.items()} == {
        "science": 6,
        "center": 2,
        "flux": 2,
        "science_backgrounds": 3,
        "flux_backgrounds": 1,
        "flats": 5,
        "flat_backgrounds": 5,
        "telemetry": 1,
    }
    assert {one.light for one in observation.calibrations} == {"good"}
    assert observation.calibration == "irdis-imaging"
    assert observation.light == "good"
    assert observation.notes == ()


def test_calibrations_are_named_for_themselves(night):
    roles = only(night.complete()).roles
    assert roles["science"].identity == roles["flux"].identity == roles["center"].identity
    assert roles["science"].identity.name == "HD-1234_vlt-irdis_DB-H23_2019-05-12"
    assert roles["science_backgrounds"].identity.target == "background"
    assert roles["flats"].identity.target == "flat"


@pytest.mark.parametrize(("at", "level"), [(-13, 0), (22, 0), (24 + 22, 1), (-60, 1), (150, 2)])
def test_the_level_follows_the_time_on_both_sides(night, at, level):
    found = only([*night.science(), night.file("background", at)])
    assert note(found, "science_backgrounds").level == level


def test_beyond_three_months_nothing_is_associated(night):
    found = only([*night.science(), night.file("background", 100 * 24)])
    assert "science_backgrounds" not in found.roles


def test_the_morning_after_is_nearer_than_the_day_before(night):
    found = only(
        [*night.science(), night.file("background", 11.0), night.file("background", -13.0)]
    )
    assert hours(night, found, "science_backgrounds") == [11.0]


def test_calibrations_over_noon_are_one_session(night):
    files = [night.file("background", at) for at in (11.0, 11.9, 12.1, 13.0)]
    assert len(only([*night.science(), *files]).roles["science_backgrounds"]) == 4


def test_sky_comes_before_background_and_background_before_dark(night):
    sky, background, dark = (
        night.file("sky", 1.6),
        night.file("background", 11.0),
        night.file("dark", 10.0),
    )

    def kinds(*files):
        roles = only([*night.science(), *files]).roles
        return {one.kind for one in roles["science_backgrounds"]}

    assert kinds(sky, background, dark) == {"sky"}
    assert kinds(background, dark) == {"background"}
    assert kinds(dark) == {"dark"}


def test_skies_beside_another_star_are_not_mixed_in(night):
    mine = [night.file("sky", hour) for hour in (0.9, 1.6)]
    his = [night.file("sky", 2.5 + i / 10, target="HD 9", ra_deg=125.0) for i in range(3)]
    found = only([*night.science(), *mine, *his])
    assert hours(night, found, "science_backgrounds") == [0.9, 1.6]
    assert len(only([*night.science(), *his]).roles["science_backgrounds"]) == 3


def test_a_background_of_last_night_comes_before_a_sky_of_last_week(night):
    found = only([*night.science(), night.file("sky", -150), night.file("background", 11.0)])
    assert [one.kind for one in found.roles["science_backgrounds"]] == ["background"]


def test_backgrounds_of_another_exposure_time_are_the_last_resort(night):
    near, far = night.file("background", 11.0, 2.0), night.file("background", 12.0, 32.0)
    found = only([*night.science(), near, far])
    assert [one.dit_s for one in found.roles["science_backgrounds"]] == [32.0]
    assert note(found, "science_backgrounds").level == 3
    assert note(found, "science_backgrounds").light == "poor"
    found = only([*night.science(), near, far, night.file("background", -150)])
    assert [one.dit_s for one in found.roles["science_backgrounds"]] == [64.0]


@pytest.mark.parametrize(("setup", "level"), [({}, 1), (K_BAND, 2)])
def test_another_neutral_density_counts_more_in_the_k_band(night, setup, level):
    background = night.file("background", 11.0, neutral_density="ND_1.0", **setup)
    found = only([*night.science(**setup), background])
    assert note(found, "science_backgrounds").level == level


def test_thermal_backgrounds_are_kept_from_other_bands(night):
    thermal = night.file("background", 11.0, **K_BAND)
    assert "science_backgrounds" not in only([*night.science(), thermal]).roles
    cold = night.file("background", 11.0)
    assert "science_backgrounds" not in only([*night.science(**K_BAND), cold]).roles


def test_darks_are_risky_in_the_k_band(night):
    dark = night.file("dark", 11.0, coronagraph="N_NS_OPAQUE", filter="DB_NDH23")
    assert note(only([*night.science(), dark]), "science_backgrounds").level == 1
    assert note(only([*night.science(**K_BAND), dark]), "science_backgrounds").level == 3


def test_the_filter_of_a_dark_does_not_matter(night):
    dark = night.file("dark", 11.0, filter="DB_K12")
    assert note(only([*night.science(), dark]), "science_backgrounds").level == 1


def test_backgrounds_of_flux_follow_the_flux_exposures(night):
    files = only(night.complete()).roles["flux_backgrounds"]
    assert [(one.dit_s, one.neutral_density) for one in files] == [(2.0, "ND_1.0")]


def test_center_frames_ask_for_backgrounds_only_if_they_differ(night):
    science = night.science()
    same = only([*science, night.file("center", 0.9), night.file("background", 11)])
    assert all(one.role != "center_backgrounds" for one in same.calibrations)
    differing = only(
        [*science, night.file("center", 0.9, 16.0), night.file("background", 11, 16.0)]
    )
    assert hours(night, differing, "center_backgrounds") == [11.0]
    assert note(differing, "center").level == 1


def test_center_and_flux_before_and_after_are_both_taken(night):
    found = only(night.complete())
    assert hours(night, found, "center") == [0.9, 1.6]
    assert hours(night, found, "flux") == [0.8, 1.7]
    assert "before and after" in note(found, "flux").found


def test_center_of_another_coronagraph_is_risky_and_without_one_refused(night):
    science = night.science()
    other = only([*science, night.file("center", 0.9, coronagraph="N_ALC_YJ_S")])
    assert note(other, "center").level == 3
    none = only([*science, night.file("center", 0.9, coronagraph="N_NS_CLEAR")])
    assert "center" not in none.roles


def test_without_a_coronagraph_no_center_is_asked_for(night):
    found = only(night.science(coronagraph="N_NS_CLEAR"))
    assert all(one.role != "center" for one in found.calibrations)


def test_center_and_flux_of_another_star_are_not_taken(night):
    other = {"target": "HD 9", "ra_deg": 125.0}
    files = [night.file("center", 0.9, **other), night.file("flux", 0.8, 2.0, **other)]
    assert set(only([*night.science(), *files]).roles) == {"science"}


def test_flux_of_another_night_is_risky_and_of_another_filter_refused(night):
    science = night.science()
    late = only([*science, *(night.file("flux", 49 + i / 10, 2.0) for i in range(3))])
    assert note(late, "flux").level == 3
    assert len(late.roles["flux"]) == 3
    assert "flux" not in only([*science, night.file("flux", 0.8, 2.0, filter="DB_K12")]).roles


def test_flux_exposures_of_one_setting_only_are_taken(night):
    files = [
        night.file("flux", 0.8, 2.0, neutral_density="ND_1.0"),
        night.file("flux", 1.7, 2.0, neutral_density="ND_1.0"),
        night.file("flux", 1.8, 4.0, neutral_density="ND_2.0"),
    ]
    found = only([*night.science(), *files])
    assert hours(night, found, "flux") == [0.8, 1.7]
    assert "1 file is left aside" in note(found, "flux").text


def test_flats_of_several_exposure_times_come_before_nearer_ones_of_one(night):
    single = [night.file("flat", 11.0, 2.0) for _ in range(1)]
    rich = [night.file("flat", -40 + dit, dit) for dit in (1, 2, 3, 4, 5)]
    found = only([*night.science(), *single, *rich])
    assert {one.dit_s for one in found.roles["flats"]} == {1, 2, 3, 4, 5}
    assert note(found, "flats").level == 1


def test_flats_of_two_lamps_are_not_mixed(night):
    one = [night.file("flat", 11 + dit / 9, dit, elements={"lamp": "LAMP1"}) for dit in (1, 2, 3)]
    other = [night.file("flat", 11 + dit / 9, dit, elements={"lamp": "LAMP2"}) for dit in (4, 5)]
    found = only([*night.science(), *one, *other]).roles["flats"]
    assert len({file.elements["lamp"] for file in found}) == 1


def test_backgrounds_of_flats_fit_their_neutral_density_if_they_can(night):
    flats = [night.file("flat", 11 + dit / 9, dit) for dit in (2, 3)]
    backgrounds = [night.file("background", 12.0, 2.0), night.file("background", 12.1, 3.0)]
    dense = night.file("background", 11.9, 2.0, neutral_density="ND_1.0")
    found = only([*night.science(), *flats, *backgrounds, dense]).roles["flat_backgrounds"]
    assert {one.neutral_density for one in found} == {"OPEN"}
    found = only([*night.science(), *flats, dense]).roles["flat_backgrounds"]
    assert {one.neutral_density for one in found} == {"ND_1.0"}


def test_flats_of_another_filter_are_refused(night):
    flats = [night.file("flat", 11 + dit, dit, filter="BB_H") for dit in (1, 2)]
    assert "flats" not in only([*night.science(), *flats]).roles


def test_two_filters_in_one_night_each_have_their_own(night):
    k_band = [
        *night.science(3.0, **K_BAND),
        night.file("flux", 3.7, 2.0, **K_BAND),
        night.file("background", 11.0, **K_BAND),
    ]
    first, second = assemble_observations([*night.complete(), *k_band])
    for observation in (first, second):
        files = [one for role in observation.roles.values() for one in role]
        filters = {one.filter for one in files if one.kind != "dark"}
        assert filters == {observation.identity.filter}


def test_telemetry_must_overlap_with_a_science_frame(night):
    def telemetry(start, end):
        mjd = night.midnight_mjd + end / 24
        return night.file("telemetry", start, camera="vlt-sparta", end_mjd=mjd, n_planes=0)

    science = night.science(1.0)
    assert "telemetry" in only([*science, telemetry(1.2, 1.25)]).roles
    assert "telemetry" not in only([*science, telemetry(2.2, 2.3)]).roles


def test_telemetry_of_unknown_end_covers_what_follows(night):
    nan = float("nan")
    known = {"camera": "vlt-sparta", "dit_s": nan, "end_mjd": nan, "n_planes": 0}
    science = night.science(1.0)
    assert "telemetry" in only([*science, night.file("telemetry", 0.99, **known)]).roles
    assert "telemetry" not in only([*science, night.file("telemetry", 0.2, **known)]).roles


def test_star_hopping_gives_each_star_its_own_calibrations(night):
    other = {"target": "HD 5678", "ra_deg": 121.0}
    exposures = [
        *night.complete(),
        *night.science(1.52, **other),
        night.file("center", 1.5, **other),
    ]
    mine, his = sorted(assemble_observations(exposures), key=lambda one: one.identity.target)
    assert hours(night, mine, "center") == [0.9, 1.6]
    assert hours(night, his, "center") == [1.5]
    assert mine.roles["flats"] == his.roles["flats"]


def test_calibrations_that_hold_only_headers_are_left_out(night):
    bare = night.file("background", 11.0, n_planes=0)
    assert "science_backgrounds" not in only([*night.science(), bare]).roles


def test_the_key_stays_when_calibrations_arrive(night):
    alone, all_of_it = only(night.science()), only(night.complete())
    assert alone.key == all_of_it.key
    assert alone.key != only(night.science(filter="DB_K12")).key


def test_windows_must_grow():
    with pytest.raises(ConfigError, match="do not grow"):
        CalibrationRule(
            role="flats",
            title="",
            cameras=(),
            kinds=("flat",),
            match=(),
            windows_days=(3.0, 1.0),
            without="",
            wanted="",
        )


def test_numbers_at_the_edge_of_a_drawer_are_found(night):
    # 0.8349 and 0.8351 s are rounded to different hundredths, but differ by less than one.
    one, other = night.file("science", 1.0, 0.8349), night.file("background", 11.0, 0.8351)
    way = Way(kinds=("background",), match=("dit_s",))
    found = ExposureIndex([other]).find(("vlt-irdis", way), one, 0.0, 1e6)
    assert list(found) == [other]
    assert not same_setup(one, night.file("background", 11.0, 0.85), ("dit_s",))


def test_ranks_prefer_enough_files(night):
    rule = CalibrationRule(
        role="backgrounds",
        title="",
        cameras=("vlt-irdis",),
        kinds=("background",),
        match=("dit_s",),
        windows_days=(1.0, 3.0),
        least=2,
        without="",
        wanted="",
    )
    files = [night.file("background", at) for at in (11.0, -50.0, -49.0)]
    science = tuple(night.science())
    found = associate(rule, science, ExposureIndex(files), lambda _: True)
    assert [one.start_mjd < night.midnight_mjd for one in found.files] == [True, True]
    alone = associate(rule, science, ExposureIndex(files[:1]), lambda _: True)
    assert len(alone.files) == 1
    assert not alone.is_enough


@given(random=st.randoms(use_true_random=False), drop=st.sets(st.integers(0, 24), max_size=12))
def test_the_order_of_files_never_matters(night, random, drop):
    exposures = [one for i, one in enumerate(night.complete()) if i not in drop]
    shuffled = random.sample(exposures, len(exposures))
    assert assemble_observations(shuffled) == assemble_observations(exposures)


NAN = math.nan
strange_exposures = st.lists(
    st.builds(
        Exposure,
        name=st.integers(0, 40).map(str),
        path=st.just(Path("file.fits")),
        camera=st.sampled_from(["vlt-irdis", "vlt-ifs", "vlt-zimpol", "vlt-sparta", "other"]),
        kind=st.sampled_from(EXPOSURE_KINDS),
        target=st.sampled_from(["", "HD 1", "hd1", "\u03b2 Pic"]),
        ra_deg=st.sampled_from([NAN, 0.0, 359.9999, 120.0]),
        dec_deg=st.sampled_from([NAN, 0.0, -90.0]),
        start_mjd=st.sampled_from([NAN, 58616.0, 58616.01, 58616.4, 58617.0, 58680.0]),
        end_mjd=st.sampled_from([NAN, 58616.02, 58000.0]),
        night=st.sampled_from(["", "2019-05-12"]),
        dit_s=st.sampled_from([NAN, 0.0, 2.0, 64.0]),
        n_dit=st.integers(0, 40),
        n_planes=st.integers(0, 40),
        filter=st.sampled_from(["", "DB_H23", "DB_K12"]),
        template=st.sampled_from(["", "SPHERE_irdifs_obs"]),
        template_start=st.sampled_from(["", "2019-05-13T00:00:00"]),
        template_number=st.integers(0, 9),
        template_count=st.integers(0, 9),
    ),
    max_size=40,
)


@given(exposures=strange_exposures)
def test_headers_that_say_little_or_nonsense_do_no_harm(exposures):
    observations = assemble_observations(exposures)
    science = {(one.camera, one.name) for one in exposures if one.kind == "science"}
    others = {(one.camera, one.name) for one in exposures if one.kind != "science"}
    found = [(one.camera, one.name) for each in observations for one in each.science]
    assert len(found) == len(set(found))
    assert science >= set(found) - others
    assert len({one.key for one in observations}) == len(observations)
    for observation in observations:
        assert observation.to_dict()["light"] in ("good", "fair", "poor")
