"""Which calibrations IRDIS needs for imaging."""

from __future__ import annotations

from typing import Final

from hcdc_kernel.instruments.raw.rules import CalibrationRule, Way
from hcdc_kernel.instruments.sphere.rules_shared import (
    BACKGROUND_WANTED,
    CALIBRATION_DAYS,
    K_BAND,
    backgrounds,
    center,
    flux,
    telemetry,
)

_CAMERA: Final = "vlt-irdis"

_OTHER_BACKGROUNDS: Final = (
    Way(
        match=("dit_s", "filter", "read_mode"),
        level=1,
        never={"filter": K_BAND},
        text="They were taken with another neutral density, which makes no difference up to the "
        "H band.",
    ),
    Way(
        match=("dit_s", "read_mode"),
        kinds=("background",),
        level=1,
        never={"filter": K_BAND},
        refused={"filter": K_BAND},
        text="They were taken with another filter, which makes little difference up to the "
        "H band.",
    ),
    Way(
        match=("dit_s", "read_mode"),
        kinds=("dark",),
        level=1,
        never={"filter": K_BAND},
        text="Darks serve instead of backgrounds, which makes little difference up to the H band.",
    ),
    Way(
        match=("dit_s", "filter", "read_mode"),
        level=2,
        only={"filter": K_BAND},
        text="They were taken with another neutral density. The thermal light in the K band "
        "hardly depends on it; its level is fitted to each frame.",
    ),
)
_RISKY_BACKGROUNDS: Final = (
    Way(
        match=("filter", "neutral_density", "read_mode"),
        level=3,
        nearest_in="dit_s",
        text="They were taken with another exposure time and are scaled to each frame. Hot "
        "pixels remain.",
    ),
)

_SCIENCE_BACKGROUNDS: Final = CalibrationRule(
    role="science_backgrounds",
    title="Backgrounds of the science frames",
    cameras=(_CAMERA,),
    kinds=("sky", "background"),
    match=("dit_s", "filter", "neutral_density", "read_mode"),
    windows_days=CALIBRATION_DAYS,
    alternatives=(
        *_OTHER_BACKGROUNDS,
        *_RISKY_BACKGROUNDS,
        # Only the dark current is removed, the thermal light stays but for a constant.
        Way(
            match=("dit_s", "read_mode"),
            kinds=("dark",),
            level=3,
            text="Darks serve instead of backgrounds. The structure of the thermal light stays "
            "in the images.",
        ),
    ),
    weight="required",
    uniform=("dit_s", "filter", "neutral_density", "read_mode"),
    product="background",
    without="Dark current, hot pixels and, in the K band, the thermal light of the instrument "
    "stay in the images but for a constant. Detection suffers most in the K band.",
    wanted=BACKGROUND_WANTED,
)

IRDIS_RULES: Final = (
    center(_CAMERA, "filter"),
    flux(_CAMERA, "filter"),
    *backgrounds(_SCIENCE_BACKGROUNDS),
    CalibrationRule(
        role="flats",
        title="Flat fields",
        cameras=(_CAMERA,),
        kinds=("flat",),
        match=("filter",),
        windows_days=CALIBRATION_DAYS,
        uniform=("elements.lamp",),
        levels_of="dit_s",
        least_levels=2,
        ideal_levels=5,
        least=2,
        weight="recommended",
        product="flat",
        without="Differences in sensitivity between pixels, 2 to 3 %, and dead pixels that only "
        "a flat shows stay in the images. They are still reduced.",
        wanted="DPR TYPE FLAT,LAMP",
    ),
    CalibrationRule(
        role="flat_backgrounds",
        title="Backgrounds of the flat fields",
        cameras=(_CAMERA,),
        serves="flats",
        kinds=("background", "dark"),
        match=("dit_s", "filter", "neutral_density", "read_mode"),
        windows_days=CALIBRATION_DAYS,
        alternatives=(
            # Where a neutral density stands makes little difference to backgrounds.
            Way(match=("dit_s", "filter", "read_mode")),
            Way(match=("dit_s", "read_mode"), kinds=("dark",), never={"filter": K_BAND}),
            Way(
                match=("dit_s", "read_mode"),
                kinds=("background",),
                never={"filter": K_BAND},
                refused={"filter": K_BAND},
            ),
            Way(
                match=("dit_s", "read_mode"),
                kinds=("dark",),
                level=2,
                text="Darks serve instead of backgrounds: thermal light enters the flat unless "
                "it is the same at all exposure times.",
            ),
        ),
        weight="optional",
        product="background",
        without="The flat is made from how the counts rise with exposure time, which needs no "
        "background but is a little less exact.",
        wanted="DPR TYPE DARK,BACKGROUND or DARK",
    ),
    telemetry(_CAMERA),
)
