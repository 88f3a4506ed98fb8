"""What finished runs keep, and how the rest comes back when it is needed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hcdc_kernel as hcdc
from hcdc_kernel import plugins
from hcdc_kernel.archive import NewProduct, NewRun
from hcdc_kernel.cli import main
from hcdc_kernel.errors import ConfigError, StoreError
from hcdc_kernel.recipes import parse_setting
from hcdc_kernel.runner.execute import RunRequest, run_key
from hcdc_kernel.runner.keeping import drop_intermediates, intermediates
from hcdc_kernel.runner.places import notebook_path

RESULTS = ["science_background", "flux_background", "flat", "psf", "cube", "residual"]
ON_THE_WAY = ["cube", "cube", "residual_cube"]


@pytest.fixture
def observation(night, take_in, quick_steps) -> str:
    take_in([*night.science(), *night.backgrounds(), *night.flats(), night.file("flux", 1.4)])
    return hcdc.Workspace.open().observations()[0].name


@pytest.fixture
def recipe(tmp_path) -> str:
    """Steps as far as the residual."""
    path = tmp_path / "short.yaml"
    steps = "[center-star, select-frames, subtract-psf, combine-frames]"
    path.write_text(f"name: short\ntitle: Short\nsteps: {steps}\n")
    return str(path)


class Runs:
    """Runs of the short recipe without the notebook around it."""

    def __init__(self, workspace: hcdc.Workspace, observation: str, recipe: str) -> None:
        self.workspace, self.observation, self.recipe = workspace, observation, recipe
        self.archive = workspace._archive

    def do(self, keep, change="", *, status="finished", recipe="", key="0" * 64) -> str:
        new = NewRun(self.observation, self.recipe, key, keep=keep)
        uid = self.archive.start_run(new).uid
        settings = dict([parse_setting(change)]) if change else {}
        chosen = recipe or self.recipe
        self.reduction = self.workspace.start(self.observation, chosen, settings, run=uid).run()
        if status != "running":
            self.archive.finish_run(uid, status)
        if status == "finished" and keep == "final":
            drop_intermediates(self.archive, uid)
        return uid

    def names(self, uid: str, *, dropped: bool) -> list[str]:
        made = self.archive.products(run=uid)
        return [one.name for one in made if one.step and one.dropped == dropped]

    def product(self, step: str):
        made = self.workspace.products(self.observation)
        return next(product for product in made if product.step == step)

    def done(self) -> list[str]:
        return [step.name for step in self.reduction.done if not step.reused]


@pytest.fixture
def runs(workspace, observation, recipe) -> Runs:
    return Runs(workspace, observation, recipe)


def steps_of(*pair) -> list[str]:
    return [one.history[-1].step for one in pair]


def stored_bytes(workspace: hcdc.Workspace) -> int:
    return sum(p.stat().st_size for p in workspace.settings.store.rglob("*") if p.is_file())


def test_a_run_keeps_everything_unless_told_otherwise(runs):
    uid = runs.do("all")
    assert runs.names(uid, dropped=True) == []


def test_results_and_masters_stay_and_all_else_goes_but_its_record(runs, workspace):
    whole = runs.do("all", status="failed")
    before = stored_bytes(workspace)
    uid = runs.do("final")

    assert runs.names(uid, dropped=True) == ON_THE_WAY
    assert runs.names(uid, dropped=False) == RESULTS
    gone = [one for one in runs.archive.products(run=uid) if one.dropped]
    assert stored_bytes(workspace) == before - sum(one.size for one in gone)
    # The cube that is left is that with the bad frames marked.
    assert runs.product("select-frames").dropped is False
    # All products can be told what they were made of, dropped ones too.
    assert "calibrate-science" in str(workspace.provenance(runs.product("combine-frames").uid))
    with pytest.raises(StoreError, match=r"not kept.*hcdc rerun"):
        workspace.read(gone[0].uid)
    assert runs.names(whole, dropped=True) == ON_THE_WAY


def test_a_dropped_product_made_again_is_identical_and_stored_anew(runs, workspace):
    runs.do("final")
    # The inputs of each of these were dropped too, back to the raw frames.
    report = workspace.rerun(runs.product("subtract-psf").uid)
    assert (report.identical, report.restored) == (True, True)
    assert workspace.read(report.product).n_time == 8
    assert runs.product("calibrate-science").dropped  # made on the way, not asked for
    again = workspace.rerun(report.product)
    assert (again.identical, again.restored) == (True, False)


def test_a_result_is_made_again_from_what_was_dropped(runs, workspace):
    runs.do("final")
    report = workspace.rerun(runs.product("combine-frames").uid)
    assert (report.identical, report.restored) == (True, False)


def test_a_changed_setting_late_needs_nothing_that_was_dropped(runs, quick_steps):
    runs.do("final")
    uid = runs.do("final", "subtract-psf.n_modes=3")
    assert runs.done() == ["subtract-psf", "combine-frames"]
    assert quick_steps["calibrate-science"] == 1
    assert runs.names(uid, dropped=True) == ON_THE_WAY


def test_a_changed_setting_early_makes_again_what_it_needs(runs, quick_steps):
    first = runs.do("final")
    uid = runs.do("final", "select-frames.n_sigma=4")
    assert runs.done() == ["select-frames", "subtract-psf", "combine-frames"]
    assert quick_steps["calibrate-science"] == 2  # center-star's cube stands on it
    assert runs.names(uid, dropped=True) == ON_THE_WAY
    assert runs.names(first, dropped=False) == RESULTS


def test_a_run_that_keeps_everything_makes_everything_again(runs, quick_steps):
    runs.do("final")
    uid = runs.do("all")
    assert runs.names(uid, dropped=True) == []
    assert runs.done() == ["calibrate-science", "center-star", "subtract-psf"]
    assert quick_steps["calibrate-science"] == 2


def test_step_by_step_work_finds_what_was_dropped(runs, workspace):
    runs.do("final")
    work = workspace.start(runs.observation, runs.recipe)
    result = work.step("calibrate-science")
    assert result.reused
    assert result.outputs["cube"].n_time == 8
    before = work.before("combine-frames")
    assert before["residual_cube"].n_time == 8
    last = work.view_change(steps_of, "center-star", "cube")
    assert last == ["calibrate-science", "center-star"]


@pytest.mark.parametrize(("keep", "status"), [("all", "finished"), ("final", "running")])
def test_what_another_run_needs_is_kept(runs, keep, status):
    runs.do(keep, status=status)
    uid = runs.do("final", "subtract-psf.n_modes=3")
    assert runs.names(uid, dropped=True) == ["residual_cube"]  # it alone is of this run only


def test_the_result_of_one_run_may_be_on_the_way_of_another(runs, workspace):
    cube = runs.do("final", recipe="irdis-imaging")
    runs.do("final")
    assert runs.names(cube, dropped=True) == []
    assert workspace.read(runs.product("calibrate-science").uid).n_time == 8


def test_what_no_step_has_made_is_never_dropped(runs):
    uid = runs.do("all")
    report = NewProduct("a" * 64, "report", "report.html", "html", b"words", run=uid)
    made = runs.archive.add_product(report)
    inputs = runs.archive.inputs(runs.observation).values()
    runs.archive.drop_products([made.uid, *(one.uid for one in inputs)])
    assert not any(one.dropped for one in runs.archive.products(runs.observation) if not one.step)
    assert runs.archive.path(made).read_bytes() == b"words"


def test_bytes_that_two_products_share_stay(runs):
    uid = runs.do("all")
    cube = runs.product("calibrate-science")
    twin = NewProduct("b" * 64, "cube", "other", "fits", runs.archive.path(cube), step="x")
    twin = runs.archive.add_product(twin)
    runs.archive.drop_products([cube.uid])
    assert runs.archive.path(twin).stat().st_size == cube.size
    runs.archive.drop_products([twin.uid])
    assert not runs.archive.store.holds(cube.sha256, cube.size)
    assert intermediates(runs.archive, uid)


def test_bytes_left_by_a_killed_process_go_with_the_next(runs):
    runs.do("all")
    cube, centered = runs.product("calibrate-science"), runs.product("center-star")
    path = runs.archive.path(cube)
    content = path.read_bytes()
    runs.archive.drop_products([cube.uid])
    runs.archive.store.put(content)  # as if it had been killed before it removed them
    assert runs.archive.find_product(cube.key) is None
    runs.archive.drop_products([centered.uid])
    assert not path.exists()


_KILLED = """
import importlib.util, os, signal, sys
import hcdc_kernel as hcdc
from hcdc_kernel import plugins
from hcdc_kernel.archive import NewRun
spec = importlib.util.spec_from_file_location(sys.argv[3], sys.argv[1])
spec.loader.exec_module(quick := importlib.util.module_from_spec(spec))
known = [plugins.registered("steps", step.name, step) for step in quick.STEPS]
for one in known:
    one.__enter__()
workspace = hcdc.Workspace.open()
name = workspace.observations()[0].name
run = workspace._archive.start_run(NewRun(name, sys.argv[2], "0" * 64, keep="final"))
workspace.start(name, sys.argv[2], run=run.uid).run(until="center-star")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_has_made_is_used_and_dropped_by_the_next(runs):
    steps = Path(__file__).with_name("conftest.py")
    module = plugins.load("steps", "calibrate-science").__module__
    command = [sys.executable, "-c", _KILLED, steps, runs.recipe, module]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL

    (killed,) = runs.archive.runs(runs.observation)
    assert killed.status == "interrupted"
    assert runs.names(killed.uid, dropped=True) == []
    uid = runs.do("final")
    assert runs.done()[0] == "select-frames"
    assert runs.names(uid, dropped=True) == ON_THE_WAY
    assert all(one.dropped for one in runs.archive.products(run=killed.uid) if one.name == "cube")


def request_of(runs: Runs, keep: str) -> RunRequest:
    notebook = notebook_path("batch/reduce_sequence.ipynb")
    return RunRequest(runs.observation, runs.recipe, {}, notebook, keep=keep)


def test_a_finished_run_asked_for_again_keeps_what_is_asked_for_now(runs, workspace):
    uid = runs.do("all", key=run_key(runs.archive, request_of(runs, "all")))
    run = workspace.reduce(runs.observation, runs.recipe, keep="final")
    assert (run.uid, run.keep) == (uid, "final")
    assert runs.names(uid, dropped=True) == ON_THE_WAY
    # It serves those who want the results, not those who want everything.
    assert workspace.reduce(runs.observation, runs.recipe, keep="final").uid == uid
    assert runs.archive.find_finished_run(run.key, "all") is None


def test_the_installation_says_what_is_kept_if_nobody_else_does(runs, monkeypatch):
    uid = runs.do("all", key=run_key(runs.archive, request_of(runs, "all")))
    monkeypatch.setenv("HCDC_KEEP", "final")
    opened = hcdc.Workspace.open()
    assert opened.settings.environment()["HCDC_KEEP"] == "final"
    assert opened.reduce(runs.observation, runs.recipe, keep="all").keep == "all"
    assert opened.reduce(runs.observation, runs.recipe).keep == "final"
    assert runs.names(uid, dropped=True) == ON_THE_WAY


def test_an_installation_that_keeps_something_else_is_refused(monkeypatch):
    monkeypatch.setenv("HCDC_KEEP", "some")
    with pytest.raises(ConfigError, match=r"HCDC_KEEP.*'some'"):
        hcdc.Workspace.open()


def test_dropped_products_are_listed_as_such(runs, capsys):
    runs.do("final")
    with pytest.raises(SystemExit):
        main(["products", runs.observation])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines if line.endswith("dropped")] == ON_THE_WAY
