"""Parts of derotated frames against the whole."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.patches import derotate_patches
from hcdc_kernel.algorithms.rotate import derotate

ANGLES = np.array([0.0, 31.7, -95.2, 170.0])


def spots(rng, size=61, width=1.5):
    """Gaussian spots all over the frames, as sharp as a diffraction-limited image."""
    y, x = np.indices((size, size))
    frames = np.zeros((ANGLES.size, size, size))
    for frame in frames:
        for cx, cy in rng.uniform(8, size - 8, (40, 2)):
            frame += np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 2 / width**2)
    return frames.astype(np.float32)


def test_they_equal_the_same_part_of_whole_derotated_frames():
    frames = spots(np.random.default_rng(1))
    whole = derotate(frames, ANGLES)
    middles = np.array([[30, 44], [22, 25]])
    patches = derotate_patches(frames, ANGLES, middles, 5)
    for patch, (x, y) in zip(patches, middles, strict=True):
        assert np.abs(patch - whole[:, y - 5 : y + 6, x - 5 : x + 6]).max() < 1e-3 * np.nanmax(
            whole
        )


def test_a_frame_that_is_not_turned_is_cut_exactly():
    frames = spots(np.random.default_rng(2))
    patch = derotate_patches(frames[:1], np.zeros(1), np.array([[20, 33]]), 4)[0, 0]
    assert patch == pytest.approx(frames[0, 29:38, 16:25], abs=1e-6)


def test_missing_pixels_stay_missing_and_spoil_no_others():
    frames = np.ones((1, 41, 41), dtype=np.float32)
    frames[:, :, :12] = np.nan
    patch = derotate_patches(frames, np.array([90.0]), np.array([[20, 12]]), 6)[0, 0]
    # What was left of the star is below it once turned by 90 deg.
    assert np.isnan(patch[:5]).all()
    assert patch[7:] == pytest.approx(1.0, abs=1e-6)
