"""Frames marked as not usable."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.errors import ConfigError, DataError
from hcdc_kernel.synthetic import make_sequence, small_scene


@pytest.fixture
def data(planet_sequence, do):
    return do({"cube": planet_sequence.cube, "psf": planet_sequence.psf}, "center-star")


def test_good_sequence_is_kept_whole(data, do):
    assert do(data, "select-frames")["cube"].frames.usable.all()


def test_faint_frame_is_marked_with_its_reason(data, do):
    images = data["cube"].data.copy()
    images[:, 5] *= 0.2
    cube = do(data | {"cube": replace(data["cube"], data=images)}, "select-frames")["cube"]
    assert np.flatnonzero(~cube.frames.usable).tolist() == [5]
    assert "sigma below the median" in cube.frames.reason[5]
    assert cube.n_time == data["cube"].n_time


def test_earlier_rejections_keep_their_reason(data, do):
    frames = data["cube"].frames
    usable = frames.usable.copy()
    usable[3] = False
    reason = tuple("shutter closed" if i == 3 else "" for i in range(frames.n_time))
    cube = replace(data["cube"], frames=replace(frames, usable=usable, reason=reason))
    after = do(data | {"cube": cube}, "select-frames")["cube"].frames
    assert not after.usable[3]
    assert after.reason[3] == "shutter closed"


def test_empty_sequence_is_refused(data, do):
    empty = replace(data["cube"], data=np.full_like(data["cube"].data, np.nan))
    with pytest.raises(DataError, match="No frame has data"):
        do(data | {"cube": empty}, "select-frames")
    frames = replace(data["cube"].frames, usable=np.zeros(data["cube"].n_time, bool))
    with pytest.raises(DataError, match="No frame of the sequence"):
        do(data | {"cube": replace(data["cube"], frames=frames)}, "select-frames")


def test_ring_without_pixels_is_refused(data, do):
    with pytest.raises(ConfigError, match="outer_fwhm"):
        do(data, "select-frames", select_frames={"inner_fwhm": 5, "outer_fwhm": 4})


def _with_conditions(data, **conditions):
    cube = data["cube"]
    return data | {"cube": replace(cube, frames=replace(cube.frames, conditions=conditions))}


def test_frame_of_a_failing_adaptive_optics_is_marked(data, do):
    n = data["cube"].n_time
    strehl = 0.8 + 0.01 * np.random.default_rng(0).normal(size=n)
    strehl[7] = 0.3
    frames = do(_with_conditions(data, strehl=strehl), "select-frames")["cube"].frames
    assert np.flatnonzero(~frames.usable).tolist() == [7]
    assert frames.reason[7].startswith("Strehl ratio of the adaptive optics")
    kept = do(
        _with_conditions(data, strehl=strehl),
        "select-frames",
        select_frames={"use_conditions": False},
    )
    assert kept["cube"].frames.usable.all()


def test_small_or_welcome_changes_of_conditions_are_no_reason(data, do):
    n = data["cube"].n_time
    steady = np.where(np.arange(n) == 4, 0.79, 0.8)
    better = np.where(np.arange(n) == 5, 0.4, 0.8)
    unknown = np.where(np.arange(n) < 6, np.nan, 1.0)
    after = do(
        _with_conditions(data, strehl=steady, seeing_arcsec=better, wfs_flux=unknown),
        "select-frames",
    )
    assert after["cube"].frames.usable.all()


def test_good_frames_of_a_night_with_bad_ones_are_kept(do):
    """One frame in ten is bad; fewer than three in a hundred good ones may go with them."""
    bad_found = good_lost = n_bad = n_good = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        sequence = make_sequence(replace(small_scene(planets=(), seed=seed), n_frames=40))
        images = sequence.cube.data.copy()
        bad = np.zeros(40, bool)
        bad[rng.choice(40, 4, replace=False)] = True
        images[:, bad] *= 0.5
        strehl = 0.75 + 0.08 * np.sin(np.arange(40) / 9) + 0.02 * rng.normal(size=40)
        strehl[bad] *= 0.5
        frames = replace(sequence.cube.frames, conditions={"strehl": strehl})
        cube = replace(sequence.cube, data=images, frames=frames)
        usable = do({"cube": cube, "psf": sequence.psf}, "center-star", "select-frames")[
            "cube"
        ].frames.usable
        bad_found += int((~usable & bad).sum())
        good_lost += int((~usable & ~bad).sum())
        n_bad, n_good = n_bad + int(bad.sum()), n_good + int((~bad).sum())
    assert bad_found == n_bad
    assert good_lost < 0.03 * n_good
