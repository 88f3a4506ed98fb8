"""Combination: statistics, weights, missing data."""

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest

from hcdc_kernel.algorithms.combine import combine, variance_over_time
from hcdc_kernel.errors import DataError

STACKS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 90)),
    elements=st.floats(-1e6, 1e6) | st.just(np.nan),
)


@hypothesis.given(STACKS)
def test_median_is_that_of_numpy_without_missing_data(images):
    combined = combine(images, "median")

    for place in np.ndindex(images.shape[1:]):
        values = images[(slice(None), *place)]
        values = values[np.isfinite(values)]
        expected = np.median(values) if values.size else np.nan
        np.testing.assert_allclose(combined[place], expected)


@hypothesis.given(STACKS)
def test_mean_is_that_of_numpy_without_missing_data(images):
    combined = combine(images, "mean")

    for place in np.ndindex(images.shape[1:]):
        values = images[(slice(None), *place)]
        values = values[np.isfinite(values)]
        expected = values.mean() if values.size else np.nan
        np.testing.assert_allclose(combined[place], expected, atol=1e-9)


def test_noise_falls_with_the_square_root_of_the_number_of_frames():
    noise = np.random.default_rng(0).normal(size=(100, 60, 60)).astype(np.float32)

    assert combine(noise, "mean").std() == pytest.approx(0.1, rel=0.05)
    assert combine(noise, "median").std() == pytest.approx(0.125, rel=0.05)


def test_weights_make_the_best_of_unequal_noise():
    sigma = np.array([1.0, 10.0])[:, None, None]
    images = np.random.default_rng(0).normal(size=(2, 80, 80)) * sigma

    weighted = combine(images, "weighted", variance=np.broadcast_to(sigma**2, images.shape))

    assert weighted.std() == pytest.approx(1 / np.sqrt(1 + 0.01), rel=0.03)
    assert weighted.std() < combine(images, "mean").std()


def test_pixels_of_unknown_variance_are_left_out():
    images = np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    variance = np.array([[[1.0, np.nan]], [[1.0, 0.0]]])

    np.testing.assert_array_equal(combine(images, "weighted", variance=variance), [[2.0, np.nan]])


def test_weights_without_variance_are_refused():
    with pytest.raises(DataError, match="variance"):
        combine(np.zeros((2, 3, 3)), "weighted")


def test_no_images_at_all_are_refused():
    with pytest.raises(DataError, match="no image"):
        combine(np.zeros((0, 3, 3)), "mean")


@pytest.mark.parametrize("method", ["median", "mean"])
def test_precision_is_kept(method):
    assert combine(np.zeros((3, 4, 4), dtype=np.float32), method).dtype == np.float32


def test_variance_over_time_is_the_mean_square_of_what_was_measured():
    images = np.array([[[1.0, np.nan, np.nan]], [[3.0, 2.0, np.nan]]])

    np.testing.assert_allclose(variance_over_time(images), [[5.0, 4.0, np.nan]])
