"""Facts on the two fields of IRDIS hang together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hcdc_kernel.instruments.sphere import filters
from hcdc_kernel.instruments.sphere.irdis.fields import (
    ANAMORPHISM_XY,
    DEFAULT_CENTER_ERROR_PX,
    FIELDS,
    RAW_SHAPE,
    default_centers,
    illuminated,
    pixel_scale_mas,
    resolution_px,
    spot_radius_px,
)


def test_fields_are_the_two_halves():
    raw = np.arange(RAW_SHAPE[1])[None, :] * np.ones((RAW_SHAPE[0], 1))
    left, right = (field.of(raw) for field in FIELDS)
    assert left.shape == right.shape == (1024, 1024)
    assert (left.max(), right.min()) == (1023, 1024)


def test_illuminated_part_is_good_on_the_real_detector(real_data):
    from astropy.io import fits

    good = fits.getdata(real_data / "irdis_master_flats" / "master_badpix.fits.gz") > 0
    lit = illuminated()
    assert good[lit].mean() > 0.95
    # No column of a field, and few rows at its border, are mostly bad.
    assert (good & lit).sum(axis=0)[lit.any(axis=0)].min() > 0.8 * lit.any(axis=1).sum()
    by_row = (good & lit).sum(axis=1)[lit.any(axis=1)] / lit.any(axis=0).sum()
    assert (by_row < 0.8).sum() <= 8


# Radii that other codes use (van Holstein et al. 2020): 31, 37.4, 48.5 and 64.5 px.
@pytest.mark.parametrize(
    ("name", "radius"), [("BB_Y", 31), ("BB_J", 37.4), ("BB_H", 48.5), ("BB_Ks", 64.5)]
)
def test_spots_are_where_others_find_them(name, radius):
    assert spot_radius_px(filters.wavelength_um(name)[0]) == pytest.approx(radius, rel=0.04)


@pytest.mark.parametrize(("wave", "fwhm"), [(1.04, 2.2), (1.245, 2.6), (1.625, 3.4), (2.18, 4.6)])
def test_resolution_is_that_of_eight_meters(wave, fwhm):
    assert resolution_px(wave) == pytest.approx(fwhm, abs=0.1)


def test_scales_belong_to_the_filter_in_front_of_the_field():
    assert pixel_scale_mas("DB_H23") == pixel_scale_mas("DB_H32")[::-1]
    assert pixel_scale_mas("BB_J") == (12.25, 12.25)


@pytest.mark.parametrize("name", ["DB_H23", "DB_K12", "BB_H", "BB_Ks"])
def test_usual_centers_are_near_those_of_real_nights(real_data, name):
    known = json.loads((real_data / "sphere_static_tables" / "sphere_filt_spec.json").read_text())[
        name
    ]
    coronagraph = "N_ALC_Ks" if "K" in name else "N_ALC_YJH_S"
    spots = np.array(known["xy_spots"], dtype=float)[: 1 if name == "DB_H23" else 2]
    for field, corners in enumerate(spots):
        off = corners.mean(axis=0) - default_centers(name, coronagraph)[field]
        assert np.hypot(*off) < DEFAULT_CENTER_ERROR_PX


def test_usual_centers_are_near_the_measured_ones_of_a_k_band_night(real_data):
    from scipy.io import readsav

    saved = readsav(real_data / "starhopping" / "IRDIS" / "centers.save")
    centers = np.array([[saved["xc1"], saved["yc1"]], [saved["xc2"], saved["yc2"]]], dtype=float)
    off = centers.reshape(2, 2) - default_centers("DB_K12", "N_ALC_Ks")
    assert np.abs(off).max() < 1


def test_optics_squeeze_y():
    assert ANAMORPHISM_XY == (1.0, 1.0062)
