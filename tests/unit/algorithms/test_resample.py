"""Band-limited resampling keeps stars where, as sharp and as bright as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdc_kernel.algorithms.resample import resample, resample_matrix, resample_variance

SIZE = 81


def _star(x: float, y: float, resolution_px: float, stretch_y: float = 1.0):
    """Image of a star through a round pupil with a hole, exact at every pixel; peak 1."""
    u = np.linspace(-0.5, 0.5, 121)
    pupil = (np.hypot(*np.meshgrid(u, u)) < 0.5) & (np.hypot(*np.meshgrid(u, u)) > 0.07)
    n = np.arange(SIZE)
    rows = np.exp(-2j * np.pi * np.outer((n - y) * stretch_y / resolution_px, u))
    columns = np.exp(-2j * np.pi * np.outer((n - x) / resolution_px, u))
    return np.abs(rows @ pupil @ columns.T / pupil.sum()) ** 2


def _flux(image, x, y, radius, stretch_y=1.0):
    """Flux in an aperture, by a fine grid of the pixels' own values."""
    rows, columns = np.indices(image.shape)
    soft = np.clip(radius + 0.5 - np.hypot(columns - x, (rows - y) * stretch_y), 0, 1)
    return float((image * soft).sum())


# IRDIS Y band, the sharpest: lambda / 8 m = 2.15 px.
@settings(max_examples=15)
@given(
    dx=st.floats(-0.5, 0.5),
    dy=st.floats(-0.5, 0.5),
    step=st.sampled_from([1.0, 1 / 1.0062, 12.25 / 12.267, 1.0005]),
)
def test_star_in_y_band_is_interpolated_to_a_thousandth(dx, dy, step):
    image = _star(40, 40, 2.15)
    columns = resample_matrix(SIZE, SIZE, dx, 1.0)
    rows = resample_matrix(SIZE, SIZE, 40 + dy - 40 * step, step)
    result = resample(image, rows, columns)
    expected = _star(40 - dx, 40 - dy / step, 2.15, step)
    inner = np.s_[12:-12, 12:-12]
    assert np.abs(result - expected)[inner].max() < 1e-3
    assert _flux(result, 40 - dx, 40 - dy / step, 2.2) == pytest.approx(
        _flux(expected, 40 - dx, 40 - dy / step, 2.2), rel=1e-3
    )


def test_pixel_centers_count_from_zero():
    image = _star(30.25, 50.5, 3.4)
    # Output pixel (20, 20) shall see the star.
    columns = resample_matrix(41, SIZE, 30.25 - 20, 1.0)
    rows = resample_matrix(41, SIZE, 50.5 - 20, 1.0)
    result = resample(image, rows, columns)
    assert np.unravel_index(result.argmax(), result.shape) == (20, 20)
    assert result[20, 20] == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(result, result[::-1, ::-1], atol=2e-3)


def test_constant_stays_constant_up_to_the_border():
    columns = resample_matrix(70, 64, -0.4, 0.9)
    result = resample(np.full((64, 64), 7.0), columns, columns)
    np.testing.assert_allclose(result, 7.0, rtol=1e-5)


def test_what_is_outside_is_no_data():
    matrix = resample_matrix(12, 8, -2.0, 1.0)
    result = resample(np.ones((8, 8)), matrix, matrix)
    has_data = np.isfinite(result)
    assert has_data[2:10, 2:10].all()
    assert not has_data[:2].any()
    assert not has_data[:, 10:].any()


def test_whole_shifts_change_nothing():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(40, 50)).astype(np.float32)
    result = resample(image, resample_matrix(20, 40, 7, 1), resample_matrix(30, 50, 11, 1))
    np.testing.assert_allclose(result, image[7:27, 11:41], atol=1e-6)


def test_variance_is_that_of_resampled_noise():
    rng = np.random.default_rng(1)
    sigma = np.linspace(0.5, 2.0, 32)[:, None] * np.ones(32)
    rows, columns = resample_matrix(32, 32, 0.3, 0.99), resample_matrix(32, 32, 0.5, 1.0)
    noise = [resample(rng.normal(size=(32, 32)) * sigma, rows, columns) for _ in range(3000)]
    expected = resample_variance(sigma**2, rows, columns)
    inner = np.s_[8:-8, 8:-8]
    ratio = np.var(noise, axis=0)[inner] / expected[inner]
    assert ratio.mean() == pytest.approx(1.0, abs=0.01)
    assert np.abs(ratio - 1).max() < 0.15


def test_coarser_grid_folds_no_fine_detail_back():
    x = np.arange(200)
    wave = np.cos(2 * np.pi * 0.45 * x)[None, :] * np.ones((4, 1))
    result = resample(wave, np.eye(4, dtype=np.float32), resample_matrix(80, 200, 20, 2.0))
    assert np.abs(result[:, 15:-15]).max() < 0.01
