"""The step combine-frames."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.steps.combine_frames import CombineFrames


def combined(cube, **settings):
    return CombineFrames().run({"residual_cube": cube}, CombineFrames.Config(**settings))[
        "residual"
    ]


@pytest.mark.parametrize("method", ["median", "mean", "weighted"])
def test_a_source_that_stands_on_the_sky_comes_out_where_it_is(planet_cube, method):
    rng = np.random.default_rng(1)
    images = 0.01 * rng.normal(size=planet_cube.data.shape).astype(np.float32)
    y, x = np.mgrid[:41, :41] - 20
    for frame, turn in enumerate(planet_cube.frames.derotation_deg):
        angle = np.deg2rad(30.0 - turn)  # position angle 30 deg, 12 px
        images[0, frame] += np.exp(
            -((x + 12 * np.sin(angle)) ** 2 + (y - 12 * np.cos(angle)) ** 2) / 5
        )

    image = combined(replace(planet_cube, data=images), method=method).data[0]

    peak = np.unravel_index(np.nanargmax(image), image.shape)
    assert peak == (20 + round(12 * np.cos(np.pi / 6)), 20 - 6)
    assert image[peak] > 0.9


def test_noisy_pixels_weigh_little(planet_cube):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=planet_cube.data.shape).astype(np.float32)
    noise[..., 10:14, 20:24] *= 30  # a bad patch of the detector, passed by in turn
    cube = replace(planet_cube, data=noise)

    plain, weighted = (combined(cube, method=m).data[0] for m in ("mean", "weighted"))

    y, x = np.mgrid[:41, :41] - 20
    ring = np.abs(np.hypot(y, x) - 8.5) < 2
    assert weighted[ring].std() < 0.5 * plain[ring].std()


def test_empty_frames_are_combined_without_complaint(planet_cube):
    empty = replace(planet_cube, data=np.zeros_like(planet_cube.data))

    np.testing.assert_array_equal(combined(empty, method="weighted").data[0, 15:26, 15:26], 0)


def test_what_no_frame_has_seen_is_nan(planet_cube):
    holed = planet_cube.data.copy()
    holed[..., 18:23, 18:23] = np.nan

    image = combined(replace(planet_cube, data=holed)).data[0]

    assert np.isnan(image[20, 20])
    assert np.isfinite(image[20, 30])


def test_the_residual_keeps_what_is_known_of_the_cube(planet_cube):
    residual = combined(planet_cube)

    assert residual.data.shape == (1, 41, 41)
    assert residual.data.dtype == np.float32
    assert residual.unit == planet_cube.unit
    assert residual.identity == planet_cube.identity
    assert residual.history == planet_cube.history
