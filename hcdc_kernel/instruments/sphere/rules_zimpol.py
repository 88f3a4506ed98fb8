"""Which calibrations ZIMPOL needs."""

from __future__ import annotations

from typing import Final

from hcdc_kernel.instruments.raw.rules import CalibrationRule, Way
from hcdc_kernel.instruments.sphere.rules_shared import (
    CALIBRATION_DAYS,
    MONTHLY_DAYS,
    center,
    flux,
    telemetry,
)

_CAMERA: Final = "vlt-zimpol"

# Read modes of ZIMPOL are never mixed: each has its own layout, gain and bias.
ZIMPOL_RULES: Final = (
    center(_CAMERA, "filter", "read_mode"),
    flux(_CAMERA, "filter"),
    CalibrationRule(
        role="biases",
        title="Biases",
        cameras=(_CAMERA,),
        kinds=("bias",),
        match=("read_mode",),
        windows_days=CALIBRATION_DAYS,
        weight="required",
        product="bias",
        without="The bias can only be taken from the overscan of each frame.",
        wanted="DPR TYPE BIAS",
    ),
    CalibrationRule(
        role="darks",
        title="Darks",
        cameras=(_CAMERA,),
        kinds=("dark",),
        match=("read_mode", "dit_s"),
        windows_days=MONTHLY_DAYS,
        alternatives=(
            Way(
                match=("read_mode",),
                level=2,
                nearest_in="dit_s",
                text="They were taken with another exposure time and must be scaled.",
            ),
        ),
        uniform=("dit_s",),
        weight="optional",
        product="dark",
        without="The dark current stays in the images; it only counts in long exposures.",
        wanted="DPR TYPE DARK",
    ),
    CalibrationRule(
        role="flats",
        title="Flat fields",
        cameras=(_CAMERA,),
        kinds=("flat",),
        match=("read_mode", "filter"),
        windows_days=CALIBRATION_DAYS,
        alternatives=(
            Way(
                match=("read_mode",),
                level=2,
                text="They were taken with other filters.",
            ),
        ),
        uniform=("filter",),
        weight="recommended",
        product="flat",
        without="Differences in sensitivity between pixels stay in the images.",
        wanted="DPR TYPE FLAT,LAMP",
    ),
    CalibrationRule(
        role="polarized_flats",
        title="Flat fields of polarized light",
        cameras=(_CAMERA,),
        kinds=("polarized-flat",),
        match=("read_mode", "filter"),
        windows_days=CALIBRATION_DAYS,
        alternatives=(
            Way(
                match=("read_mode",),
                level=1,
                text="They were taken with other filters; the efficiency changes slowly with "
                "wavelength.",
            ),
        ),
        uniform=("filter",),
        only={"mode": ("polarimetry",)},
        weight="required",
        product="polarized-flat",
        without="The efficiency of the modulation is not known: degrees of polarization cannot "
        "be told.",
        wanted="DPR TYPE FLAT,POL100",
    ),
    telemetry(_CAMERA),
)
