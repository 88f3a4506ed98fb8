"""Whole screens on a real workspace, without a browser."""

import numpy as np
import pytest

import hcdc_widgets as hw

pytestmark = pytest.mark.slow


@pytest.fixture
def app(workspace):
    app = hw.apps.guided(workspace)
    app.picker.take.click()
    assert app.picker.notice.value == ""
    return app


def run(app):
    app.runner.start.click()
    app.runner.worker.join(240)
    assert not app.runner.worker.is_alive()


def test_stages_open_one_after_the_other(workspace):
    app = hw.apps.guided(workspace)
    stages = (app.choose, app.check, app.settings, app.run, app.result)
    assert [stage.is_open for stage in stages] == [True, False, False, False, False]
    app.picker.take.click()
    assert [stage.is_open for stage in stages] == [True, True, True, True, False]


def test_wrong_setting_blocks_the_run(app):
    app.recipe.form.setting("subtract-psf.n_modes").control.value = "-3"
    assert app.runner.start.disabled
    app.recipe.form.reset()
    assert not app.runner.start.disabled


def test_practice_sequence_is_made_from_the_page(empty_workspace):
    app = hw.apps.guided(empty_workspace)
    app.picker.practice.click()
    app.picker.worker.join(120)
    (info,) = empty_workspace.observations()
    assert app.picker.choice.value == info.name
    assert not app.picker.practice.disabled


def test_planet_is_found_by_buttons_alone_and_listed_on_the_dashboard(app, workspace, tmp_path):
    app.recipe.form.setting("subtract-psf.n_modes").control.value = "5"
    run(app)
    assert "Done" in app.runner.notice.value, app.runner.notice.value
    assert app.result.is_open
    assert "Detection" in app.results.tabs.titles
    first = app.results.view.markers[0]
    scale = app.results.view.pixel_scale_mas
    middle = app.results.view.shape[0] // 2
    east, north = -(first["x"] - middle) * scale, (first["y"] - middle) * scale
    assert np.hypot(east, north) == pytest.approx(150, abs=scale)
    assert np.rad2deg(np.arctan2(east, north)) == pytest.approx(120, abs=5)

    dashboard = hw.apps.runs_dashboard(workspace)
    (row,) = dashboard.runs.table.rows
    assert row["cells"][0] == "✔ finished"
    dashboard.runs.table.selected = row["key"]
    assert dashboard.notice.value == ""
    assert dashboard.results.view.markers[0] == first

    export = dashboard.results.tabs.children[-1].children[1]
    export.folder.value = str(tmp_path / "products")
    export.button.click()
    names = sorted(path.name for path in (tmp_path / "products").iterdir())
    assert any(name.endswith("_report.html") for name in names), export.notice.value
    assert all(name.startswith("Etoile-beta-Pictoris_") for name in names)
    report = dashboard.results.tabs.children[-1].children[0]
    report.button.click()
    assert "iframe" in report.children[2].value


def test_stopped_run_goes_on_from_where_it_was(app):
    app.runner.steps.observe(lambda _: app.runner.stop.click(), "value")
    run(app)
    assert "stopped" in app.runner.notice.value
    assert not app.result.is_open
    app.runner.steps.unobserve_all()
    assert not app.runner.start.disabled


def test_failed_run_is_told_here_and_kept_for_the_staff(app, workspace):
    # One channel has no other channels to be scaled.
    app.recipe.form.setting("subtract-psf.references").control.value = "scaled"
    run(app)
    assert "✖ Subtract PSF" in app.runner.steps.value
    assert "bug" not in app.runner.notice.value
    dashboard = hw.apps.runs_dashboard(workspace)
    (row,) = dashboard.runs.table.rows
    assert row["cells"][0] == "✖ failed"
    dashboard.runs.table.selected = row["key"]
    assert "This run failed" in dashboard.children[1].children[0].value
    dashboard.runs.status.value = "finished"
    assert dashboard.runs.table.rows == []


def test_failure_of_a_step_is_told_in_words(app):
    app.recipe.choice.value = "rdi-pca"  # the sequence has no reference stars
    run(app)
    assert 'role="alert"' in app.runner.notice.value
    assert "bug" not in app.runner.notice.value
    assert not app.result.is_open


def test_nothing_can_be_started_twice(app):
    seen = []
    app.runner.observe(
        lambda _: seen.append((app.runner.start.disabled, app.picker.take.disabled)), "busy"
    )
    app.runner.steps.observe(lambda _: app.runner.stop.click(), "value")
    run(app)
    assert seen == [(True, True), (False, False)]
