"""A reduction done again around companions only, against the whole."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.algorithms.experiment import PointSource
from hcdc_kernel.steps.apply import apply_step
from hcdc_kernel.steps.base import load_step, make_config
from hcdc_kernel.steps.experiments import make_experiment
from hcdc_kernel.synthetic import demo_scene, make_sequence

RINGS = {"model": "pca", "regions": "annuli", "min_motion_fwhm": 0.3}


def reduced(method):
    sequence = make_sequence(demo_scene())
    data = {"cube": sequence.cube, "psf": sequence.psf}
    settings = {"center-star": {}, "subtract-psf": RINGS, "combine-frames": {"method": method}}
    for name, chosen in settings.items():
        step = load_step(name)
        data |= apply_step(step, make_config(step, chosen), data)
    return data


@pytest.fixture(scope="module")
def data():
    return reduced("median")


def with_settings(data, **settings):
    """The same residual, as if it had been made with other settings."""
    residual = data["residual"]
    history = tuple(
        replace(done, config=done.config | settings) if done.step == "subtract-psf" else done
        for done in residual.history
    )
    return data | {"residual": replace(residual, history=history)}


# In the median, noise is drawn anew by the other interpolation.
@pytest.mark.parametrize(("method", "tolerance"), [("mean", 0.006), ("median", 0.04)])
def test_a_companion_changes_its_surroundings_as_in_the_whole_reduction(method, tolerance):
    local = make_experiment(reduced(method))
    assert local.local is not None
    whole = replace(local, local=None)
    for separation in (6.0, 14.0, 25.0):
        source = PointSource(separation, 75.0, np.full(local.cube.shape[0], 1e-3))
        here, everywhere = local.response([source]), whole.response([source])
        seen = local.contrast_at(here, source.offset_xy)
        exact = whole.contrast_at(everywhere, source.offset_xy)
        assert seen == pytest.approx(exact, rel=tolerance)


def test_a_companion_taken_out_leaves_what_was_there_before(data):
    clean = make_experiment(data)
    source = PointSource(20.0, 200.0, np.full(data["cube"].n_wave, 2e-3))
    with_it = clean.without([source.times(-1)])
    left = with_it.residual([source.times(-1)])
    n = left.shape[-1]
    x, y = np.rint(source.offset_xy).astype(int) + n // 2
    near = np.s_[:, y - 3 : y + 4, x - 3 : x + 4]
    change = np.abs(with_it.residual() - clean.residual())[near].max()
    noise = clean.residual()[near].std()
    assert change > 10 * noise
    assert np.abs(left - clean.residual())[near].std() < noise


def test_far_from_it_nothing_is_touched(data):
    experiment = make_experiment(data)
    source = PointSource(25.0, 75.0, np.full(data["cube"].n_wave, 1e-3))
    changed = experiment.residual([source]) != experiment.residual()
    rows, columns = np.nonzero(changed.any(axis=0) & ~np.isnan(experiment.residual()).any(axis=0))
    n = changed.shape[-1]
    away = np.hypot(*(np.array([columns, rows]).T - n // 2 - source.offset_xy).T)
    assert away.size
    assert away.max() < 7 * float(experiment.fwhm_px.max())


@pytest.mark.parametrize("settings", [{"regions": "full-frame", "min_motion_fwhm": 0.0}])
def test_without_rings_it_is_the_whole_reduction(data, settings):
    assert make_experiment(with_settings(data, **settings)).local is None
