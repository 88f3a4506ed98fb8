"""The workspace: in, reduced, out again, and what happens when things go wrong."""

from pathlib import Path

import numpy as np
import pytest

import hcdc_kernel as hcdc
from hcdc_kernel import plugins
from hcdc_kernel.errors import ConfigError, DataError, InputError, NotFoundError, RunError
from hcdc_kernel.runner import rerun
from hcdc_kernel.steps.combine_frames import CombineFrames
from hcdc_kernel.synthetic import small_scene, write_sequence

RECIPE = """
name: short
title: As short as it gets
steps:
  - center-star: {method: given}
  - select-frames
  - subtract-psf: {model: median}
  - combine-frames
  - map-snr
  - find-candidates
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sequence(small_scene(), tmp_path_factory.mktemp("night"))


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "short.yaml"
    path.write_text(RECIPE)
    return str(path)


@pytest.fixture
def workspace(hcdc_home: Path, files: Path) -> hcdc.Workspace:
    opened = hcdc.Workspace.open()
    opened.ingest(files)
    return opened


def test_an_observation_comes_back_as_it_went_in(workspace):
    info = workspace.observation(workspace.observations()[0].name)
    sequence = workspace.load(info.name)
    assert (info.n_frames, info.n_wave) == (24, 1)
    assert sequence.cube.identity.name == info.name
    assert sequence.cube.data.shape == (1, 24, 41, 41)
    turned = np.ptp(sequence.cube.frames.derotation_deg)
    assert info.field_rotation_deg == pytest.approx(turned, abs=0.001)


def test_the_same_files_again_are_the_same_observation(workspace, files):
    before = workspace.observations()
    assert workspace.ingest(files) == before[0]
    assert workspace.observations() == before


def test_facts_and_files_are_told_for_tables(workspace):
    name = workspace.observations()[0].name
    assert dict(workspace.facts(name))["frames"] == "24"
    rows = workspace.sources(name)
    assert {row[0] for row in rows} >= {"cube", "psf"}
    assert all(len(row[3]) == 64 and "/" not in row[1] for row in rows)


def test_results_are_stored_at_once_and_reused(workspace, recipe):
    name = workspace.observations()[0].name
    workspace.start(name, recipe).step("subtract-psf")
    made = {product.name for product in workspace.products(name)}
    assert made == {"cube", "psf", "residual_cube"}
    again = workspace.start(name, recipe).run()
    reused = [step.name for step in again.done if step.reused]
    assert reused == ["center-star", "select-frames", "subtract-psf"]


def test_a_changed_setting_redoes_what_depends_on_it(workspace, recipe):
    name = workspace.observations()[0].name
    workspace.start(name, recipe).run()
    again = workspace.start(name, recipe, {"combine-frames.method": "mean"}).run()
    reused = [step.name for step in again.done if step.reused]
    assert reused == ["center-star", "select-frames", "subtract-psf"]


def test_what_is_read_back_is_what_was_computed(workspace, recipe):
    reduction = workspace.start(workspace.observations()[0].name, recipe).run()
    computed = reduction.result("residual")
    stored = reduction.results["residual"]
    assert stored is not computed
    assert stored.data.tobytes() == computed.data.tobytes()
    assert stored.history == computed.history


def test_a_lost_file_is_made_again(workspace, recipe):
    name = workspace.observations()[0].name
    workspace.start(name, recipe).run()
    lost = next(p for p in workspace.products(name) if p.name == "residual")
    workspace.path(lost.uid).unlink()
    again = workspace.start(name, recipe).run()
    assert [step.name for step in again.done if not step.reused] == ["combine-frames"]
    assert workspace.read(lost.uid).data.shape[0] == 1


def test_every_product_made_again_is_identical(workspace, recipe):
    name = workspace.observations()[0].name
    workspace.start(name, recipe).run()
    made = [product for product in workspace.products(name) if product.step]
    assert len(made) == 6
    reports = [workspace.rerun(product.uid) for product in made]
    assert [(report.identical, report.differences) for report in reports] == [(True, ())] * 6


class OtherCombine(CombineFrames):
    version = 99

    def run(self, data, config, progress=None):
        made = super().run(data, config, progress)["residual"]
        changed = made.data.copy()
        changed[0, 20, 20] += 1.0
        return {"residual": type(made)(changed, made.wavelength_um, made.pixel_scale_mas,
                                       made.identity, made.unit)}  # fmt: skip


def test_what_differs_from_the_stored_product_is_said(workspace, recipe, monkeypatch):
    name = workspace.observations()[0].name
    workspace.start(name, recipe).run()
    residual = next(p for p in workspace.products(name) if p.name == "residual")
    versions = {"numpy": "0.1", "hcdc-kernel": "0.1.0"}
    monkeypatch.setattr("hcdc_kernel.steps.base.software_versions", lambda: versions)
    with plugins.registered("steps", "combine-frames", OtherCombine):
        report = workspace.rerun(residual.uid)
    assert not report.identical
    told = "\n".join(report.differences)
    assert "step version: 1 then, 99 now" in told
    assert "0.1 now" in told
    assert "data: 1 of" in told
    assert "another version" in told


def test_inputs_cannot_be_made_again_and_say_why(workspace):
    product = workspace.products(workspace.observations()[0].name)[0]
    with pytest.raises(InputError, match="read from the observer's files"):
        workspace.rerun(product.uid)


def test_differences_of_arrays_count_values_and_nan_equals_nan():
    then = np.array([1.0, np.nan, 3.0, 4.0])
    now = np.array([1.0, np.nan, 3.3, np.nan])
    assert list(rerun._arrays(then, then.copy(), "x")) == []
    (told,) = rerun._arrays(then, now, "x")
    assert told == "x: 2 of 4 values differ, by 0.1 relative at most"
    assert "shape" in next(rerun._arrays(then, now[:2], "x"))


def test_an_unknown_setting_leaves_the_archive_as_it_was(workspace):
    name = workspace.observations()[0].name
    before = (workspace.runs(), workspace.products())
    with pytest.raises(ConfigError, match="subtract-psf"):
        workspace.reduce(name, settings={"subtract-psf.n_mods": 3})
    assert (workspace.runs(), workspace.products()) == before


def test_what_is_not_there_is_said_with_what_is(workspace):
    name = workspace.observations()[0].name
    with pytest.raises(NotFoundError, match=name):
        workspace.start(name[:-1] + "6")
    with pytest.raises(NotFoundError, match="adi-pca"):
        workspace.start(name, "adi-pac")


def test_a_product_that_holds_no_data_is_not_read(workspace, recipe):
    from hcdc_kernel.archive import NewProduct

    page = NewProduct("a" * 64, "report", "report.html", "html", b"<p>")
    uid = workspace._archive.add_product(page).uid
    with pytest.raises(DataError, match="holds no data"):
        workspace.read(uid)


def test_a_run_that_has_not_finished_is_not_exported(workspace, tmp_path):
    from hcdc_kernel.archive import NewRun

    name = workspace.observations()[0].name
    run = workspace._archive.start_run(NewRun(name, "adi-pca", "b" * 64))
    with pytest.raises(RunError, match="running"):
        workspace.export(run.uid, tmp_path)
    workspace._archive.finish_run(run.uid, "failed", error="no")
    assert [(r.status, r.error) for r in workspace.runs(name)] == [("failed", "no")]


def test_recipes_are_listed_with_the_default_among_them(workspace):
    assert "adi-pca" in [recipe.name for recipe in workspace.recipes()]
    assert workspace.recipe("adi-pca").steps[0].step == "center-star"


def test_settings_travel_to_another_process(workspace):
    from hcdc_kernel.settings import read_settings

    assert read_settings(workspace.settings.environment()).model_dump(
        exclude={"home"}
    ) == workspace.settings.model_dump(exclude={"home"})
