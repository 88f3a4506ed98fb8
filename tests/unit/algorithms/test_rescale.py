"""Spectral scaling: places, brightness, missing data."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.rescale import rescale
from hcdc_kernel.errors import DataError


def star(xy, sigma_px, size=81):
    y, x = np.mgrid[:size, :size]
    return np.exp(-((x - xy[0]) ** 2 + (y - xy[1]) ** 2) / (2 * sigma_px**2)).astype(np.float32)


@pytest.mark.parametrize("factor", [0.75, 0.93, 1.0, 1.08, 1.4])
def test_a_speckle_moves_out_and_widens_with_the_factor(factor):
    image = rescale(star((52, 33), 2.0)[None], np.array([factor]))[0]

    expected = star((40 + 12 * factor, 40 - 7 * factor), 2.0 * factor)
    measured = np.isfinite(image)
    np.testing.assert_allclose(image[measured], expected[measured], atol=3e-4)


@pytest.mark.parametrize("factor", [0.8, 1.3])
def test_surface_brightness_is_kept_and_flux_grows_with_the_area(factor):
    before = star((50, 40), 2.0)

    after = rescale(before[None], np.array([factor]))[0]

    assert np.nanmax(after) == pytest.approx(before.max(), abs=0.02)
    assert np.nansum(after) == pytest.approx(factor**2 * before.sum(), rel=1e-3)


def test_a_constant_stays_constant_to_the_edge():
    image = rescale(np.full((1, 30, 31), 5.0, dtype=np.float32), np.array([0.9]))[0]

    assert np.nanmin(image) == pytest.approx(5, rel=1e-6)
    assert np.nanmax(image) == pytest.approx(5, rel=1e-6)


def test_shrinking_leaves_a_border_without_data():
    image = rescale(np.ones((1, 41, 41), dtype=np.float32), np.array([0.5]))[0]

    assert np.isnan(image[0]).all()
    assert np.isfinite(image[10:31, 10:31]).all()


def test_missing_data_are_scaled_too():
    image = star((40, 40), 3.0)[None]
    image[0, 49:52, 49:52] = np.nan

    scaled = rescale(image, np.array([1.2]))[0]

    assert np.isnan(scaled[52, 52])
    assert np.isnan(scaled).sum() == pytest.approx(9 * 1.2**2, abs=4)
    assert scaled[40, 40] == pytest.approx(1, abs=1e-3)


def test_shrinking_does_not_fold_noise_back():
    noise = np.random.default_rng(1).normal(size=(4, 81, 81)).astype(np.float32)

    scaled = rescale(noise, np.full(4, 0.6))

    # Area 0.36 of the Fourier plane is kept.
    assert np.nanstd(scaled) == pytest.approx(0.6, abs=0.04)


def test_channels_align_their_speckles():
    short, long = star((50, 40), 2.0), star((40 + 10 * 1.25, 40), 2.5)

    aligned = rescale(short[None], np.array([1.25]))[0]

    np.testing.assert_allclose(aligned, long, atol=3e-4)


def test_precision_is_kept():
    images = np.ones((2, 11, 11), dtype=np.float32)

    assert rescale(images, np.array([1.0, 1.1])).dtype == np.float32
    assert rescale(images.astype(float), np.array([1.0, 1.1])).dtype == np.float64


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_a_magnification_that_is_not_positive_is_refused(factor):
    with pytest.raises(DataError, match="positive"):
        rescale(np.ones((1, 5, 5)), np.array([factor]))
