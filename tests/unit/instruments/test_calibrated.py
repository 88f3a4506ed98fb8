"""Calibrated sequences of all layouts become the same kind of object."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from hcdc_kernel import plugins
from hcdc_kernel.algorithms.photometry import aperture_flux
from hcdc_kernel.datamodel import Cube
from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.instruments import load_sequence, read_description, source_files
from hcdc_kernel.instruments.fields import (
    Angles,
    CubeFile,
    Numbers,
    PsfFile,
    ReferencesFile,
    SequenceFields,
)


def test_a_described_sequence_is_read(files: Any) -> None:
    sequence = files.load()
    assert sequence.cube.data.shape == (2, 6, 41, 41)
    assert sequence.cube.data.dtype == np.float32
    assert sequence.cube.identity.name == "Test-Star_synthetic-imager_H_2024-03-15"
    assert sequence.cube.frames.exposure == ("cube.fits",) * 6
    assert sequence.psf.data.shape[0] == 2
    assert sequence.references is not None
    assert sequence.references.data.shape == (2, 3, 41, 41)
    np.testing.assert_array_equal(sequence.cube.star_xy_px, 20.0)


@pytest.mark.parametrize(
    ("axes", "order"),
    [
        (["time", "wave", "y", "x"], (1, 0, 2, 3)),
        (["y", "x", "time", "wave"], (2, 3, 1, 0)),
        (["wave", "time", "x", "y"], (0, 1, 3, 2)),
    ],
)
def test_axes_are_put_in_order(files: Any, axes: list[str], order: tuple[int, ...]) -> None:
    expected = files.load().cube.data
    files.put("cube.fits", files.get("cube.fits").transpose(order))
    files.edit(lambda content: content["cube"].update(axes=axes))
    np.testing.assert_array_equal(files.load().cube.data, expected)


def test_derotation_is_sign_times_angle_plus_offset_minus_true_north(files: Any) -> None:
    given = files.get("parallactic_angles.fits")
    more = {"sign": -1, "offset": "10 deg", "true_north": "30 arcmin"}
    files.edit(lambda content: content["angles"].update(more))
    frames = files.load().cube.frames
    np.testing.assert_allclose(frames.derotation_deg, -given + 10 - 0.5)
    np.testing.assert_allclose(frames.parallactic_deg, -given)


def test_derotation_angles_leave_parallactic_angles_unknown(files: Any) -> None:
    files.edit(lambda content: content["angles"].update(kind="derotation"))
    frames = files.load().cube.frames
    assert np.isnan(frames.parallactic_deg).all()
    np.testing.assert_allclose(frames.derotation_deg, files.get("parallactic_angles.fits"))


ANGLES = np.array([1.0, 2.5, -3.0, 4.0, 5.0, 6.0])


def _column_image(folder: Path) -> dict[str, Any]:
    fits.PrimaryHDU(np.deg2rad(ANGLES)[:, None]).writeto(folder / "a.fits")
    return {"file": "a.fits", "unit": "rad"}


def _fits_table(folder: Path) -> dict[str, Any]:
    Table({"i": np.arange(6), "PA": ANGLES}).write(folder / "t.fits")
    return {"file": "t.fits", "column": "PA"}


def _second_extension(folder: Path) -> dict[str, Any]:
    units = [fits.PrimaryHDU(), fits.ImageHDU(np.zeros(3)), fits.ImageHDU(ANGLES, name="PA")]
    fits.HDUList(units).writeto(folder / "e.fits")
    return {"file": "e.fits", "hdu": "PA"}


def _ecsv(folder: Path) -> dict[str, Any]:
    Table({"i": np.arange(6), "PA": ANGLES}).write(folder / "a.ecsv")
    return {"file": "a.ecsv", "column": "PA"}


def _csv(folder: Path) -> dict[str, Any]:
    (folder / "a.csv").write_text("PA\n" + "\n".join(map(str, ANGLES)))
    return {"file": "a.csv"}


def _text(folder: Path) -> dict[str, Any]:
    (folder / "a.txt").write_text("# i PA\n" + "\n".join(f"{i} {a}" for i, a in enumerate(ANGLES)))
    return {"file": "a.txt", "column": 1}


def _one_line(folder: Path) -> dict[str, Any]:
    (folder / "a.dat").write_text(" ".join(map(str, ANGLES)))
    return {"file": "a.dat"}


def _inline(folder: Path) -> dict[str, Any]:
    return {"values": [f"{angle * 60} arcmin" for angle in ANGLES]}


def _inline_in_unit(folder: Path) -> dict[str, Any]:
    return {"values": (ANGLES * 60).tolist(), "unit": "arcmin"}


@pytest.mark.parametrize(
    "write",
    [
        _column_image, _fits_table, _second_extension, _ecsv, _csv, _text, _one_line, _inline,
        _inline_in_unit,
    ],
)  # fmt: skip
def test_angles_may_be_kept_in_many_ways(files: Any, write: Any) -> None:
    described = write(files.folder)
    files.edit(lambda content: content.update(angles=described))
    np.testing.assert_allclose(files.load().cube.frames.derotation_deg, ANGLES, rtol=1e-12)


def test_one_text_column_of_one_frame_is_a_list_of_one(files: Any) -> None:
    files.put("cube.fits", files.get("cube.fits")[:, :1])
    (files.folder / "a.txt").write_text("7.5\n")
    files.edit(lambda content: content.update(angles={"file": "a.txt"}))
    files.edit(lambda content: content.pop("mjd"))
    np.testing.assert_allclose(files.load().cube.frames.derotation_deg, [7.5])


def test_dates_are_read_or_unknown(files: Any) -> None:
    assert np.isfinite(files.load().cube.frames.mjd).all()
    files.edit(lambda content: content.pop("mjd"))
    assert np.isnan(files.load().cube.frames.mjd).all()


def test_infinite_pixels_are_missing_ones(files: Any) -> None:
    cube = files.get("cube.fits")
    cube[0, 0, 3, 4] = np.inf
    files.put("cube.fits", cube)
    assert np.isnan(files.load().cube.data[0, 0, 3, 4])


def test_star_position_may_be_given(files: Any) -> None:
    files.edit(lambda content: content.update(star_xy=[19.5, 21.25]))
    np.testing.assert_array_equal(files.load().cube.star_xy_px[1, 5], [19.5, 21.25])


def scaled(files: Any, **psf: Any) -> Any:
    given = {"file": "psf.fits", "axes": ["wave", "y", "x"], **psf}
    files.edit(lambda content: content.update(psf=given))
    return files.load().psf


def test_psf_is_scaled_to_the_flux_of_the_star(files: Any) -> None:
    psf = scaled(files, star_flux=[5.0e6, 4.0e6], aperture_radius="2.5 pix")
    fluxes = [aperture_flux(image, 2.5) for image in psf.data]
    np.testing.assert_allclose(fluxes, [5.0e6, 4.0e6], rtol=1e-5)


def test_psf_is_scaled_by_exposure_time_and_transmission(files: Any) -> None:
    plain = scaled(files, in_cube_units=True)
    more = scaled(files, dit="3.2 s", nd_transmission=0.1)
    np.testing.assert_allclose(more.data, plain.data * (64.0 / 3.2 / 0.1), rtol=1e-5)


def test_star_flux_is_that_within_half_the_width(files: Any) -> None:
    psf = files.load().psf
    for image, fwhm, flux in zip(psf.data, psf.fwhm_px, psf.star_flux, strict=True):
        assert aperture_flux(image, fwhm / 2) == pytest.approx(flux, rel=1e-4)


def test_exposures_of_the_psf_are_centered_and_averaged(files: Any) -> None:
    alone = files.load().psf
    once = files.get("psf.fits")
    files.put("psf.fits", np.stack([once, np.roll(once, 1, axis=2)]))
    files.edit(lambda content: content["psf"].update(axes=["time", "wave", "y", "x"]))
    both = files.load().psf
    n = both.data.shape[-1] // 2
    middle = slice(n - 3, n + 4)
    m = alone.data.shape[-1] // 2
    expected = alone.data[:, m - 3 : m + 4, m - 3 : m + 4]
    tolerance = 0.01 * alone.data.max()
    np.testing.assert_allclose(both.data[:, middle, middle], expected, atol=tolerance)


def test_source_files_carry_their_checksums(files: Any) -> None:
    sources = source_files(read_description(files.path))
    assert [source.role for source in sources] == [
        "description", "cube", "angles", "psf", "mjd", "references",
    ]  # fmt: skip
    for source in sources:
        content = source.path.read_bytes()
        assert source.size == len(content)
        assert source.sha256 == hashlib.sha256(content).hexdigest()


def test_the_root_may_be_another_folder(files: Any, tmp_path: Path) -> None:
    moved = tmp_path / "description.yaml"
    files.path.rename(moved)
    assert load_sequence(read_description(moved, files.folder)).cube.n_time == 6


def test_missing_description_or_root_are_not_found(files: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"nowhere\.yaml"):
        read_description(tmp_path / "nowhere.yaml")
    with pytest.raises(NotFoundError, match="no folder"):
        read_description(files.path, tmp_path / "nowhere")


def test_a_file_no_instrument_knows_is_refused(files: Any) -> None:
    with pytest.raises(ConfigError, match="nothing that an instrument recognizes"):
        read_description(files.folder / "cube.fits")


@pytest.mark.parametrize(
    "part", [Numbers, Angles, CubeFile, PsfFile, ReferencesFile, SequenceFields]
)
def test_every_key_of_the_format_is_described(part: Any) -> None:
    for name, field in part.model_fields.items():
        assert field.description, name


def test_the_real_sequence_of_beta_pictoris_is_read(real_data: Path, repository: Path) -> None:
    path = repository / "tests" / "regression" / "naco_betapic.yaml"
    sequence = load_sequence(read_description(path, real_data / "naco_betapic"))
    cube, psf = sequence.cube, sequence.psf
    assert isinstance(cube, Cube)
    assert cube.data.shape == (1, 61, 101, 101)
    assert cube.identity.name == "beta-Pic_vlt-naco_Lp_2013-01-31"
    assert cube.frames.derotation_deg[0] == pytest.approx(-14.267912 - 104.84 + 0.45)
    assert np.ptp(cube.frames.parallactic_deg) > 80
    assert psf.fwhm_px[0] == pytest.approx(4.6, abs=0.15)
    assert aperture_flux(psf.data[0], 2.0) == pytest.approx(764939.6, rel=1e-4)
    # The same star in the circle that others use, of the width that they find: 4.80 px.
    assert aperture_flux(psf.data[0], 4.80 / 2) == pytest.approx(999668, rel=0.01)
    np.testing.assert_allclose(psf.star_flux[0], aperture_flux(psf.data[0], psf.fwhm_px[0] / 2))


def test_instruments_are_found_by_name() -> None:
    assert "calibrated-sequence" in plugins.names("instruments")
