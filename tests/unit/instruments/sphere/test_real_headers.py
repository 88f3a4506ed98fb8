"""Real headers of SPHERE: every hard fact comes out."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pytest

from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.instruments.raw import RawHeader, read_exposure
from hcdc_kernel.instruments.sphere.camera import Sphere

NIGHT = "SPHER.2020-03-08T"
SEQUENCE = [
    ("07_05_15.511", "center", 64.0, 6, 1),
    ("07_12_03.720", "science", 64.0, 8, 3),
    ("07_20_53.733", "science", 64.0, 8, 8),
    ("07_29_43.729", "science", 64.0, 8, 13),
    ("07_38_33.715", "science", 64.0, 8, 18),
    ("07_48_21.618", "flux", 12.0, 10, 23),
]


def read(real_data: Path, name: str) -> Exposure:
    return read_exposure(real_data / "eso_headers" / f"{name}.hdr.txt")


def as_raw(path: Path) -> RawHeader:
    """The raw header that a product of IRDIS kept, with the dimensions that the raw file had."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("NAXIS")]
    count = next(line for line in lines if "DET NDIT  " in line or "DET NDIT =" in line)
    n_dit = int(count.partition("=")[2].partition("/")[0])
    axes = (("NAXIS", 3), ("NAXIS1", 2048), ("NAXIS2", 1024), ("NAXIS3", n_dit))
    lines[2:2] = [f"{key:<8}= {n}" for key, n in axes]
    return RawHeader.from_text("\n".join(lines), path)


@pytest.mark.parametrize(("name", "kind", "dit_s", "n_dit", "number"), SEQUENCE)
def test_sequence_of_the_ifs(
    real_data: Path, name: str, kind: str, dit_s: float, n_dit: int, number: int
) -> None:
    exposure = read(real_data, NIGHT + name)
    assert exposure.notes == ("The file is a header without its images",)
    assert exposure.name == (NIGHT + name).replace("_", ":")
    assert (exposure.camera, exposure.kind, exposure.mode) == ("vlt-ifs", kind, "ifu")
    assert (exposure.dit_s, exposure.n_dit, exposure.n_planes) == (dit_s, n_dit, 0)
    assert (exposure.target, exposure.night) == ("A124420", "2020-03-07")
    assert (exposure.filter, exposure.coronagraph) == ("OBS_YJ", "N_ALC_YJH_S")
    assert (exposure.neutral_density, exposure.tracking) == ("OPEN", "pupil")
    assert (exposure.template_number, exposure.template_count) == (number, 24)
    assert (exposure.program, exposure.block_id) == ("0104.C-0007(B)", "2485392")
    assert exposure.template_start == "2020-03-08T07:04:40"
    assert exposure.loops_closed is True
    assert exposure.read_mode == "Nondest"
    overhead = (exposure.end_mjd - exposure.start_mjd) * 86400 / n_dit - dit_s
    assert overhead == pytest.approx(1.93, abs=0.04)


def test_first_science_frame_in_detail(real_data: Path) -> None:
    exposure = read(real_data, NIGHT + "07_12_03.720")
    assert exposure.start_mjd == pytest.approx(58916.30004305, abs=2e-8)
    assert exposure.apparent_ra_deg == pytest.approx(191.347073583, abs=1e-8)
    assert exposure.apparent_dec_deg == pytest.approx(-8.782457072, abs=1e-8)
    assert (exposure.ra_deg, exposure.dec_deg) == (191.084536, -8.67217)
    assert (exposure.derotator_begin_deg, exposure.derotator_end_deg) == (214.5106, 214.357)
    assert (exposure.parallactic_begin_deg, exposure.parallactic_end_deg) == (144.115, 139.884)
    assert (exposure.latitude_deg, exposure.longitude_deg) == (-24.6268, -70.4045)
    assert exposure.altitude_deg == 70.053
    assert exposure.airmass == pytest.approx((1.064 + 1.073) / 2)
    assert exposure.seeing_arcsec == pytest.approx(1.50)
    assert exposure.coherence_time_ms == pytest.approx(2.7)
    assert exposure.wind_speed_ms == 9.43
    assert exposure.waffle == "x"  # left there from the CENTER frame
    assert exposure.dit_delay_s == 0.2
    elements = {"prism": "PRI_YJ", "dichroic": "DIC_H", "mask": "ALC2", "apodizer": "APO1"}
    assert elements.items() <= exposure.elements.items()


def test_wavelength_calibration_of_the_ifs(real_data: Path) -> None:
    exposure = read(real_data, NIGHT + "16_53_05.173")
    assert (exposure.kind, exposure.night) == ("wavelength", "2020-03-08")
    assert (exposure.dit_s, exposure.n_dit) == (1.650726, 10)
    assert (exposure.target, exposure.tracking) == ("", "fixed")
    assert math.isnan(exposure.ra_deg)
    assert exposure.neutral_density == "ND_1.0"
    assert exposure.coronagraph == "N_NS_OPAQUE"
    assert {"LAMP3", "LAMP5"} <= set(exposure.elements["lamp"].split("+"))
    assert (exposure.program, exposure.block) == ("60.A-9255(A)", "Calibration")
    assert exposure.loops_closed is False


@pytest.mark.parametrize("ending", ["hdr.txt", "header_only.fits"])
def test_zimpol(real_data: Path, ending: str) -> None:
    path = real_data / "eso_headers" / f"SPHER.2019-02-25T03_55_45.738.{ending}"
    exposure = read_exposure(path)
    assert exposure.name == "SPHER.2019-02-25T03:55:45.738"
    assert (exposure.camera, exposure.kind) == ("vlt-zimpol", "science")
    assert (exposure.mode, exposure.target) == ("imaging", "7 Iris")
    assert (exposure.dit_s, exposure.n_dit, exposure.n_planes) == (16.0, 10, 0)
    assert (exposure.filter, exposure.neutral_density) == ("N_R", "OPEN")
    assert (exposure.coronagraph, exposure.read_mode) == ("V_NC_WF", "StandardImaging")
    assert exposure.night == "2019-02-24"
    assert exposure.tracking == "field"  # the derotator of the common path, not those of INS3
    assert (exposure.end_mjd - exposure.start_mjd) * 86400 == pytest.approx(160.6484, abs=1e-4)
    assert exposure.coherence_time_ms == pytest.approx(13.3)


IRDIS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "SPHER.2016-10-14T09_35_50.307",
        "2016-10-13",
        {"kind": "center", "target": "HIP_27321", "dit_s": 16.0, "filter": "DB_H23"},
    ),
    (
        "SPHER.2016-11-18T07_24_06.912",
        "2016-11-17",
        {
            "kind": "flux",
            "target": "HIP_27321",
            "dit_s": 4.0,
            "n_dit": 37,
            "filter": "DB_H23",
            "neutral_density": "ND_3.5",
            "coronagraph": "N_ALC_YJ_S",
            "template_number": 44,
            "block_id": "200410128",
            "dit_delay_s": 0.1,
        },
    ),
    (
        "SPHER.2018-04-18T09_56_09.511",
        "2018-04-17",
        {"kind": "flux", "target": "TYC_7415_0284_1", "dit_s": 4.0, "filter": "DB_H23"},
    ),
]


@pytest.mark.parametrize(("name", "night", "facts"), IRDIS)
def test_headers_kept_by_products_of_irdis(
    real_data: Path, name: str, night: str, facts: dict[str, Any]
) -> None:
    path = real_data / "eso_headers" / f"{name}.from_product.hdr.txt"
    exposure = Sphere().translate(as_raw(path), path, 0)
    as_it_is = read_exposure(path)
    assert any("a product that kept this header" in note for note in as_it_is.notes)
    for key in ("kind", "start_mjd", "end_mjd", "dit_s", "n_dit", "n_planes", "filter", "mode"):
        assert getattr(as_it_is, key) == getattr(exposure, key)
    assert (exposure.camera, exposure.mode) == ("vlt-irdis", "dual-band")
    assert exposure.night == night
    assert exposure.name == name.replace("_", ":")
    assert {key: getattr(exposure, key) for key in facts} == facts
    assert exposure.tracking == "pupil"
    assert Sphere().calibration(exposure) == "irdis-imaging"
    lasted_s = (exposure.end_mjd - exposure.start_mjd) * 86400
    assert 0.8 < lasted_s / exposure.n_dit - exposure.dit_s < 1.2


def test_place_and_dither_of_a_real_flux_frame(real_data: Path) -> None:
    path = real_data / "eso_headers" / "SPHER.2016-11-18T07_24_06.912.from_product.hdr.txt"
    exposure = Sphere().translate(as_raw(path), path, 0)
    place = (exposure.apparent_ra_deg, exposure.apparent_dec_deg)
    expected = (
        15 * (5 + 47 / 60 + 42.54188 / 3600),
        -(51 + 3 / 60 + 40.27826 / 3600),
    )
    assert place == pytest.approx(expected, abs=1e-9)
    assert exposure.dither_xy_px == pytest.approx((-0.183 / 18, 0.044 / 18))
    assert exposure.seeing_arcsec == pytest.approx((2.43 + 2.36) / 2)
    assert exposure.coherence_time_ms == pytest.approx(1.1)


def test_other_instruments_are_refused(real_data: Path) -> None:
    for path in (real_data / "eso_headers").glob("NACO*.txt"):
        with pytest.raises(FileFormatError, match=r"no camera.*NAOS\+CONICA"):
            read_exposure(path)


def test_all_agree_with_the_table_of_the_archive(real_data: Path) -> None:
    with (real_data / "eso_raw_frames.csv").open() as file:
        rows = {row["dp_id"]: row for row in csv.DictReader(file)}
    checked = 0
    for path in sorted((real_data / "eso_headers").glob("SPHER*.hdr.txt")):
        header = as_raw(path) if "from_product" in path.name else None
        exposure = Sphere().translate(header, path, 0) if header else read_exposure(path)
        row = rows.get(exposure.name)
        if row is None:
            continue
        assert exposure.camera == f"vlt-{row['arm'].lower()}"
        assert (exposure.type, exposure.technique) == (row["dpr_type"], row["dpr_tech"])
        assert exposure.dit_s == float(row["dit_s"])
        assert exposure.n_dit == int(row["ndit"])
        assert exposure.block_id == row["ob_id"]
        assert exposure.template == row["tpl_id"]
        assert exposure.start_mjd == pytest.approx(float(row["mjd_obs"]), abs=2e-8)
        if row["drot_begin"]:
            assert exposure.derotator_begin_deg == float(row["drot_begin"])
        checked += 1
    assert checked >= 9
