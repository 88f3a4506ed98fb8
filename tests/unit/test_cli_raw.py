"""Commands for raw frames: what they write, and how they end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

import hcdc_kernel as hcdc
from hcdc_kernel.archive import NewProduct, NewRun
from hcdc_kernel.cli import main
from hcdc_kernel.datamodel import Identity, Master
from hcdc_kernel.io import write_data
from hcdc_kernel.synthetic import small_scene, write_sequence
from hcdc_kernel.synthetic.irdis import Truth, simulate_night, small_night

NAME = "SIM-STAR_vlt-irdis_DB-H23_2018-11-05"
LACKING = {"flats", "flux", "center", "science_backgrounds"}


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Path:
    """Two raw science files of two frames each, nothing else."""
    folder = tmp_path_factory.mktemp("night")
    scene = replace(small_night(planets=(), n_files=2, n_dit=2, n_flux_dit=1, n_center_dit=1))
    omit = ("dark", "flat", "background", "center", "flux", "sparta")
    return simulate_night(replace(scene, omit=omit), folder)


@pytest.fixture
def hcdc_command(hcdc_home: Path, capsys: pytest.CaptureFixture[str]):
    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_a_folder_of_raw_files_is_taken_in(hcdc_command, night):
    code, out, err = hcdc_command("ingest", night)
    assert code == 0
    assert NAME in out
    assert "passed over" in err  # the truth is no FITS file
    assert "2 files taken in, 2 of them new" in err


def test_ingest_tells_scripts_everything(hcdc_command, night):
    hcdc_command("ingest", night)
    code, out, _ = hcdc_command("ingest", "--json", night)
    told = json.loads(out)
    assert code == 0
    assert (told["n_files"], told["n_new"]) == (2, 0)
    assert [one["state"] for one in told["observations"]] == ["known"]
    assert told["refused"][0]["path"].endswith("truth.json")


def test_nothing_that_can_be_used_ends_with_1(hcdc_command, tmp_path):
    (tmp_path / "notes.fits").write_text("no FITS file")
    code, out, err = hcdc_command("ingest", tmp_path)
    assert (code, out) == (1, "")
    assert "notes.fits" in err


def test_descriptions_and_raw_files_are_taken_in_together(hcdc_command, night, tmp_path):
    description = write_sequence(small_scene(), tmp_path / "calibrated")
    code, out, _ = hcdc_command("ingest", description, night)
    assert code == 0
    assert len(hcdc.Workspace.open().observations()) == 2
    assert out.splitlines()[0] in {info.name for info in hcdc.Workspace.open().observations()}


def test_observations_are_listed_with_what_they_lack(hcdc_command, night):
    hcdc_command("ingest", night)
    _, out, _ = hcdc_command("observations")
    assert "poor" in out
    assert "Flat" in out
    _, out, _ = hcdc_command("observations", NAME)
    assert "dual-band" in out
    assert "16 s" in out


def headers_of(night: Path, folder: Path) -> Path:
    """Copy the headers of the science files, not their images."""
    folder.mkdir()
    for path in sorted(night.glob("*.fits")):
        whole = path.read_bytes()
        images = 2 * 1024 * 2048 * 4
        (folder / path.name).write_bytes(whole[: len(whole) - images - (-images % 2880)])
    return folder


def test_bare_headers_are_listed_as_such(hcdc_command, night, tmp_path):
    code, out, err = hcdc_command("ingest", headers_of(night, tmp_path / "headers"))
    assert code == 0
    assert "2 of them without images" in err
    assert "there are only headers" in out
    assert "no recipe" not in out
    code, _, err = hcdc_command("reduce", NAME)
    assert code == 1
    assert "headers without images" in err
    _, out, _ = hcdc_command("ingest", night)  # the whole files come later
    assert "changed" in out
    assert "only headers" not in out


def test_files_that_no_observation_needs_are_told(hcdc_command, tmp_path):
    scene = small_night(planets=(), n_files=1, n_dit=1, dec_deg=-30.0, n_background_dit=1)
    omit = ("dark", "flat", "center", "flux", "sparta")
    folder = simulate_night(replace(scene, omit=omit), tmp_path / "night")
    science = Truth.read(folder).of_kind("science")[0].path
    (folder / science).unlink()
    code, out, err = hcdc_command("ingest", folder)
    assert (code, out) == (0, "")
    assert "no observation needs them" in err


def test_an_empty_folder_is_told(hcdc_command, tmp_path):
    (tmp_path / "empty").mkdir()
    code, out, err = hcdc_command("ingest", tmp_path / "empty")
    assert (code, out) == (1, "")
    assert "no file in there" in err


def test_a_recipe_with_references_says_how_to_name_them(hcdc_command, night):
    hcdc_command("ingest", night)
    code, _, err = hcdc_command("reduce", NAME, "--recipe", "rdi-pca")
    assert code == 1
    assert "needs frames of other stars" in err
    assert "--references auto" in err


def test_one_observation_is_told_to_scripts_frame_by_frame(hcdc_command, night):
    hcdc_command("ingest", night)
    told = json.loads(hcdc_command("observations", NAME, "--json")[1])
    assert told["coronagraph"] == "N_ALC_YJH_S"
    frames = [one for one in told["exposures"] if one["role"] == "science"]
    assert [len(one["derotation_deg"]) for one in frames] == [2, 2]
    assert all(Path(one["path"]).parent == night for one in frames)
    assert {one["role"] for one in told["calibrations"] if one["level"] is None} >= LACKING


def test_check_says_what_it_means_that_a_calibration_is_missing(hcdc_command, night):
    hcdc_command("ingest", night)
    _, out, _ = hcdc_command("check", NAME)
    assert "search the observatory's archive" in out
    told = json.loads(hcdc_command("check", NAME, "--json")[1])
    assert told["light"] == "poor"
    rows = json.loads(hcdc_command("check", "--json")[1])
    assert {row["role"] for row in rows} >= LACKING
    assert "2018-11-05" in hcdc_command("check")[1]


def test_check_of_a_calibrated_sequence(hcdc_command, tmp_path):
    hcdc_command("ingest", write_sequence(small_scene(), tmp_path / "calibrated"))
    name = hcdc.Workspace.open().observations()[0].name
    assert "came calibrated" in hcdc_command("check", name)[1]


def test_the_calibration_is_shown_with_its_settings(hcdc_command):
    _, out, _ = hcdc_command("recipes", "irdis-imaging")
    assert "make-flat" in out
    assert "calibrate-science." in out
    assert "irdis-imaging" in hcdc_command("recipes")[1]


def made_by_hand(tmp_path: Path) -> None:
    """Put a master calibration and a finished run into the archive."""
    workspace = hcdc.Workspace.open()
    archive = workspace._archive
    plane = np.ones((4, 6), np.float32)
    master = Master(
        "background", plane, plane, np.zeros((4, 6), np.uint8), {"dit_s": 16.0},
        {"read_noise_adu": 4.25}, Identity("background", "vlt-irdis", "DB_H23", "2018-11-05"),
    )  # fmt: skip
    write_data(tmp_path / "master.fits", master)
    write_sequence(small_scene(), tmp_path / "calibrated")
    from hcdc_kernel.synthetic import make_sequence

    write_data(tmp_path / "cube.fits", make_sequence(small_scene()).cube)
    run = archive.start_run(NewRun(NAME, "irdis-imaging", "c" * 64))
    for name, kind, step in (
        ("master", "master", "make-science-background"),
        ("cube", "cube", "calibrate-science"),
    ):
        called = "science_background" if kind == "master" else "cube"
        archive.add_product(
            NewProduct(
                kind[0] * 64 if kind == "cube" else "ab" * 32,
                kind, called, "fits", tmp_path / f"{name}.fits", NAME, run.uid, step,
            )
        )  # fmt: skip
    archive.finish_run(run.uid, "finished")


def test_master_calibrations_are_listed_and_handed_out(hcdc_command, night, tmp_path):
    hcdc_command("ingest", night)
    made_by_hand(tmp_path)
    _, out, _ = hcdc_command("calibrations")
    assert "read_noise_adu 4.25" in out
    assert json.loads(hcdc_command("calibrations", "--night", "2018-11-06", "--json")[1]) == []
    (told,) = json.loads(hcdc_command("calibrations", "--kind", "background", "--json")[1])
    assert told["setup"] == {"dit_s": 16.0}
    _, out, _ = hcdc_command("calibrations", "export", tmp_path / "out")
    (path,) = map(Path, out.split())
    assert fits.getheader(path)["HCDC QC READ NOISE ADU"] == 4.25


@pytest.mark.parametrize("masters", [False, True])
def test_export_of_raw_frames_tells_their_calibrations(hcdc_command, night, tmp_path, masters):
    hcdc_command("ingest", night)
    made_by_hand(tmp_path)
    workspace = hcdc.Workspace.open()
    (run,) = workspace.runs()
    files = workspace.export(run.uid, tmp_path / "out", masters=masters)
    ends = {path.name.rpartition("2024-03-15_")[2] for path in files}
    assert ends == {"cube.fits", "calibrations.ecsv"} | (
        {"science_background.fits"} if masters else set()
    )
    table = Table.read(next(path for path in files if path.suffix == ".ecsv"))
    assert set(table["role"]) >= LACKING
    assert table.meta["calibration"] == "irdis-imaging"
