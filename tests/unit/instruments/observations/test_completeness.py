"""What is missing or lower than planned is said, with what follows and what to do."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from hcdc_kernel.instruments.raw import assemble_observations, read_exposures
from hcdc_kernel.instruments.sphere.rules import sphere_rules


def only(exposures):
    (observation,) = assemble_observations(exposures)
    return observation


def note(observation, role):
    return next(one for one in observation.calibrations if one.role == role)


@pytest.mark.parametrize(
    ("kind", "role", "light", "words"),
    [
        ("center", "center", "poor", "usual place of the coronagraph"),
        ("flux", "flux", "poor", "contrasts cannot be told; the images are still reduced"),
        ("background", "science_backgrounds", "poor", "stay in the images"),
        ("flat", "flats", "fair", "sensitivity between pixels"),
        ("dark", "flat_backgrounds", "fair", "rise with exposure time"),
        ("telemetry", "telemetry", "fair", "Strehl ratio of each frame stays unknown"),
    ],
)
def test_each_missing_calibration_is_named_with_what_follows(night, kind, role, light, words):
    exposures = [one for one in night.complete() if one.kind != kind]
    if kind in ("background", "dark"):  # the one would serve instead of the other
        others = [one for one in exposures if one.kind not in ("background", "dark")]
        long = [one for one in exposures if one.kind == "background" and one.dit_s > 60]
        exposures = [*others, *long]
    observation = only(exposures)
    found = note(observation, role)
    assert role not in observation.roles
    assert (found.light, found.level, found.found) == (light, None, "none")
    assert words in found.text
    assert "search the observatory's archive for" in found.text


def test_a_missing_background_says_what_to_search_for(night):
    text = note(only(night.science()), "science_backgrounds").text
    for words in ("DARK,BACKGROUND", "DIT 64 s", "DB_H23", "no neutral density"):
        assert words in text
    assert "taken on 2019-05-12 or 2019-05-13" in text


def test_what_was_found_is_summed_up_in_a_line(night):
    found = note(only(night.complete()), "science_backgrounds")
    assert found.found == "3 background files, 2019-05-13, DIT 64 s, 0.4 d after"
    assert found.text == "As the calibration plan asks."
    flats = note(only(night.complete()), "flats")
    assert flats.found == "5 files, 2019-05-13, DIT 1, 2, 3, 4, 5 s, 0.4 d after"


def test_no_flux_means_no_note_on_its_backgrounds(night):
    exposures = [one for one in night.complete() if one.kind != "flux"]
    assert all(one.role != "flux_backgrounds" for one in only(exposures).calibrations)


def test_flats_of_a_single_exposure_time_are_no_flats(night):
    observation = only([*night.science(), *(night.file("flat", 11 + i, 2.0) for i in range(3))])
    found = note(observation, "flats")
    assert "flats" not in observation.roles
    assert "At least 2 different exposure times are needed" in found.text
    assert found.found.startswith("3 files")


def test_flats_of_few_exposure_times_are_fair(night):
    flats = [night.file("flat", 11 + dit, dit) for dit in (1, 2)]
    found = note(only([*night.science(), *flats]), "flats")
    assert (found.light, found.level) == ("fair", 0)
    assert "2 exposure times, 5 are planned" in found.text


def test_flats_of_nearly_all_exposure_times_are_good(night):
    flats = [night.file("flat", 11 + dit, dit) for dit in (1, 2, 3, 4)]
    found = note(only([*night.science(), *flats]), "flats")
    assert found.light == "good"
    assert found.text == "They have 4 exposure times, 5 are planned."


def test_flats_with_backgrounds_for_some_exposure_times_only(night):
    exposures = [one for one in night.complete() if (one.kind, one.dit_s) != ("dark", 3)]
    observation = only(exposures)
    assert len(observation.roles["flat_backgrounds"]) == 4
    found = note(observation, "flat_backgrounds")
    assert found.light == "fair"
    assert "There are none for DIT 3 s" in found.text


def test_late_calibrations_say_how_late(night):
    found = note(only([*night.science(), night.file("background", 151.0)]), "science_backgrounds")
    assert (found.light, found.level) == ("fair", 2)
    assert "6.2 d from the frames they serve, planned is 1.0 d at most" in found.text
    assert "To get better ones" in found.text


def test_the_worst_light_sums_up(night):
    exposures = [one for one in night.complete() if one.kind != "flat"]
    assert only(exposures).light == "fair"
    assert only([one for one in exposures if one.kind != "flux"]).light == "poor"


def test_continuous_waffle_needs_no_center_frames(night):
    frames = [night.file("center", 1 + i / 12) for i in range(12)]
    observation = only(frames)
    assert observation.roles["science"] == observation.roles["center"]
    assert note(observation, "center").light == "good"
    assert observation.calibration == "irdis-imaging"
    assert any("continuous waffle" in text for text in observation.notes)


def test_a_sky_that_stands_still_is_told(night):
    (text,) = [t for t in only(night.science(tracking="field")).notes if "field tracking" in t]
    assert "RDI" in text
    assert not [t for t in only(night.science()).notes if "field tracking" in t]


def test_star_hopping_is_told_with_the_other_star(night):
    other = {"target": "HD 5678", "ra_deg": 121.0}
    turns = [night.science(1 + i / 2, **(other if i % 2 else {})) for i in range(4)]
    mine, his = assemble_observations(one for turn in turns for one in turn)
    assert any("in turns with HD 5678 (star hopping)" in text for text in mine.notes)
    assert any("in turns with HD 1234 (star hopping)" in text for text in his.notes)


def test_too_few_exposures_of_a_lamp_are_told(night):
    ifs = {"camera": "vlt-ifs", "mode": "ifu", "filter": "OBS_YJ"}
    flat = night.file("detector-flat", 11.0, 2.0, elements={"combination": "CAL_BB_2_YJ"}, **ifs)
    found = note(only([*night.science(**ifs), flat]), "detector_flats")
    assert found.level is None
    assert found.text.startswith("At least 2 files are needed.")


def test_many_oddities_of_headers_are_cut_short(night):
    frames = [replace(one, notes=(f"oddity {i}",)) for i, one in enumerate(night.science(n=9))]
    (last,) = [text for text in only(frames).notes if "more oddities" in text]
    assert last.startswith("3 more")


def test_odd_names_and_programs_are_told(night):
    frames = night.science()
    frames[2:4] = [replace(one, target="HD1234", program="60.A-9800(S)") for one in frames[2:4]]
    notes = only(frames).notes
    assert "The star's name is written in 2 ways: HD 1234, HD1234." in notes
    assert any("2 programs: 1100.C-0481(D), 60.A-9800(S)" in text for text in notes)


def test_files_without_images_are_left_out_and_told(night):
    frames = night.science()
    frames[0] = replace(frames[0], n_planes=0)
    observation = only(frames)
    assert len(observation.science) == 5
    assert any("1 of 6 science files hold a header only" in text for text in observation.notes)


def test_headers_alone_are_listed_but_not_reduced(night):
    observation = only([replace(one, n_planes=0) for one in night.science()])
    assert len(observation.science) == 6
    assert observation.calibration == ""
    assert any("headers only" in text for text in observation.notes)


def test_files_cut_short_are_told(night):
    frames = night.science()
    frames[1] = replace(frames[1], n_planes=1)
    assert any("3 frames that their headers promise" in text for text in only(frames).notes)


def test_open_loops_and_missing_places_and_times_are_told(night):
    nan = math.nan
    frames = [replace(one, loops_closed=False, ra_deg=nan) for one in night.science(n=2)]
    notes = only(frames).notes
    assert any("not locked in 2 of 2" in text for text in notes)
    assert any("do not say where they point" in text for text in notes)
    timeless = only([replace(frames[0], start_mjd=nan, end_mjd=nan, night="")])
    assert any("have no time" in text for text in timeless.notes)


def test_notes_of_headers_are_gathered(night):
    frames = [replace(one, notes=("DET NDIT is missing",)) for one in night.science(n=3)]
    assert "DET NDIT is missing (3 of 3 science files)." in only(frames).notes


def numbered(frames, numbers, count):
    return [
        replace(one, template_start="2019-05-13T01:00:00", template_number=n, template_count=count)
        for one, n in zip(frames, numbers, strict=True)
    ]


def missing(observation):
    return [text for text in observation.notes if "are not here" in text]


def test_a_file_missing_in_the_middle_is_noticed_by_the_pause(night):
    frames = night.science(n=6)
    assert not missing(only(numbered(frames, range(1, 7), 6)))
    kept = numbered(frames, range(1, 7), 6)
    del kept[3]
    (text,) = missing(only(kept))
    assert "number 4" in text


def test_numbers_that_another_camera_took_are_not_missing(night):
    # Files of 4 frames of 64 s follow one another every 5 min: no time for any between.
    assert not missing(only(numbered(night.science(n=5), (3, 8, 13, 18, 23), 24)))


def test_a_template_that_was_stopped_is_noticed(night):
    (text,) = missing(only(numbered(night.science(n=6), range(1, 7), 40)))
    assert "numbers 7 to 40" in text


def test_a_mode_without_a_recipe_says_so(night):
    observation = only(night.science(camera="vlt-zimpol", mode="imaging", filter="N_R"))
    assert observation.calibration == ""
    assert any("cannot be reduced here yet" in text for text in observation.notes)
    assert {"biases", "darks", "flats"} <= {one.role for one in observation.calibrations}


def test_a_camera_without_rules_still_makes_observations(night):
    observation = only(night.science(camera="elsewhere-camera"))
    assert observation.calibrations == ()
    assert set(observation.roles) == {"science"}


def test_the_report_is_plain(night):
    plain = only(night.complete()).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["roles"]["center"][0].startswith("vlt-irdis-center")
    assert {"role", "title", "light", "level", "found", "text"} == set(plain["calibrations"][0])


def test_copies_count_once(night):
    exposures = night.complete()
    copies = [replace(one, path=one.path.with_suffix(".fits.Z"), n_planes=0) for one in exposures]
    assert assemble_observations(exposures + copies) == assemble_observations(exposures)


def test_every_rule_can_be_served_and_says_what_it_is_for():
    rules = sphere_rules()
    for rule in rules:
        earlier = {"science"} | {
            one.role for one in rules[: rules.index(rule)] if one.cameras == rule.cameras
        }
        assert rule.serves in earlier
        assert not rule.unlike or rule.unlike in earlier
        assert rule.title
        assert rule.without.endswith(".")
        assert rule.wanted
        for way in rule.ways:
            assert 0 <= way.level < len(rule.windows_days)
            assert way.level == 0 or way.text.endswith(".")


def test_a_real_night_of_the_spectrograph(real_data):
    exposures, _ = read_exposures(sorted((real_data / "eso_headers").glob("SPHER.2020-03-08*")))
    observation = only(exposures)
    assert observation.identity.name == "A124420_vlt-ifs_OBS-YJ_2020-03-07"
    counts = {role: len(files) for role, files in observation.roles.items()}
    assert counts == {"science": 4, "center": 1, "flux": 1, "wavelength": 1}
    assert note(observation, "center").found == "1 file, 2020-03-08, DIT 64 s, 1 min before"
    assert note(observation, "wavelength").light == "good"
    assert note(observation, "science_backgrounds").light == "poor"
    assert note(observation, "spectra_positions").light == "poor"
    # Numbers 4 to 7 of the template were taken by the other camera, not lost.
    assert not missing(observation)
    assert any("headers only" in text for text in observation.notes)
