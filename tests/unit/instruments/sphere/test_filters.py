"""Filters of IRDIS against their measured curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere import filters

_ND_COLUMNS = {"ND_1.0": 2, "ND_2.0": 3, "ND_3.5": 4}
_BROAD = {"Y": "B_Y", "J": "B_J", "H": "B_H", "K": "B_Ks"}


def _weights(folder: Path, name: str, channel: int, nominal_nm: float):
    """Wavelengths [nm] and transmission of one field, measured with all filters in the beam."""
    kind, band = name.split("_")
    broad = np.loadtxt(folder / f"SPHERE_IRDIS_{_BROAD[band[0]]}.txt")
    wavelength, through = broad[:, 0], broad[:, 1].copy()
    if kind == "DB":
        through *= np.loadtxt(folder / f"SPHERE_IRDIS_D_{band}.txt")[:, 1 + channel]
    through[(wavelength < 900) | (wavelength > 2400)] = 0
    if name == "DB_H34":  # used with a blocking filter whose curve is not at hand
        through[np.abs(wavelength - nominal_nm) > 60] = 0
    return wavelength, through


@pytest.mark.parametrize(
    "name",
    ["DB_Y23", "DB_J23", "DB_H23", "DB_H34", "DB_K12", "BB_Y", "BB_J", "BB_H", "BB_Ks"],
)
def test_table_agrees_with_measured_curves(name, real_data):
    folder = real_data / "sphere_filters"
    density = np.loadtxt(folder / "SPHERE_CPI_ND.txt")
    for channel, band in enumerate(filters.bands(name)):
        wavelength, through = _weights(folder, name, channel, 1000 * band.wavelength_um)
        center = (wavelength * through).sum() / through.sum() / 1000
        assert center == pytest.approx(band.wavelength_um, abs=0.1 * band.width_um + 0.002)
        passed = wavelength[through >= through.max() / 2]
        assert np.ptp(passed) / 1000 == pytest.approx(band.width_um, rel=0.05)
        for label, column in _ND_COLUMNS.items():
            dimmed = np.interp(wavelength, density[:, 0], density[:, column]) * through
            expected = dimmed.sum() / through.sum()
            assert filters.nd_transmission(name, label)[channel] == pytest.approx(
                expected, rel=0.01
            )


def test_swapped_pair_has_swapped_wavelengths():
    assert filters.wavelength_um("DB_H32") == filters.wavelength_um("DB_H23")[::-1]
    assert (
        filters.nd_transmission("DB_H32", "ND_1.0")
        == filters.nd_transmission("DB_H23", "ND_1.0")[::-1]
    )


def test_density_in_the_wheel_counts():
    bare, dimmed = (
        filters.nd_transmission("DB_H23", "OPEN"),
        filters.nd_transmission("DB_NDH23", "OPEN"),
    )
    assert bare == (1.0, 1.0)
    assert dimmed == (0.289, 0.289)


@pytest.mark.parametrize("name", filters.filter_names())
def test_denser_filters_pass_less(name):
    for channel in (0, 1):
        passed = [
            filters.nd_transmission(name, nd)[channel]
            for nd in ("OPEN", "ND_1.0", "ND_2.0", "ND_3.5")
        ]
        assert np.all(np.diff(passed) < 0)


def test_polarizers_do_not_change_the_band():
    assert filters.bands("DP_0_BB_J") == filters.bands("BB_J")
    assert not filters.is_pair("DP_0_BB_J")
    assert filters.is_pair("DB_J23")


def test_spectroscopy_is_refused():
    assert not filters.is_known("S_LR")
    with pytest.raises(DataError, match="filter is not known"):
        filters.bands("S_LR")


def test_unknown_density_is_refused():
    with pytest.raises(DataError, match="ND_7"):
        filters.nd_transmission("BB_H", "ND_7")
