"""The batch notebook through Papermill: its record, and what survives a killed process."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

import hcdc_kernel as hcdc
from hcdc_kernel.runner.notebooks import NotebookJob, parameter_names, run_notebook
from hcdc_kernel.runner.places import notebook_path
from hcdc_kernel.synthetic import small_scene, write_sequence

NOTEBOOK = notebook_path("batch/reduce_sequence.ipynb")
NAMES = {"cube", "residual_cube", "residual", "detection", "candidates", "contrast", "quality"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def workspace(home: Path) -> hcdc.Workspace:
    opened = hcdc.Workspace.open(home)
    opened.ingest(write_sequence(small_scene(), home / "night"))
    return opened


@pytest.fixture(scope="module")
def name(workspace: hcdc.Workspace) -> str:
    return workspace.observations()[0].name


@pytest.fixture(scope="module")
def told() -> list[tuple[float, str]]:
    return []


@pytest.fixture(scope="module")
def run(workspace, name, told):
    return workspace.reduce(name, progress=lambda done, text: told.append((done, text)))


def test_unknown_parameters_are_refused(tmp_path):
    job = NotebookJob(NOTEBOOK, {"observatoin": "x"}, tmp_path / "out.ipynb")
    with pytest.raises(hcdc.ConfigError, match="observation, recipe, settings, run"):
        run_notebook(job)
    assert not job.output.exists()


def test_parameters_are_those_of_the_tagged_cell():
    assert parameter_names(NOTEBOOK) == ("observation", "recipe", "settings", "run")


@pytest.mark.slow
def test_all_data_notebook_and_report_are_products_of_the_run(workspace, run):
    made = workspace.products(run=run.uid)
    assert run.status == "finished"
    assert {product.name for product in made if product.step} == NAMES
    assert {"notebook", "report"} <= {product.kind for product in made}
    report = next(product for product in made if product.kind == "report")
    files = {entity.label for entity in workspace.provenance(report.uid).entities}
    assert {"executed.ipynb", "residual"} <= files


@pytest.mark.slow
def test_progress_follows_the_headings(run, told):
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert told[-1] == (1.0, "done")
    assert {"Observation", "Contrast", "Report"} <= {text for _, text in told}


@pytest.mark.slow
def test_the_executed_notebook_is_a_clean_record(workspace, run):
    made = {product.kind: product for product in workspace.products(run=run.uid)}
    text = workspace.path(made["notebook"].uid).read_text(encoding="utf-8")
    book = nbformat.reads(text, as_version=4)
    assert book.metadata.papermill.parameters["run"] == run.uid
    assert str(workspace.settings.home) not in text
    assert not [o for c in book.cells for o in c.get("outputs", []) if o.output_type == "stream"]


@pytest.mark.slow
def test_the_report_shows_the_planet_and_needs_nothing_else(workspace, run):
    made = {product.kind: product for product in workspace.products(run=run.uid)}
    html = workspace.path(made["report"].uid).read_text(encoding="utf-8")
    assert html.count("<img") >= 5
    assert all(re.findall(r'<img[^>]*alt="([^"]+)"', html))
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert "Test Star" in html
    assert "SHA-256" in html


@pytest.mark.slow
def test_the_same_again_is_returned_at_once(workspace, name, run):
    begin = time.monotonic()
    assert workspace.reduce(name) == run
    assert time.monotonic() - begin < 1.0
    assert len(workspace.runs(name)) == 1


@pytest.mark.slow
def test_products_are_exported_in_the_documented_format(workspace, run, tmp_path):
    files = workspace.export(run.uid, tmp_path / "out")
    start = f"{run.observation}_"
    assert {path.name.removeprefix(start) for path in files} == {
        "cube.fits", "psf.fits", "residual.fits", "snr.fits", "contrast.ecsv",
        "candidates.ecsv", "report.html", "executed.ipynb",
    }  # fmt: skip
    cube = hcdc.read_data(next(path for path in files if path.name.endswith("cube.fits")))
    assert [record.step for record in cube.history] == ["center-star", "select-frames"]


@pytest.mark.slow
def test_the_report_gets_a_name_that_a_browser_opens(workspace, run):
    report = workspace.report(run.uid)
    assert report.name == f"{run.observation}_{run.recipe}_{run.uid}.html"
    stored = next(p for p in workspace.products(run=run.uid) if p.kind == "report")
    assert report.read_bytes() == workspace.path(stored.uid).read_bytes()
    assert workspace.report(run.uid) == report


@pytest.mark.slow
def test_recipes_that_make_less_are_reported_too(workspace, name, tmp_path):
    recipe = tmp_path / "short.yaml"
    recipe.write_text("name: short\ntitle: Short\nsteps: [center-star, select-frames]\n")
    run = workspace.reduce(name, str(recipe))
    made = {product.kind: product for product in workspace.products(run=run.uid)}
    assert "makes no contrast" in workspace.path(made["report"].uid).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_failed_run_keeps_notebook_report_and_reason(workspace, name, tmp_path):
    recipe = tmp_path / "failing.yaml"
    recipe.write_text(
        "name: failing\ntitle: Fails\nsteps:\n  - center-star: {max_disagreement: 0.001}\n"
    )
    workspace.ingest(write_sequence(small_scene(seed=5), tmp_path / "night"))
    other = workspace.observations()[-1].name
    with pytest.raises(hcdc.RunError, match="stopped"):
        workspace.reduce(other, str(recipe), {})
    run = workspace.runs(other)[0]
    assert run.status == "failed"
    assert run.error
    made = {product.kind: product for product in workspace.products(run=run.uid)}
    assert "Here the reduction stopped" in workspace.path(made["report"].uid).read_text()
    assert "Traceback" in workspace.path(made["notebook"].uid).read_text()


SLOW = (
    "--set",
    "measure-contrast.n_azimuths=36",
    "--set",
    "characterize-candidates.n_azimuths=36",
)


@pytest.mark.slow
def test_a_killed_process_is_resumed(tmp_path):
    """SIGKILL in the middle: the kernel dies too, and the next call takes up what is stored."""
    home = tmp_path / "home"
    workspace = hcdc.Workspace.open(home)
    name = workspace.ingest(write_sequence(small_scene(), tmp_path / "night")).name
    command = [sys.executable, "-c", "from hcdc_kernel.cli import main; main()", "reduce", name]
    environment = {**os.environ, **workspace.settings.environment()}
    first = subprocess.Popen([*command, *SLOW], env=environment, start_new_session=True)
    wait_for(lambda: any(made.name == "residual" for made in workspace.products(name)))
    kernels = children(first.pid)
    assert kernels
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    stored = {made.uid for made in workspace.products(name)}
    wait_for(lambda: not any(alive(pid) for pid in kernels), limit_s=20)
    assert [run.status for run in workspace.runs(name)] == ["interrupted"]

    subprocess.run([*command, *SLOW], env=environment, check=True, timeout=300)
    run = workspace.runs(name)[0]
    assert run.status == "finished"
    reused = {made.uid for made in workspace._archive.products(run=run.uid, role="reused")}
    assert stored - set_of_inputs(workspace, name) <= reused
    assert len(reused) >= 4


def set_of_inputs(workspace: hcdc.Workspace, name: str) -> set[str]:
    return {made.uid for made in workspace.products(name) if not made.step}


def wait_for(condition, limit_s: float = 120) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
