"""Place, width and flux of a star."""

import numpy as np
import pytest
from scipy import special

from hcdc_kernel.algorithms.photometry import aperture_flux, center_psf, fit_star
from hcdc_kernel.errors import DataError


def gaussian(x, y, fwhm=4.0, size=41, height=1.0):
    rows, columns = np.indices((size, size))
    square = (columns - x) ** 2 + (rows - y) ** 2
    return height * np.exp(-4 * np.log(2) * square / fwhm**2)


def airy(x, y, fwhm=4.0, size=41):
    rows, columns = np.indices((size, size))
    u = np.maximum(np.hypot(columns - x, rows - y), 1e-9) * np.pi * 1.0290 / fwhm
    return (2 * special.j1(u) / u) ** 2


@pytest.mark.parametrize(
    ("x", "y", "fwhm"), [(20.0, 20.0, 4.0), (18.37, 22.81, 2.5), (9.2, 25.6, 7)]
)
def test_gaussian_is_measured_exactly(x, y, fwhm):
    star = fit_star(gaussian(x, y, fwhm, height=730.0))
    assert star.xy == pytest.approx((x, y), abs=1e-3)
    assert star.fwhm == pytest.approx(fwhm, rel=2e-3)


def test_width_of_an_airy_pattern_is_that_at_half_its_height():
    star = fit_star(airy(20.3, 19.8))
    assert star.xy == pytest.approx((20.3, 19.8), abs=0.01)
    assert star.fwhm == pytest.approx(4.0, rel=0.02)


def test_noise_and_background_move_the_star_little():
    rng = np.random.default_rng(0)
    image = gaussian(21.4, 19.7, height=500.0) + rng.normal(30.0, 10.0, size=(41, 41))
    star = fit_star(image)
    assert star.xy == pytest.approx((21.4, 19.7), abs=0.05)
    assert star.fwhm == pytest.approx(4.0, rel=0.05)
    assert star.background == pytest.approx(30.0, abs=2.0)


def test_missing_pixels_are_passed_over():
    image = gaussian(20.4, 20.2)
    image[20, 22] = np.nan
    assert fit_star(image).xy == pytest.approx((20.4, 20.2), abs=1e-3)


@pytest.mark.parametrize(
    "image",
    [
        np.full((21, 21), np.nan),
        np.zeros((21, 21)),
        np.random.default_rng(0).normal(size=(31, 31)),
    ],
    ids=["no data", "flat", "noise"],
)
def test_image_without_a_star_is_refused(image):
    with pytest.raises(DataError, match="no star"):
        fit_star(image)


def test_centering_keeps_the_flux_and_the_shape():
    image = gaussian(18.62, 21.3, height=10.0)
    centered = center_psf(image, 31)
    assert centered.shape == (31, 31)
    assert centered.sum() == pytest.approx(image.sum(), rel=1e-3)
    assert np.abs(centered - gaussian(15, 15, size=31, height=10.0)).max() < 0.01


def test_centered_psf_is_as_large_as_the_image_allows():
    assert center_psf(gaussian(18.2, 20.0)).shape == (37, 37)
    with pytest.raises(DataError, match="odd size"):
        center_psf(gaussian(20, 20), 30)


def test_half_of_a_gaussian_is_within_its_fwhm():
    image = gaussian(20, 20, fwhm=8.0)
    assert aperture_flux(image, 4.0) / image.sum() == pytest.approx(0.5, abs=0.005)
