"""What a SPHERE file is for: arm and kind from its DPR keywords.

Classification follows the table of frames of the SPHERE pipeline manual (ESO, VLT-MAN-SPH-14690-
0233, issue 1.53) and the spellings found in the archive: several kinds have two names, and what
the keywords leave open the observing template tells. Keywords of the setup (satellite spots,
neutral density) outlive the frames they were meant for, so they never decide.
"""

from __future__ import annotations

from typing import Literal

from hcdc_kernel.datamodel import ExposureKind
from hcdc_kernel.instruments.raw import RawHeader

Arm = Literal["irdis", "ifs", "zimpol", "sparta", "sphere"]
_ARMS: tuple[Arm, ...] = ("irdis", "ifs", "zimpol", "sparta")

# Single words of DPR TYPE that decide, the strongest first.
_WORDS: tuple[tuple[str, ExposureKind], ...] = (
    ("AO", "telemetry"),
    ("PERSIST", "persistence"),
    ("SPECPOS", "spectra-positions"),
    ("WAVE", "wavelength"),
    ("DISTORT", "distortion"),
    ("RONGAIN", "gain"),
    ("GAIN", "gain"),
    ("BIAS", "bias"),
    ("POL100", "polarized-flat"),
    ("BACKGROUND", "background"),
    ("DARK", "dark"),
    ("CENTER", "center"),
    ("CENTRE", "center"),
    ("FLUX", "flux"),
    ("STD", "standard"),
)
# Templates that tell what a plain FLAT,LAMP is.
_FLAT_TEMPLATES: tuple[tuple[str, ExposureKind], ...] = (
    ("specpos", "spectra-positions"),
    ("cal_wave", "wavelength"),
    ("ifsflat", "lenslet-flat"),
    ("cal_gain", "gain"),
    ("distmap", "distortion"),
    ("modem", "polarized-flat"),
)


def words_of(text: str) -> tuple[str, ...]:
    """Split a DPR keyword at its commas.

    Parameters
    ----------
    text : str
        Such as ``"IMAGE, DUAL,CORONOGRAPHY"``.

    Returns
    -------
    tuple of str
        Upper case without blanks, such as ``("IMAGE", "DUAL", "CORONOGRAPHY")``.
    """
    return tuple(word.strip() for word in text.upper().split(",") if word.strip())


def arm_of(header: RawHeader) -> Arm:
    """Tell which part of SPHERE wrote a file.

    Parameters
    ----------
    header : RawHeader
        Of a file of SPHERE.

    Returns
    -------
    {"irdis", "ifs", "zimpol", "sparta", "sphere"}
        ``"sphere"`` if it cannot be told.
    """
    named = _arm_in(header.text("SEQ ARM"))
    if "AO" in words_of(header.text("DPR TYPE")):
        named = named or "sparta"
    detector = _arm_in(
        " ".join((header.text("DET ID"), header.text("DET NAME"), header.text("DET DEV1 ID")))
    )
    if named and detector and named != detector and named != "sparta":
        header.note(f"SEQ ARM names {named.upper()}, the detector is that of {detector.upper()}")
        return detector
    if named or detector:
        return named or detector or "sphere"
    return _arm_in(f"{header.text('OCS DET1 IMGNAME')} {header.text('ORIGFILE')}") or _by_shape(
        header
    )


def kind_of(arm: Arm, header: RawHeader) -> ExposureKind:
    """Tell what a file is for.

    Parameters
    ----------
    arm : str
        The arm that wrote it.
    header : RawHeader
        Of the file.

    Returns
    -------
    str
        One of `ExposureKind`; ``"unknown"`` if DPR TYPE is missing or new.
    """
    if arm == "sparta":
        return "telemetry"
    category = header.text("DPR CATG").upper()
    types = words_of(header.text("DPR TYPE"))
    if category == "ACQUISITION" or "_acq" in header.text("TPL ID").lower():
        return "acquisition"
    if "SKY" in types and "FLAT" not in types:
        return "sky"
    for word, kind in _WORDS:
        if word in types:
            return kind
    if "FLAT" in types:
        return _kind_of_flat(arm, header)
    if "OBJECT" in types:
        return _kind_of_object(category, header)
    header.note(f"DPR TYPE '{header.text('DPR TYPE')}' is not known")
    return "unknown"


def _arm_in(text: str) -> Arm | None:
    """Find the name of an arm in a text; IRDIFS file names also hold the arm's own name."""
    text = text.lower()
    return next((arm for arm in _ARMS if arm in text.replace("irdifs", "")), None)


def _by_shape(header: RawHeader) -> Arm:
    """Tell the arm by the shape of its detector."""
    shape = header.image.shape[-2:] if header.image is not None else ()
    arms: dict[tuple[int, ...], Arm] = {(1024, 2048): "irdis", (2048, 2048): "ifs"}
    arm = arms.get(shape, "sphere")
    header.note(
        "The header does not name the arm"
        + ("" if arm == "sphere" else f"; by the size of the images it is {arm.upper()}")
    )
    return arm


def _kind_of_flat(arm: Arm, header: RawHeader) -> ExposureKind:
    """Tell the flats apart."""
    template = header.text("TPL ID").lower()
    for part, kind in _FLAT_TEMPLATES:
        if part in template:
            return kind
    if arm != "ifs":
        return "flat"
    if words_of(header.text("DPR TECH"))[:1] == ("IFU",):
        return "lenslet-flat"
    # Lamps in front of the detector have combinations of their own, such as CAL_BB_2_YJ.
    observing = header.text("INS2 COMB IFS").upper().startswith("OBS_")
    return "lenslet-flat" if observing and not header.text("DPR TECH") else "detector-flat"


def _kind_of_object(category: str, header: RawHeader) -> ExposureKind:
    """Tell the science frames from standard stars and tests."""
    if category in ("SCIENCE", ""):
        if not category:
            header.note("DPR CATG is missing; taken for science")
        return "science"
    if category == "CALIB":
        return "standard"
    header.note(f"An OBJECT of category {category} is neither science nor calibration")
    return "unknown"
