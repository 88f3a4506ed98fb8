"""The header of a raw file of SPHERE/IRDIS."""

from __future__ import annotations

import numpy as np

from hcdc_kernel.synthetic.irdis.cards import Cards, Value, fixed_cards
from hcdc_kernel.synthetic.irdis.clock import (
    clock_text,
    day_of_year,
    iso,
    seconds_of_day,
)
from hcdc_kernel.synthetic.irdis.file_facts import FileFacts
from hcdc_kernel.synthetic.irdis.filters import CORONAGRAPHS, FILTERS, NEUTRAL_DENSITIES
from hcdc_kernel.synthetic.irdis.header_telescope import (
    add_derotator,
    add_derotator_at_rest,
    add_loops,
    add_telescope,
)
from hcdc_kernel.synthetic.irdis.scene import MIN_DIT_S, NightScene
from hcdc_kernel.synthetic.irdis.schedule import DAY_S

_TYPES = {
    "science": "OBJECT",
    "center": "OBJECT,CENTER",
    "flux": "OBJECT,FLUX",
    "sky": "SKY",
    "background": "DARK,BACKGROUND",
    "dark": "DARK",
    "flat": "FLAT,LAMP",
}
_TEMPLATES = {
    "background": ("SPHERE_irdifs_cal_background", "IRDIFS instrument backgrounds"),
    "dark": ("SPHERE_irdifs_cal_dark", "IRDIFS darks"),
    "flat": ("SPHERE_irdifs_cal_flat", "IRDIFS flat fields"),
}
_CALIBRATION_ID = 200_000_000
_SCIENCE_ID = 2_100_000


def archive_name(start_mjd: float) -> str:
    """Name a file as the archive does.

    Parameters
    ----------
    start_mjd : float
        ``DATE-OBS`` [d].

    Returns
    -------
    str
        ``SPHER.YYYY-MM-DDThh:mm:ss.sss``.
    """
    return f"SPHER.{iso(start_mjd, 3)}"


def raw_header(facts: FileFacts) -> bytes:
    """Write the header of a raw file.

    Parameters
    ----------
    facts : FileFacts
        What it tells.

    Returns
    -------
    bytes
        Whole blocks of 2880 bytes.
    """
    cards = Cards()
    by_day = ("TEL", "ADA", "OCS")
    for name, value, comment in fixed_cards():
        if facts.shot.on_sky or name.split(" ", 1)[0] not in by_day:
            cards.add(name, value, comment)
    _standard(cards, facts)
    _detector(cards, facts)
    _instrument(cards, facts)
    _common_path(cards, facts)
    _block(cards, facts)
    if facts.shot.on_sky:
        add_telescope(cards, facts)
        add_derotator(cards, facts)
    else:
        add_derotator_at_rest(cards, facts)
    add_loops(cards, facts)
    return cards.to_bytes()


def _standard(cards: Cards, facts: FileFacts) -> None:
    """Cards at the top."""
    shot, scene = facts.shot, facts.scene
    start, end = shot.start_mjd, shot.end_mjd
    object_name = scene.target if shot.on_sky else _TYPES[shot.kind]
    top: list[tuple[str, Value, str]] = [
        ("SIMPLE", True, "Standard FITS"),
        ("BITPIX", -32, "# of bits per pix value"),
        ("NAXIS", 3, "# of axes in data array"),
        ("NAXIS1", 2048, "# of pixels in axis1"),
        ("NAXIS2", 1024, "# of pixels in axis2"),
        ("NAXIS3", shot.n_dit, "# of pixels in axis3"),
        ("EXTEND", True, "FITS Extension may be present"),
        ("BZERO", 0.0, "Pixel=FITS*BSCALE+BZERO"),
        ("BSCALE", 1.0, "Pixel=FITS*BSCALE+BZERO"),
        ("ORIGIN", "ESO-PARANAL", "European Southern Observatory"),
        ("DATE", iso(end), "Date the file was written"),
        ("TELESCOP", "ESO-VLT-U3", "ESO <TEL>"),
        ("INSTRUME", "SPHERE", "Instrument used."),
        ("OBJECT", object_name, "Original target."),
        ("EXPTIME", shot.dit_s, "Integration time"),
        ("MJD-OBS", round(start, 8), iso(start)),
        ("DATE-OBS", iso(start), "Observing date"),
    ]
    if shot.on_sky:
        ra, dec = facts.target.ra_deg, facts.target.dec_deg
        utc = float(np.floor(seconds_of_day(start)) - 1.0)
        sidereal = float(facts.edges.sidereal_s[0]) % DAY_S
        top += [
            ("RA", round(ra, 6), f"[deg] {clock_text(ra * 240.0, 1)} RA (J2000) pointing"),
            ("DEC", round(dec, 5), "[deg] DEC (J2000) pointing"),
            ("EQUINOX", 2000.0, "Standard FK5"),
            ("RADECSYS", "FK5", "Coordinate system"),
            ("UTC", utc, f"[s] {clock_text(utc)} UTC"),
            ("LST", round(sidereal, 3), f"[s] {clock_text(sidereal)} LST"),
        ]
    top += [
        ("PI-COI", "UNKNOWN", "PI-COI name."),
        ("OBSERVER", "UNKNOWN", "Name of observer."),
        *_pixel_axes(),
        ("ORIGFILE", _original(facts), "Original File Name"),
        ("BUNIT", "adu", "Physical Unit"),
        ("PIXSCAL", 12.27, "[mas/pixel] IRDIS pixel scale"),
        ("ARCFILE", f"{archive_name(start)}.fits", "Archive File Name"),
    ]
    cards.standard = top


def _pixel_axes() -> list[tuple[str, Value, str]]:
    """List a coordinate system of pixels, which says nothing of the sky."""
    cards: list[tuple[str, Value, str]] = []
    for axis, reference in ((1, 0.5), (2, -862.5), (3, 1.0)):
        cards += [
            (f"CTYPE{axis}", "PIXEL", "Pixel coordinate system"),
            (f"CRPIX{axis}", reference, f"Ref pixel in axis{axis}"),
            (f"CRVAL{axis}", 1.0, "Coordinate value of reference pixel"),
        ]
        cards += [
            (f"CD{axis}_{other}", 1.0 if axis == other else 0.0, "Transformation matrix element")
            for other in (1, 2, 3)
        ]
    return cards


def _detector(cards: Cards, facts: FileFacts) -> None:
    """How the detector was read."""
    shot, add = facts.shot, cards.add
    n_samples = int(shot.dit_s / MIN_DIT_S + 1e-6) + 1
    length = (shot.end_mjd - shot.start_mjd) * DAY_S
    add("DET NDIT", shot.n_dit, "Number of Sub-Integrations")
    add("DET NDSAMPLES", n_samples, "Number of Non-Destructive Samples")
    add("DET FRAM NO", shot.n_dit, "Frame number")
    add("DET FRAM UTC", iso(shot.end_mjd), "File Creation Time")
    add("DET SEQ UTC", iso(shot.start_mjd), "Sequencer Start Time")
    add("DET SEQ1 DIT", shot.dit_s, "[s] Integration time")
    add("DET SEQ1 EXPTIME", round(length - 0.6, 6), "[s] Exposure Sequence Time")
    add("DET SEQ1 MINDIT", round((n_samples - 1) * MIN_DIT_S, 6), "[s] Minimum DIT")
    add("DET SEQ1 REALDIT", round(shot.dit_s + 0.0018, 6), "[s] Actual integration time")
    add("DET EXP ID", 400 + facts.counter, "Unique exposure ID")


def _instrument(cards: Cards, facts: FileFacts) -> None:
    """Tell filters, coronagraph and dithering of IRDIS."""
    scene, shot, add = facts.scene, facts.shot, cards.add
    chosen = FILTERS[scene.filter]
    mask = CORONAGRAPHS[_coronagraph(facts)]
    stop = ("MASK_CLOSED", "CLOSED") if shot.kind == "dark" else mask.stop
    add("INS COMB ICOR", _coronagraph(facts), "Infra-Red coronograph combination name.")
    add("INS COMB IFLT", scene.filter, "Infra-Red filter combination name.")
    add("INS1 MODE", _mode(scene), "Instrument mode used.")
    for key, (identity, name), text in (
        ("INS1 FILT", chosen.wheel_1, "IRDIS filter"),
        ("INS1 OPTI1", stop, "IRDIS Lyot stop."),
        ("INS1 OPTI2", chosen.wheel_2, "IRDIS Dual Filter."),
    ):
        add(f"{key} ID", identity, f"{text} unique id.")
        add(f"{key} NAME", name, text)
    x, y = facts.stage_um
    add("INS1 PAC X", x, "[um] X-Axis absolute position on the detector")
    add("INS1 PAC Y", y, "[um] Y-Axis absolute position on the detector")
    add("INS1 DITH POSX", float(shot.dither_px[0]), "X Position for dithering")
    add("INS1 DITH POSY", float(shot.dither_px[1]), "Y Position for dithering")
    extended = _mode(scene) == "EXT"
    add("INS2 MODE", "IFS-H" if extended else "NIROBS", "Instrument mode used.")
    add("INS2 COMB IFS", "OBS_H" if extended else "OBS_YJ", "IFS device combination")
    add("INS2 OPTI2 NAME", "PRI_YJH" if extended else "PRI_YJ", "IFS disperser selector.")
    add("INS2 OPTI2 ID", "PRIS_YJH" if extended else "PRIS_YJ", "OPTIi unique ID.")


def _common_path(cards: Cards, facts: FileFacts) -> None:
    """Elements before the arms."""
    scene, shot, add = facts.scene, facts.shot, cards.add
    mask = CORONAGRAPHS[_coronagraph(facts)]
    extended = _mode(scene) == "EXT"
    nd_id = "OPEN" if shot.nd == "OPEN" else f"FILT_{shot.nd}"
    elements = {
        "OPTI10": (mask.apodizer, "Apodizers wheel."),
        "OPTI11": (mask.mask, "NIR coronagraphs wheel."),
        "OPTI13": (
            ("DICR_YJH_K", "DIC_K") if extended else ("DICR_YJ_H", "DIC_H"),
            "IRDIS-IFS selector.",
        ),
        "OPTI14": (mask.stop, "IFS Lyot wheel."),
    }
    for key, ((identity, name), text) in elements.items():
        add(f"INS4 {key} ID", identity, "OPTIi unique ID.")
        add(f"INS4 {key} NAME", name, text)
    add("INS4 MODE", "IRDIFS_EXT" if extended else "IRDIFS", "Instrument mode used.")
    add("INS4 FILT2 ID", nd_id, "Filter unique id.")
    add("INS4 FILT2 NAME", shot.nd, "NIR Neutral Density filters.")
    add("INS4 FILT2 NO", NEUTRAL_DENSITIES.index(shot.nd) + 1, "Filter wheel position index.")
    add("INS4 COMB CAL", "OBS" if shot.on_sky else "CAL", "Calibration devices in common path")
    add("INS4 SHUT ST", shot.on_sky, "Shutter open [T] or closed [F].")
    add("INS4 LAMP1 ST", shot.lamp, "Lamp activated.")


def _block(cards: Cards, facts: FileFacts) -> None:
    """Observing block, template, classification."""
    scene, shot, add = facts.scene, facts.shot, cards.add
    night = shot.on_sky
    template = iso(shot.template_mjd, 0)
    add("DPR CATG", "SCIENCE" if night else "CALIB", "Observation category")
    # With the spots on all the time, the observatory calls the science frames CENTER.
    kind = "center" if shot.waffle else shot.kind
    add("DPR TYPE", _TYPES[kind], "Observation type")
    add("DPR TECH", _technique(facts), "Observation technique")
    ident = (_SCIENCE_ID if night else _CALIBRATION_ID) + int(shot.template_mjd) % 100_000
    add("OBS ID", ident, "Observation block ID")
    add("OBS NAME", f"{scene.target}_{scene.filter}" if night else "Calibration", "OB name")
    add("OBS PROG ID", scene.program if night else "60.A-9255(A)", "ESO program identification")
    add("OBS START", template, "OB start time")
    add("OBS PI-COI NAME", "UNKNOWN", "PI-COI name")
    add("OBS NTPL", 1, "Number of templates within OB")
    add("OBS TPLNO", 1, "Template number within OB")
    tpl_id, tpl_name = _TEMPLATES.get(
        shot.kind, ("SPHERE_irdifs_obs", "IFS and IRDIS observations")
    )
    add("TPL ID", tpl_id, "Template signature ID")
    add("TPL NAME", tpl_name, "Template name")
    add("TPL PRESEQ", f"{tpl_id}.seq", "Sequencer script")
    add("TPL START", template, "TPL start time")
    add("TPL EXPNO", shot.number, "Exposure number within template")
    add("TPL NEXP", shot.n_shots, "Number of exposures within template")
    add("OCS DET1 IMGNAME", _image_name(facts), "Data File Name.")
    if night:
        add("OBS TARG NAME", scene.target, "OB target name")
        add("OCS OBSTYPE LIST", "F C O F", "User defined list of observ. types")
        # The waffle keywords stay in files without spots; only DPR TYPE tells.
        add("OCS WAFFLE AMPL", scene.waffle_um, "User defined waffle amplitude")
        add("OCS WAFFLE ORIENT", scene.waffle, "User defined waffle orientation")
        yesterday = iso(shot.start_mjd - 0.4, 0)
        add("SEQ CORO DATE", yesterday, "Date and time of centring.")
        add("SEQ CORO XC", 474.864, "Coronagraph position at the end of centring")
        add("SEQ CORO YC", 531.213, "Coronagraph position at the end of centring")


def _coronagraph(facts: FileFacts) -> str:
    """Coronagraph that the header names; darks are taken behind a closed stop."""
    if facts.shot.kind == "dark":
        return "N_NS_OPAQUE"
    return "N_NS_CLEAR" if facts.shot.kind == "flat" or facts.shot.lamp else facts.scene.mask


def _mode(scene: NightScene) -> str:
    """INS1 MODE: with which arm IRDIS shares the light."""
    if scene.bands[0].wavelength_um > 1.9:
        return "EXT"
    if scene.filter in ("DB_H23", "DB_H32", "DB_H34", "BB_H"):
        return "NIROBS"
    return "DBI" if scene.is_dual else "CI"


def _technique(facts: FileFacts) -> str:
    """DPR TECH."""
    words = ["IMAGE", "DUAL" if facts.scene.is_dual else "CLASSICAL"]
    if facts.shot.on_sky and facts.scene.mask != "N_NS_CLEAR":
        words.append("CORONOGRAPHY")
    return ",".join(words)


def _image_name(facts: FileFacts) -> str:
    """First part of the original file name."""
    ends = {"flat": "FLAT", "dark": "DARK", "background": "BACKGROUND"}
    return f"SPHERE_IRDIFS_IRDIS_{ends.get(facts.shot.kind, 'OBS')}"


def _original(facts: FileFacts) -> str:
    """Name that the file had at the telescope."""
    day = day_of_year(facts.shot.start_mjd)
    return f"{_image_name(facts)}{day:03d}_{facts.counter:04d}.fits"
