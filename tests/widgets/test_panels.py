"""Panels by their state: what they offer, what they say, what they pass on."""

import base64
import pickle
import re

import ipywidgets as widgets
import pytest

from hcdc_kernel import DataError, NotFoundError
from hcdc_widgets.panels import Notice, ObservationPicker, RecipePanel, Stage, guarded
from hcdc_widgets.panels.check import CheckPanel
from hcdc_widgets.panels.downloads import links_html
from hcdc_widgets.panels.running import StepList


def test_errors_are_shown_in_their_three_parts():
    notice = Notice()
    notice.error(DataError("Angles <missing>", found="23 of 24", remedy="Add the last one"))
    assert 'role="alert"' in notice.value
    for words in ("Angles &lt;missing&gt;.", "Found: 23 of 24", "What to do: Add the last one."):
        assert words in notice.value


def test_bugs_are_shown_whole_and_called_bugs():
    notice = Notice()

    def fail(_):
        raise ZeroDivisionError("one by none")

    guarded(notice, fail)("click")
    assert "This is a bug: ZeroDivisionError: one by none" in notice.value
    assert "Traceback" in notice.value


def test_a_callback_that_works_clears_the_complaint():
    notice = Notice()
    notice.warn("careful")
    guarded(notice, lambda: None)()
    assert notice.value == ""


def test_stage_shows_its_body_only_when_open():
    body = widgets.Label("body")
    stage = Stage("1. First", "Why.", body, wait="Wait.")
    assert body not in stage.children
    stage.unlock()
    assert body in stage.children
    stage.lock()
    assert body not in stage.children
    assert "hcdc-ahead" in stage._dom_classes


def test_progress_of_each_step_is_drawn():
    steps = StepList()
    steps.begin(["Center star", "Map S/N"])
    steps.change(0, "done", 1.0, "1.2 s")
    steps.change(1, "running", 0.4, "ring 3")
    assert re.findall(r'value="([\d.]+)"', steps.value) == ["1.000", "0.400"]
    assert "✔ Center star" in steps.value
    assert "ring 3" in steps.value


def test_small_files_become_links_that_hold_them(tmp_path):
    small, large = tmp_path / "b_snr.fits", tmp_path / "a_cube.fits"
    small.write_bytes(b"SIMPLE")
    large.write_bytes(bytes(7_000_000))
    html = links_html([small, large])
    assert base64.b64encode(b"SIMPLE").decode() in html
    assert 'download="b_snr.fits"' in html
    assert "in the folder" in html
    assert len(html) < 10_000


def test_empty_archive_offers_practice(empty_workspace):
    picker = ObservationPicker(empty_workspace)
    assert "practice" in picker.notice.value
    assert picker.take.disabled
    assert not picker.practice.disabled


def test_observation_is_described_and_passed_on(workspace):
    picker = ObservationPicker(workspace)
    (info,) = workspace.observations()
    assert picker.choice.value == info.name
    assert "Étoile β Pictoris" in picker.children[1].value
    picker.take.click()
    assert picker.observation == info.name


def test_own_sequence_is_brought_in_by_its_description(empty_workspace, written_scene):
    picker = ObservationPicker(empty_workspace)
    picker.path.value = str(written_scene)
    picker.bring.click()
    picker.worker.join(60)
    (info,) = empty_workspace.observations()
    assert picker.choice.value == info.name
    assert not picker.take.disabled


def test_missing_description_is_told(empty_workspace, tmp_path):
    picker = ObservationPicker(empty_workspace)
    picker.bring.click()
    assert "path of the description" in picker.notice.value
    picker.path.value = str(tmp_path / "nowhere.yaml")
    picker.bring.click()
    picker.worker.join(60)
    assert "nowhere.yaml" in picker.notice.value
    assert "bug" not in picker.notice.value
    assert empty_workspace.observations() == []


def test_data_are_shown_with_their_facts(workspace):
    panel = CheckPanel(workspace)
    (info,) = workspace.observations()
    panel.show(info.name)
    view, right = panel.children[0].children
    assert len(view.frame_labels) == info.n_frames
    assert "41 x 41 px" in right.children[0].value
    assert panel.notice.value


def test_every_recipe_has_a_form_that_leaves_it_as_it_is(workspace):
    panel = RecipePanel(workspace)
    assert panel.recipe == "adi-pca"
    for recipe in workspace.recipes():
        panel.choice.value = recipe.name
        assert panel.notice.value == ""
        assert panel.settings() == {}
        assert panel.valid


def test_wrong_setting_makes_the_recipe_panel_invalid(workspace):
    panel = RecipePanel(workspace)
    panel.form.setting("subtract-psf.n_modes").control.value = "-3"
    assert not panel.valid
    panel.form.reset()
    assert panel.valid


def test_errors_travel_between_processes():
    error = pickle.loads(pickle.dumps(NotFoundError("No", remedy="Look")))
    assert error.remedy == "Look"


@pytest.mark.parametrize("n", [0, 1])
def test_run_counts_are_right_before_any_run(workspace, n):
    from hcdc_widgets.panels import RunsPanel

    panel = RunsPanel(workspace)
    for _ in range(n):
        panel.again.click()
    assert panel.table.rows == []
    assert "0 runs" in panel.children[0].value
