"""Frames marked as not usable."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.errors import ConfigError, DataError


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
