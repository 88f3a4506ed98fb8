"""The choice of reference frames."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from hcdc_kernel.algorithms.psfsub import (
    ReferenceChoice,
    companion_motion,
    rotated_enough,
    scaled_enough,
    turns_between,
)
from hcdc_kernel.errors import DataError

ANGLES = np.linspace(0, 60, 13)


def choice(**limits):
    n = ANGLES.size
    return ReferenceChoice(
        np.ones((n, n), dtype=bool), turns_between(ANGLES, ANGLES), np.ones(n), **limits
    )


@hypothesis.given(st.floats(-720, 720), st.floats(0.5, 2), st.floats(1, 100))
def test_motion_is_the_distance_of_two_places(turn, scale, radius):
    here = radius * np.array([1.0, 0.0])
    there = radius * scale * np.array([np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))])

    motion = companion_motion(np.array([[turn]]), np.array([scale]), radius)

    assert motion[0, 0] == pytest.approx(np.hypot(*(there - here)), abs=1e-5)


def test_neighbors_in_angle_may_not_serve():
    enough = rotated_enough(ANGLES, radius_px=10, min_shift_px=2.0)

    # 5 deg at 10 px are 0.9 px, 10 deg 1.7 px, 15 deg 2.6 px.
    np.testing.assert_array_equal(np.flatnonzero(enough[0]), np.arange(3, 13))
    np.testing.assert_array_equal(enough, enough.T)


def test_rotation_wraps_around_the_circle():
    enough = rotated_enough(np.array([1.0, 359.0]), radius_px=10, min_shift_px=1.0)

    assert not enough.any()


def test_angles_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="angles must be finite"):
        rotated_enough(np.array([0.0, np.nan]), radius_px=10, min_shift_px=1.0)


def test_channels_far_enough_apart_may_serve():
    np.testing.assert_array_equal(
        scaled_enough(np.array([0.9, 1.0, 1.05, 1.2]), radius_px=20, min_shift_px=1.5),
        [True, False, False, True],
    )


def test_without_a_limit_all_serve_the_frame_itself_included():
    assert choice().usable(10, np.zeros((13, 13))).all()


def test_a_limit_leaves_out_the_frame_itself():
    usable = choice(min_motion_px=2.0).usable(10, np.zeros((13, 13)))

    np.testing.assert_array_equal(usable, rotated_enough(ANGLES, 10, 2.0))


def test_where_nothing_has_moved_enough_the_most_moved_serve():
    usable = choice(min_motion_px=50.0, min_references=3).usable(5, np.zeros((13, 13)))

    np.testing.assert_array_equal(np.flatnonzero(usable[0]), [10, 11, 12])
    np.testing.assert_array_equal(usable.sum(axis=1), 3)


def test_only_the_most_correlated_are_kept():
    correlation = np.tile(np.linspace(0, 1, 13), (13, 1))

    usable = choice(max_references=4).usable(10, correlation)

    np.testing.assert_array_equal(np.flatnonzero(usable[5]), [9, 10, 11, 12])


def test_correlation_does_not_bring_back_what_has_not_moved():
    correlation = np.tile(np.linspace(1, 0, 13), (13, 1))

    usable = choice(min_motion_px=2.0, max_references=2).usable(10, correlation)

    np.testing.assert_array_equal(np.flatnonzero(usable[0]), [3, 4])


def test_a_sequence_that_does_not_rotate_says_what_to_do():
    n = 4
    still = ReferenceChoice(
        np.ones((n, n), dtype=bool), np.zeros((n, n)), np.ones(n), min_motion_px=1.0
    )

    with pytest.raises(DataError, match=r"no reference frame.*4 such frames of 4.*lower"):
        still.usable(10, np.zeros((n, n)))


def test_frames_of_another_kind_all_serve():
    assert ReferenceChoice.of_all(2, 5).usable(10, np.zeros((2, 5))).all()
