"""Finding the star."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.registration import find_star, symmetry_center
from hcdc_kernel.errors import DataError

FWHM = 4.0


def halo(square):
    return 300 / (1 + square / 100) ** 1.5


def star(square):
    return 5000 * np.exp(-4 * np.log(2) * square / FWHM**2) + halo(square)


def vortex(square):
    """A dark hole with a bright ring around it."""
    s = square / (FWHM / 2.3548) ** 2
    return 3000 * s * np.exp(-s / 2) + halo(square)


def saturated(square):
    return np.minimum(10 * star(square), 8000)


def disk(square):
    """An opaque disk hides the star."""
    return np.where(square < 36, 20.0, 2000 * np.exp(-np.sqrt(square) / 6) + halo(square))


def frames(light, xy, n=7, shape=(75, 71), seed=0):
    rows, columns = np.indices(shape)
    rng = np.random.default_rng(seed)
    places = np.broadcast_to(xy, (n, 2))
    return np.array(
        [
            rng.poisson(light((columns - x) ** 2 + (rows - y) ** 2) + 50).astype(np.float32)
            for x, y in places
        ]
    )


@pytest.mark.parametrize(
    ("light", "tolerance"), [(star, 0.02), (vortex, 0.02), (saturated, 0.04), (disk, 0.15)]
)
@pytest.mark.parametrize("xy", [(35.0, 37.0), (29.37, 42.81), (41.6, 30.2)])
def test_star_is_found_without_a_guess(light, tolerance, xy):
    found = find_star(frames(light, xy), FWHM)
    assert found.common_xy == pytest.approx(xy, abs=tolerance)


def test_halo_alone_is_enough():
    found = find_star(frames(halo, (38.3, 33.6)), FWHM)
    assert found.common_xy == pytest.approx((38.3, 33.6), abs=0.1)


def test_companion_does_not_draw_the_center_away():
    images = frames(star, (35.2, 36.9))
    rows, columns = np.indices(images.shape[1:])
    images += 300 * np.exp(-((columns - 45) ** 2 + (rows - 42) ** 2) / 6)
    assert find_star(images, FWHM).common_xy == pytest.approx((35.2, 36.9), abs=0.03)


def test_motion_from_frame_to_frame_is_followed():
    rng = np.random.default_rng(1)
    places = np.array([35.0, 36.0]) + rng.normal(0, 0.6, size=(9, 2))
    found = find_star(frames(star, places, n=9), FWHM)
    assert found.xy == pytest.approx(places, abs=0.05)
    assert found.scatter_px > 0.2


def test_steady_hole_is_preferred_to_a_ring_that_leans():
    rng = np.random.default_rng(2)
    images = frames(vortex, (35.4, 36.7), n=12)
    rows, columns = np.indices(images.shape[1:])
    for image in images:  # tip and tilt make the ring brighter on one side
        tilt = rng.normal(0, 0.06, size=2)
        image *= np.clip(1 + tilt[0] * (columns - 35.4) + tilt[1] * (rows - 36.7), 0.3, 2)
    found = find_star(images, FWHM)
    assert found.method == "core"
    assert found.common_xy == pytest.approx((35.4, 36.7), abs=0.1)


def test_speckles_in_pairs_show_the_star_when_nothing_else_does():
    rng = np.random.default_rng(3)
    rows, columns = np.indices((75, 75))
    center = np.array([36.3, 38.4])
    images = np.zeros((8, 75, 75))
    for offset in rng.uniform(-18, 18, size=(25, 2)):
        height = rng.uniform(50, 200, size=(8, 1, 1))
        for x, y in (center + offset, center - offset):
            images += height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 6)
    found = find_star(images + rng.normal(0, 1, size=images.shape), FWHM)
    assert found.common_xy == pytest.approx(center, abs=0.1)


def test_missing_frames_and_pixels_do_not_harm():
    images = frames(star, (35.2, 36.9))
    images[2] = np.nan
    images[:, 5, 5] = np.nan
    found = find_star(images, FWHM)
    assert np.isnan(found.xy[2]).all()
    assert np.nanmedian(found.xy, axis=0) == pytest.approx((35.2, 36.9), abs=0.03)


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_images_without_anything_are_refused(value):
    with pytest.raises(DataError, match="star cannot be found"):
        find_star(np.full((3, 41, 41), value), FWHM)


def test_symmetry_center_of_an_even_image():
    image = frames(star, (17.25, 20.5), n=1, shape=(40, 36))[0]
    assert symmetry_center(image.astype(float), FWHM) == pytest.approx((17.25, 20.5), abs=0.1)
