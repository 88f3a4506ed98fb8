"""How SPHERE was set up: mode, filter, coronagraph and what else stood in the beam.

Names of filters, wheels and combinations: SPHERE User Manual (ESO, VLT-MAN-SPH-14690-0430) and the
value lists of the ESO archive's query form.
"""

from __future__ import annotations

from hcdc_kernel.instruments.raw import RawHeader
from hcdc_kernel.instruments.sphere.kinds import Arm, words_of

MODES = ("dual-band", "classical", "polarimetry", "spectroscopy", "ifu", "imaging")

_DUAL_FILTERS = ("Y23", "J23", "H23", "H32", "H34", "K12")
_PRISMS = {"PRI_YJ": "OBS_YJ", "PRI_YJH": "OBS_H"}
_POLARIZERS = {"P0-90": "DP_0", "P45-135": "DP_45"}
_ELEMENTS: dict[str, dict[str, str]] = {
    "all": {
        "setup": "INS4 MODE",
        "dichroic": "INS4 OPTI13 NAME",
        "half_wave_plate": "INS4 OPTI8 NAME",
        "calibration_density": "INS4 FILT1 NAME",
        "sensor_filter": "INS4 FILT3 NAME",
        "sensor_stop": "INS4 OPTI22 NAME",
        "sensor_mode": "AOS VISWFS MODE",
    },
    "nir": {"apodizer": "INS4 OPTI10 NAME", "mask": "INS4 OPTI11 NAME"},
    "irdis": {
        "lyot_stop": "INS1 OPTI1 NAME",
        "filter_wheel": "INS1 FILT NAME",
        "second_wheel": "INS1 OPTI2 NAME",
        "stokes": "OCS DPI H2RT STOKES",
    },
    "ifs": {
        "lyot_stop": "INS4 OPTI14 NAME",
        "prism": "INS2 OPTI2 NAME",
        "combination": "INS2 COMB IFS",
    },
    "zimpol": {
        "mask": "INS4 OPTI17 NAME",
        "lyot_stop": "INS4 OPTI19 NAME",
        "common_filter": "INS3 OPTI2 NAME",
        "filter_camera_1": "INS3 OPTI5 NAME",
        "filter_camera_2": "INS3 OPTI6 NAME",
        "stokes": "OCS3 ZIMPOL POL STOKES",
    },
}
_N_LAMPS = 8


def mode_of(arm: Arm, header: RawHeader) -> str:
    """Tell the observing mode.

    DPR TECH decides; where it says only that it is an image, the filter does.

    Parameters
    ----------
    arm : str
        The arm that wrote the file.
    header : RawHeader
        Of the file.

    Returns
    -------
    str
        One of `MODES`; empty for telemetry, and if it cannot be told.
    """
    technique = words_of(header.text("DPR TECH"))
    if arm == "ifs":
        return "ifu"
    if arm == "zimpol":
        return "polarimetry" if "POLARIMETRY" in technique else "imaging"
    if arm != "irdis":
        return ""
    by_filter = _mode_by_filter(filter_of(arm, header))
    said = {
        "DUAL": "dual-band",
        "CLASSICAL": "classical",
        "POLARIMETRY": "polarimetry",
        "SPECTRUM": "spectroscopy",
    }
    by_technique = next((said[word] for word in technique if word in said), "")
    if by_technique and by_filter and by_technique != by_filter:
        header.note(f"DPR TECH says {by_technique}, the filter says {by_filter}")
    return by_technique or by_filter


def filter_of(arm: Arm, header: RawHeader) -> str:
    """Name the filter, or for the IFS the combination of prism and range.

    Parameters
    ----------
    arm : str
        The arm that wrote the file.
    header : RawHeader
        Of the file.

    Returns
    -------
    str
        Such as ``DB_H23``, ``OBS_YJ``, ``N_R``; two names with a plus sign if the cameras of
        ZIMPOL have different ones; empty if not known.
    """
    if arm == "irdis":
        return _filter_of_irdis(header)
    if arm == "ifs":
        named = header.text("INS2 COMB IFS")
        by_prism = _PRISMS.get(header.text("INS2 OPTI2 NAME"), "")
        return named if named.startswith("OBS_") else by_prism or named
    if arm == "zimpol":
        return _filter_of_zimpol(header)
    return ""


def density_of(arm: Arm, header: RawHeader) -> str:
    """Name the neutral density filter in the beam.

    The near-infrared arms share one in the common path; ZIMPOL has its own.

    Parameters
    ----------
    arm : str
        The arm that wrote the file.
    header : RawHeader
        Of the file.

    Returns
    -------
    str
        Such as ``ND_2.0``; ``OPEN`` for none; empty if not known.
    """
    if arm == "zimpol":
        common = header.text("INS3 OPTI2 NAME")
        return common if common.startswith("ND_") else "OPEN" if common else ""
    return header.text("INS4 FILT2 NAME", "INS3 FILT2 NAME", "INS FILT2 NAME")


def coronagraph_of(arm: Arm, header: RawHeader) -> str:
    """Name the combination of apodizer, mask and stop.

    Parameters
    ----------
    arm : str
        The arm that wrote the file.
    header : RawHeader
        Of the file.

    Returns
    -------
    str
        Such as ``N_ALC_YJH_S``; empty if not known.
    """
    if arm == "zimpol":
        return header.text("INS COMB VCOR")
    named = header.text("INS COMB ICOR")
    if named or arm == "sparta":
        return named
    parts = (header.text("INS4 OPTI10 NAME"), header.text("INS4 OPTI11 NAME"))
    return {("APO1", "ALC2"): "N_ALC_YJH_S", ("OPEN", "OPEN"): "N_NS_CLEAR"}.get(parts, "")


def elements_of(arm: Arm, header: RawHeader) -> dict[str, str]:
    """List what else stood in the beam.

    Parameters
    ----------
    arm : str
        The arm that wrote the file.
    header : RawHeader
        Of the file.

    Returns
    -------
    dict of str to str
        Names by what they do; what the header does not name is left out.
    """
    groups = ["all", *(["nir"] if arm in ("irdis", "ifs") else []), arm]
    wanted = {what: key for group in groups for what, key in _ELEMENTS.get(group, {}).items()}
    found = {what: header.text(key) for what, key in wanted.items()}
    if arm == "irdis" and found.get("second_wheel") in _POLARIZERS:
        found["polarizer"] = found["second_wheel"]
    lit = [f"LAMP{n}" for n in range(1, _N_LAMPS + 1) if header.flag(f"INS4 LAMP{n} ST")]
    found["lamp"] = "+".join(lit)
    return {what: name for what, name in found.items() if name}


def _mode_by_filter(name: str) -> str:
    """Tell the mode of IRDIS by its filter."""
    modes = {"DB": "dual-band", "BB": "classical", "NB": "classical", "DP": "polarimetry"}
    return modes.get(name.partition("_")[0], "spectroscopy" if name in ("S_LR", "S_MR") else "")


def _filter_of_irdis(header: RawHeader) -> str:
    """Take the combination's name, and hold it against the wheels."""
    named = header.text("INS COMB IFLT")
    polarimetric = header.text("INS COMB POLA")
    if polarimetric.startswith("DP_") and not named.startswith("DP_"):
        named = polarimetric
    by_wheels = _filter_by_wheels(header)
    if named and by_wheels and by_wheels != named:
        header.note(f"INS COMB IFLT is {named}, the wheels are set to {by_wheels}")
    return named or by_wheels


def _filter_by_wheels(header: RawHeader) -> str:
    """Tell the combination by the two wheels of IRDIS; empty if they make none."""
    stop = header.text("INS1 OPTI1 NAME")
    if stop in ("PRI_LRS", "GRI_MRS"):
        return {"PRI_LRS": "S_LR", "GRI_MRS": "S_MR"}[stop]
    first, second = header.text("INS1 FILT NAME"), header.text("INS1 OPTI2 NAME")
    pair = second.removeprefix("D_")
    if second.startswith("D_") and pair in _DUAL_FILTERS:
        return f"DB_ND{pair}" if first == "B_ND-H" else f"DB_{pair}"
    kind, _, band = first.partition("_")
    if kind not in ("B", "N") or not band or "-" in band:
        return ""
    single = f"{kind}B_{band}"
    if second in _POLARIZERS:
        return f"{_POLARIZERS[second]}_{single}"
    return single if second == "CLEAR" else ""


def _filter_of_zimpol(header: RawHeader) -> str:
    """Name the filter of both cameras."""
    first, second = (header.text(f"INS3 OPTI{n} NAME") for n in (5, 6))
    common = header.text("INS3 OPTI2 NAME")
    if first == second == "OPEN" and not common.startswith("ND_"):
        return common
    names = [name for name in (first, second) if name]
    return names[0] if len(set(names)) == 1 else "+".join(names)
