"""Science exposures become observations: what belongs together stays together."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.instruments.raw.grouping import group_science
from hcdc_kernel.instruments.raw.targets import Targets, plain_name, separation_arcsec


def grouped(exposures):
    on_star = [one for one in exposures if one.kind in ("science", "center", "flux")]
    return group_science(exposures, Targets(on_star))


def sizes(exposures):
    return sorted(len(group.science) for group in grouped(exposures))


def test_frames_of_one_sequence_make_one_observation(night):
    (group,) = grouped(night.science())
    assert len(group.science) == 6
    assert not group.is_waffle


def test_a_single_file_of_a_single_frame_is_an_observation(night):
    (group,) = grouped([night.file("science", 1.0, n_dit=1)])
    assert len(group.science) == 1


def test_a_sequence_over_midnight_is_one(night):
    assert sizes(night.science(hours=-0.25)) == [6]


def test_evenings_of_two_nights_are_two(night):
    assert sizes(night.science(2.0) + night.science(26.0, n=4)) == [4, 6]


def test_a_break_of_more_than_an_hour_splits(night):
    first, second = night.science(1.0), night.science(3.2)
    assert sizes(first + second) == [6, 6]


def test_a_break_is_counted_from_the_end_of_a_long_exposure(night):
    long = night.file("science", 1.0, n_dit=60)  # lasts 65 min
    assert sizes([long, night.file("science", 2.5, n_dit=60)]) == [2]


def test_a_break_filled_with_flux_and_center_frames_does_not_split(night):
    frames = night.science(1.0) + night.science(2.7)
    aside = [night.file("flux", 1.8, 2.0), night.file("center", 2.3)]
    assert sizes(frames) == [6, 6]
    assert sizes(frames + aside) == [12]
    other_filter = [replace(one, filter="DB_K12") for one in aside]
    assert sizes(frames + other_filter) == [6, 6]


def test_two_stars_are_two(night):
    other = {"target": "HD 5678", "ra_deg": 121.0}
    assert sizes(night.science(1.0) + night.science(1.5, n=3, **other)) == [3, 6]


@pytest.mark.parametrize("spelling", ["HD1234", "hd_1234", "HD  1234", "Gl 99 alias"])
def test_one_place_is_one_star_however_its_name_is_written(night, spelling):
    renamed = night.science(1.5, n=2, target=spelling, ra_deg=120.002)
    assert sizes(night.science(1.0) + renamed) == [8]


def test_one_name_at_two_places_is_two_stars(night):
    assert sizes(night.science(1.0) + night.science(1.5, n=2, ra_deg=125.0)) == [2, 6]


def test_without_a_place_the_name_decides(night):
    nowhere = {"ra_deg": math.nan, "dec_deg": math.nan}
    frames = night.science(1.0) + night.science(1.5, n=2, target="hd1234", **nowhere)
    assert sizes(frames) == [8]
    assert sizes(frames + night.science(1.6, n=1, target="HD 9", **nowhere)) == [1, 8]


def test_without_name_and_place_the_observing_block_decides(night):
    nowhere = {"target": "", "ra_deg": math.nan, "dec_deg": math.nan}
    frames = night.science(1.0, n=2, block_id="1", **nowhere)
    assert sizes(frames + night.science(1.2, n=3, block_id="2", **nowhere)) == [2, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"filter": "DB_K12"},
        {"dit_s": 32.0},
        {"coronagraph": "N_ALC_Ks"},
        {"tracking": "field"},
        {"mode": "polarimetry"},
        {"camera": "vlt-ifs"},
        {"template": "SPHERE_irdis_obs_exp_DBI"},
        {"neutral_density": "ND_1.0"},
    ],
)
def test_another_setup_is_another_observation(night, change):
    assert sizes(night.science(1.0) + night.science(1.02, n=3, **change)) == [3, 6]


def test_exposure_times_equal_to_a_hundredth_of_a_second_are_equal(night):
    frames = [night.file("science", 1 + i / 10, dit) for i, dit in enumerate((0.8349, 0.8351))]
    assert sizes(frames) == [2]
    assert sizes([*frames, night.file("science", 1.3, 0.86)]) == [1, 2]


def test_two_stars_taking_turns_are_two_sequences_and_not_more(night):
    other = {"target": "HD 5678", "ra_deg": 121.0}
    # Each star is left for an hour and a half, while the other one is observed.
    mine = night.science(1.0, n=15) + night.science(4.0, n=15)
    his = night.science(2.4, n=15, **other) + night.science(5.4, n=15, **other)
    groups = grouped(mine + his)
    assert [len(group.science) for group in groups] == [30, 30]
    assert groups[0].in_turns_with == ("HD 5678",)
    assert groups[1].in_turns_with == ("HD 1234",)


def test_a_survey_of_many_stars_does_not_fill_a_break(night):
    second, third = (
        {"target": "HD 5678", "ra_deg": 121.0},
        {"target": "HD 9", "ra_deg": 122.0},
    )
    frames = night.science(1.0) + night.science(3.0)
    between = night.science(1.6, n=8, **second) + night.science(2.3, n=8, **third)
    assert sizes(frames + between) == [6, 6, 8, 8]


def test_spots_all_the_time_make_center_frames_science(night):
    frames = [night.file("center", 1 + i / 12) for i in range(12)]
    (group,) = grouped(frames)
    assert group.is_waffle
    assert len(group.science) == 12


def test_a_few_center_frames_alone_are_no_observation(night):
    assert grouped([night.file("center", 1.0)]) == ()


def test_center_frames_beside_science_frames_are_no_observation(night):
    centers = [night.file("center", 2 + i / 12) for i in range(12)]
    assert sizes(night.science(1.0) + centers) == [6]


def test_files_without_a_time_do_no_harm(night):
    timeless = replace(night.file("science", 9.0), start_mjd=math.nan, end_mjd=math.nan, night="")
    assert sizes([*night.science(1.0), timeless]) == [1, 6]


def test_names_keep_the_sign_of_the_declination():
    assert plain_name("2M J0122-2439") != plain_name("2M J0122+2439")
    assert plain_name("Object name not set") == ""


def test_separation_holds_over_the_meridian():
    assert separation_arcsec((359.999, 0.0), (0.001, 0.0)) == pytest.approx(7.2)
    assert separation_arcsec((10.0, 60.0), (10.01, 60.0)) == pytest.approx(18.0, rel=1e-4)


@given(
    hours=st.lists(st.integers(-48, 48), min_size=1, max_size=14, unique=True),
    names=st.lists(st.sampled_from(["HD 1234", "hd1234", "HD 9", ""]), min_size=14, max_size=14),
    random=st.randoms(use_true_random=False),
)
def test_each_science_exposure_is_in_exactly_one_group_in_any_order(night, hours, names, random):
    places = {"HD 1234": 120.0, "hd1234": 120.001, "HD 9": 121.0, "": math.nan}
    frames = [
        night.file("science", hour / 2, target=name, ra_deg=places[name])
        for hour, name in zip(hours, names, strict=False)
    ]
    shuffled = random.sample(frames, len(frames))
    groups = grouped(frames)
    assert [group.science for group in groups] == [group.science for group in grouped(shuffled)]
    found = sorted(one.name for group in groups for one in group.science)
    assert found == sorted(one.name for one in frames)
