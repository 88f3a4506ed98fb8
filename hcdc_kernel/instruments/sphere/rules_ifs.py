"""Which calibrations the integral field spectrograph needs."""

from __future__ import annotations

from typing import Final

from hcdc_kernel.datamodel.exposure import ExposureKind
from hcdc_kernel.instruments.raw.rules import CalibrationRule, Way
from hcdc_kernel.instruments.sphere.rules_shared import (
    BACKGROUND_WANTED,
    CALIBRATION_DAYS,
    backgrounds,
    center,
    flux,
    telemetry,
)

_CAMERA: Final = "vlt-ifs"

# The prism is out of the beam in backgrounds, so that the filter does not count.
_SCIENCE_BACKGROUNDS: Final = CalibrationRule(
    role="science_backgrounds",
    title="Backgrounds of the science frames",
    cameras=(_CAMERA,),
    kinds=("sky", "background"),
    match=("dit_s", "neutral_density", "read_mode"),
    windows_days=CALIBRATION_DAYS,
    alternatives=(
        Way(
            match=("dit_s", "read_mode"),
            level=1,
            text="They were taken with another neutral density, which makes little difference.",
        ),
        Way(
            match=("dit_s", "read_mode"),
            kinds=("dark",),
            level=1,
            text="Darks serve instead of backgrounds, which makes little difference.",
        ),
    ),
    uniform=("dit_s", "neutral_density", "read_mode"),
    weight="required",
    product="background",
    without="Dark current, hot pixels and thermal light stay in the images and enter the spectra.",
    wanted=BACKGROUND_WANTED,
)


def _lamp(role: str, title: str, kind: ExposureKind, without: str, wanted: str) -> CalibrationRule:
    """Declare a lamp through the lenslets, taken with the prism of the science frames."""
    return CalibrationRule(
        role=role,
        title=title,
        cameras=(_CAMERA,),
        kinds=(kind,),
        match=("elements.prism",),
        windows_days=CALIBRATION_DAYS,
        weight="required",
        product=kind,
        without=without,
        wanted=wanted,
    )


IFS_RULES: Final = (
    center(_CAMERA, "elements.prism"),
    flux(_CAMERA, "elements.prism"),
    *backgrounds(_SCIENCE_BACKGROUNDS),
    CalibrationRule(
        role="detector_flats",
        title="Flat fields of the detector",
        cameras=(_CAMERA,),
        kinds=("detector-flat",),
        match=(),
        windows_days=CALIBRATION_DAYS,
        levels_of="elements.combination",
        least_levels=1,
        ideal_levels=4,
        least=2,
        weight="recommended",
        product="detector-flat",
        without="Differences in sensitivity between pixels stay in the spectra.",
        wanted="DPR TYPE FLAT,LAMP with DPR TECH IMAGE: a white lamp and three or four colors, "
        "two exposure times each",
    ),
    _lamp(
        "spectra_positions",
        "Positions of the spectra",
        "spectra-positions",
        "Where the spectra lie on the detector is not known for this night.",
        "DPR TYPE SPECPOS,LAMP",
    ),
    _lamp(
        "wavelength",
        "Wavelength calibration",
        "wavelength",
        "Wavelengths cannot be told from this night.",
        "DPR TYPE WAVE,LAMP",
    ),
    _lamp(
        "lenslet_flats",
        "Flat fields of the lenslets",
        "lenslet-flat",
        "Differences in transmission between lenslets, about 2 %, stay in the images.",
        "DPR TYPE FLAT,LAMP with DPR TECH IFU",
    ),
    CalibrationRule(
        role="lamp_backgrounds",
        title="Darks of the wavelength calibration",
        cameras=(_CAMERA,),
        serves="wavelength",
        kinds=("dark", "background"),
        match=("dit_s", "read_mode"),
        windows_days=CALIBRATION_DAYS,
        weight="recommended",
        product="background",
        without="Hot pixels stay in the exposures of the lamps.",
        wanted="DPR TYPE DARK",
    ),
    telemetry(_CAMERA),
)
