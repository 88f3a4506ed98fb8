"""Data objects are checked once, at their birth, and never change."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.arrays import require_finite, require_shape
from hcdc_kernel.datamodel import (
    Candidates,
    ContrastCurve,
    Cube,
    DetectionMap,
    Identity,
    Psf,
    Quality,
    QualityNote,
    Residual,
    Sequence,
)
from hcdc_kernel.datamodel.detections import CANDIDATE_COLUMNS
from hcdc_kernel.errors import DataError

STAR = Identity("a", "b-c", "H", "2024-01-01")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("beta Pic", "vlt-naco", "L'", "2013-01-31"), "beta-Pic_vlt-naco_Lp_2013-01-31"),
        (("β Pic", "vlt-naco", "L′", "2013-01-31"), "beta-Pic_vlt-naco_Lp_2013-01-31"),  # noqa: RUF001
        (("2MASS J1155-7919", "x-y", "K1", "n"), "2MASS-J1155-7919_x-y_K1_n"),
        (("../../etc/passwd", "x-y", "a b", "n"), "etc-passwd_x-y_a-b_n"),
        (("é", "x-y", "", "."), "e_x-y_unnamed_unnamed"),
    ],
)
def test_names_are_safe_for_files(names: tuple[str, str, str, str], expected: str) -> None:
    assert Identity(*names).name == expected


@given(st.text(), st.text())
def test_no_name_leaves_its_folder(target: str, band: str) -> None:
    name = Identity(target, "a-b", band, "2024-01-01").name
    assert name.isascii()
    assert not set(name) & set("/\\ :\n\0")
    assert not name.startswith(".")


def test_data_cannot_be_changed(planet_cube: Cube) -> None:
    with pytest.raises(FrozenInstanceError):
        planet_cube.unit = "Jy"  # type: ignore[misc]


def test_data_travel_between_processes(planet_sequence: Sequence) -> None:
    back = pickle.loads(pickle.dumps(planet_sequence))
    np.testing.assert_array_equal(back.cube.data, planet_sequence.cube.data)
    assert back.cube.identity == planet_sequence.cube.identity


def test_frames_are_picked_by_number_or_by_mask(planet_cube: Cube) -> None:
    frames = planet_cube.frames
    mask = np.arange(frames.n_time) % 5 == 0
    by_mask, by_number = frames.take(mask), frames.take(np.flatnonzero(mask))
    assert by_mask.n_time == int(mask.sum())
    np.testing.assert_array_equal(by_mask.derotation_deg, by_number.derotation_deg)
    assert by_mask.exposure == by_number.exposure


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": np.zeros((1, 23, 41, 41))}, r"cube must have shape \(1, 24, any, any\)"),
        ({"data": np.zeros((24, 41, 41))}, "cube must have shape"),
        ({"star_xy_px": np.zeros((1, 24))}, "star position must have shape"),
        ({"star_xy_px": np.full((1, 24, 2), np.nan)}, "star position must be finite"),
        ({"wavelength_um": np.array([np.nan])}, "wavelength must be finite"),
        ({"pixel_scale_mas": float("inf")}, "pixel scale must be finite"),
        ({"variance": np.zeros((1, 24, 41, 40))}, "variance must have shape"),
        ({"flags": np.zeros((1, 1, 41, 41), "u2")}, "flags must have shape"),
    ],
)
def test_cubes_that_disagree_with_themselves_are_refused(
    planet_cube: Cube, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        replace(planet_cube, **change)


def test_frames_without_finite_angles_are_refused(planet_cube: Cube) -> None:
    angles = planet_cube.frames.derotation_deg.copy()
    angles[3] = np.nan
    with pytest.raises(DataError, match="1 of 24 values are not, the first at index 3"):
        replace(planet_cube.frames, derotation_deg=angles)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": np.ones((1, 30, 31))}, "middle pixel"),
        ({"data": np.full((1, 31, 31), np.nan)}, "PSF must be finite"),
        ({"fwhm_px": np.zeros(1)}, "FWHM of the PSF must be positive"),
        ({"star_flux": np.array([-1.0])}, "stellar flux of the PSF must be positive"),
        ({"star_flux": np.array([np.nan])}, "stellar flux of the PSF must be positive"),
        ({"star_flux": np.ones(2)}, "stellar flux must have shape"),
    ],
)
def test_psfs_that_cannot_be_used_are_refused(
    planet_sequence: Sequence, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        replace(planet_sequence.psf, **change)


def test_sequences_of_different_channels_or_sizes_are_refused(planet_sequence: Sequence) -> None:
    psf, cube = planet_sequence.psf, planet_sequence.cube
    twice = Psf(np.tile(psf.data, (2, 1, 1)), *(np.tile(v, 2) for v in (
        psf.fwhm_px, psf.star_flux, psf.wavelength_um)), 12.25, STAR)  # fmt: skip
    with pytest.raises(DataError, match="1 and 2"):
        Sequence(cube, twice)
    with pytest.raises(DataError, match="Reference frames differ"):
        Sequence(cube, psf, replace(cube, data=cube.data[..., 1:]))


def test_combined_map_is_the_last() -> None:
    snr = np.stack([np.zeros((3, 3)), np.ones((3, 3))])
    assert DetectionMap(snr, np.array([1.0, 1.0]), 3.0, 1.0, STAR).combined.min() == 1


def test_maps_need_one_wavelength_each() -> None:
    with pytest.raises(DataError, match="residual must have shape"):
        Residual(np.zeros((2, 3, 3)), np.ones(1), 1.0, STAR)
    with pytest.raises(DataError, match="S/N map must have shape"):
        DetectionMap(np.zeros((2, 3, 3)), np.ones(1), 3.0, 1.0, STAR)


def test_columns_of_candidates_have_one_length() -> None:
    columns = {name: np.zeros(2) for name in CANDIDATE_COLUMNS}
    assert len(Candidates(("b", "c"), **columns, identity=STAR)) == 2
    with pytest.raises(DataError, match="snr must have shape"):
        Candidates(("b", "c"), **(columns | {"snr": np.zeros(3)}), identity=STAR)


def test_contrast_as_magnitude() -> None:
    curve = ContrastCurve(np.ones(1), np.array([[1e-4]]), np.ones((1, 1)), np.ones(1), 5, "", STAR)
    assert curve.magnitude.item() == pytest.approx(10.0)
    with pytest.raises(DataError, match="contrast must have shape"):
        replace(curve, contrast=np.ones((2, 1)))


def test_quality_is_as_good_as_its_worst_note() -> None:
    def light(*lights: Any) -> str:
        notes = tuple(QualityNote("n", 1.0, "", kind, "") for kind in lights)
        return Quality(notes, STAR).light

    assert light() == light("good") == "good"
    assert light("good", "fair") == "fair"
    assert light("fair", "poor", "good") == "poor"


def test_shape_and_finiteness_are_checked_by_name() -> None:
    require_shape("thing", np.zeros((2, 3)), (2, -1))
    with pytest.raises(DataError, match=r"thing must have shape \(2, any\).*\(3, 2\)"):
        require_shape("thing", np.zeros((3, 2)), (2, -1))
    with pytest.raises(DataError, match=r"index \(1, 0\)"):
        require_finite("thing", np.array([[1.0], [np.inf]]))
