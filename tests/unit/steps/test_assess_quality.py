"""The quality summary."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.steps import quality_notes


@pytest.fixture(scope="module")
def complete(planet_data, do):
    return do(planet_data, "characterize-candidates", "measure-contrast")


def assess(data, do, **settings):
    return {note.name: note for note in do(data, "assess-quality", **settings)["quality"].notes}


def test_good_sequence_has_no_poor_light(complete, do):
    notes = assess(complete, do)
    assert {note.light for note in notes.values()} <= {"good", "fair"}
    assert notes["frames-used"].value == 24
    assert notes["field-rotation"].value == pytest.approx(143, abs=2)
    assert notes["star-offset"].value < 0.2
    assert notes["candidates"].value == 1
    assert all(note.text.endswith(".") for note in notes.values())


def test_contrast_is_quoted_where_asked(complete, do):
    notes = assess(complete, do, assess_quality={"contrast_at_mas": (150.0, 5000.0)})
    curve = complete["contrast"]
    expected = np.interp(150.0, curve.separation_mas, curve.contrast[0])
    assert notes["contrast-150-mas"].value == pytest.approx(expected, rel=0.05)
    assert "contrast-5000-mas" not in notes


def test_without_contrast_and_candidates_the_rest_is_said(planet_data, do):
    data = {name: planet_data[name] for name in ("cube", "psf", "residual", "detection")}
    notes = assess(data, do)
    assert "noise-tail" in notes
    assert "candidates" not in notes


def test_sky_that_did_not_turn_is_poor(complete, do):
    cube = complete["cube"]
    still = replace(cube, frames=replace(cube.frames, derotation_deg=np.full(24, 10.0)))
    notes = assess(complete | {"cube": still}, do)
    assert notes["field-rotation"].light == notes["rotation-limit"].light == "poor"
    assert np.isinf(notes["rotation-limit"].value)


def test_rotation_through_360_degrees_is_no_jump(complete):
    cube, psf = complete["cube"], complete["psf"]
    wrapped = (350 + np.linspace(0, 30, 24)) % 360
    turned = replace(cube, frames=replace(cube.frames, derotation_deg=wrapped))
    assert quality_notes.field_rotation(turned, psf)[0].value == pytest.approx(30)


def test_impossible_fluxes_are_noticed(complete):
    faint = replace(complete["psf"], data=complete["psf"].data / 1e5)
    note = quality_notes.flux_scale(complete["cube"], faint)[0]
    assert note.light == "poor"
    assert "neutral density" in note.text


def test_star_that_is_off_center_is_noticed(complete):
    cube = complete["cube"]
    moved = replace(cube, data=np.roll(cube.data, 2, axis=-1))
    offset, _ = quality_notes.star_center(moved, complete["psf"])
    assert offset.value == pytest.approx(2, abs=0.3)
    assert offset.light == "poor"


def test_star_that_cannot_be_seen_is_no_failure(complete):
    empty = replace(complete["cube"], data=np.zeros_like(complete["cube"].data))
    offset, scatter = quality_notes.star_center(empty, complete["psf"])
    assert np.isnan(offset.value)
    assert scatter.light == "fair"


def test_rejected_frames_and_undersampled_psf_lower_the_light(complete):
    cube = complete["cube"]
    usable = np.arange(24) < 10
    few = replace(cube, frames=replace(cube.frames, usable=usable))
    used, rejected = quality_notes.frames_used(few)
    assert (used.light, rejected.light) == ("fair", "poor")
    narrow = replace(complete["psf"], fwhm_px=np.array([1.2]))
    assert quality_notes.psf_sampling(narrow)[0].light == "poor"


def test_white_noise_has_a_gaussian_tail(complete):
    rng = np.random.default_rng(0)
    detection = replace(
        complete["detection"], snr=rng.standard_t(60, size=(1, 161, 161)), history=()
    )
    note = quality_notes.noise_shape({"detection": detection}, complete["psf"])[0]
    assert note.value == pytest.approx(1.0, abs=0.1)
