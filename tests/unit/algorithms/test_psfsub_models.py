"""The models' mathematics, checked against direct linear algebra."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.psfsub import (
    LinearPsfModel,
    PsfModel,
    mean_weights,
    median_model,
    modes_to_keep,
    pca_weights,
)


@pytest.fixture
def references():
    rng = np.random.default_rng(3)
    return rng.normal(size=(12, 6)) @ rng.normal(size=(6, 200)) + 0.1 * rng.normal(size=(12, 200))


@pytest.fixture
def target():
    return np.random.default_rng(4).normal(size=(1, 200))


@pytest.mark.parametrize("n_modes", [1, 4, 11])
def test_pca_is_the_projection_on_singular_vectors(references, target, n_modes):
    weights = pca_weights(references @ references.T, references @ target.T, n_modes)

    _, _, vectors = np.linalg.svd(references, full_matrices=False)
    expected = (target @ vectors[:n_modes].T) @ vectors[:n_modes]
    np.testing.assert_allclose(weights @ references, expected, atol=1e-9)


def test_projecting_twice_changes_nothing(references):
    gram = references @ references.T
    once = pca_weights(gram, gram, 5)

    np.testing.assert_allclose(once @ once, once, atol=1e-9)


def test_a_share_of_the_variance_keeps_the_least_modes_that_reach_it(references):
    gram = references @ references.T
    values = np.sort(np.linalg.eigvalsh(gram))[::-1]
    needed = int(np.argmax(np.cumsum(values) >= 0.9 * values.sum())) + 1

    by_share = pca_weights(gram, gram, 0.9)

    np.testing.assert_allclose(by_share, pca_weights(gram, gram, needed), atol=1e-9)


def test_equal_frames_have_one_mode_and_leave_nothing():
    frames = np.ones((5, 30))
    gram = frames @ frames.T

    np.testing.assert_allclose(pca_weights(gram, gram, 3) @ frames, frames)


def test_empty_frames_have_a_model_of_zero():
    gram = np.zeros((5, 5))

    np.testing.assert_array_equal(pca_weights(gram, gram, 3), np.zeros((5, 5)))


@pytest.mark.parametrize(
    ("n_reference", "wish", "kept"),
    [(61, "auto", 15), (24, "auto", 6), (200, "auto", 28), (2, "auto", 1), (8, 20, 7), (8, 3, 3)],
)
def test_modes_follow_the_number_of_frames(n_reference, wish, kept):
    assert modes_to_keep(n_reference, wish) == kept


def test_mean_weighs_all_alike(references):
    weights = mean_weights(12, 2)

    np.testing.assert_allclose(weights @ references, np.tile(references.mean(axis=0), (2, 1)))


def test_median_ignores_an_outlier():
    references = np.ones((5, 3))
    references[2] = 1000

    np.testing.assert_array_equal(median_model(references), np.ones(3))


def test_kinds_of_models_are_told_apart_by_their_method():
    class Linear:
        def weights(self, gram, cross): ...

    class Direct:
        def predict(self, targets, references): ...

    assert isinstance(Linear(), LinearPsfModel)
    assert not isinstance(Linear(), PsfModel)
    assert isinstance(Direct(), PsfModel)
