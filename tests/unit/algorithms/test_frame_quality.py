"""Frame selection."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.frame_quality import frame_statistics, reject_frames
from hcdc_kernel.errors import DataError


@pytest.fixture
def cube():
    rows, columns = np.indices((41, 41)) - 20
    halo = 100 / (1 + (rows**2 + columns**2) / 30)
    rng = np.random.default_rng(0)
    level = 1 + 0.01 * rng.normal(size=(20, 1, 1))
    return (halo * level + rng.normal(0, 0.5, size=(20, 41, 41)))[None].astype(np.float32)


def reasons(cube, n_sigma=8.0, share=0.3, usable=None):
    statistics = frame_statistics(cube, 3.0, 14.0)
    return reject_frames(
        statistics, np.ones(cube.shape[1], bool) if usable is None else usable, n_sigma, share
    )


def test_equal_frames_are_all_kept(cube):
    assert set(reasons(cube)) == {""}


def test_cloud_is_told_by_its_flux(cube):
    cube[0, 7] *= 0.6
    found = reasons(cube)
    assert [i for i, text in enumerate(found) if text] == [7]
    assert found[7].startswith("flux")
    assert found[7].endswith("sigma below the median")


def test_bright_background_is_named(cube):
    cube[0, 3] += 40 * (np.hypot(*(np.indices((41, 41)) - 20)) > 14)
    assert reasons(cube)[3].startswith("background")
    assert reasons(cube)[3].endswith("above the median")


def test_lost_star_is_told_by_its_shape(cube):
    cube[0, 11] = np.roll(cube[0, 11], 6, axis=1)
    assert reasons(cube)[11] != ""
    assert sum(bool(text) for text in reasons(cube)) == 1


def drifting(halo_of_frame):
    """Sixty frames whose halo is as bright as told."""
    rows, columns = np.indices((41, 41)) - 20
    halo = 100 / (1 + (rows**2 + columns**2) / 30)
    rng = np.random.default_rng(1)
    level = np.array(halo_of_frame) * (1 + 0.01 * rng.normal(size=60))
    images = halo * level[:, None, None] + rng.normal(0, 0.5, size=(60, 41, 41))
    return images[None].astype(np.float32)


def test_weather_that_changes_slowly_is_no_fault():
    worse = np.concatenate([np.ones(42), np.linspace(1.0, 1.35, 12), np.full(6, 1.35)])
    assert set(reasons(drifting(worse), n_sigma=5.0)) == {""}


def test_long_cloud_is_a_fault_however_it_came():
    cloud = np.ones(60)
    cloud[20:36] = np.concatenate(
        [np.linspace(1, 0.4, 4), np.full(8, 0.3), np.linspace(0.4, 1, 4)]
    )
    found = [i for i, text in enumerate(reasons(drifting(cloud), n_sigma=5.0, share=0.5)) if text]
    assert set(range(24, 32)) <= set(found)
    assert set(found) <= set(range(20, 36))


def test_single_bad_frame_is_found_on_a_slope():
    level = np.linspace(1.0, 1.3, 60)
    level[33] *= 0.6
    assert [i for i, text in enumerate(reasons(drifting(level), n_sigma=5.0)) if text] == [33]


def test_frame_without_data_is_always_rejected(cube):
    cube[0, 5] = np.nan
    assert reasons(cube, share=0.0)[5] == "no data near the star"


def test_never_more_than_the_share_and_the_worst_first(cube):
    for frame, factor in ((1, 0.2), (4, 0.5), (9, 0.8)):
        cube[0, frame] *= factor
    found = reasons(cube, share=0.1)
    assert [i for i, text in enumerate(found) if text] == [1, 4]


def test_frames_rejected_before_are_left_alone(cube):
    cube[0, 7] *= 0.5
    usable = np.ones(20, bool)
    usable[7] = False
    assert reasons(cube, usable=usable)[7] == ""


def test_empty_cube_is_refused():
    with pytest.raises(DataError, match="No frame has data"):
        frame_statistics(np.full((1, 3, 21, 21), np.nan), 2.0, 8.0)


def test_channel_without_data_does_not_count(cube):
    both = np.concatenate([cube, np.full_like(cube, np.nan)])
    assert frame_statistics(both, 3.0, 14.0).flux == pytest.approx(
        frame_statistics(cube, 3.0, 14.0).flux
    )
