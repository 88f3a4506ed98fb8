"""Panels for raw frames: pictures with words, lights with reasons."""

from dataclasses import replace
from html import escape

import numpy as np
import pytest

from hcdc_widgets.panels.calibrate import lesson_card
from hcdc_widgets.panels.lessons import LESSONS, sequence_cautions
from hcdc_widgets.panels.observations import facts


@pytest.fixture
def made(make_master, star_positions, star_psf, make_cube):
    """What the calibration makes, by name; nothing is wrong with it."""
    return {
        "science_background": make_master(),
        "center_background": make_master(),
        "flux_background": make_master(),
        "flat": make_master("flat"),
        "star_positions": star_positions,
        "psf": star_psf,
        "cube": make_cube(n_wave=2, n_time=20),
    }


def lesson(step):
    return next(one for one in LESSONS if one.step == step)


@pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.step)
def test_each_step_has_a_picture_with_words_and_nothing_stands_out(one, made):
    words, picture, verdict = lesson_card(one, made[one.output]).children
    assert escape(one.title) in words.value
    assert len(one.words) > 60
    assert 'alt="' in picture.value
    assert "Nothing stands out" in verdict.value


def test_a_background_of_bad_pixels_is_told(make_master):
    master = make_master()
    flags = master.flags.copy()
    flags[40:90, 40:140] = 1
    (caution,) = lesson("make-science-background").judge(replace(master, flags=flags))
    assert "of the pixels are bad" in caution


def test_an_uneven_flat_is_told(make_master):
    flat = make_master("flat")
    uneven = replace(flat, data=flat.data * np.linspace(0.3, 1.7, 256, dtype=np.float32))
    assert "response differs" in lesson("make-flat").judge(uneven)[0]


def test_a_star_that_moved_is_told_but_not_its_dithering(star_positions):
    judge = lesson("measure-center").judge
    assert judge(star_positions) == []
    moved = star_positions.xy_px + np.linspace(0, 2, 8)[:, None, None]
    assert "The star moved by" in judge(replace(star_positions, xy_px=moved))[0]
    blurred = replace(star_positions, error_px=np.full((8, 2), 0.9))
    assert "0.90 px only" in judge(blurred)[0]
    three = star_positions.spots_xy_px.copy()
    three[:, 1, 2] = np.nan
    assert "Not every spot" in judge(replace(star_positions, spots_xy_px=three))[0]
    assert "No satellite spots" in judge(replace(star_positions, method="symmetry"))[0]


def test_a_model_of_the_star_is_told(star_psf):
    judge = lesson("calibrate-flux").judge
    assert "model of its shape" in judge(replace(star_psf, absolute=False))[0]
    said = replace(star_psf, absolute=False, notes=("The star was saturated.",))
    assert judge(said) == ["The star was saturated."]


def test_a_background_that_changed_is_told(make_cube):
    cube = make_cube(n_wave=2, n_time=20)
    scale = {"background_scale": np.linspace(1, 1.6, 20)}
    changed = replace(cube, frames=replace(cube.frames, conditions=scale))
    assert "up to 60 %" in lesson("calibrate-science").judge(changed)[0]


@pytest.mark.parametrize(("n_wave", "advice"), [(1, "RDI"), (2, "asdi-pca")])
def test_little_rotation_and_few_frames_are_told(n_wave, advice):
    little, few = sequence_cautions(5, 3.0, n_wave)
    assert advice in little
    assert "5 frames only" in few


def test_raw_frames_are_described_by_what_headers_tell(calibration_facts):
    known = facts(
        RawInfo(calibration_facts | {"n_files": 4, "dit_s": 16.0, "coronagraph": "N_ALC_YJH_S"})
    )
    assert known["Frames"] == "64 in 4 files"
    assert known["Exposure of a frame"] == "16 s"
    assert known["Calibrations"].startswith("poor")
    assert "channel" not in " ".join(known.values())


class RawInfo:
    """A record of raw frames."""

    name, target, instrument = "beta-Pic_vlt-irdis_DB-H23_2020-01-31", "beta Pic", "vlt-irdis"
    filter, night, n_frames, n_wave, field_rotation_deg = "DB_H23", "2020-01-31", 64, 0, 31.4

    def __init__(self, more):
        self.facts = more
