"""SPHERE headers in words that mean the same for every camera."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from hcdc_kernel.datamodel import Exposure, ExposureKind
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.instruments.raw import RawHeader
from hcdc_kernel.instruments.sphere.kinds import Arm, arm_of, kind_of
from hcdc_kernel.instruments.sphere.setup import (
    coronagraph_of,
    density_of,
    elements_of,
    filter_of,
    mode_of,
)
from hcdc_kernel.instruments.sphere.timing import (
    DIT_DELAY_S,
    end_of,
    night_of,
    sexagesimal,
    start_of,
)

PIXEL_UM = 18.0
"""Pitch of the near-infrared detectors, in which the dithering stage is measured [um]."""

_DETECTORS = {"irdis": (1024, 2048), "ifs": (2048, 2048)}
_ON_SKY = ("science", "center", "flux", "sky", "standard", "acquisition", "telemetry")
_TRACKING: dict[str, Any] = {
    "ELEV": "pupil",
    "SKY": "field",
    "STAT": "fixed",
    "OFF": "fixed",
    "PUPIL": "pupil",
    "FIELD": "field",
    "CAL_ZENITH": "fixed",
}
_ENDINGS = (".Z", ".gz", ".txt", ".hdr", ".fits", ".fit", ".fts", ".header_only")


def translate(header: RawHeader, path: Path, n_planes: int) -> Exposure:
    """Translate the header of a SPHERE file.

    Parameters
    ----------
    header : RawHeader
        Of a file of any arm.
    path : Path
        Where it is.
    n_planes : int
        Images in the file; 0 for telemetry and for headers without images.

    Returns
    -------
    Exposure
        Of camera ``vlt-irdis``, ``vlt-ifs``, ``vlt-zimpol`` or ``vlt-sparta``; ``vlt-sphere``
        if the header does not tell.

    Raises
    ------
    FileFormatError
        If the images have not the shape of the detector: it is a product that kept the header
        of the raw file it was made from.
    """
    arm = arm_of(header)
    refuse_product(arm, header)
    kind = kind_of(arm, header)
    start, dit_s = start_of(header), _dit(arm, header)
    n_dit = header.integer("DET NDIT")
    if not n_planes and arm != "sparta":
        header.note("The file is a header without its images")
    if n_planes and n_dit and n_planes != n_dit:
        header.note(f"DET NDIT says {n_dit} frames, the file holds {n_planes}")
    found: dict[str, Any] = {
        "name": _name(header, path),
        "path": path,
        "camera": f"vlt-{arm}",
        "kind": kind,
        "category": header.text("DPR CATG"),
        "type": header.text("DPR TYPE"),
        "technique": header.text("DPR TECH"),
        "mode": mode_of(arm, header),
        "start_mjd": start,
        "end_mjd": end_of(arm, header, start, max(n_planes, n_dit), dit_s),
        "night": night_of(start),
        "dit_s": dit_s,
        "dit_delay_s": _dit_delay(arm, header),
        "n_dit": n_dit,
        "n_planes": n_planes,
        "filter": filter_of(arm, header),
        "neutral_density": density_of(arm, header),
        "coronagraph": coronagraph_of(arm, header),
        "elements": elements_of(arm, header),
        "read_mode": header.text("DET READ CURNAME"),
        "loops_closed": _loops_closed(header),
        "waffle": _waffle(header),
    }
    found |= _target(kind, header) | _derotator(arm, header) | _telescope(header)
    found |= _dither(arm, header) | _sequence(header)
    return Exposure(**found, notes=header.notes)


def refuse_product(arm: Arm, header: RawHeader) -> None:
    """Refuse images that no detector of SPHERE delivers.

    Data centers and pipelines hand the header of a raw file on to what they make of it, DPR
    keywords and all; only the dimensions of the images tell. Where there is the header alone,
    it is that of the raw file, and a note says whose dimensions it has.

    Parameters
    ----------
    arm : str
        The arm that the header names.
    header : RawHeader
        Of the file.

    Raises
    ------
    FileFormatError
        If the images have four dimensions or more, or not the size of the detector.
    """
    image = header.image
    if image is None:
        return
    size = _DETECTORS.get(arm, image.shape[-2:])
    window = header.integer("DET SEQ1 WIN NY"), header.integer("DET SEQ1 WIN NX")
    if len(image.shape) <= 3 and image.shape[-2:] in (size, window):
        return
    if not header.holds_data:
        header.note("The dimensions of the images are those of a product that kept this header")
        return
    shape = " x ".join(str(n) for n in reversed(image.shape))
    raise FileFormatError(
        f"'{header.path}' is no raw file: it was made from one of {arm.upper()}",
        found=f"images of {shape}, the detector has {size[1]} x {size[0]} pixels",
        remedy="Give the raw files themselves",
    )


def _name(header: RawHeader, path: Path) -> str:
    """Name the exposure as the archive does, else as the file."""
    name = header.text("ARCFILE")
    if not name:
        name = path.name
    while name.endswith(_ENDINGS):
        name = name[: name.rindex(".")]
    return name or path.name


def _dit(arm: Arm, header: RawHeader) -> float:
    """Integration time of a frame; EXPTIME is that of a frame too, not of the file."""
    if arm == "sparta":
        return math.nan
    dit_s = header.number("DET SEQ1 DIT", "DET DIT1", "DET DIT", "EXPTIME")
    if dit_s < 0:
        header.note(f"The integration time is negative: {dit_s:g} s")
        return math.nan
    return dit_s


def _dit_delay(arm: Arm, header: RawHeader) -> float:
    """Wait before each integration: as said, else as it always is for the arm."""
    said = header.number("DET DITDELAY")
    return DIT_DELAY_S.get(arm, math.nan) if math.isnan(said) else said


def _target(kind: ExposureKind, header: RawHeader) -> dict[str, Any]:
    """Name and place of the star; lamps have none, though OBJECT may hold their type."""
    place = {
        "ra_deg": _within(header.number("RA"), 0, 360),
        "dec_deg": _within(header.number("DEC"), -90, 90),
    }
    if kind not in _ON_SKY:
        return place
    return place | {"target": header.text("OBS TARG NAME", "OBJECT")}


def _derotator(arm: Arm, header: RawHeader) -> dict[str, Any]:
    """Find what the derotator did and the apparent place that it was given.

    In files of ZIMPOL, INS3 has rotators of its own, so its derotator is never looked for
    there.
    """
    groups = ("INS4",) if arm == "zimpol" else ("INS4", "INS3", "INS")

    def named(part: str) -> tuple[str, ...]:
        return tuple(f"{group} {part}" for group in groups)

    mode = header.text(*named("DROT2 MODE")).upper()
    combination = header.text(*named("COMB ROT")).upper()
    begin = named("DROT2 BEGIN") + named("DROT2 START")
    return {
        "tracking": _TRACKING.get(mode) or _TRACKING.get(combination, "unknown"),
        "position_angle_deg": header.number(*named("DROT2 POSANG")),
        "derotator_begin_deg": header.number(*begin),
        "derotator_end_deg": header.number(*named("DROT2 END")),
        "apparent_ra_deg": sexagesimal(header, *named("DROT2 RA"), scale=15.0),
        "apparent_dec_deg": sexagesimal(header, *named("DROT2 DEC"), scale=1.0),
    }


def _telescope(header: RawHeader) -> dict[str, Any]:
    """Where the telescope was and pointed, and through what air."""
    return {
        "altitude_deg": header.number("TEL ALT"),
        "parallactic_begin_deg": header.number("TEL PARANG START"),
        "parallactic_end_deg": header.number("TEL PARANG END"),
        "latitude_deg": header.number("TEL GEOLAT"),
        "longitude_deg": header.number("TEL GEOLON"),
        "airmass": _mean(header, "TEL AIRM START", "TEL AIRM END", least=1.0),
        "seeing_arcsec": _mean(
            header, "TEL AMBI FWHM START", "TEL AMBI FWHM END", "TEL AMBI FWHM"
        ),
        "coherence_time_ms": 1000 * _mean(header, "TEL AMBI TAU0"),
        "wind_speed_ms": _mean(header, "TEL AMBI WINDSP", least=0.0),
    }


def _dither(arm: Arm, header: RawHeader) -> dict[str, Any]:
    """How far the dithering stage of IRDIS moved the images; others have none."""
    if arm != "irdis":
        return {}
    xy = []
    for axis in "XY":
        stage = header.number(f"INS1 PAC {axis}") / PIXEL_UM
        asked = header.number(f"INS1 DITH POS{axis}")
        xy.append(asked if math.isnan(stage) else stage)
    return {"dither_xy_px": (0.0, 0.0) if any(map(math.isnan, xy)) else tuple(xy)}


def _sequence(header: RawHeader) -> dict[str, Any]:
    """Place of the exposure in template, block and program."""
    return {
        "template": header.text("TPL ID"),
        "template_start": header.text("TPL START"),
        "template_number": header.integer("TPL EXPNO"),
        "template_count": header.integer("TPL NEXP"),
        "block": header.text("OBS NAME"),
        "block_id": header.text("OBS ID"),
        "program": header.text("OBS PROG ID"),
    }


def _loops_closed(header: RawHeader) -> bool | None:
    """Whether the loops for wavefront and tip-tilt were closed, as far as the header says."""
    states = [header.text(f"AOS {loop} STATE") for loop in ("HOLOOP", "TTLOOP")]
    known = [state for state in states if state]
    return all(state == "CLOSED_LOOP" for state in known) if known else None


def _waffle(header: RawHeader) -> str:
    """Pattern of the satellite spots that the header names."""
    pattern = header.text("OCS WAFFLE ORIENT").lower()
    return pattern if pattern in ("x", "+") else ""


def _within(number: float, low: float, high: float) -> float:
    """Keep a number within bounds; others are not known."""
    return number if low <= number <= high else math.nan


def _mean(header: RawHeader, *keys: str, least: float = 1e-6) -> float:
    """Mean of what was measured: -1 and other impossible numbers mean that nothing was."""
    measured = [number for number in map(header.number, keys) if number >= least]
    return sum(measured) / len(measured) if measured else math.nan
