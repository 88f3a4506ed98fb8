"""The star in simulated CENTER files, measured from the raw frames, against the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.datamodel import Exposures, Identity
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.raw import read_exposures
from hcdc_kernel.instruments.sphere.irdis.measure_center import MeasureCenter
from hcdc_kernel.steps.base import make_config
from hcdc_kernel.synthetic.irdis import Truth, simulate_night, small_night

pytestmark = pytest.mark.slow

# Far from the usual place, differently in the two fields.
CENTERS = ((497.3, 509.8), (471.6, 533.1))
BARE = ("flat", "flux", "sparta", "dark", "background")


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A night with two CENTER files of two frames, dithered, and nothing to calibrate them."""
    folder = tmp_path_factory.mktemp("night")
    scene = small_night(
        n_files=2,
        n_dit=1,
        n_center_dit=2,
        center_after=True,
        dither=True,
        center_xy_px=CENTERS,
        waffle_um=0.03,
        omit=BARE,
    )
    simulate_night(scene, folder, n_threads=2)
    read, _ = read_exposures([folder])
    return {one.name: one for one in read}, Truth.read(folder)


def _center(night, **changes):
    exposures, truth = night
    items = tuple(replace(exposures[one.name], **changes) for one in truth.of_kind("center"))
    return Exposures(items, Identity("SIM", "vlt-irdis", "DB_H23", "2018-11-05"))


def _measure(center, **settings):
    step = MeasureCenter()
    return step.run({"center": center}, make_config(step, settings))["star_positions"]


@pytest.fixture(scope="module")
def positions(night):
    return _measure(_center(night), frames="per-frame")


def _true_xy(night):
    return np.concatenate(
        [np.moveaxis(one.star_xy_px, 0, 1) for one in night[1].of_kind("center")]
    )


def test_star_is_found_in_both_fields_of_each_frame(night, positions):
    off = positions.xy_px - _true_xy(night)
    assert off.shape == (4, 2, 2)
    assert np.abs(off).max() < 0.1
    assert np.sqrt(np.mean(off**2)) < 0.05
    assert positions.method == "satellite-spots"


def test_errors_are_neither_too_small_nor_useless(night, positions):
    off = (positions.xy_px - _true_xy(night)) / positions.error_px[..., None]
    assert np.sqrt(np.mean(off**2)) < 2
    assert positions.error_px.max() < 0.1


def test_times_and_dithers_are_those_of_the_frames(night, positions):
    center = _center(night)
    expected = np.concatenate([one.mjd for one in night[1].of_kind("center")])
    assert np.abs(positions.mjd - expected).max() * 86400 < 1
    assert positions.exposure == tuple(one.name for one in center for _ in range(2))
    np.testing.assert_allclose(positions.dither_xy_px[0], center.items[0].dither_xy_px)


def test_spots_are_around_the_star_and_wider_at_the_longer_wavelength(positions):
    away = np.hypot(*np.moveaxis(positions.spots_xy_px - positions.xy_px[:, :, None], -1, 0))
    left, right = np.nanmean(away, axis=(0, 2))
    assert left == pytest.approx(46.0, abs=0.6)
    assert right / left == pytest.approx(1.667 / 1.593, rel=0.01)


def test_image_to_look_at_has_the_spots_where_they_were_fitted(positions):
    for field in range(2):
        rest = positions.spots_xy_px[:, field] - positions.dither_xy_px[:, None]
        places = np.rint(np.nanmean(rest, axis=0) - positions.image_corner_xy_px[field]).astype(
            int
        )
        image = positions.image[field]
        for x, y in places:
            box = image[y - 2 : y + 3, x - 2 : x + 3]
            assert box.max() > 4 * np.nanmedian(image)


def test_mean_of_an_exposure_is_found_far_away_and_with_a_wrong_word_on_the_pattern(night):
    found = _measure(_center(night, waffle="+"), frames="per-exposure", search="5 pix")
    expected = np.array([one.star_xy_px.mean(axis=1) for one in night[1].of_kind("center")])
    assert found.xy_px.shape == (2, 2, 2)
    assert np.abs(found.xy_px - expected).max() < 0.08


def test_without_spots_the_symmetry_of_the_halo_serves(night):
    exposures, truth = night
    true = truth.of_kind("science")[0]
    science = Exposures(
        (exposures[true.name],), Identity("SIM", "vlt-irdis", "DB_H23", "2018-11-05")
    )
    found = _measure(science)
    assert found.method == "symmetry"
    assert np.isnan(found.spots_xy_px).all()
    assert np.abs(found.xy_px[0] - true.star_xy_px[:, 0]).max() < 1.5
    assert found.error_px.min() >= 0.5
    with pytest.raises(DataError, match="left field: No satellite spots"):
        _measure(science, method="satellite-spots")


def test_star_without_coronagraph_is_fitted_itself(tmp_path):
    scene = small_night(
        n_files=2,
        n_dit=1,
        dit_s=0.837464,
        magnitude=9.0,
        coronagraph="N_NS_CLEAR",
        omit=(*BARE, "center"),
    )
    simulate_night(scene, tmp_path, n_threads=2)
    read, _ = read_exposures([tmp_path])
    items = tuple(sorted((one for one in read if one.kind == "science"), key=lambda e: e.name))
    found = _measure(Exposures(items, Identity("SIM", "vlt-irdis", "DB_H23", "2018-11-05")))
    expected = np.array([one.star_xy_px[:, 0] for one in Truth.read(tmp_path).of_kind("science")])
    assert found.method == "star"
    assert np.abs(found.xy_px - expected).max() < 0.15


def test_unknown_filter_and_no_files_are_refused(night):
    with pytest.raises(DataError):
        _measure(_center(night, filter="nothing"))
    with pytest.raises(DataError, match="no exposures"):
        _measure(Exposures((), Identity("SIM", "vlt-irdis", "DB_H23", "2018-11-05")))
