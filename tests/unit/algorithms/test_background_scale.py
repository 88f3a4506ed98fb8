from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.algorithms.background_scale import background_scale, sample_pixels
from hcdc_kernel.errors import DataError

SHAPE = (120, 140)


def _background():
    """Thermal light of an instrument: a bright ring on a slope."""
    y, x = np.indices(SHAPE)
    return (300 + 0.8 * x + 200 * np.exp(-(((np.hypot(x - 70, y - 60) - 45) / 8) ** 2))).astype(
        np.float32
    )


def _far_from_star():
    y, x = np.indices(SHAPE)
    return np.hypot(x - 70, y - 60) > 25


@given(st.floats(0.5, 1.5), st.floats(-50, 50), st.integers(0, 100))
def test_scale_and_constant_are_found_with_honest_errors(scale, constant, seed):
    rng = np.random.default_rng(seed)
    background = _background()
    frame = scale * background + constant + rng.normal(0, 10, SHAPE)
    pixels = sample_pixels(_far_from_star(), 5000)
    fit = background_scale(frame, background, pixels, with_constant=True)
    assert abs(fit.scale - scale) < 5 * fit.scale_error
    assert fit.constant == pytest.approx(constant, abs=5)
    assert fit.scatter == pytest.approx(10, rel=0.1)


def test_errors_are_as_large_as_the_scatter_of_results():
    background, pixels = _background(), sample_pixels(_far_from_star(), 2000)
    rng = np.random.default_rng(1)
    fits = [
        background_scale(1.1 * background + rng.normal(0, 20, SHAPE), background, pixels)
        for _ in range(200)
    ]
    scatter = np.std([fit.scale for fit in fits])
    assert np.mean([fit.scale_error for fit in fits]) == pytest.approx(scatter, rel=0.2)
    assert np.mean([fit.scale for fit in fits]) == pytest.approx(1.1, abs=5 * scatter / 14)


def test_a_star_field_stars_and_hits_do_not_count():
    y, x = np.indices(SHAPE)
    rng = np.random.default_rng(2)
    background = _background()
    frame = 0.93 * background + rng.normal(0, 8, SHAPE)
    frame += 1e5 * np.exp(-(np.hypot(x - 70, y - 60) ** 2) / 20)
    frame += 3e3 * np.exp(-(np.hypot(x - 20, y - 20) ** 2) / 20)
    frame.reshape(-1)[rng.integers(0, frame.size, 300)] += 1e4
    fit = background_scale(frame, background, sample_pixels(_far_from_star()))
    assert fit.scale == pytest.approx(0.93, abs=max(5 * fit.scale_error, 2e-3))


def test_pixels_are_chosen_evenly_among_the_usable():
    usable = _far_from_star()
    pixels = sample_pixels(usable, 1000)
    assert len(np.unique(pixels)) == 1000
    assert usable.reshape(-1)[pixels].all()
    assert len(sample_pixels(usable, 10**6)) == usable.sum()


def test_a_perfect_frame_gives_a_perfect_scale():
    background = _background()
    fit = background_scale(2 * background, background, sample_pixels(_far_from_star()))
    assert fit.scale == pytest.approx(2)
    assert fit.scale_error == pytest.approx(0, abs=1e-9)


def test_too_few_pixels_and_an_empty_background_are_refused():
    background = _background()
    with pytest.raises(DataError, match="Too few"):
        background_scale(background, background, np.arange(20))
    with pytest.raises(DataError, match="zero everywhere"):
        background_scale(background, np.zeros(SHAPE), sample_pixels(_far_from_star()))
    with pytest.raises(DataError, match="background must have shape"):
        background_scale(background, background[:5], np.arange(100))
