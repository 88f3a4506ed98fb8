"""Sums in circles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.algorithms.apertures import (
    aperture_map,
    aperture_sums,
    disk_kernel,
    pixel_overlap,
    ring_positions,
)


@given(x=st.floats(8, 12), y=st.floats(8, 12), radius=st.floats(0.1, 7.5), level=st.floats(-3, 3))
def test_flat_image_gives_the_area_of_the_circle(x, y, radius, level):
    sums = aperture_sums(np.full((21, 21), level), np.array([[x, y]]), radius)
    assert sums[0] == pytest.approx(level * np.pi * radius**2, abs=1e-9)


def test_overlap_agrees_with_counting_fine_points():
    fine = (np.arange(400) + 0.5) / 400 - 0.5
    x, y = np.meshgrid(0.9 + fine, 1.7 + fine)
    counted = (x**2 + y**2 <= 2.0**2).mean()
    assert pixel_overlap(0.9, 1.7, 2.0) == pytest.approx(counted, abs=1e-3)


def test_overlap_of_a_circle_smaller_than_a_pixel_is_its_area():
    assert pixel_overlap(0.1, -0.05, 0.2) == pytest.approx(np.pi * 0.04)


def test_map_is_the_sum_at_each_pixel():
    image = np.random.default_rng(1).normal(size=(15, 17))
    sums = aperture_map(image, 2.2)
    assert sums[7, 8] == pytest.approx(aperture_sums(image, np.array([[8.0, 7.0]]), 2.2)[0])
    assert sums[7, 8] == pytest.approx((image[5:10, 6:11] * disk_kernel(2.2)).sum())


@pytest.mark.parametrize("xy", [(0.5, 8.0), (8.0, 15.9), (30.0, 8.0)])
def test_circle_off_the_image_has_no_sum(xy):
    assert np.isnan(aperture_sums(np.ones((17, 17)), np.array([xy]), 2.0)[0])


def test_missing_pixel_spoils_only_the_circles_that_touch_it():
    image = np.ones((21, 21))
    image[10, 10] = np.nan
    sums = aperture_sums(image, np.array([[10.0, 12.0], [10.0, 13.1]]), 2.0)
    assert np.isnan(sums[0])
    assert sums[1] == pytest.approx(4 * np.pi)


def test_circles_of_a_ring_touch_and_do_not_overlap():
    places = ring_positions((50, 50), 17.3, 4.6, 33.0)
    steps = np.hypot(*np.diff(places, axis=0).T)
    assert steps == pytest.approx(np.full(len(places) - 1, 4.6))
    assert np.hypot(*(places[-1] - places[0])) >= 4.6 - 1e-9


def test_six_circles_fit_around_one_and_none_within_it():
    assert len(ring_positions((0, 0), 4.0, 4.0)) == 6
    assert len(ring_positions((0, 0), 1.9, 4.0)) == 0
