"""Companions tried on a sequence."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.algorithms.experiment import PointSource


@pytest.mark.parametrize(
    ("offset", "angle"), [((0, 5), 0), ((-5, 0), 90), ((0, -5), 180), ((5, 0), 270)]
)
def test_position_angle_goes_from_north_to_east(offset, angle):
    source = PointSource.at(np.array(offset, float), np.ones(1))
    assert source.separation_px == pytest.approx(5)
    assert source.position_angle_deg == pytest.approx(angle)
    assert source.offset_xy == pytest.approx(offset, abs=1e-9)


def test_companion_is_seen_where_it_was_put(make_experiment):
    experiment = make_experiment(noise=0.01, reduce=None)
    source = PointSource(18.0, 130.0, np.array([1e-2]))
    response = experiment.residual([source]) - experiment.residual()
    seen = experiment.contrast_at(response, source.offset_xy)
    assert 0.5e-2 < seen[0] < 1.05e-2
    assert abs(experiment.contrast_at(response, -source.offset_xy)[0]) < 1e-3


def test_taking_out_undoes_adding(make_experiment):
    experiment = make_experiment()
    sources = [PointSource(18.0, 130.0, np.array([1e-2])), PointSource(12, 20, np.array([3e-3]))]
    there = experiment.adding(sources)
    back = experiment.without([source.times(-1) for source in sources]).without(sources)
    assert np.abs(there - experiment.cube).max() > 10
    assert np.abs(back.cube - experiment.cube).max() < 1e-3


def test_coronagraph_dims_what_is_added(make_experiment):
    bare = make_experiment(noise=0.01)
    masked = replace(bare, transmit=lambda separation_px: 0.25 if separation_px < 15 else 1.0)
    near, far = (PointSource(s, 130.0, np.array([1e-2])) for s in (10.0, 18.0))
    for source, share in ((near, 0.25), (far, 1.0)):
        added = masked.adding([source]) - masked.cube
        expected = share * (bare.adding([source]) - bare.cube)
        np.testing.assert_allclose(added, expected, atol=2e-3)
    taken_out = replace(masked, cube=masked.adding([near])).without([near])
    assert np.abs(taken_out.cube - masked.cube).max() < 1e-3
