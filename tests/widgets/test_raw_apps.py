"""From raw frames to a result on the screens, without a browser, on a simulated night."""

import numpy as np
import pytest

import hcdc_widgets as hw
from hcdc_kernel.synthetic.irdis import simulate_night, small_night

pytestmark = pytest.mark.slow

LIMIT_S = 400


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """Raw files of a star with two planets: 450 mas at 60 deg, 800 mas at 215 deg."""
    return simulate_night(small_night(), tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def poor_night(tmp_path_factory):
    """The same without the star beside the coronagraph, without flat, without spots."""
    scene = small_night(omit=("dark", "flux", "flat", "center", "sparta"), seed=2)
    return simulate_night(scene, tmp_path_factory.mktemp("poor"))


def taken_in(workspace, folder):
    app = hw.apps.guided_raw(workspace)
    app.picker.path.value = str(folder)
    app.picker.bring.click()
    app.picker.worker.join(LIMIT_S)
    assert "ready" in app.picker.notice.value, app.picker.notice.value
    return app


def work(panel):
    panel.start.click()
    panel.worker.join(LIMIT_S)
    assert not panel.worker.is_alive()


def test_a_folder_becomes_a_result_by_buttons_alone(empty_workspace, night):
    app = taken_in(empty_workspace, night)
    stages = app.children
    assert [stage.is_open for stage in stages] == [True] + 6 * [False]
    assert "12 in 3 files" in app.picker.children[1].value

    app.picker.take.click()
    assert [stage.is_open for stage in stages] == [True, True, True] + 4 * [False]
    assert "All calibrations are there" in app.completeness.notice.value

    app.calibrator.form.setting("calibrate-science.radius").control.value = "1.2 arcsec"
    work(app.calibrator)
    assert "Calibrated" in app.calibrator.notice.value, app.calibrator.notice.value
    assert len(app.calibrator.pictures.children) == 6
    assert [stage.is_open for stage in stages] == 6 * [True] + [False]

    work(app.runner)
    assert "Done" in app.runner.notice.value, app.runner.notice.value
    assert app.runner.steps.value.count("done before") == 6
    assert app.result.is_open
    places = {places_of(mark, app.results.view) for mark in app.results.view.markers}
    for truth in ((450, 60), (800, 215)):
        assert any(near(found, truth) for found in places), places


def places_of(mark, view):
    middle = view.shape[0] // 2
    east, north = -(mark["x"] - middle), mark["y"] - middle
    separation = float(np.hypot(east, north) * view.pixel_scale_mas)
    return separation, float(np.rad2deg(np.arctan2(east, north)) % 360)


def near(found, truth):
    apart = np.deg2rad(found[1] - truth[1])
    return np.hypot(found[0] - truth[0], truth[0] * np.sin(apart)) < 15


def test_calibration_that_was_stopped_goes_on_from_where_it_was(empty_workspace, night):
    app = taken_in(empty_workspace, night)
    app.picker.take.click()
    seen = []

    def stop_at_the_flat(_):
        if "▶ Make flat" in app.calibrator.steps.value:
            seen.append(app.runner.start.disabled)
            app.calibrator.stop.click()

    app.calibrator.steps.observe(stop_at_the_flat, "value")
    work(app.calibrator)
    assert all(seen)
    assert "stopped" in app.calibrator.notice.value
    assert not app.check.is_open
    assert len(app.calibrator.pictures.children) == 2

    app.calibrator.steps.unobserve_all()
    work(app.calibrator)
    assert app.calibrator.steps.value.count("done before") >= 2
    assert app.check.is_open


def test_what_is_missing_is_told_before_during_and_after(empty_workspace, poor_night):
    app = taken_in(empty_workspace, poor_night)
    assert "poor" in app.picker.children[1].value
    app.picker.take.click()
    lights = app.completeness.children[0].value
    assert "✖" in lights
    assert "could not do" in app.completeness.notice.value
    work(app.calibrator)
    assert "Left out" in app.calibrator.notice.value, app.calibrator.notice.value
    assert "flat field" in app.calibrator.notice.value
    cards = {card.children[0].value: card for card in app.calibrator.pictures.children}
    star = next(card for words, card in cards.items() if "beside the coronagraph" in words)
    assert "hcdc-warning" in star.children[2].value


def test_another_observation_begins_anew(empty_workspace, night):
    app = taken_in(empty_workspace, night)
    app.picker.take.click()
    work(app.calibrator)
    assert app.check.is_open
    app.picker.take.click()
    assert not app.check.is_open
    assert app.calibrator.pictures.children == ()


def test_a_wrong_setting_holds_the_calibration(empty_workspace, night):
    app = taken_in(empty_workspace, night)
    app.picker.take.click()
    app.calibrator.form.setting("calibrate-science.radius").control.value = "3 s"
    assert app.calibrator.start.disabled
    app.calibrator.form.reset()
    assert not app.calibrator.start.disabled


def test_raw_frames_are_not_offered_where_they_are_not_led_through(workspace, night):
    taken_in(workspace, night)
    app = hw.apps.guided(workspace)
    assert len(app.picker.choice.options) == 1
    assert "IRDIS from raw frames" in app.picker.children[-1].value
    raw = hw.apps.guided_raw(workspace)
    assert len(raw.picker.choice.options) == 1
    assert "Reduce a sequence" in raw.picker.children[-1].value


def test_a_folder_without_frames_is_told(empty_workspace, tmp_path):
    app = hw.apps.guided_raw(empty_workspace)
    (tmp_path / "notes.txt").write_text("nothing")
    for path in (tmp_path, tmp_path / "nowhere"):
        app.picker.path.value = str(path)
        app.picker.bring.click()
        app.picker.worker.join(60)
        assert "ready" not in app.picker.notice.value
        assert "bug" not in app.picker.notice.value
        assert "hcdc-warning" in app.picker.notice.value
    assert "nowhere" in app.picker.notice.value
    assert app.picker.take.disabled
