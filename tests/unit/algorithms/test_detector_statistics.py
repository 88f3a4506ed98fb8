from __future__ import annotations

import numpy as np
import pytest

from hcdc_kernel.algorithms.detector_noise import fit_noise, robust_spread
from hcdc_kernel.algorithms.detector_statistics import combine_planes
from hcdc_kernel.errors import DataError

SHAPE = (96, 160)
READ_NOISE_ADU, GAIN = 2.5, 1.75


def _planes(n, level=100.0, *, hits=0, drift=0.0, seed=1):
    """Planes of a level with photon and read noise, cosmic rays, a lamp that drifts."""
    rng, chance = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    for t in range(n):
        light = level * (1 + drift * t) * np.ones(SHAPE)
        noise = np.sqrt(np.maximum(light, 0) / GAIN + READ_NOISE_ADU**2)
        plane = light + noise * rng.standard_normal(SHAPE)
        plane.reshape(-1)[chance.integers(0, plane.size, hits)] += 2000.0
        yield plane.astype(np.float32)


@pytest.mark.parametrize("n", [2, 3, 4, 8, 16, 40])
def test_mean_and_its_variance_are_honest(n):
    combined = combine_planes(_planes(n))
    z = (combined.mean - 100) / np.sqrt(combined.variance)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert 0.85 < (z**2).mean() < 1.2
    assert (combined.n_used == n).mean() > 0.999
    assert combined.n_planes == n


@pytest.mark.parametrize("n", [2, 3, 5, 15, 30])
def test_cosmic_rays_leave_no_trace_in_the_mean(n):
    clean = combine_planes(_planes(n)).mean
    struck = combine_planes(_planes(n, hits=30)).mean
    noise = np.sqrt((100 / GAIN + READ_NOISE_ADU**2) / n)
    differ = zip(_planes(n), _planes(n, hits=30), strict=True)
    n_hits = sum(a != b for a, b in differ)
    # Where most planes are hit, none can tell; nowhere else may anything be left.
    beyond_help = n_hits > (n - 1) / 2 if n > 2 else n_hits > 1
    assert n_hits.max() >= 1
    assert (np.abs(struck - clean)[~beyond_help] < 6 * noise).all()


def test_a_single_plane_has_the_noise_of_its_pixels():
    (plane,) = _planes(1)
    combined = combine_planes([plane])
    np.testing.assert_array_equal(combined.mean, plane)
    expected = 100 / GAIN + READ_NOISE_ADU**2
    np.testing.assert_allclose(combined.variance, expected, rtol=0.1)
    assert np.isnan(combined.scatter).all()


@pytest.mark.parametrize("n", [6, 30])
def test_scatter_is_the_noise_of_a_plane(n):
    combined = combine_planes(_planes(n))
    expected = np.sqrt(100 / GAIN + READ_NOISE_ADU**2)
    assert np.sqrt((combined.scatter**2).mean()) == pytest.approx(expected, rel=0.02)


def test_a_lamp_that_drifts_makes_pixels_no_noisier():
    steady = combine_planes(_planes(30, 5000.0))
    drifting = combine_planes(_planes(30, 5000.0, drift=0.005))
    assert np.median(drifting.scatter) == pytest.approx(np.median(steady.scatter), rel=0.1)
    assert (drifting.n_used == 30).mean() > 0.999
    assert drifting.mean.mean() == pytest.approx(5000 * (1 + 0.005 * 14.5), rel=1e-3)
    assert drifting.levels[-1] / drifting.levels[0] == pytest.approx(1 + 0.005 * 29, rel=2e-3)


def test_noise_against_level_tells_read_noise_and_gain():
    ramp = np.linspace(-500, 4000, SHAPE[1]).clip(min=0)[None, :]  # part of it is dark
    combined = combine_planes(_planes(20, ramp))
    assert combined.noise.read_noise_adu == pytest.approx(READ_NOISE_ADU, rel=0.1)
    assert combined.noise.gain_e_per_adu == pytest.approx(GAIN, rel=0.03)


def test_a_dark_tells_read_noise_but_no_gain():
    combined = combine_planes(_planes(20, 0.0))
    assert combined.noise.read_noise_adu == pytest.approx(READ_NOISE_ADU, rel=0.02)
    assert np.isnan(combined.noise.gain_e_per_adu)


def test_a_dark_has_steady_levels():
    combined = combine_planes(_planes(40, 0.0))
    error = 1.25 * READ_NOISE_ADU / np.sqrt(np.prod(SHAPE))
    assert np.abs(combined.levels).max() < 5 * error


def test_missing_values_are_left_out():
    planes = [plane.copy() for plane in _planes(5)]
    planes[2][10, 10] = np.nan
    for plane in planes:
        plane[20, 20] = np.nan
    combined = combine_planes(planes)
    assert combined.n_used[10, 10] == 4
    assert np.isfinite(combined.mean[10, 10])
    assert np.isnan(combined.mean[20, 20])
    assert np.isnan(combined.variance[20, 20])


def test_planes_are_not_kept():
    alive = 0
    most = 0

    class Counted(np.ndarray):
        def __array_finalize__(self, source):
            pass

    def planes():
        nonlocal alive, most
        import weakref

        def gone(_):
            nonlocal alive
            alive -= 1

        keep = []
        for plane in _planes(60):
            counted = plane.view(Counted)
            alive += 1
            most = max(most, alive)
            keep.append(weakref.ref(counted, gone))
            yield counted
            del counted

    assert combine_planes(planes()).n_planes == 60
    assert most < 20


def test_nothing_to_combine_and_differing_shapes_are_refused():
    with pytest.raises(DataError, match="no plane"):
        combine_planes([])
    with pytest.raises(DataError, match="plane must have shape"):
        combine_planes([np.zeros((4, 4), np.float32), np.zeros((4, 5), np.float32)])
    with pytest.raises(DataError, match="plane must have shape"):
        combine_planes([np.zeros((2, 4, 4), np.float32)])


def test_spread_is_that_of_the_bulk():
    values = np.random.default_rng(0).normal(3, 2, 10_000)
    values[:500] = 1e6
    assert robust_spread(values) == pytest.approx(2, rel=0.1)
    assert np.isnan(robust_spread(np.array([np.nan])))


def test_noise_without_values_is_none():
    assert fit_noise(np.array([]), np.array([]), 3).read_noise_adu == 0
