"""Raw files become observations, whichever way round science and calibrations come in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hcdc_kernel.archive import content_of
from hcdc_kernel.errors import InputError, NotFoundError
from hcdc_kernel.runner.raw_ingest import files_key

NIGHT = "2019-05-12"
NAME = f"HD-1234_vlt-irdis_DB-H23_{NIGHT}"


def roles(workspace) -> set[str]:
    return set(workspace._archive.inputs(NAME))


def test_science_files_make_an_observation(workspace, take_in, night):
    (made,) = take_in(night.science())
    info = made.observation
    assert (made.state, info.name, info.n_frames, info.n_wave) == ("new", NAME, 12, 2)
    assert info.facts["calibration"] == "irdis-imaging"
    assert info.facts["wavelength_um"] == pytest.approx([1.593, 1.667], abs=0.01)
    assert info.field_rotation_deg > 0
    assert {note["role"] for note in info.facts["calibrations"]} >= {"flats", "flux", "center"}


@pytest.mark.parametrize("science_first", [True, False])
def test_calibrations_are_found_before_and_after(workspace, take_in, night, science_first):
    science, others = night.science(), night.flats() + night.backgrounds()
    for files in (science, others) if science_first else (others, science):
        taken = take_in(files)
    assert [one.state for one in taken] == ["changed" if science_first else "new"]
    assert roles(workspace) == {"science", "flats", "flat_backgrounds", "science_backgrounds"}


def test_the_same_files_again_change_nothing(workspace, take_in, night):
    files = night.science() + night.flats()
    take_in(files)
    before = workspace.observations()
    assert [one.state for one in take_in(files)] == ["known"]
    assert workspace.observations() == before


def test_calibrations_that_concern_no_observation_are_kept_for_later(workspace, take_in, night):
    assert take_in(night.flats()) == ()
    assert len(workspace.exposures(kinds=["flat"])) == 5


def test_a_part_of_a_sequence_is_forgotten_when_the_beginning_comes(workspace, take_in, night):
    science = night.science(n=4)
    take_in(science[2:])
    take_in(science[:2])
    (info,) = workspace.observations()
    assert info.facts["n_files"] == 4


def test_a_part_that_was_reduced_stays(workspace, take_in, night, quick_steps):
    science = night.science(n=4)
    take_in(science[2:])
    workspace.start(NAME, "irdis-imaging").run()
    take_in(science[:2])
    assert len(workspace.observations()) == 2


def test_bare_headers_are_listed_and_not_reduced(workspace, take_in, night, quick_steps):
    bare = [replace(one, n_planes=0) for one in night.science()]
    (made,) = take_in(bare)
    assert made.observation.n_frames == 0
    assert made.observation.field_rotation_deg > 0  # as the header promises
    with pytest.raises(InputError, match="headers without images"):
        workspace.start(NAME)


def test_calibrations_that_are_bare_headers_are_left_out_of_the_plan(
    workspace, take_in, night, quick_steps
):
    bare = [replace(one, n_planes=0) for one in night.backgrounds()]
    take_in(night.science() + bare)
    assert "make-science-background" not in {
        task.step for task in workspace.start(NAME).plan.tasks
    }


def test_a_mode_without_calibration_is_listed_and_not_reduced(workspace, take_in, night):
    (made,) = take_in(night.science(mode="polarimetry", filter="BB_H"))
    with pytest.raises(InputError, match="cannot be reduced yet"):
        workspace.start(made.observation.name)


def test_moved_files_are_found_in_their_new_folder(workspace, take_in, night, quick_steps):
    files = night.science() + night.backgrounds()
    take_in(files)
    moved = night.folder.with_name("moved")
    night.folder.rename(moved)
    with pytest.raises(NotFoundError, match=r"not where they were.*Ingest its new folder"):
        workspace.start(NAME, "irdis-imaging").run()
    take_in([replace(one, path=moved / one.path.name) for one in files])
    workspace.start(NAME, "irdis-imaging").run()
    uid = workspace._archive.inputs(NAME)["science"].uid
    assert {one.path.parent for one in workspace.read(uid)} == {moved}


def test_equal_files_have_equal_keys_wherever_they_are_and_in_whatever_order(night):
    files = night.backgrounds()
    key = files_key("science_backgrounds", files)
    moved = [replace(one, path=night.folder / "x" / one.path.name) for one in files[::-1]]
    assert files_key("science_backgrounds", moved) == key
    assert files_key("science_backgrounds", files[:1]) != key
    understood_better = [replace(files[0], dit_s=32.0), files[1]]
    assert files_key("science_backgrounds", understood_better) != key


def test_two_stars_of_a_night_share_their_calibrations(workspace, take_in, two_stars, quick_steps):
    one, other = two_stars
    take_in(one.science() + other.science(3.0) + one.flats() + one.backgrounds())
    names = [info.name for info in workspace.observations()]
    assert len(names) == 2
    for name in names:
        workspace.start(name, "irdis-imaging").run()
    assert quick_steps["make-flat"] == quick_steps["make-science-background"] == 1
    assert quick_steps["calibrate-science"] == 2


def test_scripts_are_told_every_file_and_frame(workspace, take_in, night):
    take_in(night.science() + night.backgrounds())
    told = workspace.detail(NAME)
    assert told["mode"] == "dual-band"
    assert told["tracking"] == "pupil"
    science = [one for one in told["exposures"] if one["role"] == "science"]
    assert [len(one["mjd"]) for one in science] == [4, 4, 4]
    angles = [angle for one in science for angle in one["derotation_deg"]]
    turned = max(angles) - min(angles)
    assert turned == pytest.approx(told["field_rotation_deg"], abs=0.01)
    start, end = told["start_mjd"], told["end_mjd"]
    assert all(start < mjd < end for one in science for mjd in one["mjd"])
    assert [one["name"] for one in science] == told["files"]["science"]


def test_provenance_of_a_cube_leads_to_masters_and_raw_files(
    workspace, take_in, night, quick_steps
):
    files = night.science() + night.flats()
    take_in(files)
    reduction = workspace.start(NAME, "irdis-imaging").run()
    told = workspace.provenance(reduction.names["cube"])
    found = {one.attributes["sha256"] for one in told.entities if one.kind == "file"}
    assert found == {content_of(one) for one in files}
    assert "make-flat" in {one.label for one in told.activities}


def test_a_missing_calibration_is_listed_by_night(workspace, take_in, night):
    take_in(night.science())
    lacking = {one.role: one for one in workspace.missing_calibrations()}
    assert lacking["flats"].night == NIGHT
    assert lacking["flats"].observations == (NAME,)


def test_facts_of_raw_frames_are_told_for_tables(workspace, take_in, night):
    take_in(night.science())
    facts = dict(workspace.facts(NAME))
    assert facts["raw files"] == "3"
    assert facts["exposure time"] == "64 s"
    assert len(workspace.sources(NAME)) == 3
