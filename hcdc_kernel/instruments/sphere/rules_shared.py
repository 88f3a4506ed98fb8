"""What the rules of all cameras of SPHERE have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hcdc_kernel.instruments.raw.rules import CalibrationRule, Way

CALIBRATION_DAYS: Final = (1.0, 3.0, 8.0, 90.0)
"""Windows of daytime calibrations per quality level [d].

One day both ways covers the day of the night itself and the morning after.
"""

STAR_DAYS: Final = (0.05, 0.15, 0.6, 0.6)
"""Windows of CENTER exposures [d]: about an hour, some hours, the same night."""

FLUX_DAYS: Final = (0.05, 0.15, 0.6, 90.0)
"""Windows of FLUX exposures [d]; the last level takes them from another night."""

MONTHLY_DAYS: Final = (31.0, 62.0, 93.0, 186.0)
"""Windows of calibrations that are planned once a month [d]."""

TELEMETRY_DAYS: Final = (0.0,)
"""Telemetry must overlap with an exposure."""

NO_CORONAGRAPH: Final = ("N_NS_*", "N_NC_*", "V_NC_*")
"""Combinations that leave the star in sight."""

K_BAND: Final = ("*K*", "*NB_H2", "*NB_BrG", "*NB_CO")
"""Filters in which the thermal light of the instrument dominates the background."""

BACKGROUND_WANTED: Final = "DPR TYPE SKY, DARK,BACKGROUND or DARK"


def telemetry(*cameras: str) -> CalibrationRule:
    """Declare the files of the adaptive optics.

    Parameters
    ----------
    *cameras : str
        Cameras that they serve.

    Returns
    -------
    CalibrationRule
        For the role ``telemetry``.
    """
    return CalibrationRule(
        role="telemetry",
        title="Telemetry of the adaptive optics",
        cameras=cameras,
        from_cameras=("vlt-sparta",),
        kinds=("telemetry",),
        match=(),
        windows_days=TELEMETRY_DAYS,
        take="most",
        together_hours=12.0,
        weight="optional",
        product="telemetry",
        without="Seeing and coherence time are taken from the headers; the Strehl ratio of each "
        "frame stays unknown. The images do not suffer.",
        wanted="DPR TYPE OBJECT,AO",
    )


def center(camera: str, *match: str) -> CalibrationRule:
    """Declare the exposures with satellite spots.

    Parameters
    ----------
    camera : str
        Camera that they serve.
    *match : str
        What must match in any case, besides the coronagraph.

    Returns
    -------
    CalibrationRule
        For the role ``center``.
    """
    return CalibrationRule(
        role="center",
        title="Star behind the coronagraph (CENTER)",
        cameras=(camera,),
        kinds=("center",),
        match=(*match, "coronagraph", "dit_s", "neutral_density"),
        windows_days=STAR_DAYS,
        alternatives=(
            Way(
                match=(*match, "coronagraph"),
                level=1,
                text="They were taken with another exposure time or neutral density than the "
                "science frames. The star's position holds all the same.",
            ),
            Way(
                match=match,
                level=3,
                refused={"coronagraph": NO_CORONAGRAPH},
                text="They were taken with another coronagraph: the star may have been elsewhere "
                "by a pixel or more. Check the centering.",
            ),
        ),
        scope="target",
        take="most",
        together_hours=12.0,
        uniform=(*match, "coronagraph", "dit_s", "neutral_density"),
        weight="required",
        never={"coronagraph": NO_CORONAGRAPH},
        without="The star's position is not measured. The usual place of the coronagraph and the "
        "dithering are taken instead, which may be off by a pixel or more: astrometry is not "
        "reliable.",
        wanted="DPR TYPE OBJECT,CENTER of the same star",
    )


def flux(camera: str, *match: str) -> CalibrationRule:
    """Declare the exposures of the star beside the coronagraph.

    Parameters
    ----------
    camera : str
        Camera that they serve.
    *match : str
        What must match.

    Returns
    -------
    CalibrationRule
        For the role ``flux``.
    """
    return CalibrationRule(
        role="flux",
        title="Star beside the coronagraph (FLUX)",
        cameras=(camera,),
        kinds=("flux",),
        match=match,
        windows_days=FLUX_DAYS,
        scope="target",
        take="most",
        together_hours=12.0,
        uniform=(*match, "dit_s", "neutral_density"),
        weight="required",
        without="Without FLUX exposures contrasts cannot be told; the images are still reduced.",
        wanted="DPR TYPE OBJECT,FLUX of the same star",
    )


def backgrounds(science: CalibrationRule) -> tuple[CalibrationRule, ...]:
    """Give the CENTER and FLUX exposures the rule for backgrounds of the science exposures.

    Parameters
    ----------
    science : CalibrationRule
        For the role ``science_backgrounds``.

    Returns
    -------
    tuple of CalibrationRule
        For ``science_backgrounds``, ``center_backgrounds`` and ``flux_backgrounds``.
    """
    return (
        science,
        replace(
            science,
            role="center_backgrounds",
            title="Backgrounds of the CENTER exposures",
            serves="center",
            unlike="science",
            weight="recommended",
            without="The CENTER exposures are used without their own background. The spots can "
            "mostly be measured all the same.",
        ),
        replace(
            science,
            role="flux_backgrounds",
            title="Backgrounds of the FLUX exposures",
            serves="flux",
            weight="recommended",
            without="The background of the FLUX exposures is taken from the images around the "
            "star. Hot pixels on the star stay, and the star's flux is less certain.",
        ),
    )
