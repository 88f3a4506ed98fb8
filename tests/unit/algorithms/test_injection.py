"""Companions put into raw frames."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.injection import companion_track, inject
from hcdc_kernel.algorithms.photometry import aperture_flux, fit_star
from hcdc_kernel.algorithms.rotate import derotate
from hcdc_kernel.errors import DataError


def psf(size=25, fwhm=4.0):
    rows, columns = np.indices((size, size)) - size // 2
    return np.exp(-4 * np.log(2) * (rows**2 + columns**2) / fwhm**2).astype(np.float32)[None]


ANGLES = np.linspace(-30.0, 75.0, 8)
STAR = np.array([30.0, 30.0])


def test_companion_is_where_its_position_angle_says_once_north_is_up():
    track = companion_track(17.0, 211.0, ANGLES, STAR)
    cube = inject(np.zeros((1, 8, 61, 61), np.float32), psf(), track, np.array([1.0]))
    image = derotate(cube[0], ANGLES).mean(axis=0)
    angle = np.deg2rad(211.0)
    expected = (30 - 17 * np.sin(angle), 30 + 17 * np.cos(angle))
    assert fit_star(np.nan_to_num(image)).xy == pytest.approx(expected, abs=0.02)


def test_flux_is_exact_at_every_sub_pixel_place():
    track = companion_track(15.3, 40.0, ANGLES, STAR)
    cube = inject(np.zeros((1, 8, 61, 61), np.float32), psf(), track, np.array([0.37]))
    whole = 0.37 * psf().sum()
    rows, columns = np.indices((61, 61))
    for image, (x, y) in zip(cube[0].astype(float), track, strict=True):
        truth = 0.37 * np.exp(-4 * np.log(2) * ((columns - x) ** 2 + (rows - y) ** 2) / 16)
        assert image.sum() == pytest.approx(whole, rel=1e-5)
        assert np.abs(image - truth).max() < 1e-4
        core = aperture_flux(image, 2.0, (x, y))
        assert core == pytest.approx(aperture_flux(truth, 2.0, (x, y)), rel=1e-3)


def test_taking_out_what_was_put_in_leaves_nothing():
    rng = np.random.default_rng(0)
    cube = rng.normal(size=(1, 8, 61, 61)).astype(np.float32)
    track = companion_track(12.0, 100.0, ANGLES, STAR)
    there = inject(cube, psf(), track, np.array([5.0]))
    back = inject(there, psf(), track, np.array([-5.0]))
    assert np.abs(back - cube).max() < 1e-5
    assert not np.shares_memory(there, cube)


def test_each_channel_gets_its_own_psf_and_flux():
    cube = np.zeros((2, 3, 61, 61), np.float32)
    both = np.concatenate([psf(fwhm=3.0), psf(fwhm=5.0)])
    track = companion_track(10.0, 0.0, np.zeros(3), STAR)
    added = inject(cube, both, track, np.array([1.0, 2.0]))
    assert added.sum(axis=(2, 3))[:, 0] == pytest.approx([both[0].sum(), 2 * both[1].sum()])


def test_companion_beyond_the_border_is_cut_off():
    cube = np.zeros((1, 2, 31, 31), np.float32)
    inside = inject(cube, psf(), np.array([[29.0, 15.0], [80.0, 15.0]]), np.array([1.0]))
    assert 0.5 * psf().sum() < inside[0, 0].sum() < psf().sum()
    assert not inside[0, 1].any()


def test_channels_must_agree():
    with pytest.raises(DataError, match="channels"):
        inject(np.zeros((2, 1, 9, 9)), psf(), np.zeros((1, 2)), np.ones(2))
