from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.algorithms.flat_field import fit_flat, lamp_level, large_scale
from hcdc_kernel.errors import DataError

SHAPE = (100, 120)
GAIN, READ_NOISE_ADU, N_PLANES = 1.75, 2.5, 5


def _truth(seed=0):
    response = np.random.default_rng(seed).normal(1, 0.02, SHAPE)
    response[:8] = 0
    return response / np.median(response[8:])


def _series(response, levels, *, offset=0.0, seed=1):
    rng = np.random.default_rng(seed)
    light = response * np.asarray(levels)[:, None, None]
    variance = (np.maximum(light, 0) / GAIN + READ_NOISE_ADU**2) / N_PLANES
    images = light + offset + np.sqrt(variance) * rng.standard_normal(light.shape)
    return images.astype(np.float32), variance.astype(np.float32)


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("levels", [(2e3, 4e3, 8e3, 12e3, 16e3), (3e3, 12e3), (9e3,)])
def test_the_response_is_found_with_honest_errors(levels, free):
    truth = _truth()
    fit = fit_flat(*_series(truth, levels), free_intercept=free)
    z = (fit.response - truth)[8:] / np.sqrt(fit.variance[8:])
    assert (z**2).mean() == pytest.approx(1, abs=0.08)
    assert np.median(fit.response[8:]) == pytest.approx(1, abs=1e-3)
    # Three or more points on a line: chi-square tells that the noise is as expected.
    assert np.isnan(fit.usual_chi2) or fit.usual_chi2 == pytest.approx(1, abs=0.1)


def test_an_offset_does_no_harm_to_a_free_line():
    truth = _truth()
    images, variances = _series(truth, (2e3, 6e3, 12e3), offset=400.0)
    free = fit_flat(images, variances, free_intercept=True).response
    through_zero = fit_flat(images, variances, free_intercept=False).response
    assert np.std((free - truth)[8:]) < 0.005
    assert np.abs(through_zero[:8]).max() > 0.02  # where only the offset shines
    assert np.abs(free[:8]).max() < 0.02


def test_equal_levels_give_the_ratio():
    truth = _truth()
    fit = fit_flat(*_series(truth, (8e3, 8e3, 8.1e3)))
    assert fit.n_terms == 1
    assert np.std((fit.response - truth)[8:]) < 0.006


def test_a_saturated_level_is_dropped_and_told():
    truth = _truth()
    images, variances = _series(truth, (3e3, 9e3, 18e3, 60e3))
    images = np.minimum(images, 40e3)
    fit = fit_flat(images, variances, saturation_adu=30e3)
    assert fit.is_used.tolist() == [True, True, True, False]
    assert np.std((fit.response - truth)[8:]) < 0.005


def test_saturated_pixels_of_a_good_level_are_left_out():
    truth = _truth()
    truth[50, 50] = 3.0
    images, variances = _series(truth, (3e3, 6e3, 12e3))
    images = np.minimum(images, 30e3)
    fit = fit_flat(images, variances, saturation_adu=29e3)
    assert fit.n_used[50, 50] == 2
    assert fit.response[50, 50] == pytest.approx(3, rel=0.01)


def test_pixels_that_are_not_linear_stand_out():
    truth = _truth()
    images, variances = _series(truth, (2e3, 4e3, 8e3, 16e3))
    images[:, 60, 60] *= np.array([1.0, 0.97, 0.9, 0.75])
    fit = fit_flat(images, variances)
    assert fit.chi2[60, 60] > 50
    others = np.delete(fit.chi2[8:].ravel(), (60 - 8) * SHAPE[1] + 60)
    assert others.max() < 50


def test_missing_values_leave_too_few_points():
    images, variances = _series(_truth(), (2e3, 8e3))
    images[:, 30, 30] = np.nan
    images[0, 31, 31] = np.nan
    fit = fit_flat(images, variances)
    assert np.isnan(fit.response[30, 30])
    assert np.isnan(fit.response[31, 31])


def test_no_light_no_image_and_nothing_but_saturation_are_refused():
    images, variances = _series(_truth(), (2e3,))
    with pytest.raises(DataError, match="no light"):
        fit_flat(-np.abs(images), variances)
    with pytest.raises(DataError, match="saturated"):
        fit_flat(images, variances, saturation_adu=100)
    with pytest.raises(DataError, match="no lamp exposure"):
        fit_flat(images[:0], variances[:0])
    with pytest.raises(DataError, match="no light"):
        lamp_level(np.full((3, 3), np.nan))


def test_large_scales_are_taken_out_and_small_ones_kept():
    y, x = np.indices(SHAPE)
    lamp = 1 + 0.1 * (x / SHAPE[1] - 0.5) - 0.05 * (y / SHAPE[0] - 0.5)
    grains = np.random.default_rng(4).normal(1, 0.01, SHAPE)
    is_bad = np.zeros(SHAPE, dtype=bool)
    is_bad[:30, :30] = True
    smooth = large_scale(lamp * grains, is_bad, 25)
    inner = np.s_[35:85, 35:105]
    assert np.std((smooth / lamp)[inner]) < 0.003
    assert np.isfinite(smooth).all()
    with pytest.raises(DataError, match="No good pixel"):
        large_scale(grains, np.ones(SHAPE, dtype=bool), 25)


def test_a_real_flat_is_recovered_from_its_own_lamp_series(real_data):
    path = real_data / "irdis_master_flats" / "master_flat_H.fits.gz"
    real = fits.getdata(path)[400:656, 400:656].astype(float)
    fit = fit_flat(*_series(real, (2e3, 6e3, 12e3)))
    z = (fit.response - real / np.median(real)) / np.sqrt(fit.variance)
    assert np.mean(z**2) == pytest.approx(1, abs=0.05)
