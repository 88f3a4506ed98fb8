"""Position and flux by negative injection."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.algorithms.companion import first_guess, fit_companion, measure_companion
from hcdc_kernel.algorithms.experiment import PointSource


def planted(experiment, *sources):
    return replace(experiment, cube=experiment.adding(sources))


def test_planet_is_recovered_in_place_and_flux(make_experiment):
    truth = PointSource(17.3, 211.0, np.array([5e-3]))
    experiment = planted(make_experiment(noise=0.3), truth)
    start = first_guess(experiment, truth.offset_xy + np.array([0.6, -0.5]))
    found, n_reductions, converged = fit_companion(experiment, start)
    assert converged
    assert n_reductions < 25
    assert np.hypot(*(found.offset_xy - truth.offset_xy)) < 0.05
    assert found.contrast == pytest.approx(truth.contrast, rel=0.02)


def test_measured_contrast_is_proportional_to_the_planets(make_experiment):
    found = []
    for contrast in (3e-3, 3e-2):
        truth = PointSource(17.3, 100.0, np.array([contrast]))
        experiment = planted(make_experiment(noise=0.3), truth)
        found.append(fit_companion(experiment, first_guess(experiment, truth.offset_xy))[0])
    assert found[1].contrast[0] / found[0].contrast[0] == pytest.approx(10, rel=0.03)


def test_errors_cover_the_truth(make_experiment):
    pulls = []
    for seed in range(8):
        truth = PointSource(15.0, 40.0 * seed, np.array([4e-3]))
        experiment = planted(make_experiment(seed, noise=3.0), truth)
        fit = measure_companion(experiment, first_guess(experiment, truth.offset_xy))
        miss = fit.source.offset_xy - truth.offset_xy
        outwards = truth.offset_xy / truth.separation_px
        pulls.append(
            [
                miss @ outwards / fit.separation_error_px,
                miss @ np.array([-outwards[1], outwards[0]]) / fit.tangential_error_px,
                float((fit.source.contrast - truth.contrast)[0] / fit.contrast_error[0]),
            ]
        )
    rms = np.sqrt(np.mean(np.square(pulls), axis=0))
    assert np.all((rms > 0.3) & (rms < 1.8))


def test_errors_grow_with_the_noise(make_experiment):
    errors = []
    for noise in (0.5, 2.0):
        truth = PointSource(16.0, 300.0, np.array([8e-3]))
        experiment = planted(make_experiment(noise=noise), truth)
        fit = measure_companion(experiment, first_guess(experiment, truth.offset_xy))
        errors.append(fit.contrast_error[0])
    assert errors[1] / errors[0] == pytest.approx(4, rel=0.5)


def test_each_channel_has_its_own_contrast_at_one_place(make_experiment):
    truth = PointSource(16.0, 75.0, np.array([6e-3, 1e-3, 3e-3]))
    experiment = planted(make_experiment(n_wave=3, noise=0.3), truth)
    found, n_reductions, _ = fit_companion(experiment, first_guess(experiment, truth.offset_xy))
    assert found.contrast == pytest.approx(truth.contrast, rel=0.05)
    assert n_reductions < 30


def test_channels_that_mix_share_one_contrast(make_experiment):
    truth = PointSource(16.0, 75.0, np.array([4e-3, 4e-3]))
    experiment = replace(planted(make_experiment(n_wave=2), truth), mixes_channels=True)
    fit = measure_companion(experiment, first_guess(experiment, truth.offset_xy))
    assert fit.source.contrast == pytest.approx(truth.contrast, rel=0.1)
    assert np.ptp(fit.source.contrast) == 0
    assert fit.contrast_error.shape == (2,)


def test_no_room_for_trials_leaves_the_errors_open(make_experiment):
    truth = PointSource(4.2, 75.0, np.array([5e-2]))
    experiment = planted(make_experiment(), truth)
    fit = measure_companion(experiment, truth, n_azimuths=4)
    assert np.isnan(fit.separation_error_px)
