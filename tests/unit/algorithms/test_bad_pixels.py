from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.algorithms.bad_pixels import neighbor_fill
from hcdc_kernel.errors import DataError

SHAPE = (60, 80)


def _scattered(share, seed=0):
    return np.random.default_rng(seed).random(SHAPE) < share


@given(
    st.floats(-10, 10),
    st.floats(-2, 2),
    st.floats(-2, 2),
    st.floats(0, 0.12),
    st.integers(0, 1000),
)
def test_gradients_are_restored(level, along_y, along_x, share, seed):
    y, x = np.indices(SHAPE)
    truth = (level + along_y * y + along_x * x).astype(np.float32)
    is_bad = _scattered(share, seed)
    is_bad[:3] = is_bad[-3:] = is_bad[:, :3] = is_bad[:, -3:] = False
    image = np.where(is_bad, np.float32(1e6), truth)
    neighbor_fill(is_bad).apply(image)
    np.testing.assert_allclose(image, truth, atol=2e-3)


def test_good_pixels_are_not_touched():
    image = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    is_bad = _scattered(0.05)
    filled = image.copy()
    neighbor_fill(is_bad).apply(filled)
    np.testing.assert_array_equal(filled[~is_bad], image[~is_bad])


def test_the_variance_is_that_of_the_filled_value():
    rng = np.random.default_rng(2)
    is_bad = _scattered(0.05)
    fill = neighbor_fill(is_bad)
    variance = np.full(SHAPE, 4.0, np.float32)
    fill.apply_variance(variance)
    drawn = np.stack([rng.normal(0, 2, SHAPE) for _ in range(3000)]).astype(np.float32)
    for image in drawn:
        fill.apply(image)
    measured = drawn[:, is_bad].var(axis=0)
    np.testing.assert_allclose(measured / variance[is_bad], 1, atol=0.15)
    np.testing.assert_array_equal(variance[~is_bad], 4)


def test_neighbors_of_the_other_field_are_not_used():
    is_bad = np.zeros(SHAPE, dtype=bool)
    is_bad[10:50, 38:42] = True
    image = np.zeros(SHAPE, np.float32)
    image[:, 40:] = 1000
    image[is_bad] = -1
    neighbor_fill(is_bad, field_width=40).apply(image)
    assert (image[:, :40] == 0).all()
    np.testing.assert_allclose(image[:, 40:], 1000, rtol=1e-5)


def test_large_holes_stay_without_data_and_are_told():
    is_bad = np.zeros(SHAPE, dtype=bool)
    is_bad[20:40, 20:40] = True
    fill = neighbor_fill(is_bad, reach_px=4)
    image = np.ones(SHAPE, np.float32)
    fill.apply(image)
    assert np.isnan(image[30, 30])
    assert image[20, 20] == pytest.approx(1)
    np.testing.assert_array_equal(np.isnan(image), fill.is_lost)


def test_what_is_outside_the_field_is_neither_used_nor_filled():
    outside = np.zeros(SHAPE, dtype=bool)
    outside[:10] = True
    is_bad = np.zeros(SHAPE, dtype=bool)
    is_bad[10, ::5] = True
    image = np.where(outside, np.float32(-500), np.float32(7))
    image[is_bad] = 9999
    neighbor_fill(is_bad, outside).apply(image)
    assert np.isnan(image[:10]).all()
    np.testing.assert_allclose(image[10:], 7, rtol=1e-5)


def test_hits_of_one_frame_are_filled_and_not_leaned_on():
    is_bad = _scattered(0.05)
    hits = _scattered(0.02, seed=5) & ~is_bad
    inner = np.zeros(SHAPE, dtype=bool)
    inner[3:-3, 3:-3] = True
    is_bad, hits = is_bad & inner, hits & inner
    y, x = np.indices(SHAPE)
    truth = (0.3 * x - 0.2 * y).astype(np.float32)
    image = truth.copy()
    image[is_bad | hits] = 1e6
    fill = neighbor_fill(is_bad)
    fill.apply(image, hits)
    np.testing.assert_allclose(image, truth, atol=1e-3)
    again = truth.copy()
    fill.apply(again)
    np.testing.assert_allclose(again, truth, atol=1e-3)


def test_a_bad_pixel_in_the_core_of_a_real_star_is_restored(real_data):
    path = real_data / "irdis_hcdc_psf" / "61Vir_20170628_DB_H23_median_unsat.fits"
    star = fits.getdata(path)[0, 0].astype(np.float32)
    peak_y, peak_x = np.unravel_index(star.argmax(), star.shape)
    errors = []
    for y in range(peak_y - 3, peak_y + 4):
        for x in range(peak_x - 3, peak_x + 4):
            is_bad = np.zeros(star.shape, dtype=bool)
            is_bad[y, x] = True
            image = star.copy()
            neighbor_fill(is_bad).apply(image)
            errors.append((image[y, x] - star[y, x]) / star.max())
    assert np.sqrt(np.mean(np.square(errors))) < 0.02
    assert np.max(np.abs(errors)) < 0.05


def test_every_real_bad_pixel_within_the_field_has_neighbors(real_data):
    path = real_data / "irdis_master_flats" / "master_badpix.fits.gz"
    is_bad = fits.getdata(path) == 0
    fill = neighbor_fill(is_bad, field_width=1024)
    y, x = np.indices((1024, 2048)).astype(np.float32)
    truth = 0.2 * x - 0.1 * y
    image = np.where(is_bad, np.float32(1e5), truth)
    fill.apply(image)
    lit = np.s_[20:1010, 60:930]
    assert np.isfinite(image[lit]).mean() > 0.9995
    error = np.abs(image - truth)[lit]
    assert np.nanpercentile(error, 99.9) < 1e-2


def test_images_that_cannot_be_filled_are_refused():
    with pytest.raises(DataError, match="outside the field"):
        neighbor_fill(np.zeros((4, 4), dtype=bool), np.zeros((4, 5), dtype=bool))
    with pytest.raises(DataError, match="image must have shape"):
        neighbor_fill(np.zeros((4, 4), dtype=bool)).apply(np.zeros((5, 5), np.float32))
    with pytest.raises(DataError, match="one piece"):
        neighbor_fill(np.zeros((4, 4), dtype=bool)).apply(np.zeros((8, 8), np.float32)[::2, ::2])
