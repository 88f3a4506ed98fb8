"""Raw files: entered once a content, found by camera and night, followed when they move."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest

from hcdc_kernel.archive import NewRawInput, NewRun, content_of
from hcdc_kernel.datamodel import Exposure, Identity
from hcdc_kernel.errors import ArchiveError

STAR = Identity("HD 1", "vlt-irdis", "DB_H23", "2020-03-07")


def raw(number: int, **more) -> Exposure:
    facts = {
        "name": f"SPHER.{number:04d}",
        "path": Path(f"/data/{number:04d}.fits"),
        "camera": "vlt-irdis",
        "kind": "science",
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "size": 100 + number,
        "night": "2020-03-07",
        "start_mjd": 58916.0 + number / 1000,
        "dit_s": 16.0,
        "n_planes": 4,
        "dither_xy_px": (1.5, -0.5),
    }
    return Exposure(**facts | more)


def listed(folder: Path, name: str, files: list[Exposure]) -> NewRawInput:
    content = folder / name
    content.write_text(" ".join(one.name for one in files))
    contents = tuple(content_of(one) for one in files)
    key = hashlib.sha256(f"{name} {sorted(contents)}".encode()).hexdigest()
    return NewRawInput(key, content, contents)


def test_exposures_come_back_as_they_were_in_the_order_of_time(archive):
    files = [raw(2, loops_closed=True), raw(1, dit_s=math.nan, notes=("odd",)), raw(3)]
    assert archive.add_exposures(files) == 3
    assert [one.to_dict() for one in archive.exposures()] == [
        one.to_dict() for one in (files[1], files[0], files[2])
    ]


def test_a_dither_that_is_not_known_stays_so(archive):
    archive.add_exposures([raw(1, dither_xy_px=(math.nan, 2.0))])
    x, y = archive.exposures()[0].dither_xy_px
    assert math.isnan(x)
    assert y == 2.0


def test_the_same_files_again_are_no_new_ones(archive):
    archive.add_exposures([raw(1), raw(2)])
    assert archive.add_exposures([raw(1), raw(2), raw(3)]) == 1
    assert len(archive.exposures()) == 3


def test_thousands_of_files_are_entered_at_once(archive):
    assert archive.add_exposures(raw(number) for number in range(1300)) == 1300
    assert len(archive.exposures()) == 1300


def test_a_moved_file_gets_its_new_path(archive):
    archive.add_exposures([raw(1)])
    archive.add_exposures([raw(1, path=Path("/elsewhere/a.fits"))])
    assert archive.exposures()[0].path == Path("/elsewhere/a.fits")
    contents = [content_of(raw(1)), "0" * 64]
    assert archive.locate(contents) == {contents[0]: Path("/elsewhere/a.fits")}


def test_exposures_are_found_by_camera_kind_and_night(archive):
    archive.add_exposures(
        [
            raw(1),
            raw(2, kind="flat"),
            raw(3, camera="vlt-ifs"),
            raw(4, night="2020-03-09"),
        ]
    )

    def names(**wanted) -> list[str]:
        return [one.name[-1] for one in archive.exposures(**wanted)]

    assert names(cameras=["vlt-irdis"]) == ["1", "2", "4"]
    assert names(kinds=["flat", "sky"]) == ["2"]
    assert names(first_night="2020-03-08") == ["4"]
    assert names(last_night="2020-03-08", cameras=["vlt-irdis"]) == ["1", "2"]


def test_a_file_with_images_stands_for_its_bare_header(archive):
    header = raw(1, sha256="a" * 64, n_planes=0, path=Path("/headers/1.hdr"))
    archive.add_exposures([raw(1)])
    archive.add_exposures([header])
    (found,) = archive.exposures()
    assert found.n_planes == 4


def test_a_file_that_was_not_measured_is_known_by_name_and_length(archive):
    archive.add_exposures([raw(1, sha256="")])
    assert archive.add_exposures([raw(1, sha256="")]) == 0
    assert archive.add_exposures([raw(1, sha256="", size=7)]) == 1


def test_an_observation_keeps_its_name_and_runs_when_calibrations_come_later(archive, tmp_path):
    science, flats = [raw(1), raw(2)], [raw(3, kind="flat")]
    archive.add_exposures(science)
    inputs = {"science": listed(tmp_path, "science", science)}
    first = archive.set_raw_observation(STAR, "ab" * 32, inputs, {"n_frames": 8, "notes": ["a"]})
    run = archive.start_run(NewRun(first.name, "adi-pca", "c" * 64))

    archive.add_exposures(flats)
    inputs["flats"] = listed(tmp_path, "flats", flats)
    second = archive.set_raw_observation(STAR, "ab" * 32, inputs, {"n_frames": 8, "notes": []})

    assert second.name == first.name == "HD-1_vlt-irdis_DB-H23_2020-03-07"
    assert second.facts == {"notes": []}
    assert {name: one.kind for name, one in archive.inputs(first.name).items()} == {
        "science": "exposures",
        "flats": "exposures",
    }
    assert archive.run(run.uid).observation == first.name
    assert [(one.role, one.path) for one in archive.sources(first.name)] == [
        ("flats", "/data/0003.fits"),
        ("science", "/data/0001.fits"),
        ("science", "/data/0002.fits"),
    ]


def test_other_frames_of_the_same_star_and_night_are_another_observation(archive, tmp_path):
    archive.add_exposures([raw(1), raw(2)])
    for number in (1, 2):
        inputs = {"science": listed(tmp_path, f"s{number}", [raw(number)])}
        archive.set_raw_observation(STAR, f"{number}" * 64, inputs, {})
    names = [one.name for one in archive.observations()]
    assert names == [STAR.name, f"{STAR.name}_2"]


def test_observations_share_the_list_of_their_common_calibrations(archive, tmp_path):
    archive.add_exposures([raw(1), raw(2), raw(3)])
    flats = listed(tmp_path, "flats", [raw(3)])
    keys = []
    for number in (1, 2):
        inputs = {"science": listed(tmp_path, f"s{number}", [raw(number)]), "flats": flats}
        info = archive.set_raw_observation(STAR, f"{number}" * 64, inputs, {})
        keys.append(archive.inputs(info.name)["flats"].uid)
    assert keys[0] == keys[1]


def test_provenance_leads_to_the_raw_files_also_of_inputs_that_were_replaced(
    archive, given, tmp_path
):
    archive.add_exposures([raw(1), raw(2, kind="dark"), raw(3, kind="sky")])
    inputs = {
        "science": listed(tmp_path, "science", [raw(1)]),
        "science_backgrounds": listed(tmp_path, "backgrounds", [raw(2)]),
    }
    info = archive.set_raw_observation(STAR, "ab" * 32, inputs, {})
    keys = tuple(one.key for one in inputs.values())
    made = archive.add_product(given.residual("r", info.name, inputs=keys))
    inputs["science_backgrounds"] = listed(tmp_path, "skies", [raw(3)])
    archive.set_raw_observation(STAR, "ab" * 32, inputs, {})

    told = archive.provenance(made.uid)
    files = {one.label for one in told.entities if one.kind == "file"}
    assert files == {"/data/0001.fits", "/data/0002.fits"}


def test_an_observation_without_products_is_removed(archive, given, tmp_path):
    archive.add_exposures([raw(1)])
    inputs = {"science": listed(tmp_path, "science", [raw(1)])}
    info = archive.set_raw_observation(STAR, "ab" * 32, inputs, {})
    assert archive.remove_observation(info.name)
    assert archive.observations() == []

    again = archive.set_raw_observation(STAR, "ab" * 32, inputs, {})
    archive.start_run(NewRun(again.name, "adi-pca", "c" * 64))
    assert not archive.remove_observation(again.name)
    assert len(archive.observations()) == 1


def test_a_bad_key_enters_nothing(archive, tmp_path):
    inputs = {"science": NewRawInput("no key", tmp_path / "gone", ())}
    with pytest.raises(ArchiveError, match="Not a content key"):
        archive.set_raw_observation(STAR, "ab" * 32, inputs, {})
    assert archive.observations() == []
