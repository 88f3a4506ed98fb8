from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.algorithms.cosmic_rays import flag_cosmic_rays
from hcdc_kernel.errors import DataError

GAIN, READ_NOISE_ADU = 1.75, 2.5
SHAPE = (200, 300)


def _noise(scene):
    return np.sqrt(np.maximum(scene, 0) / GAIN + READ_NOISE_ADU**2).astype(np.float32)


def _frame(scene, seed=0):
    noise = _noise(scene)
    drawn = scene + noise * np.random.default_rng(seed).standard_normal(scene.shape)
    return drawn.astype(np.float32), noise


def _speckles(fwhm_px, peak, seed=0, size=256):
    """Speckles of a telescope: the square of a field limited to a pupil."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    pupil = frequency < 0.5 * 1.03 / fwhm_px
    field = np.fft.ifft2(pupil * np.exp(2j * np.pi * rng.random((size, size))))
    return peak * np.abs(field) ** 2 / np.max(np.abs(field) ** 2)


def _real_stars(real_data):
    vir = fits.getdata(real_data / "irdis_hcdc_psf" / "61Vir_20170628_DB_H23_median_unsat.fits")
    eri = fits.getdata(real_data / "irdis_51eri" / "SPHERE_51ERI_psf.fits")
    return [eri, *vir.reshape(-1, *vir.shape[2:])]


@pytest.mark.parametrize("peak", [100.0, 1000.0, 10_000.0])
def test_no_pixel_of_a_real_star_is_marked(real_data, peak):
    for i, star in enumerate(_real_stars(real_data)):
        frame, noise = _frame(star.astype(float) / star.max() * peak, seed=i)
        hits = flag_cosmic_rays(frame, noise, np.zeros(frame.shape, dtype=bool))
        assert hits.sum() <= (peak > 5000)  # such an image has noise of its own


@pytest.mark.parametrize("fwhm_px", [2.2, 2.6, 3.4, 4.6])
@pytest.mark.parametrize("peak", [300.0, 20_000.0])
def test_speckles_are_left_alone_in_every_band(fwhm_px, peak):
    frame, noise = _frame(_speckles(fwhm_px, peak))
    hits = flag_cosmic_rays(frame, noise, np.zeros(frame.shape, dtype=bool), fwhm_px=fwhm_px)
    assert hits.sum() == 0


def test_noise_is_not_taken_for_hits():
    frame, noise = _frame(np.zeros((1024, 1024)))
    assert flag_cosmic_rays(frame, noise, np.zeros(frame.shape, dtype=bool)).sum() == 0


@pytest.mark.parametrize(("n_sigma", "least"), [(12, 0.75), (20, 0.99), (200, 0.99)])
def test_hits_are_found_beside_the_star(n_sigma, least):
    rng = np.random.default_rng(3)
    frame, noise = _frame(np.zeros(SHAPE))
    is_bad = rng.random(SHAPE) < 0.04
    frame[is_bad] = 5e4
    truth = np.zeros(SHAPE, dtype=bool)
    truth.reshape(-1)[rng.integers(0, truth.size, 150)] = True
    truth[0] = truth[-1] = truth[:, 0] = truth[:, -1] = False
    frame[truth] += n_sigma * READ_NOISE_ADU
    hits = flag_cosmic_rays(frame, noise, is_bad)
    assert hits[truth & ~is_bad].mean() >= least
    assert not (hits & ~truth).any()
    assert not (hits & is_bad).any()


def test_tracks_and_clumps_are_found_whole():
    frame, noise = _frame(np.zeros(SHAPE))
    truth = np.zeros(SHAPE, dtype=bool)
    truth[50, 50:56] = True
    truth[80:82, 80:82] = True
    truth[range(100, 106), range(100, 106)] = True
    frame[truth] += 500
    hits = flag_cosmic_rays(frame, noise, np.zeros(SHAPE, dtype=bool))
    assert hits[truth].all()
    assert (hits & ~truth).sum() <= 2


def test_hits_among_speckles_are_found_with_the_frames_before_and_after():
    scene = _speckles(3.4, 3000.0)
    reference = np.median([_frame(scene, seed=i)[0] for i in range(1, 6)], axis=0)
    frame, noise = _frame(scene)
    rng = np.random.default_rng(9)
    truth = np.zeros(scene.shape, dtype=bool)
    truth.reshape(-1)[rng.integers(0, truth.size, 60)] = True
    truth[:2] = truth[-2:] = truth[:, :2] = truth[:, -2:] = False
    frame[truth] += (25 * noise)[truth]
    noise = np.sqrt(noise**2 * 1.3)
    nothing = np.zeros(scene.shape, dtype=bool)
    alone = flag_cosmic_rays(frame, noise, nothing)
    compared = flag_cosmic_rays(frame, noise, nothing, reference=reference)
    assert compared[truth].mean() > 0.95
    assert compared[truth].mean() > alone[truth].mean()
    assert not (compared & ~truth).any()


def test_a_star_that_moved_since_the_reference_is_no_hit(real_data):
    star = _real_stars(real_data)[1].astype(float)
    star *= 5000 / star.max()
    moved = 0.5 * (star + np.roll(star, 1, axis=1))
    frame, noise = _frame(star)
    hits = flag_cosmic_rays(
        frame, noise, np.zeros(star.shape, dtype=bool), reference=moved.astype(np.float32)
    )
    assert hits.sum() == 0


def test_differing_shapes_are_refused():
    frame, noise = _frame(np.zeros((10, 10)))
    with pytest.raises(DataError, match="noise"):
        flag_cosmic_rays(frame, noise[:5], np.zeros((10, 10), dtype=bool))
