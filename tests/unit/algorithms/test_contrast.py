"""Contrast limits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hcdc_kernel.algorithms.contrast import measure_limits, noise_profile
from hcdc_kernel.algorithms.experiment import PointSource
from hcdc_kernel.algorithms.snr import n_apertures, snr_at, snr_threshold
from hcdc_kernel.algorithms.throughput import (
    InjectionTests,
    injection_patterns,
    measure_throughput,
)

FWHM = 4.0


def test_noise_of_white_noise_is_that_of_the_circles_area():
    image = 3 * np.random.default_rng(0).normal(size=(101, 101))
    noise = noise_profile(image, np.array([20.0, 35.0, 45.0]), FWHM)
    assert noise == pytest.approx(np.full(3, 3 * np.sqrt(np.pi * 4)), rel=0.15)


def test_noise_is_unknown_where_too_little_of_the_ring_is_left():
    image = np.random.default_rng(1).normal(size=(61, 61))
    image[:, 25:] = np.nan
    assert np.isnan(noise_profile(image, np.array([15.0]), FWHM))[0]
    assert np.isnan(noise_profile(image, np.array([1.0]), FWHM))[0]


def test_reduction_that_does_nothing_lets_everything_through(make_experiment):
    experiment = replace(make_experiment(), reduce=lambda cube: cube.mean(axis=1))
    experiment = replace(experiment, derotation_deg=np.zeros(14))
    share = measure_throughput(
        experiment,
        np.array([10.0, 20.0]),
        np.full((1, 2), 1e-3),
        InjectionTests(n_azimuths=3),
    )
    assert share == pytest.approx(np.ones((1, 2)), abs=0.01)


def test_throughput_rises_away_from_the_star(make_experiment):
    experiment = make_experiment()
    share = measure_throughput(
        experiment,
        np.array([6.0, 12.0, 24.0]),
        np.full((1, 3), 2e-3),
        InjectionTests(n_azimuths=3),
    )[0]
    assert 0 < share[0] < share[1] < share[2] <= 1.02


def test_companion_at_the_limit_reaches_the_threshold(make_experiment):
    experiment = make_experiment(noise=3.0)
    limits = measure_limits(experiment, np.arange(6.0, 27.0))
    at = 12
    separation = float(limits.separation_px[at])
    needed = float(snr_threshold(5.0, n_apertures(np.array(separation), FWHM)))
    reached = []
    for angle in range(0, 360, 30):
        source = PointSource(separation, float(angle), limits.contrast[:, at])
        image = experiment.residual([source])[0].astype(float)
        x, y = source.offset_xy + 30
        reached.append(snr_at(image, (x, y), FWHM))
    assert np.median(reached) == pytest.approx(needed, rel=0.25)


def test_limit_is_proportional_to_the_noise(make_experiment):
    separation = np.array([14.0, 18.0, 22.0])
    faint, bright = (
        measure_limits(make_experiment(noise=noise), separation).contrast for noise in (1.0, 3.0)
    )
    assert bright / faint == pytest.approx(np.full((1, 3), 3.0), rel=0.1)


def test_planet_that_is_masked_does_not_spoil_the_limit(make_experiment):
    experiment = make_experiment()
    source = PointSource(16.0, 50.0, np.array([2e-2]))
    there = replace(experiment, cube=experiment.adding([source]))
    separation = np.array([14.0, 16.0, 18.0])
    clean = measure_limits(experiment, separation).contrast[0, 1]
    spoiled = measure_limits(there, separation).contrast[0, 1]
    saved = measure_limits(there.without([source]), separation, hidden=[source.offset_xy])
    assert spoiled > 2 * clean
    assert saved.contrast[0, 1] == pytest.approx(clean, rel=0.2)


def test_few_circles_ask_for_a_deeper_limit(make_experiment):
    limits = measure_limits(make_experiment(), np.array([6.0, 20.0]), n_sigma=5.0)
    circles = n_apertures(limits.separation_px, FWHM)
    factor = stats.t.isf(stats.norm.sf(5.0), circles - 2) * np.sqrt(1 + 1 / (circles - 1))
    star = make_experiment().star_flux[0]
    expected = factor * limits.noise[0] / limits.throughput[0] / star
    assert limits.contrast[0] == pytest.approx(expected)


def test_channels_have_limits_of_their_own(make_experiment):
    limits = measure_limits(make_experiment(n_wave=2), np.array([12.0, 18.0, 24.0]))
    assert limits.contrast.shape == (2, 3)
    # The star is twice as bright in the second channel, the noise is the same.
    assert limits.contrast[0] / limits.contrast[1] == pytest.approx(np.full(3, 2.0), rel=0.35)


def test_companions_injected_together_keep_their_distance():
    separation = np.arange(5.0, 45.0, 4.0)
    tests = InjectionTests(n_azimuths=3, n_at_once=3)
    patterns = injection_patterns(separation, FWHM, tests)
    assert sorted(i for pattern in patterns for i, _ in pattern) == sorted([*range(10)] * 3)
    for pattern in patterns:
        places = [PointSource(separation[i], a, np.ones(1)).offset_xy for i, a in pattern]
        gaps = [np.hypot(*(a - b)) for k, a in enumerate(places) for b in places[:k]]
        assert len(pattern) <= 3
        assert all(gap >= 4 * FWHM for gap in gaps)
