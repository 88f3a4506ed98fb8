"""The star on the middle pixel."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.algorithms.photometry import fit_star
from hcdc_kernel.datamodel import Cube, Frames, Identity, Psf
from hcdc_kernel.errors import DataError

FWHM = 4.0


def star_image(x, y, shape):
    rows, columns = np.indices(shape)
    square = (columns - x) ** 2 + (rows - y) ** 2
    return 1000 * np.exp(-4 * np.log(2) * square / FWHM**2) + 20 / (1 + square / 50)


def make(places, shape=(61, 63), given=None, n_wave=1):
    places = np.asarray(places, dtype=float)
    n = len(places)
    rng = np.random.default_rng(0)
    images = np.array([star_image(x, y, shape) for x, y in places])
    data = images[None] + rng.normal(0, 0.5, size=(n_wave, *images.shape))
    nothing = np.full(n, np.nan)
    frames = Frames(
        nothing, nothing, np.zeros(n), np.ones(n, bool), ("",) * n, ("x",) * n, np.arange(n)
    )
    identity = Identity("Star", "camera", "H", "2024-01-01")
    wavelength = 1.6 + 0.1 * np.arange(n_wave)
    center = np.asarray(given if given is not None else (shape[1] // 2, shape[0] // 2), float)
    cube = Cube(
        data.astype(np.float32),
        frames,
        wavelength,
        np.broadcast_to(center, (n_wave, n, 2)).copy(),
        12.25,
        identity,
    )
    psf = Psf(
        np.broadcast_to(star_image(10, 10, (21, 21)), (n_wave, 21, 21)).astype(np.float32),
        np.full(n_wave, FWHM),
        np.full(n_wave, 1e4),
        wavelength,
        12.25,
        identity,
    )
    return {"cube": cube, "psf": psf}


def middle_error(cube):
    half = cube.data.shape[-1] // 2
    return max(
        np.abs(np.subtract(fit_star(image.astype(float)).xy, half)).max()
        for channel in cube.data
        for image in channel
    )


@pytest.mark.parametrize("xy", [(31.0, 30.0), (33.37, 27.81), (24.5, 36.5)])
def test_star_ends_on_the_middle_pixel(do, xy):
    cube = do(make([xy] * 6), "center-star")["cube"]
    n = cube.data.shape[-1]
    assert n % 2 == 1
    assert cube.data.shape[-2] == n
    assert np.all(cube.star_xy_px == n // 2)
    assert middle_error(cube) < 0.05
    assert np.isfinite(cube.data).all()


def test_flux_of_the_star_is_kept(do):
    cube = do(make([(30.4, 29.7)] * 6), "center-star")["cube"]
    half = cube.data.shape[-1] // 2
    window = np.s_[half - 9 : half + 10, half - 9 : half + 10]
    expected = star_image(9, 9, (19, 19)).sum()
    assert cube.data[0, 0][window].sum() == pytest.approx(expected, rel=2e-3)


def test_star_on_a_whole_pixel_is_cropped_not_resampled(do):
    data = make([(34.01, 28.02)] * 6)
    cube = do(data, "center-star")["cube"]
    assert cube.data.shape[-1] == 57
    assert np.array_equal(cube.data, data["cube"].data[:, :, 0:57, 6:63])


def test_moving_star_is_followed_frame_by_frame(do):
    places = np.array([31.0, 30.0]) + np.random.default_rng(1).normal(0, 0.8, size=(8, 2))
    assert middle_error(do(make(places), "center-star")["cube"]) < 0.05
    common = do(make(places), "center-star", center_star={"alignment": "common"})["cube"]
    assert middle_error(common) > 0.3


def test_channels_are_aligned_to_each_other(do):
    data = make([(31.2, 30.4)] * 6, n_wave=2)
    moved = data["cube"].data.copy()
    moved[1] = np.roll(moved[1], 2, axis=-1)
    cube = do(data | {"cube": replace(data["cube"], data=moved)}, "center-star")["cube"]
    assert middle_error(cube) < 0.05


def test_position_given_is_believed_if_so_asked(do):
    data = make([(31.0, 30.0)] * 6, given=(28.0, 33.0))
    cube = do(data, "center-star", center_star={"method": "given"})["cube"]
    assert fit_star(cube.data[0, 0].astype(float)).xy == pytest.approx(
        (cube.data.shape[-1] // 2 + 3, cube.data.shape[-1] // 2 - 3), abs=0.05
    )


def test_star_far_from_where_the_data_say_is_refused(do):
    with pytest.raises(DataError, match=r"not where the description.*x = 45\.\d, y = 30\.\d"):
        do(make([(45.0, 30.0)] * 6, given=(20.0, 30.0)), "center-star")


def test_star_at_the_border_is_refused(do):
    with pytest.raises(DataError, match="border"):
        do(make([(5.0, 30.0)] * 6, given=(5.0, 30.0)), "center-star")


def test_frame_without_data_stays_empty(do):
    data = make([(31.3, 30.0)] * 6)
    data["cube"].data[0, 2] = np.nan
    cube = do(data, "center-star")["cube"]
    assert np.isnan(cube.data[0, 2]).all()
    assert np.isfinite(cube.data[0, 3]).all()


def test_flags_and_variance_are_cropped_alike(do):
    data = make([(34.4, 28.0)] * 6)
    shape = data["cube"].data.shape
    flags = np.zeros(shape, np.uint16)
    flags[:, :, 28, 34] = 1
    cube = replace(data["cube"], flags=flags, variance=np.ones(shape, np.float32))
    centered = do(data | {"cube": cube}, "center-star")["cube"]
    half = centered.data.shape[-1] // 2
    assert centered.flags.shape == centered.variance.shape == centered.data.shape
    assert np.all(centered.flags[:, :, half, half] == 1)


def test_the_cube_remembers_where_the_star_was(planet_sequence, do):
    """For the plot of centering, and for whoever follows the star's drift."""
    moved = np.roll(planet_sequence.cube.data, (-1, 2), axis=(2, 3))
    data = {"cube": replace(planet_sequence.cube, data=moved), "psf": planet_sequence.psf}
    found = do(data, "center-star")["cube"].found_xy_px
    middle = np.array(moved.shape[3:1:-1]) // 2
    assert found.shape == planet_sequence.cube.star_xy_px.shape
    assert np.abs(np.median(found, axis=(0, 1)) - middle - (2, -1)).max() < 0.15
    given = do(data, "center-star", center_star={"method": "given"})
    assert given["cube"].found_xy_px is None


def test_images_centered_by_the_calibration_are_left_alone(do):
    data = make([(31.3, 30.2)] * 4, shape=(61, 61), given=(30.0, 30.0))
    measured = replace(data["cube"], found_xy_px=np.full((1, 4, 2), 480.0))
    after = do(data | {"cube": measured}, "center-star")["cube"]
    assert after.data is measured.data
    again = do(data | {"cube": measured}, "center-star", center_star={"method": "measure"})
    assert middle_error(again["cube"]) < 0.05


def test_default_place_is_not_taken_for_a_measured_one(do):
    data = make([(31.3, 30.2)] * 4, shape=(61, 61), given=(30.0, 30.0))
    assert middle_error(do(data, "center-star")["cube"]) < 0.05
