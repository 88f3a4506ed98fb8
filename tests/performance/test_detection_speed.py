"""Speed of the search for companions on images as large as those of IRDIS.

Run with ``pytest -m performance tests/performance -s``; the ratios are printed. Each limit is
well below what a quiet machine gives. Processor time is compared, in the same run.
"""

import importlib
import time
import warnings

import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import threadpool_limits

from hcdc_kernel.algorithms.psfsub import pca_weights
from hcdc_kernel.algorithms.snr import snr_at, snr_map

pytestmark = [pytest.mark.performance, pytest.mark.slow]

FWHM_PX = 3.4


def seconds(function, repeats=3):
    """Least processor time of several runs after a first one that compiles and imports."""
    function()
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best


def compare(name, ours, theirs, repeats=3):
    """Print and return how many times less processor time ours takes."""
    with threadpool_limits(1):
        mine, other = seconds(ours, repeats), seconds(theirs, repeats)
    print(f"\n{name}: {mine * 1e3:.2f} ms, {other * 1e3:.2f} ms: {other / mine:.1f} x")  # noqa: T201
    return other / mine


def noise(size, seed=0):
    return np.random.default_rng(seed).normal(size=(size, size))


def test_map_of_signal_to_noise_against_vip():
    image = noise(61)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        snrmap = importlib.import_module("vip_hci.metrics").snrmap

    def theirs():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return snrmap(image, FWHM_PX, nproc=1, verbose=False)

    ratio = compare("S/N map, VIP", lambda: snr_map(image, FWHM_PX), theirs, repeats=1)

    assert ratio > 50


def test_map_against_its_pixels_one_by_one():
    image = noise(329)
    rows, columns = np.indices(image.shape)
    distance = np.hypot(columns - 164, rows - 164)
    every = np.flatnonzero((distance > FWHM_PX) & (distance < 160))
    some = [(float(i % 329), float(i // 329)) for i in every[::200]]
    share = len(some) / every.size

    def one_by_one():
        return [snr_at(image, xy, FWHM_PX) for xy in some]

    # Only a share of the pixels is measured singly; all of them would take as much longer.
    ratio = compare("S/N map, part of its pixels", lambda: snr_map(image, FWHM_PX), one_by_one)

    assert ratio / share > 10


def test_a_few_pixels_of_a_map_cost_little():
    image = noise(329)
    rows, columns = np.indices(image.shape)
    near = np.hypot(columns - 244, rows - 180) < FWHM_PX

    ratio = compare(
        "S/N of few pixels, whole map",
        lambda: snr_map(image, FWHM_PX, where=near),
        lambda: snr_map(image, FWHM_PX),
    )

    assert ratio > 20


@pytest.mark.parametrize(("n_reference", "least"), [(60, 1.5), (110, 1.5)])
def test_weights_of_one_target_against_eigenvectors(n_reference, least):
    rng = np.random.default_rng(1)
    speckles = rng.normal(size=(n_reference + 1, 60)) * np.exp(-np.arange(60) / 8)
    frames = speckles @ rng.normal(size=(60, 1500))
    frames += 0.05 * rng.normal(size=frames.shape)
    gram, cross = frames[1:] @ frames[1:].T, frames[1:] @ frames[:1].T

    def ours():
        return [pca_weights(gram, cross, 22) for _ in range(50)]

    def with_eigenvectors():
        done = []
        for _ in range(50):
            wanted = (n_reference - 22, n_reference - 1)
            values, vectors = scipy.linalg.eigh(gram, subset_by_index=wanted, check_finite=False)
            done.append(((vectors / values) @ (vectors.T @ cross)).T)
        return done

    np.testing.assert_allclose(
        ours()[0], with_eigenvectors()[0], atol=1e-10 * np.abs(ours()[0]).max()
    )
    name = f"PCA weights of one target, {n_reference} references, SciPy"
    assert compare(name, ours, with_eigenvectors) > least
