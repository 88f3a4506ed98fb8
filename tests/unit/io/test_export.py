"""The export format is what others rely on: names, columns, headers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from hcdc_kernel.datamodel import Candidates, ContrastCurve, Data, DetectionMap, Residual, Sequence
from hcdc_kernel.datamodel.detections import CANDIDATE_COLUMNS
from hcdc_kernel.errors import DataError, StoreError
from hcdc_kernel.io import export_products

START = "Test-Star_synthetic-imager_H_2024-03-15"


@pytest.fixture
def products(planet_sequence: Sequence) -> dict[str, Data]:
    cube, wave = planet_sequence.cube, planet_sequence.cube.wavelength_um
    common = {"identity": cube.identity}
    image = np.zeros((1, 41, 41), np.float32)
    numbers = {name: np.array([1.5, np.nan]) for name in CANDIDATE_COLUMNS}
    return {
        "cube": cube,
        "residual_cube": cube,
        "psf": planet_sequence.psf,
        "residual": Residual(image, wave, 12.25, **common),
        "detection": DetectionMap(image, wave, 3.4, 12.25, **common),
        "contrast": ContrastCurve(
            np.array([100.0, 200.0]), np.array([[1e-3, 1e-4]]), np.array([[0.5, np.nan]]),
            wave, 5.0, "injection", **common,
        ),
        "candidates": Candidates(("b", "c"), **numbers, **common),
    }  # fmt: skip


@pytest.fixture
def exported(products: dict[str, Data], tmp_path: Path) -> Path:
    report = tmp_path / "r.html"
    report.write_text("<p>")
    notebook = tmp_path / "n.ipynb"
    notebook.write_text("{}")
    export_products(products, tmp_path / "out", extra={"report": report, "executed": notebook})
    return tmp_path / "out"


def test_files_have_the_documented_names(exported: Path) -> None:
    ends = (
        "candidates.ecsv", "contrast.ecsv", "cube.fits", "executed.ipynb",
        "psf.fits", "report.html", "residual.fits", "snr.fits",
    )  # fmt: skip
    assert sorted(p.name for p in exported.iterdir()) == [f"{START}_{end}" for end in ends]


def test_cube_is_as_documented(exported: Path, planet_sequence: Sequence) -> None:
    with fits.open(exported / f"{START}_cube.fits") as hdus:
        primary, frames = hdus[0], hdus["FRAMES"]
        assert primary.header["BITPIX"] == -32
        assert primary.data.shape == (1, 24, 41, 41)
        assert [primary.header[key] for key in ("PIXSCALE", "STAR_X", "STAR_Y")] == [12.25, 20, 20]
        wanted = {"MJD", "PARALLACTIC_DEG", "DEROTATION_DEG", "USABLE", "EXPOSURE", "DIT_INDEX"}
        assert wanted <= set(frames.columns.names)
        derotation = planet_sequence.cube.frames.derotation_deg
        np.testing.assert_array_equal(frames.data["DEROTATION_DEG"], derotation)
        assert hdus["WAVELENGTH"].data["WAVELENGTH_UM"].tolist() == [1.6255]
        assert "HISTORY" in hdus


def test_contrast_table_is_as_documented(exported: Path) -> None:
    table = Table.read(exported / f"{START}_contrast.ecsv")
    assert table.colnames == ["separation_mas", "contrast", "throughput", "wavelength_um"]
    assert table.meta["n_sigma"] == 5.0
    assert table.meta["method"] == "injection"
    assert str(table["separation_mas"].unit) == "mas"
    assert table["contrast"].tolist() == [1e-3, 1e-4]


def test_candidates_table_is_as_documented(exported: Path) -> None:
    table = Table.read(exported / f"{START}_candidates.ecsv")
    assert table.colnames == ["label", *CANDIDATE_COLUMNS]
    assert table["label"].tolist() == ["b", "c"]
    assert np.isnan(table["wavelength_um"][1])


def test_exporting_again_gives_the_same_bytes(products: dict[str, Data], exported: Path) -> None:
    before = {path: path.read_bytes() for path in exported.glob("*.[ef]*")}
    export_products(products, exported)
    assert all(path.read_bytes() == content for path, content in before.items())


def test_every_file_is_valid_fits(exported: Path) -> None:
    for path in exported.glob("*.fits"):
        with fits.open(path, checksum=True) as hdus:
            hdus.verify("exception")


def test_nothing_to_export_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to export"):
        export_products({}, tmp_path)


def test_a_folder_that_cannot_be_made_is_a_store_error(
    products: dict[str, Data], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        export_products(products, tmp_path / "file" / "out")
