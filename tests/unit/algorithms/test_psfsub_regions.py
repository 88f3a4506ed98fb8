"""Regions cover the image once, and no more."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from hcdc_kernel.algorithms.psfsub import annuli, full_frame
from hcdc_kernel.errors import DataError


@hypothesis.given(
    st.integers(11, 60), st.integers(11, 60), st.floats(1, 30), st.floats(0, 4), st.integers(1, 5)
)
def test_annuli_are_disjoint_and_reach_the_largest_circle(n_y, n_x, width, inner, n_sectors):
    regions = annuli((n_y, n_x), width, inner_px=inner, n_sectors=n_sectors)

    pixels = np.concatenate([region.pixels for region in regions])
    assert pixels.size == np.unique(pixels).size
    y, x = np.mgrid[:n_y, :n_x]
    radius = np.hypot(y - n_y // 2, x - n_x // 2)
    covered = (radius >= inner) & (radius < min(n_y, n_x) // 2)
    assert np.isin(np.flatnonzero(covered), pixels).all()
    assert radius.ravel()[pixels].min() >= inner - 1e-6


def test_radii_lie_within_their_rings():
    y, x = np.mgrid[:41, :41] - 20
    radius = np.hypot(y, x).ravel()

    for region in annuli((41, 41), 4.0, inner_px=2.0):
        assert radius[region.pixels].min() <= region.radius_px <= radius[region.pixels].max() + 1


def test_a_narrow_rest_joins_the_last_ring():
    radii = [region.radius_px for region in annuli((41, 41), 6.0)]

    assert len(radii) == 3  # 0-6, 6-12, 12-20.5, not a fourth of 2.5 px
    assert radii[-1] == pytest.approx(16.25)


def test_sectors_share_a_ring_evenly():
    sizes = [region.pixels.size for region in annuli((61, 61), 10.0, n_sectors=4)[-4:]]

    assert max(sizes) / min(sizes) < 1.1


def test_full_frame_holds_every_pixel():
    (region,) = full_frame((7, 9))

    np.testing.assert_array_equal(region.pixels, np.arange(63))


def test_the_inner_mask_is_left_out():
    (region,) = full_frame((11, 11), inner_px=3.0)

    assert 60 not in region.pixels  # the star
    assert region.pixels.size == 121 - np.count_nonzero(np.hypot(*(np.mgrid[:11, :11] - 5)) < 3)


def test_a_mask_larger_than_the_image_is_refused():
    with pytest.raises(DataError, match="leaves nothing"):
        full_frame((11, 11), inner_px=30)
    with pytest.raises(DataError, match="leaves nothing"):
        annuli((11, 11), 2.0, inner_px=30)
