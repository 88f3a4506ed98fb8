"""Rotation and shift: places, fluxes, missing data, and no ringing."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from hcdc_kernel.algorithms.rotate import derotate, shift
from hcdc_kernel.errors import DataError

SIGMA_PX = 2.0  # a star of 4.7 px FWHM


def star(shape, xy, sigma_px=SIGMA_PX):
    y, x = np.mgrid[: shape[0], : shape[1]]
    distance2 = (x - xy[0]) ** 2 + (y - xy[1]) ** 2
    return np.exp(-distance2 / (2 * sigma_px**2)).astype(np.float32)


def turned(xy, angle_deg, center):
    angle = np.deg2rad(angle_deg)
    dx, dy = xy[0] - center[0], xy[1] - center[1]
    return (
        center[0] + dx * np.cos(angle) - dy * np.sin(angle),
        center[1] + dx * np.sin(angle) + dy * np.cos(angle),
    )


def centroid(image):
    weight = np.nan_to_num(image)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    return (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()


def flux_within_one_fwhm(image, xy, fine=40):
    # Pixels near the circle cut into fine pieces: exact enough to see 1e-4.
    low_x, low_y = int(xy[0]) - 4, int(xy[1]) - 4
    piece = (np.arange(10 * fine) + 0.5) / fine - 0.5
    dx, dy = piece + low_x - xy[0], piece + low_y - xy[1]
    inside = dy[:, None] ** 2 + dx[None, :] ** 2 <= (2.3548 * SIGMA_PX / 2) ** 2
    share = inside.reshape(10, fine, 10, fine).mean(axis=(1, 3))
    return float((share * image[low_y : low_y + 10, low_x : low_x + 10]).sum())


@pytest.mark.parametrize("shape", [(61, 61), (60, 60), (54, 71)])
@pytest.mark.parametrize("angle", [0.0, 13.0, -45.0, 46.0, 133.0, 180.0, -77.3, 361.0])
def test_a_star_lands_where_theory_says(shape, angle):
    center = (shape[1] // 2, shape[0] // 2)
    place = (center[0] + 14.3, center[1] - 8.6)

    image = derotate(star(shape, place)[None], np.array([angle]))[0]

    expected = turned(place, angle, center)
    assert np.hypot(*np.subtract(centroid(image), expected)) < 0.01
    np.testing.assert_allclose(np.nan_to_num(image), star(shape, expected), atol=2e-6, rtol=0)


def test_positive_angles_turn_counter_clockwise_with_y_up():
    image = np.zeros((1, 5, 5), dtype=np.float32)
    image[0, 2, 4] = 1  # to the right of the star

    assert derotate(image, np.array([90.0]))[0, 4, 2] == 1  # above it: at larger y


@pytest.mark.parametrize("size", [21, 20])
@pytest.mark.parametrize("quarters", [1, 2, 3, -1])
def test_right_angles_only_move_pixels(size, quarters, rng):
    image = rng.normal(size=(1, size, size)).astype(np.float32)

    turn = derotate(image, np.array([90.0 * quarters]))[0]

    odd = size - 1 + size % 2
    about = slice(size - odd, None)  # the odd square whose middle pixel is the star
    np.testing.assert_array_equal(turn[about, about], np.rot90(image[0, about, about], -quarters))


def test_there_and_back_gives_the_image_again():
    places = ((30, 22), (41, 35), (25, 44))
    image = sum(star((61, 61), place) for place in places)[None]

    back = derotate(derotate(image, np.array([37.7])), np.array([-37.7]))[0]

    measured = np.isfinite(back)
    assert measured.mean() > 0.7
    np.testing.assert_allclose(back[measured], image[0][measured], atol=1e-5)


@hypothesis.given(st.floats(-400, 400), st.floats(0, 18))
def test_flux_is_conserved(angle, radius):
    place = (30 + radius, 30)

    image = derotate(star((61, 61), place)[None], np.array([angle]))[0]

    there = turned(place, angle, (30, 30))
    expected = flux_within_one_fwhm(star((61, 61), there), there)
    assert flux_within_one_fwhm(image, there) == pytest.approx(expected, rel=1e-4)


def test_noise_keeps_its_variance(rng):
    noise = rng.normal(size=(20, 61, 61)).astype(np.float32)

    turn = derotate(noise, np.linspace(5, 85, 20))

    middle = turn[:, 15:46, 15:46]
    # Shears keep all but the corners of the Fourier plane.
    assert middle.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("angle", [10.0, 30.0, 44.0])
def test_nothing_rings_in_from_the_edges_of_a_bright_background(angle):
    image = np.full((1, 61, 61), 1000, dtype=np.float32)

    turn = derotate(image, np.array([angle]))[0]

    y, x = np.mgrid[:61, :61] - 30
    assert np.abs(turn[np.hypot(y, x) < 28] - 1000).max() < 0.5  # 5e-4


def test_missing_data_are_turned_too_and_do_not_spread():
    place = (38, 30)
    image = star((61, 61), place)[None]
    image[0, 30:33, 45:48] = np.nan  # to the right

    turn = derotate(image, np.array([90.0 + 20.0]))[0]

    gap = turned((46, 31), 110, (30, 30))
    assert np.isnan(turn[round(gap[1]), round(gap[0])])
    y, x = np.mgrid[:61, :61]
    near_gap = np.hypot(x - gap[0], y - gap[1]) < 3
    inside = np.hypot(x - 30, y - 30) < 29
    assert not np.isnan(turn[inside & ~near_gap]).any()
    expected = star((61, 61), turned(place, 110, (30, 30)))
    np.testing.assert_allclose(turn[inside & ~near_gap], expected[inside & ~near_gap], atol=2e-3)


def test_corners_that_were_not_measured_are_nan():
    turn = derotate(np.ones((1, 41, 41), dtype=np.float32), np.array([45.0]))[0]

    assert np.isnan(turn[0, 0])
    assert np.isfinite(turn[20, 0])


def test_a_frame_without_any_data_stays_empty():
    images = np.stack([np.full((21, 21), np.nan), np.ones((21, 21))]).astype(np.float32)

    turn = derotate(images, np.array([10.0, 10.0]))

    assert np.isnan(turn[0]).all()
    assert np.isfinite(turn[1, 10, 10])


def test_turning_about_another_point():
    place, center = (40.0, 31.0), (27.3, 32.6)

    image = derotate(star((61, 61), place)[None], np.array([33.0]), center_xy=center)[0]

    expected = star((61, 61), turned(place, 33.0, center))
    measured = np.isfinite(image)
    np.testing.assert_allclose(image[measured], expected[measured], atol=2e-6)


@pytest.mark.parametrize("move", [(0.0, 0.0), (0.4, -0.25), (3.37, -4.81), (-7.0, 2.0)])
def test_shift_moves_a_star_by_as_much_as_asked(move):
    image = shift(star((61, 60), (30, 28))[None], np.array([move]))[0]

    expected = star((61, 60), (30 + move[0], 28 + move[1]))
    measured = np.isfinite(image)
    np.testing.assert_allclose(image[measured], expected[measured], atol=2e-6)
    assert measured.mean() > 0.8


def test_shift_by_whole_pixels_changes_no_value(rng):
    image = rng.normal(size=(1, 20, 23)).astype(np.float32)

    moved = shift(image, np.array([[2.0, -3.0]]))[0]

    np.testing.assert_array_equal(moved[:17, 2:], image[0, 3:, :21])
    assert np.isnan(moved[17:]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(dtype):
    image = star((21, 21), (12, 9)).astype(dtype)[None]

    assert derotate(image, np.array([10.0])).dtype == dtype


def test_input_is_left_alone(rng):
    images = rng.normal(size=(2, 21, 21)).astype(np.float32)
    before = images.copy()

    derotate(images, np.array([10.0, 90.0]))

    np.testing.assert_array_equal(images, before)


def test_each_frame_is_turned_by_its_own_angle(rng):
    images = rng.normal(size=(19, 21, 21)).astype(np.float32)
    angles = np.linspace(-200, 200, 19)

    together = derotate(images, angles)

    alone = np.concatenate([derotate(images[i : i + 1], angles[i : i + 1]) for i in range(19)])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_an_angle_that_is_not_finite_is_refused():
    with pytest.raises(DataError, match="angles must be finite"):
        derotate(np.zeros((2, 5, 5)), np.array([0.0, np.nan]))


def test_angles_and_frames_of_different_number_are_refused():
    with pytest.raises(DataError, match="angles must have shape"):
        derotate(np.zeros((2, 5, 5)), np.zeros(3))


@pytest.fixture
def rng():
    return np.random.default_rng(7)
