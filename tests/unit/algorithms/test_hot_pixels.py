from __future__ import annotations

import numpy as np
import pytest

from hcdc_kernel.algorithms.detector_statistics import combine_planes
from hcdc_kernel.algorithms.hot_pixels import (
    hot_pixels,
    local_median,
    noisy_pixels,
    unlit_pixels,
)

SHAPE = (130, 200)


def test_the_median_of_the_neighbors_is_that_of_numpy():
    image = np.random.default_rng(0).normal(size=(12, 15)).astype(np.float32)
    image[3, 4] = np.nan
    ours = local_median(image)
    for y, x in ((0, 0), (5, 5), (3, 4), (11, 14), (2, 3)):
        box = image[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].copy()
        box[y - max(0, y - 2), x - max(0, x - 2)] = np.nan
        assert ours[y, x] == pytest.approx(np.nanmedian(box))


def test_a_pixel_without_neighbors_has_no_median():
    assert np.isnan(local_median(np.ones((1, 1), np.float32)))[0, 0]


def test_hot_pixels_are_found_on_a_thermal_gradient():
    rng = np.random.default_rng(1)
    x = np.indices(SHAPE)[1]
    level = 200 + 3.0 * x + rng.normal(0, 2, SHAPE)
    truth = rng.random(SHAPE) < 0.01
    level[truth] += 40
    found = hot_pixels(level.astype(np.float32))
    assert found[truth].mean() > 0.98
    assert (found & ~truth).mean() < 1e-3


def test_excess_below_the_read_noise_is_harmless():
    level = np.random.default_rng(1).normal(0, 0.1, SHAPE).astype(np.float32)
    level[5, 5], level[9, 9] = 2.0, 4.0
    found = hot_pixels(level, least_excess_adu=3.0)
    assert np.argwhere(found).tolist() == [[9, 9]]


def test_pixels_without_data_are_bad_and_equal_ones_are_not():
    level = np.ones(SHAPE, np.float32)
    level[7, 7] = np.nan
    assert np.argwhere(hot_pixels(level)).tolist() == [[7, 7]]


def test_pixels_that_jump_or_never_change_are_noisy():
    rng = np.random.default_rng(2)
    planes = rng.normal(0, 2.5, (20, *SHAPE)).astype(np.float32)
    planes[::2, 10, 10] += 20
    planes[::5, 30, 30] += 200  # so seldom that the mean is taken without
    planes[3, 40, 40] += 2000  # a cosmic ray
    planes[:, 20, 20] = 1.0
    found = noisy_pixels(combine_planes(planes))
    assert np.argwhere(found).tolist() == [[10, 10], [20, 20], [30, 30]]


def test_few_planes_cannot_tell_noise():
    planes = np.random.default_rng(2).normal(0, 2.5, (4, *SHAPE)).astype(np.float32)
    planes[::2, 10, 10] += 200
    assert not noisy_pixels(combine_planes(planes)).any()


def test_unlit_borders_are_told_from_dead_pixels():
    rng = np.random.default_rng(3)
    response = rng.normal(1, 0.02, SHAPE)
    response[:15] = rng.normal(0, 0.02, (15, SHAPE[1]))
    response[5, 50] = 1.0  # hot, but in the dark
    response[60, 60] = 0.0
    unlit = unlit_pixels(response, 0.1, 500)
    expected = np.zeros(SHAPE, dtype=bool)
    expected[:15] = True
    assert not unlit[60, 60]
    assert unlit[5, 50]
    assert (unlit != expected).sum() <= 4
