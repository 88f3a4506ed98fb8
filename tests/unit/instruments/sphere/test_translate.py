"""Headers become typed fields with the right units, also where they are old or odd."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.instruments.raw import RawHeader, read_exposure
from hcdc_kernel.instruments.sphere.camera import Sphere
from hcdc_kernel.instruments.sphere.timing import mjd_of, night_of, sexagesimal

Make = Callable[..., Exposure]


@pytest.fixture
def make(make_irdis_cards: Any) -> Make:
    """Translate a science header of IRDIS with changed cards; the file holds four images."""

    def translated(n_planes: int = 4, **changes: Any) -> Exposure:
        cards = make_irdis_cards(**changes)
        lines = [
            f"HIERARCH ESO {key} = {str(value)[0] if isinstance(value, bool) else repr(value)}"
            for key, value in cards.items()
        ]
        header = RawHeader.from_text("\n".join(lines))
        return Sphere().translate(header, Path("raw.fits"), n_planes)

    return translated


def test_ordinary_header_leaves_no_notes(make: Make) -> None:
    exposure = make()
    assert exposure.notes == ()
    assert (exposure.camera, exposure.kind, exposure.mode) == ("vlt-irdis", "science", "dual-band")
    assert exposure.name == "SPHER.2020-03-08T07:12:03.720"
    assert (exposure.target, exposure.block_id) == ("HD 1", "2485392")
    assert (exposure.dit_s, exposure.n_dit, exposure.n_planes) == (16.0, 4, 4)
    assert exposure.tracking == "pupil"


def test_apparent_place_is_that_of_the_test_vector(make: Make) -> None:
    exposure = make()
    assert exposure.apparent_ra_deg == pytest.approx(15 * (12 + 45 / 60 + 23.29766 / 3600))
    assert exposure.apparent_dec_deg == pytest.approx(-(8 + 46 / 60 + 56.84546 / 3600))


def test_dither_is_in_pixels(make: Make) -> None:
    assert make().dither_xy_px == pytest.approx((-0.99756, 0.99933), abs=1e-5)
    by_request = make(INS1_PAC_X=None, INS1_PAC_Y=None, INS1_DITH_POSX=-2.0, INS1_DITH_POSY=1.0)
    assert by_request.dither_xy_px == (-2.0, 1.0)
    assert make(INS1_PAC_X=None, INS1_PAC_Y=None).dither_xy_px == (0.0, 0.0)


def test_only_irdis_is_dithered(make: Make) -> None:
    ifs = make(SEQ_ARM="IFS", DET_ID="IFS")
    assert ifs.dither_xy_px == (0.0, 0.0)


@pytest.mark.parametrize(
    ("digits", "degrees"),
    [
        (-1234.5, -(12 / 60 + 34.5 / 3600)),
        (-34.5, -34.5 / 3600),
        (1234.5, 12 / 60 + 34.5 / 3600),
        (-893000.25, -(89 + 30 / 60 + 0.25 / 3600)),
        (0.0, 0.0),
    ],
)
def test_small_negative_declinations_keep_their_sign(
    make: Make, digits: float, degrees: float
) -> None:
    assert make(INS4_DROT2_DEC=digits).apparent_dec_deg == pytest.approx(degrees, abs=1e-12)


@given(
    sign=st.sampled_from([-1, 1]),
    degrees=st.integers(0, 89),
    minutes=st.integers(0, 59),
    seconds=st.floats(0, 59.9999),
)
def test_sexagesimal_angles_come_back(
    sign: int, degrees: int, minutes: int, seconds: float
) -> None:
    digits = sign * (degrees * 10000 + minutes * 100 + seconds)
    header = RawHeader.from_text(f"DEC     = {digits!r}")
    expected = sign * (degrees + minutes / 60 + seconds / 3600)
    assert sexagesimal(header, "DEC", scale=1.0) == pytest.approx(expected, abs=1e-9)


def test_impossible_angles_are_unknown(make: Make) -> None:
    exposure = make(INS4_DROT2_RA=127523.0, INS4_DROT2_DEC=-84676.0, RA=-5.0, DEC=95.0)
    values = (
        exposure.apparent_ra_deg,
        exposure.apparent_dec_deg,
        exposure.ra_deg,
        exposure.dec_deg,
    )
    assert all(map(math.isnan, values))
    assert any("INS4 DROT2 RA is no angle" in note for note in exposure.notes)


@pytest.mark.parametrize(
    ("date", "night"),
    [
        ("2020-03-08T07:12:03.7194", "2020-03-07"),
        ("2020-03-08T11:59:59.9", "2020-03-07"),
        ("2020-03-08T12:00:00.1", "2020-03-08"),
        ("2020-03-08T23:30:00", "2020-03-08"),
        ("2020-03-01T01:00:00", "2020-02-29"),
        ("2020-01-01T01:00:00", "2019-12-31"),
    ],
)
def test_night_is_named_by_its_evening(make: Make, date: str, night: str) -> None:
    exposure = make(**{"DATE-OBS": date, "MJD-OBS": None})
    assert exposure.night == night
    assert exposure.start_mjd == pytest.approx(Time(date).mjd, abs=1e-9)


@given(mjd=st.floats(50000, 60000))
def test_dates_agree_with_astropy(mjd: float) -> None:
    time = Time(mjd, format="mjd", precision=4)
    assert mjd_of(time.isot) == pytest.approx(mjd, abs=1e-8)
    assert night_of(mjd) == Time(mjd - 0.5, format="mjd").isot[:10]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2020-02-30T00:00:00", "2020-01-01T25:00:00", "0001-01-01T00:00:00"]
)
def test_what_is_no_date_is_unknown(text: str) -> None:
    assert math.isnan(mjd_of(text))


def test_modified_julian_date_serves_without_a_date(make: Make) -> None:
    exposure = make(**{"DATE-OBS": None})
    assert exposure.start_mjd == 58916.30004305
    nothing = make(**{"DATE-OBS": None, "MJD-OBS": None})
    assert math.isnan(nothing.start_mjd)
    assert math.isnan(nothing.end_mjd)
    assert nothing.night == ""


def test_dates_that_disagree_are_noted(make: Make) -> None:
    exposure = make(**{"MJD-OBS": 58917.3})
    assert exposure.night == "2020-03-07"
    assert any("disagree" in note for note in exposure.notes)


@pytest.mark.parametrize(
    ("changes", "lasted_s"),
    [
        ({}, 70.1806),  # DET FRAM UTC, with one digit of a second
        ({"DET_FRAM_UTC": None, "DET_SEQ1_EXPTIME": 68.5}, 68.5),
        ({"DET_FRAM_UTC": None}, 4 * (16 + 0.938) + 2.4),
        ({"DET_FRAM_UTC": "2020-03-07T00:00:00"}, 4 * (16 + 0.938) + 2.4),
        ({"DET_FRAM_UTC": None, "SEQ_ARM": "IFS", "DET_ID": "IFS"}, 4 * (16 + 1.94)),
    ],
)
def test_end_of_the_last_integration(make: Make, changes: Any, lasted_s: float) -> None:
    exposure = make(**changes)
    assert (exposure.end_mjd - exposure.start_mjd) * 86400 == pytest.approx(lasted_s, abs=1e-3)


@pytest.mark.parametrize("name", ["INS4", "INS3", "INS"])
@pytest.mark.parametrize("begin", ["BEGIN", "START"])
def test_derotator_under_all_its_names(make: Make, name: str, begin: str) -> None:
    changes: dict[str, Any] = {
        f"INS4_DROT2_{part}": None for part in ("MODE", "BEGIN", "END", "POSANG", "RA", "DEC")
    }
    changes |= {"INS4_COMB_ROT": None}
    changes |= {
        f"{name}_DROT2_MODE": "SKY",
        f"{name}_DROT2_{begin}": 12.5,
        f"{name}_DROT2_END": 13.5,
        f"{name}_DROT2_POSANG": 77.0,
        f"{name}_DROT2_RA": 120000.0,
    }
    exposure = make(**changes)
    assert exposure.tracking == "field"
    assert (exposure.derotator_begin_deg, exposure.derotator_end_deg) == (12.5, 13.5)
    assert exposure.position_angle_deg == 77.0
    assert exposure.apparent_ra_deg == 180.0


def test_rotators_of_zimpol_are_not_taken_for_the_derotator(make: Make) -> None:
    exposure = make(
        SEQ_ARM="ZIMPOL",
        DET_ID="ZIMPOL",
        INS4_DROT2_MODE=None,
        INS4_DROT2_BEGIN=None,
        INS4_COMB_ROT=None,
        INS3_DROT2_MODE="STAT",
        INS3_DROT2_BEGIN=1.0,
    )
    assert exposure.tracking == "unknown"
    assert math.isnan(exposure.derotator_begin_deg)


@pytest.mark.parametrize(
    ("mode", "rotation", "tracking"),
    [
        ("ELEV", "PUPIL", "pupil"),
        ("SKY", "FIELD", "field"),
        ("STAT", "CAL_ZENITH", "fixed"),
        (None, "FIELD", "field"),
        ("ELEV", None, "pupil"),
        (None, None, "unknown"),
    ],
)
def test_tracking(make: Make, mode: str | None, rotation: str | None, tracking: str) -> None:
    assert make(INS4_DROT2_MODE=mode, INS4_COMB_ROT=rotation).tracking == tracking


@pytest.mark.parametrize(
    ("wheels", "name"),
    [
        (("ST_ALC2", "B_H", "D_H23"), "DB_H23"),
        (("ST_ALC2", "B_ND-H", "D_H23"), "DB_NDH23"),
        (("ST_ALC2", "B_Hcmp2", "D_H34"), "DB_H34"),
        (("ST_ALC3", "B_Ks", "D_K12"), "DB_K12"),
        (("ST_ALC2", "B_H", "CLEAR"), "BB_H"),
        (("OPEN", "N_BrG", "CLEAR"), "NB_BrG"),
        (("ST_ALC2", "B_J", "P0-90"), "DP_0_BB_J"),
        (("ST_ALC2", "B_J", "P45-135"), "DP_45_BB_J"),
        (("PRI_LRS", "W_YJHKs", "CLEAR"), "S_LR"),
        (("GRI_MRS", "W_YJH", "CLEAR"), "S_MR"),
        (("ST_ALC2", "B_ND-H", "CLEAR"), ""),
    ],
)
def test_filter_is_told_by_the_wheels_if_it_is_not_named(
    make: Make, wheels: tuple[str, str, str], name: str
) -> None:
    parts = dict(zip(("INS1_OPTI1", "INS1_FILT", "INS1_OPTI2"), wheels, strict=True))
    changes: dict[str, Any] = {f"{part}_NAME": wheel for part, wheel in parts.items()}
    assert make(**changes, INS_COMB_IFLT=None).filter == name


def test_filter_that_disagrees_with_the_wheels_is_noted(make: Make) -> None:
    exposure = make(INS_COMB_IFLT="DB_K12")
    assert exposure.filter == "DB_K12"
    assert "INS COMB IFLT is DB_K12, the wheels are set to DB_H23" in exposure.notes


def test_technique_that_disagrees_with_the_filter_is_noted(make: Make) -> None:
    exposure = make(DPR_TECH="IMAGE,CLASSICAL")
    assert exposure.mode == "classical"
    assert any("DPR TECH says classical, the filter says dual-band" in n for n in exposure.notes)


def test_ifs_is_told_by_its_prism(make: Make) -> None:
    ifs: dict[str, Any] = {"SEQ_ARM": "IFS", "DET_ID": "IFS", "INS_COMB_IFLT": "BB_H"}
    observing = make(**ifs, INS2_COMB_IFS="OBS_H", INS2_OPTI2_NAME="PRI_YJH")
    assert (observing.filter, observing.mode) == ("OBS_H", "ifu")
    lamp = make(**ifs, INS2_COMB_IFS="CAL_BB_2_YJ", INS2_OPTI2_NAME="PRI_YJ")
    assert (lamp.filter, lamp.elements["combination"]) == ("OBS_YJ", "CAL_BB_2_YJ")
    closed = make(**ifs, INS2_COMB_IFS="CAL_DARK", INS2_OPTI2_NAME="OPEN")
    assert closed.filter == "CAL_DARK"


@pytest.mark.parametrize(
    ("first", "second", "common", "name", "density"),
    [
        ("N_R", "N_R", "OPEN", "N_R", "OPEN"),
        ("B_Ha", "CntHa", "OPEN", "B_Ha+CntHa", "OPEN"),
        ("OPEN", "OPEN", "V_S", "V_S", "OPEN"),
        ("VBB", "VBB", "ND_2.0", "VBB", "ND_2.0"),
    ],
)
def test_filters_of_zimpol(
    make: Make, first: str, second: str, common: str, name: str, density: str
) -> None:
    exposure = make(
        SEQ_ARM="ZIMPOL",
        DET_ID="ZIMPOL",
        DET_SEQ1_DIT=None,
        DET_DIT1=1.2,
        DET_READ_CURNAME="FastPolarimetry",
        INS_COMB_VCOR="V_CLC_S_WF",
        INS3_OPTI5_NAME=first,
        INS3_OPTI6_NAME=second,
        INS3_OPTI2_NAME=common,
        INS4_FILT2_NAME="ND_3.5",
    )
    assert (exposure.filter, exposure.neutral_density) == (name, density)
    assert (exposure.coronagraph, exposure.dit_s) == ("V_CLC_S_WF", 1.2)
    assert exposure.read_mode == "FastPolarimetry"


def test_conditions(make: Make) -> None:
    exposure = make(
        TEL_AMBI_FWHM_START=1.2,
        TEL_AMBI_FWHM_END=-1.0,
        TEL_AMBI_TAU0=0.0027,
        TEL_AMBI_WINDSP=0.0,
        TEL_AIRM_START=1.1,
        TEL_AIRM_END=1.3,
    )
    assert exposure.seeing_arcsec == 1.2
    assert exposure.coherence_time_ms == pytest.approx(2.7)
    assert exposure.wind_speed_ms == 0.0
    assert exposure.airmass == pytest.approx(1.2)
    missing = make(TEL_AMBI_FWHM_START=-1.0, TEL_AMBI_FWHM_END=-1, TEL_AMBI_TAU0=-1.0)
    assert math.isnan(missing.seeing_arcsec)
    assert math.isnan(missing.coherence_time_ms)
    assert make(TEL_AMBI_FWHM=0.8).seeing_arcsec == 0.8


@pytest.mark.parametrize(
    ("high", "tip", "closed"),
    [
        ("CLOSED_LOOP", "CLOSED_LOOP", True),
        ("CLOSED_LOOP", "OPEN_LOOP", False),
        ("IDLE", "IDLE", False),
        ("CLOSED_LOOP", None, True),
        (None, None, None),
    ],
)
def test_loops(make: Make, high: str | None, tip: str | None, *, closed: bool | None) -> None:
    exposure = make(AOS_HOLOOP_STATE=high, AOS_TTLOOP_STATE=tip, AOS_IRLOOP_STATE="OPEN_LOOP")
    assert exposure.loops_closed is closed


def test_number_of_frames_that_the_header_gets_wrong(make: Make) -> None:
    exposure = make(DET_NDIT=10)
    assert (exposure.n_dit, exposure.n_planes) == (10, 4)
    assert "DET NDIT says 10 frames, the file holds 4" in exposure.notes


def test_exposure_time_serves_without_a_detector_time(make: Make) -> None:
    assert make(DET_SEQ1_DIT=None).dit_s == 16.0
    assert math.isnan(make(DET_SEQ1_DIT=-1.0).dit_s)
    assert math.isnan(make(DET_SEQ1_DIT=None, EXPTIME=None).dit_s)


def test_lamps_have_no_star(make: Make) -> None:
    flat = make(DPR_CATG="CALIB", DPR_TYPE="FLAT,LAMP", OBJECT="FLAT,LAMP", INS4_LAMP2_ST=True)
    assert flat.target == ""
    assert flat.elements["lamp"] == "LAMP2"
    assert make(OBS_TARG_NAME=None).target == "HD 1"


def test_polarimetry_keeps_what_it_needs(make: Make) -> None:
    exposure = make(
        DPR_TECH="POLARIMETRY,CORONOGRAPHY",
        INS_COMB_IFLT="BB_H",
        INS_COMB_POLA="DP_0_BB_H",
        INS1_OPTI2_NAME="P0-90",
        INS4_OPTI8_NAME="H_NIR",
        OCS_DPI_H2RT_STOKES="Qplus",
    )
    assert (exposure.filter, exposure.mode, exposure.notes) == ("DP_0_BB_H", "polarimetry", ())
    wanted = {"stokes": "Qplus", "half_wave_plate": "H_NIR", "polarizer": "P0-90"}
    assert wanted.items() <= exposure.elements.items()


def test_products_that_kept_the_header_are_refused(irdis_file: Callable[..., Path]) -> None:
    for shape in ((64, 64), (2, 64, 64), (2, 2, 12, 24)):
        path = irdis_file(data=np.ones(shape, np.float32))
        with pytest.raises(FileFormatError, match="made from one of IRDIS"):
            read_exposure(path)


def test_full_detector_needs_no_window(irdis_file: Callable[..., Path]) -> None:
    path = irdis_file(
        data=np.zeros((1, 1024, 2048), np.uint8),
        DET_NDIT=1,
        DET_SEQ1_WIN_NX=None,
        DET_SEQ1_WIN_NY=None,
    )
    assert read_exposure(path).n_planes == 1


def test_header_with_hardly_anything_is_still_translated() -> None:
    exposure = Sphere().translate(RawHeader.from_text("INSTRUME= 'SPHERE'"), Path("a/b.fits"), 0)
    assert (exposure.name, exposure.camera, exposure.kind) == ("b", "vlt-sphere", "unknown")
    assert exposure.notes
