"""Every kind of frame that SPHERE takes is told by its keywords, in all spellings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.instruments.raw import RawHeader
from hcdc_kernel.instruments.sphere.camera import Sphere

SCIENCE, CALIB = "SCIENCE", "CALIB"
DUAL, CLASSICAL = "IMAGE,DUAL,CORONOGRAPHY", "IMAGE,CLASSICAL,CORONOGRAPHY"
POLAR, SLIT = "POLARIMETRY,CORONOGRAPHY", "SPECTRUM,CORONOGRAPHY"
OBS, CAL = "SPHERE_irdifs_obs", "SPHERE_irdifs_cal_"

# Table of frames of the SPHERE pipeline manual: arm, category, type, technique, template -> kind.
FRAMES: list[tuple[str, str, str, str, str, str]] = [
    ("IRDIS", CALIB, "DARK", "IMAGE", CAL + "dark", "dark"),
    ("IRDIS", CALIB, "DARK,BACKGROUND", DUAL, CAL + "background", "background"),
    ("IRDIS", CALIB, "SKY", POLAR, "SPHERE_irdis_cal_sky", "sky"),
    ("IRDIS", SCIENCE, "SKY", DUAL, OBS, "sky"),
    ("IRDIS", CALIB, "FLAT,LAMP", "IMAGE,DUAL", CAL + "flat", "flat"),
    ("IRDIS", CALIB, "FLAT,LAMP", "POLARIMETRY", CAL + "flat", "flat"),
    ("IRDIS", CALIB, "FLAT,LAMP", "SPECTRUM", CAL + "flat", "flat"),
    ("IRDIS", CALIB, "FLAT,LAMP,RONGAIN", "IMAGE", "SPHERE_irdis_cal_gain", "gain"),
    ("IRDIS", CALIB, "LAMP,DISTORT", "IMAGE,DUAL", "SPHERE_irdis_cal_distmap", "distortion"),
    ("IRDIS", CALIB, "WAVE,LAMP", SLIT, "SPHERE_irdis_cal_wave", "wavelength"),
    ("IRDIS", CALIB, "LAMP,WAVE", "SPECTRUM", "SPHERE_irdis_cal_wave", "wavelength"),
    ("IRDIS", SCIENCE, "OBJECT,CENTER", DUAL, OBS, "center"),
    ("IRDIS", SCIENCE, "OBJECT,FLUX", DUAL, OBS, "flux"),
    ("IRDIS", SCIENCE, "OBJECT", DUAL, OBS, "science"),
    ("IRDIS", SCIENCE, "OBJECT", CLASSICAL, "SPHERE_irdis_obs_exp_CI", "science"),
    ("IRDIS", SCIENCE, "OBJECT", POLAR, "SPHERE_irdis_obs_exp_DPI", "science"),
    ("IRDIS", SCIENCE, "OBJECT", SLIT, "SPHERE_irdis_obs_exp_LSS", "science"),
    ("IRDIS", CALIB, "STD", DUAL, "SPHERE_irdis_cal_phot", "standard"),
    ("IRDIS", CALIB, "OBJECT", DUAL, "SPHERE_irdis_cal_astrom", "standard"),
    ("IRDIS", "ACQUISITION", "OBJECT", "IMAGE", "SPHERE_irdis_acq", "acquisition"),
    ("IRDIS", SCIENCE, "OBJECT", "IMAGE", "SPHERE_irdis_acq", "acquisition"),
    ("IFS", "TECHNICAL", "LAMP,PERSIST,SATURATED", "IMAGE", CAL + "persistence", "persistence"),
    ("IFS", CALIB, "DARK", "IMAGE", CAL + "dark", "dark"),
    ("IFS", CALIB, "DARK,BACKGROUND", "IMAGE", CAL + "background", "background"),
    ("IFS", CALIB, "FLAT,LAMP", "IMAGE", CAL + "detflat", "detector-flat"),
    ("IFS", CALIB, "FLAT,LAMP", "IFU", CAL + "ifsflat", "lenslet-flat"),
    ("IFS", CALIB, "SPECPOS,LAMP", "IFU", CAL + "specpos", "spectra-positions"),
    ("IFS", CALIB, "FLAT,LAMP", "IFU", CAL + "specpos", "spectra-positions"),
    ("IFS", CALIB, "WAVE,LAMP", "IFU", CAL + "wave", "wavelength"),
    ("IFS", CALIB, "LAMP,DISTORT", "IFU", CAL + "distmap", "distortion"),
    ("IFS", CALIB, "FLAT,LAMP,RONGAIN", "IMAGE", CAL + "gain", "gain"),
    ("IFS", SCIENCE, "OBJECT", "IFU", OBS, "science"),
    ("IFS", SCIENCE, "OBJECT,CENTER", "IFU", OBS, "center"),
    ("IFS", SCIENCE, "OBJECT,FLUX", "IFU", OBS, "flux"),
    ("IFS", SCIENCE, "SKY", "IFU", OBS, "sky"),
    ("ZIMPOL", CALIB, "BIAS", "IMAGE", "SPHERE_zimpol_cal_bias", "bias"),
    ("ZIMPOL", CALIB, "DARK", "IMAGE", "SPHERE_zimpol_cal_dark", "dark"),
    ("ZIMPOL", CALIB, "FLAT,LAMP", "IMAGE", "SPHERE_zimpol_cal_flat", "flat"),
    ("ZIMPOL", CALIB, "FLAT,POL100", "POLARIMETRY", "SPHERE_zimpol_cal_modem", "polarized-flat"),
    ("ZIMPOL", SCIENCE, "OBJECT", "POLARIMETRY", "SPHERE_zimpol_p2_obs", "science"),
    ("ZIMPOL", SCIENCE, "OBJECT,CENTER", "IMAGE", "SPHERE_zimpol_i_obs", "center"),
    ("ZIMPOL", SCIENCE, "OBJECT,FLUX", "IMAGE", "SPHERE_zimpol_i_obs", "flux"),
    ("ZIMPOL", SCIENCE, "STD", "POLARIMETRY", "SPHERE_zimpol_p2_obs", "standard"),
    ("SPARTA", SCIENCE, "OBJECT,AO", "IMAGE", OBS, "telemetry"),
]


def exposure_of(cards: dict[str, Any]) -> Exposure:
    lines = [f"HIERARCH ESO {key} = {value!r}" for key, value in cards.items()]
    lines.insert(0, "INSTRUME= 'SPHERE'")
    return Sphere().translate(RawHeader.from_text("\n".join(lines)), Path("raw.fits"), 4)


def frame(arm: str, category: str, kind: str, technique: str, template: str) -> dict[str, Any]:
    return {
        "SEQ ARM": arm,
        "DPR CATG": category,
        "DPR TYPE": kind,
        "DPR TECH": technique,
        "TPL ID": template,
    }


@pytest.mark.parametrize(("arm", "category", "type_", "technique", "template", "kind"), FRAMES)
def test_kind_of_every_frame(
    arm: str, category: str, type_: str, technique: str, template: str, kind: str
) -> None:
    exposure = exposure_of(frame(arm, category, type_, technique, template))
    assert exposure.kind == kind
    assert exposure.camera == f"vlt-{arm.lower()}"
    assert (exposure.category, exposure.type, exposure.technique) == (category, type_, technique)


@pytest.mark.parametrize("separator", [" , ", ",", ", "])
@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_blanks_and_small_letters_do_not_matter(separator: str, change: Any) -> None:
    type_ = change(separator.join(("OBJECT", "CENTER")))
    assert exposure_of(frame("IRDIS", SCIENCE, type_, DUAL, OBS)).kind == "center"


def test_type_decides_and_not_what_was_left_in_the_beam() -> None:
    cards = frame("IRDIS", SCIENCE, "OBJECT", DUAL, OBS)
    cards |= {"OCS WAFFLE AMPL": 0.05, "OCS WAFFLE ORIENT": "x", "INS4 FILT2 NAME": "ND_2.0"}
    exposure = exposure_of(cards)
    assert exposure.kind == "science"
    assert exposure.waffle == "x"
    open_beam = frame("IRDIS", SCIENCE, "OBJECT,FLUX", DUAL, OBS) | {"INS4 FILT2 NAME": "OPEN"}
    assert exposure_of(open_beam).kind == "flux"


def test_unknown_types_are_unknown_and_noted() -> None:
    exposure = exposure_of(frame("IRDIS", CALIB, "TEAPOT", "IMAGE", ""))
    assert exposure.kind == "unknown"
    assert "'TEAPOT' is not known" in exposure.notes[0]
    technical = exposure_of(frame("IRDIS", "TECHNICAL", "OBJECT", "IMAGE", ""))
    assert technical.kind == "unknown"
    assert exposure_of({"SEQ ARM": "IRDIS"}).kind == "unknown"


def test_object_without_a_category_is_science_with_a_note() -> None:
    exposure = exposure_of({"SEQ ARM": "IRDIS", "DPR TYPE": "OBJECT"})
    assert exposure.kind == "science"
    assert "DPR CATG is missing" in exposure.notes[0]


@pytest.mark.parametrize(
    ("cards", "camera"),
    [
        ({"DET ID": "IRDIS"}, "vlt-irdis"),
        ({"DET NAME": "IFS"}, "vlt-ifs"),
        ({"DET NAME": "NGC-ZIMPOL-DCS"}, "vlt-zimpol"),
        ({"OCS DET1 IMGNAME": "SPHERE_IRDIFS_IFS_OBS"}, "vlt-ifs"),
        ({"OCS DET1 IMGNAME": "SPHERE_IRDIFS_IRDIS_OBS"}, "vlt-irdis"),
        ({"DPR TYPE": "OBJECT,AO"}, "vlt-sparta"),
        ({"NAXIS": 3, "NAXIS1": 2048, "NAXIS2": 1024, "NAXIS3": 2, "BITPIX": -32}, "vlt-irdis"),
        ({"NAXIS": 3, "NAXIS1": 2048, "NAXIS2": 2048, "NAXIS3": 2, "BITPIX": -32}, "vlt-ifs"),
        ({}, "vlt-sphere"),
    ],
)
def test_arm_is_told_by_what_there_is(cards: dict[str, Any], camera: str) -> None:
    assert exposure_of(cards).camera == camera


def test_detector_is_believed_rather_than_the_name_of_the_arm() -> None:
    exposure = exposure_of({"SEQ ARM": "IFS", "DET ID": "IRDIS"})
    assert exposure.camera == "vlt-irdis"
    assert "SEQ ARM names IFS, the detector is that of IRDIS" in exposure.notes


@pytest.mark.parametrize(
    ("technique", "name", "mode", "recipe"),
    [
        (DUAL, "DB_H23", "dual-band", "irdis-imaging"),
        ("IMAGE,CORONOGRAPHY", "DB_K12", "dual-band", "irdis-imaging"),
        (CLASSICAL, "BB_H", "classical", "irdis-imaging"),
        ("IMAGE", "NB_BrG", "classical", "irdis-imaging"),
        (POLAR, "BB_H", "polarimetry", ""),
        ("", "DP_0_BB_J", "polarimetry", ""),
        (SLIT, "S_LR", "spectroscopy", ""),
        ("", "", "", ""),
    ],
)
def test_modes_of_irdis(technique: str, name: str, mode: str, recipe: str) -> None:
    cards = frame("IRDIS", SCIENCE, "OBJECT", technique, OBS) | {"INS COMB IFLT": name}
    exposure = exposure_of(cards)
    assert exposure.mode == mode
    assert Sphere().calibration(exposure) == recipe


@pytest.mark.parametrize(("arm", "mode"), [("IFS", "ifu"), ("ZIMPOL", "imaging"), ("SPARTA", "")])
def test_other_arms_have_no_calibration_yet(arm: str, mode: str) -> None:
    exposure = exposure_of(frame(arm, SCIENCE, "OBJECT", "IMAGE", OBS))
    assert exposure.mode == mode
    assert Sphere().calibration(exposure) == ""
