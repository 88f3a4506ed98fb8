"""Transmission of the coronagraphs."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.instruments.sphere.coronagraphs import transmission

_OPAQUE = ("N_ALC_YJ_S", "N_ALC_YJH_S", "N_ALC_YJH_L", "N_ALC_Ks", "N_CLC_SW_S")


def _half(curve):
    return np.interp(0.5, curve.transmission, curve.separation_mas)


def test_survey_coronagraph_agrees_with_an_independent_measurement(real_data):
    table = fits.getdata(real_data / "sphere_static_tables/SPHERE_IRDIS_ALC_transmission_px.fits")
    separation_mas, measured = table[0] * 12.25, table[1]
    curve = transmission("N_ALC_YJH_S", 1.63)
    ours = np.interp(separation_mas, curve.separation_mas, curve.transmission)
    assert np.abs(ours - measured).max() < 0.06
    assert _half(curve) == pytest.approx(np.interp(0.5, measured, separation_mas), abs=2.0)


@given(name=st.sampled_from(_OPAQUE), wavelength_um=st.floats(0.95, 2.3))
def test_more_light_passes_farther_out(name, wavelength_um):
    curve = transmission(name, wavelength_um)
    assert np.all(np.diff(curve.separation_mas) > 0)
    assert np.all(np.diff(curve.transmission) > 0)
    assert 0 <= curve.transmission[0] < 0.5
    assert curve.transmission[-1] == 1


def test_larger_mask_hides_more():
    small, large = (transmission(name, 1.6) for name in ("N_ALC_YJH_S", "N_ALC_YJH_L"))
    assert _half(large) - _half(small) == pytest.approx(27.5 * 99 / 92.5, abs=1.0)


def test_edge_is_wider_at_longer_waves():
    def width(wavelength_um):
        curve = transmission("N_ALC_YJH_S", wavelength_um)
        return np.diff(np.interp([0.2, 0.8], curve.transmission, curve.separation_mas))[0]

    assert width(2.2) / width(1.1) == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("name", ["N_NS_CLEAR", "N_NC_ALC_1"])
def test_without_a_mask_all_passes_and_nothing_is_said(name):
    curve = transmission(name, 1.6)
    assert curve.separation_mas.size == 0
    assert not curve.note


@pytest.mark.parametrize("name", ["N_4Q_YJH", "", "N_BAR"])
def test_unknown_mask_is_said(name):
    curve = transmission(name, 1.6)
    assert curve.separation_mas.size == 0
    assert "not corrected" in curve.note
