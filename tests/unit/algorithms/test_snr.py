"""Small-sample signal-to-noise ratios."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from hcdc_kernel.algorithms.apertures import aperture_sums, ring_positions
from hcdc_kernel.algorithms.snr import (
    false_alarm_probability,
    gaussian_significance,
    n_apertures,
    snr_at,
    snr_map,
    snr_threshold,
)


def test_definition_is_the_two_sample_test_of_one_against_the_rest():
    image = np.random.default_rng(0).normal(size=(61, 61))
    sums = aperture_sums(image, ring_positions((30, 30), 15.0, 4.0), 2.0)
    expected = (sums[0] - sums[1:].mean()) / (
        sums[1:].std(ddof=1) * np.sqrt(1 + 1 / (sums.size - 1))
    )
    assert snr_at(image, (45.0, 30.0), 4.0) == pytest.approx(expected)


@pytest.mark.parametrize("exclude", [0, 1])
def test_map_agrees_with_single_places(exclude):
    image = np.random.default_rng(1).normal(size=(51, 51))
    snr = snr_map(image, 4.3, exclude_neighbors=exclude)
    for x, y in [(30, 29), (12, 25), (25, 40), (8, 14), (25, 20), (36, 36)]:
        assert snr[y, x] == pytest.approx(snr_at(image, (x, y), 4.3, exclude_neighbors=exclude))


def test_pixels_asked_for_are_as_in_the_whole_map_and_the_others_empty():
    image = np.random.default_rng(8).normal(size=(41, 47))
    image[30:33, 12] = np.nan
    where = np.random.default_rng(9).random(image.shape) < 0.1
    part = snr_map(image, 3.4, where=where)
    np.testing.assert_array_equal(part[where], snr_map(image, 3.4)[where])
    assert np.isnan(part[~where]).all()


@given(
    fwhm=st.floats(1.5, 9.0),
    pixel=st.tuples(st.integers(-13, 13), st.integers(-13, 13)),
    hole=st.tuples(st.integers(0, 30), st.integers(0, 30)),
)
def test_map_sums_the_exact_shares_of_pixels(fwhm, pixel, hole):
    image = 10 + np.random.default_rng(10).normal(size=(31, 31))
    image[hole] = np.nan
    x, y = 15 + pixel[0], 15 + pixel[1]
    assume(fwhm <= np.hypot(*pixel) <= 15)
    where = np.zeros(image.shape, dtype=bool)
    where[y, x] = True
    expected = snr_at(image, (float(x), float(y)), fwhm)
    assert snr_map(image, fwhm, where=where)[y, x] == pytest.approx(
        expected, rel=1e-6, abs=1e-6, nan_ok=True
    )


def test_planet_in_white_noise_has_the_expected_snr():
    image = np.random.default_rng(2).normal(size=(101, 101))
    rows, columns = np.indices(image.shape)
    square = (columns - 80) ** 2 + (rows - 50) ** 2
    image += 10 * np.exp(-0.5 * square / (4 / 2.3548) ** 2)
    # Half of a Gaussian's flux lies within its FWHM; the noise adds over the circle's pixels.
    expected = 0.5 * 10 * 2 * np.pi * (4 / 2.3548) ** 2 / np.sqrt(np.pi * 4)
    assert snr_at(image, (80.0, 50.0), 4.0) == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize(("separation", "exclude"), [(6.0, 0), (9.0, 1), (14.0, 0)])
def test_noise_alone_follows_students_t(separation, exclude):
    rng = np.random.default_rng(3)
    count = n_apertures(np.array(separation), 4.0)
    values = [
        snr_at(image, (20 + separation, 20.0), 4.0, exclude_neighbors=exclude)
        for image in rng.normal(size=(1500, 41, 41))
    ]
    t = stats.t(df=float(count) - 2 - 2 * exclude)
    assert stats.kstest(values, t.cdf).pvalue > 0.01
    limit = float(snr_threshold(2.0, count, exclude_neighbors=exclude))
    assert np.mean(np.array(values) > limit) == pytest.approx(stats.norm.sf(2.0), abs=0.012)


def test_map_of_noise_has_the_false_alarm_rate_it_claims():
    rng = np.random.default_rng(4)
    rows, columns = np.indices((61, 61))
    count = n_apertures(np.hypot(columns - 30, rows - 30), 4.0)
    alarms, places = 0, 0
    for image in rng.normal(size=(40, 61, 61)):
        snr = snr_map(image, 4.0)
        known = np.isfinite(snr)
        alarms += int((false_alarm_probability(snr[known], count[known]) < 0.01).sum())
        places += int(known.sum())
    assert alarms / places == pytest.approx(0.01, rel=0.15)


def test_threshold_is_higher_close_to_the_star_and_five_far_out():
    count = n_apertures(np.array([4.0, 8.0, 20.0, 2000.0]), 4.0)
    limits = snr_threshold(5.0, count)
    assert np.all(np.diff(limits) < 0)
    assert limits[0] > 20
    assert limits[-1] == pytest.approx(5.0, abs=0.02)
    assert gaussian_significance(false_alarm_probability(limits, count)) == pytest.approx(
        np.full(4, 5.0)
    )


def test_too_few_circles_give_no_answer():
    assert np.isnan(snr_threshold(5.0, 2))
    assert np.isnan(false_alarm_probability(10.0, 4, exclude_neighbors=1))
    assert np.isnan(snr_at(np.ones((21, 21)), (11.0, 10.0), 4.0))


def test_constant_image_has_no_snr():
    assert np.isnan(snr_map(np.ones((31, 31)), 4.0)).all()


def test_missing_pixels_leave_the_rest_alone():
    image = np.random.default_rng(5).normal(size=(61, 61))
    before = snr_map(image, 4.0)
    image[40, 30] = np.nan
    after = snr_map(image, 4.0)
    assert np.isnan(after[40, 30])
    assert np.isfinite(after[20, 30])
    assert after[30, 36] == pytest.approx(before[30, 36])  # another ring


def test_rings_that_leave_the_image_are_judged_by_what_is_left():
    snr = snr_map(np.random.default_rng(6).normal(size=(41, 61)), 4.0)
    assert snr.shape == (41, 61)
    assert np.isfinite(snr[20, 30 + 22])
    assert np.isnan(snr[0, 0])


def test_neighbors_left_out_restore_a_source_with_dark_lobes():
    image = np.random.default_rng(7).normal(size=(81, 81))
    for i, (x, y) in enumerate(ring_positions((40, 40), 20.0, 4.0)):
        if i in (0, 1, 2):
            rows, columns = np.indices(image.shape)
            height = 20.0 if i == 1 else -10.0
            image += height * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / 1.7**2)
    x, y = ring_positions((40, 40), 20.0, 4.0)[1]
    assert snr_at(image, (x, y), 4.0, exclude_neighbors=1) > 1.5 * snr_at(image, (x, y), 4.0)
