"""Nights with something wrong, from files to companions, as their owner would meet them.

What is missing or broken must be said, with what to do about it; and the best reduction that is
still possible must come out, its numbers right, or a clear refusal. A few small nights are
simulated once; the cases are made of links to their files.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hcdc_kernel as hcdc
from hcdc_kernel.cli import main
from hcdc_kernel.datamodel import Candidates
from hcdc_kernel.errors import ConfigError, DataError, InputError, NotFoundError
from hcdc_kernel.runner.reduction import Reduction
from hcdc_kernel.synthetic.irdis import TruePlanet, Truth, simulate_night, small_night

pytestmark = pytest.mark.slow

PLANET = TruePlanet(450.0, 60.0, (4.0e-4, 6.0e-4))
NAME = "SIM-STAR_vlt-irdis_DB-H23_2018-11-05"
SMALL = {"calibrate-science.radius": "620 mas"}
STAR = ("science", "center", "flux")
BY_DAY = ("dark", "flat", "background", "sparta")


class Nights:
    """The simulated nights that all cases are made of, each simulated when first asked for."""

    def __init__(self, home: Path) -> None:
        self.home, self.truths = home, dict[str, Truth]()

    def truth(self, name: str) -> Truth:
        if name not in self.truths:
            scene = small_night(**{"planets": (PLANET,), "n_dit": 2, **self.scenes()[name]})
            self.truths[name] = Truth.read(simulate_night(scene, self.home / name))
        return self.truths[name]

    def scenes(self) -> dict[str, dict[str, Any]]:
        """The same star in the same hour, but for the other star, which takes turns with it."""
        here: dict[str, Any] = {"flux_after": False, "omit": BY_DAY}
        if "base" in self.truths:
            here["dec_deg"] = self.truths["base"].dec_deg
        single = (TruePlanet(450.0, 60.0, 4.0e-4),)
        return {
            "base": {"n_files": 4},
            "other": here | {
                "planets": (), "n_files": 4, "target": "OTHER_STAR", "seed": 2,
                "transit_utc_h": 5.0 + 345 / 3600, "dec_deg": None,
            },
            "broad": here | {
                "planets": single, "filter": "BB_H", "n_files": 2, "gap_s": 500.0,
                "omit": ("dark", "sparta", "background"),
            },
            "bright": here | {"n_files": 1, "flux_nd": "OPEN", "flux_dit_s": 4.0},
            "field": here | {"n_files": 4, "field_tracking": True, "position_angle_deg": 20.0},
            "waffle": here | {"n_files": 4, "continuous_waffle": True},
            "bare": here | {
                "n_files": 4, "coronagraph": "N_NS_CLEAR", "dit_s": 1.0, "magnitude": 9.0,
                "planets": (TruePlanet(450.0, 60.0, (4.0e-3, 6.0e-3)),),
            },
            "short": here | {"n_files": 3, "gap_s": 550.0, "dit_s": 4.0},
        }  # fmt: skip

    def files(self, name: str, keep: Callable[[Any], bool] = bool) -> list[Path]:
        """Paths of those files of a night that are to be kept; never its telemetry."""
        return [self.home / name / one.path for one in self.truth(name).files if keep(one)]

    def kind(self, name: str, *kinds: str) -> list[Path]:
        return self.files(name, lambda one: one.kind in kinds)

    def without(self, name: str, *kinds: str) -> list[Path]:
        return self.files(name, lambda one: one.kind not in kinds)


@dataclass
class Case:
    """One bad night in an archive of its own."""

    folder: Path
    capsys: Any
    told: str = ""
    workspace: Any = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = hcdc.Workspace.open(self.folder / "home")

    def link(self, files: Iterable[Path], name: str = "night") -> Path:
        """Make a folder of links."""
        night = self.folder / name
        night.mkdir(exist_ok=True)
        for path in files:
            if not (night / path.name).exists():
                (night / path.name).symlink_to(path)
        return night

    def hcdc(self, *words: object) -> int:
        """Run a command and remember what it writes."""
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        written = self.capsys.readouterr()
        self.told = written.out + written.err
        assert "Traceback" not in self.told
        return int(ended.value.code or 0)

    def ingest(self, files: Iterable[Path], name: str = "night") -> str:
        """Take files in; give what `hcdc ingest` and `hcdc check` say."""
        assert self.hcdc("ingest", self.link(files, name)) == 0
        told = self.told
        for one in self.workspace.observations():
            assert self.hcdc("check", one.name) == 0
            told += self.told
        return told

    def reduce(
        self, recipe: str = "adi-median", until: str | None = "characterize-candidates",
        name: str = "", **options: Any,
    ) -> Reduction:  # fmt: skip
        """Reduce the only observation, or the one named."""
        observation = name or self.workspace.observations()[0].name
        changes = SMALL | options.pop("settings", {})
        started: Reduction = self.workspace.start(observation, recipe, changes, **options)
        return started.run(until=until)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    found = Nights(tmp_path_factory.mktemp("nights"))
    found.truth("base")
    return found


@pytest.fixture
def case(hcdc_home: Path, capsys: pytest.CaptureFixture[str]) -> Case:
    return Case(hcdc_home.parent, capsys)


def assert_planet(
    reduction: Reduction, contrast: Iterable[float] | None = (4.0e-4, 6.0e-4)
) -> None:
    """See that the planet is where it was put, as bright as it was, within the errors."""
    found = reduction.result("candidates")
    assert isinstance(found, Candidates)
    rows = [i for i, label in enumerate(found.label) if label == "a"]
    first, channels = rows[0], rows[1:] or rows
    assert found.snr[first] > 5
    assert abs(found.separation_mas[first] - 450) < 3 * found.separation_error_mas[first] < 20
    turned = found.position_angle_deg[first] - 60
    assert abs(turned) < 3 * found.position_angle_error_deg[first] < 3
    if contrast is None:
        assert np.isnan(found.contrast).all()
    else:
        assert found.contrast[channels] == pytest.approx(list(contrast), rel=0.2)


def notes(reduction: Reduction, *names: str) -> str:
    """Everything that cube and PSF, or what is named, say about themselves."""
    return " ".join(
        text for name in names or ("cube", "psf") for text in reduction.result(name).notes
    )


MISSING = {
    # what is left out: (what check says, what the result says)
    "flat": ("Flat fields (fair)", "There is no flat field"),
    "background": ("Backgrounds of the science frames (poor)", "There is no background"),
    "center": ("the star's position is not measured", "no frames with satellite spots"),
    "flux": ("contrasts cannot be told", "The star's own brightness is not known"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_is_missing_is_told_and_the_planet_is_found_all_the_same(case, nights, kind):
    said, result = MISSING[kind]
    told = case.ingest(nights.without("base", kind))
    assert said.lower() in told.lower()
    assert "search the observatory's archive for" in told
    reduction = case.reduce()
    assert result in notes(reduction)
    assert_planet(reduction, None if kind == "flux" else (4.0e-4, 6.0e-4))


def test_science_files_alone_still_show_the_planet(case, nights):
    told = case.ingest(nights.kind("base", "science"))
    assert told.count("To get them, search the observatory's archive") >= 4
    assert "numbers 1 to 2" in told  # of the template, CENTER and FLUX were not copied
    reduction = case.reduce(until=None)
    assert_planet(reduction, None)
    assert reduction.result("quality").light == "poor"
    assert np.isnan(reduction.result("contrast").contrast).all()


def test_a_background_of_another_exposure_time_is_scaled_and_said_to_be_risky(case, nights):
    keep = nights.files(
        "base", lambda one: one.kind == "science" or (one.kind == "background" and one.dit_s == 4)
    )
    told = case.ingest(keep)
    assert "Backgrounds of the science frames (risky)" in told
    reduction = case.reduce(until="calibrate-science")
    assert "4 s instead of 16 s) and scaled" in notes(reduction)


@pytest.mark.parametrize("night", ["bright", "broad"])
def test_flux_frames_that_are_saturated_or_of_another_filter_give_no_contrast(case, nights, night):
    told = case.ingest(nights.without("base", "flux", "flat") + nights.kind(night, "flux"))
    reduction = case.reduce(until="calibrate-flux")
    assert not reduction.result("psf").absolute
    if night == "bright":
        assert "none could be used: frame 1 saturated" in notes(reduction, "psf")
    else:
        assert "Star beside the coronagraph (FLUX) (poor)" in told
        assert "There are no exposures of the star" in notes(reduction, "psf")


def test_filters_and_exposure_times_in_one_folder_are_told_apart(case, nights):
    keep = [*nights.without("base"), *nights.without("broad"), *nights.without("short")]
    case.ingest(keep)
    assert case.hcdc("observations") == 0
    rows = [line.split() for line in case.told.splitlines()[1:]]
    assert [(row[1], row[2], row[4]) for row in rows] == [
        ("4", "16", "1"), ("8", "16", "2"), ("6", "4", "2"),
    ]  # fmt: skip
    long, brief = (
        case.reduce(until="calibrate-flux", name=name).result("psf").star_flux
        for name in (NAME, f"{NAME}_2")
    )
    assert brief == pytest.approx(long / 4, rel=0.03)
    assert_planet(case.reduce(name=rows[0][0]), [4.0e-4])


def test_broken_files_are_passed_over_by_name_and_the_rest_is_reduced(case, nights):
    science, flat = nights.kind("base", "science"), nights.kind("base", "flat")
    night = case.link(set(nights.without("base")) - {science[1], flat[0]})
    (night / science[1].name).write_bytes(science[1].read_bytes()[:10_000_000])
    (night / flat[0].name).write_bytes(flat[0].read_bytes()[:5_000_000])
    (night / "SPHER.2018-11-06T05_00_00.000.fits").touch()
    (night / "notes.fits").write_text("The seeing was good.\n" * 99)
    (night / "SPHER.2018-11-06T05_11_11.000.fits.part").write_bytes(bytes(2880))
    told = case.ingest(())
    assert "5 passed over" in told
    assert "whole images of 2). Fetch the file again" in told
    assert "whole images of 1). Fetch the file again" in told
    assert "an empty file" in told
    assert "notes.fits' is no FITS file" in told
    assert "an unfinished download" in told
    assert "these are not here: number 4" in told
    reduction = case.reduce()
    assert reduction.result("cube").n_time == 6
    assert_planet(reduction)


def test_files_that_vanish_or_are_cut_after_they_were_taken_in_are_named(case, nights):
    science = nights.kind("base", "science")
    night = case.link(nights.kind("base", "flux"))
    for path in science:
        shutil.copy(path, night)
    case.ingest(())
    (night / science[1].name).write_bytes(science[1].read_bytes()[:10_000_000])
    cube = case.reduce(until="calibrate-science").result("cube")
    assert [reason.startswith("its file") for reason in cube.frames.reason] == [
        False, False, True, True, False, False, False, False,
    ]  # fmt: skip
    for path in science[2:]:
        (night / path.name).unlink()
    again = {"calibrate-science.bin": 2}
    with pytest.raises(NotFoundError, match=r"and 1 more are not where they were.*Ingest"):
        case.reduce(until="calibrate-science", settings=again)
    # Moved to another folder, taken in there: all is well, under the same name.
    case.ingest(science, "moved")
    assert [one.name for one in case.workspace.observations()] == [NAME]
    cube = case.reduce(until="calibrate-science", settings=again).result("cube")
    assert cube.frames.usable.all()


def test_calibrations_that_come_later_renew_the_reduction_under_the_same_name(case, nights):
    case.ingest(nights.kind("base", "science"))
    first = case.reduce()
    told = case.ingest(nights.without("base", "science"), "later")
    assert "changed" in told
    assert [one.name for one in case.workspace.observations()] == [NAME]
    second = case.reduce()
    assert second.names["residual"] != first.names["residual"]
    assert_planet(second)
    assert not notes(second)
    told = case.ingest(()) + case.ingest(nights.without("base", "science"), "later")
    assert "0 of them new" in told
    assert case.reduce(until="calibrate-science").done[-1].reused


def test_two_stars_in_turns_serve_each_other(case, nights):
    told = case.ingest([*nights.without("base"), *nights.kind("other", *STAR)])
    assert "in turns with OTHER_STAR (star hopping)" in told
    with pytest.raises(ConfigError, match="--references auto"):
        case.reduce("rdi-pca", name=NAME)
    settings = {"subtract-psf.n_modes": 4}
    assert_planet(case.reduce("rdi-pca", name=NAME, references="auto", settings=settings))


def test_without_telemetry_the_images_do_not_suffer(case, nights):
    told = case.ingest(nights.kind("base", "science"))
    assert "Telemetry of the adaptive optics (fair)" in told
    assert "The images do not suffer" in told
    assert "adaptive optics" not in notes(case.reduce(until="calibrate-science"))


def test_one_frame_is_calibrated_but_refused_by_adi(case, nights):
    one = nights.kind("base", "science")[0]
    whole = one.read_bytes()
    cards = whole.replace(b"NAXIS3  =                    2", b"NAXIS3  =                    1", 1)
    cards = cards.replace(b"DET NDIT = 2", b"DET NDIT = 1", 1)
    night = case.link(nights.kind("base", "center", "flux"))
    (night / one.name).write_bytes(cards[: len(whole) - 4 * 1024 * 2048])
    case.ingest(())
    assert case.reduce(until="center-star").result("cube").n_time == 1
    with pytest.raises(DataError, match="at least two usable frames"):
        case.reduce()


def test_a_sky_that_stands_still_gives_no_measured_companion(case, nights):
    told = case.ingest([*nights.without("base", *STAR), *nights.kind("field", *STAR)])
    assert "field tracking" in told
    assert "Choose a recipe of RDI" in told
    reduction = case.reduce(until=None)
    assert reduction.result("cube").frames.derotation_deg == pytest.approx(
        np.concatenate([one.derotation_deg for one in nights.truth("field").of_kind("science")]),
        abs=0.1,
    )
    found = reduction.result("candidates")
    measured = np.isfinite(found.contrast)
    assert not (measured & (found.separation_error_mas > 100)).any()
    lights = {one.name: one.light for one in reduction.result("quality").notes}
    assert lights["field-rotation"] == "poor"


def test_spots_that_are_always_on_center_every_frame(case, nights):
    told = case.ingest([*nights.without("base", *STAR), *nights.without("waffle")])
    assert "continuous waffle" in told
    reduction = case.reduce()
    assert reduction.result("cube").found_xy_px is not None
    assert_planet(reduction)


def test_without_coronagraph_no_center_is_asked_for(case, nights):
    told = case.ingest([*nights.without("base", *STAR), *nights.kind("bare", *STAR)])
    assert "CENTER" not in told
    assert_planet(case.reduce(), (4.0e-3, 6.0e-3))


def test_packed_files_are_as_good_as_plain_ones(case, nights):
    night = case.link(())
    for path in nights.kind("base", "science", "flux"):
        with gzip.open(night / f"{path.name}.gz", "wb", compresslevel=1) as packed:
            packed.write(path.read_bytes())
    case.ingest(())
    packed = case.reduce(until="calibrate-science").result("cube").data
    other = hcdc.Workspace.open(case.folder / "other-home")
    other.ingest_files([case.link(nights.kind("base", "science", "flux"), "plain")])
    plain = other.start(NAME, "adi-median", SMALL).run(until="calibrate-science").result("cube")
    np.testing.assert_array_equal(packed, plain.data)


def test_bare_headers_are_listed_but_refused_until_the_images_come(case, nights):
    night = case.link(())
    for path in nights.kind("base", "science", "flux"):
        whole = path.read_bytes()
        end = whole.index(b"END" + b" " * 77) // 2880 * 2880 + 2880
        (night / path.name).write_bytes(whole[:end])
    told = case.ingest(())
    assert "the images: there are only headers" in told
    with pytest.raises(InputError, match="headers without images"):
        case.reduce()
    told = case.ingest(nights.kind("base", "science", "flux"), "whole")
    assert "changed" in told
    assert case.reduce(until="calibrate-flux").result("psf").absolute


def test_the_calibration_alone_runs_through_the_batch_notebook(case, nights, tmp_path):
    case.ingest(nights.kind("base", "science", "flux"))
    small = ("--recipe", "irdis-imaging", "--set", "calibrate-science.radius=200")
    assert case.hcdc("reduce", NAME, *small, "--export", tmp_path / "out") == 0
    assert any(path.name.endswith("_cube.fits") for path in (tmp_path / "out").iterdir())
    assert case.hcdc("reduce", NAME, *small, "--export", "/proc/nowhere") == 1
    assert "could not be written" in case.told
