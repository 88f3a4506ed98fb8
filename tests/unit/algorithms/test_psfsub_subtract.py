"""The loop over regions and frames."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.psfsub import (
    ReferenceChoice,
    annuli,
    full_frame,
    median_model,
    pca_weights,
    subtract_model,
    turns_between,
)
from hcdc_kernel.errors import DataError

SHAPE = (31, 31)


class Pca:
    def __init__(self, n_modes):
        self.n_modes = n_modes

    def weights(self, gram, cross):
        return pca_weights(gram, cross, self.n_modes)


class Median:
    def predict(self, targets, references):
        return median_model(references)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def speckles(rng):
    """Three patterns that vary, bright in the middle, and a little noise."""
    y, x = np.mgrid[:31, :31] - 15
    halo = np.exp(-np.hypot(y, x) / 5)
    patterns = rng.normal(size=(3, *SHAPE)) * halo * 100
    mixed = np.einsum("nk,kyx->nyx", rng.normal(size=(20, 3)), patterns)
    return (mixed + 0.1 * rng.normal(size=mixed.shape)).astype(np.float32)


def everything(frames, references=None):
    n_reference = len(frames if references is None else references)
    return ReferenceChoice.of_all(len(frames), n_reference)


def rotating(frames, **limits):
    angles = np.linspace(0, 80, len(frames))
    return ReferenceChoice(
        np.ones((len(frames), len(frames)), dtype=bool),
        turns_between(angles, angles),
        np.ones(len(frames)),
        **limits,
    )


def test_three_patterns_are_gone_with_three_modes(speckles):
    residuals = subtract_model(speckles, speckles, Pca(3), full_frame(SHAPE), everything(speckles))

    assert speckles.std() > 3
    assert residuals.std() == pytest.approx(0.1, rel=0.1)
    assert residuals.dtype == np.float32


def test_one_matrix_product_does_the_same_as_frame_by_frame(speckles):
    limits = rotating(speckles, min_motion_px=2.0)
    regions = annuli(SHAPE, 5.0)

    together = subtract_model(speckles, speckles, Pca(4), regions, limits)

    for region in regions:
        data = speckles.reshape(20, -1)[:, region.pixels].astype(float)
        usable = limits.usable(region.radius_px, np.zeros((20, 20)))
        for frame in (0, 7, 19):
            _, _, modes = np.linalg.svd(data[usable[frame]], full_matrices=False)
            expected = data[frame] - (data[frame] @ modes[:4].T) @ modes[:4]
            got = together.reshape(20, -1)[frame, region.pixels]
            np.testing.assert_allclose(got, expected, atol=2e-4)


def test_median_of_a_constant_star_leaves_the_noise(rng):
    star = 1000 * np.exp(-np.hypot(*(np.mgrid[:31, :31] - 15)))
    frames = star + rng.normal(size=(15, *SHAPE))

    residuals = subtract_model(frames, frames, Median(), full_frame(SHAPE), everything(frames))

    assert residuals.std() == pytest.approx(1.0, rel=0.1)


def test_a_rotation_limit_keeps_more_of_a_companion(rng):
    y, x = np.mgrid[:31, :31] - 15
    angles = np.deg2rad(np.linspace(0, 80, 20))
    planet = np.stack(
        [np.exp(-(np.hypot(x - 10 * np.cos(a), y - 10 * np.sin(a)) ** 2) / 4) for a in angles]
    )
    frames = 10 * planet + 0.01 * rng.normal(size=planet.shape)

    def kept(limits):
        left = subtract_model(frames, frames, Pca(3), annuli(SHAPE, 5.0), limits)
        return np.nansum(left * planet) / np.sum(frames * planet)

    assert kept(rotating(frames, min_motion_px=4.0)) > 0.95
    assert kept(rotating(frames)) < 0.9


def test_a_library_of_other_stars_takes_nothing_of_the_companion(rng, speckles):
    planet = np.zeros(SHAPE, dtype=np.float32)
    planet[20:23, 20:23] = 50
    targets = speckles[:5] + planet
    library = speckles[5:]

    residuals = subtract_model(
        targets, library, Pca(3), full_frame(SHAPE), everything(targets, library)
    )

    assert residuals.mean(axis=0)[21, 21] == pytest.approx(50, rel=0.1)


def test_missing_data_stay_missing_and_harm_nobody(speckles):
    holed = speckles.copy()
    holed[4, 10:12, 10:12] = np.nan
    holed[:, 0, :] = np.nan

    residuals = subtract_model(holed, holed, Pca(3), full_frame(SHAPE), everything(holed))

    np.testing.assert_array_equal(np.isnan(residuals), np.isnan(holed))
    whole = subtract_model(speckles, speckles, Pca(3), full_frame(SHAPE), everything(speckles))
    others = np.delete(residuals - whole, 4, axis=0)
    assert np.nanstd(others) < 0.1 * np.nanstd(whole)


def test_pixels_of_no_region_are_nan(speckles):
    residuals = subtract_model(
        speckles, speckles, Pca(3), annuli(SHAPE, 5.0, inner_px=4.0), everything(speckles)
    )

    assert np.isnan(residuals[:, 15, 15]).all()
    assert np.isnan(residuals[:, 0, 0]).all()
    assert np.isfinite(residuals[:, 15, 25]).all()


def test_a_background_that_varies_goes_with_the_mean(rng):
    level = 100 * rng.normal(size=(12, 1, 1))
    frames = level + rng.normal(size=(12, *SHAPE))

    residuals = subtract_model(
        frames, frames, Pca(1), full_frame(SHAPE), everything(frames), remove_mean=True
    )

    np.testing.assert_allclose(residuals.mean(axis=(1, 2)), 0, atol=1e-9)


def test_rings_are_modeled_one_by_one(rng):
    # Each ring has a pattern of its own that varies by itself: one mode a ring is enough.
    y, x = np.mgrid[:31, :31] - 15
    inner = np.hypot(y, x) < 8
    frames = rng.normal(size=(10, 1, 1)) * inner + rng.normal(size=(10, 1, 1)) * ~inner
    rings = annuli(SHAPE, 8.0)

    residuals = subtract_model(frames, frames, Pca(1), rings, everything(frames))

    np.testing.assert_allclose(np.nan_to_num(residuals), 0, atol=1e-9)


def test_references_of_another_size_are_refused(speckles):
    with pytest.raises(DataError, match="references must have shape"):
        subtract_model(
            speckles,
            speckles[:, :-2],
            Pca(3),
            full_frame(SHAPE),
            everything(speckles),
        )
