"""Vectors seen in an eigenbasis that is never formed."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.algorithms.psfsub import pca_weights
from hcdc_kernel.algorithms.psfsub._eigenbasis import eigenbasis


def symmetric(n, rank, seed=0):
    frames = np.random.default_rng(seed).normal(size=(n, rank))
    return frames @ frames.T


@given(n=st.integers(2, 40), share=st.floats(0, 1), n_vectors=st.integers(1, 4))
def test_the_matrix_is_what_the_basis_says_it_is(n, share, n_vectors):
    matrix = symmetric(n, max(1, round(share * n)))
    vectors = np.random.default_rng(1).normal(size=(n, n_vectors))

    basis = eigenbasis(matrix, vectors)

    size = np.abs(matrix).max()
    np.testing.assert_allclose(
        np.sort(basis.values), np.linalg.eigvalsh(matrix), atol=1e-12 * n * size
    )
    np.testing.assert_allclose(basis.back(basis.seen), vectors, atol=1e-12)
    np.testing.assert_allclose(
        basis.back(basis.values[:, None] * basis.seen), matrix @ vectors, atol=1e-12 * n * size
    )


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((4, 4)), np.eye(5), np.diag([3.0, 0.0, 0.0, 1e-30, 1e30]), np.ones((6, 6))],
    ids=["zero", "one", "parts", "rank one"],
)
def test_special_matrices_are_no_exception(matrix):
    vectors = np.random.default_rng(2).normal(size=(len(matrix), 2))

    basis = eigenbasis(matrix, vectors)

    np.testing.assert_allclose(
        np.sort(basis.values), np.linalg.eigvalsh(matrix), rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose(basis.back(basis.seen), vectors, atol=1e-14)


@pytest.mark.parametrize("n_modes", [1, 7, 22, "auto", 0.9])
def test_few_targets_get_the_weights_that_many_get(n_modes):
    rng = np.random.default_rng(3)
    speckles = rng.normal(size=(90, 30)) * np.exp(-np.arange(30) / 6)
    frames = speckles @ rng.normal(size=(30, 700)) + 0.05 * rng.normal(size=(90, 700))
    gram, cross = frames[10:] @ frames[10:].T, frames[10:] @ frames[:10].T

    one_by_one = [pca_weights(gram, cross[:, [i]], n_modes)[0] for i in range(10)]

    many = pca_weights(gram, cross, n_modes)
    np.testing.assert_allclose(one_by_one, many, atol=1e-10 * np.abs(many).max())


def test_other_threads_go_on_meanwhile():
    matrix, vector = symmetric(1500, 1600), np.ones((1500, 1))
    eigenbasis(matrix[:9, :9], vector[:9])  # compiled
    thread = threading.Thread(target=eigenbasis, args=(matrix, vector))
    start = last = time.perf_counter()
    thread.start()
    longest = 0.0
    while thread.is_alive():
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert longest < 0.5 * (last - start)
