"""Cards of telescope, derotator and adaptive optics."""

from __future__ import annotations

import numpy as np

from hcdc_kernel.synthetic.irdis.cards import Cards
from hcdc_kernel.synthetic.irdis.clock import packed
from hcdc_kernel.synthetic.irdis.file_facts import FileFacts
from hcdc_kernel.synthetic.irdis.halo import wind_speed_ms
from hcdc_kernel.synthetic.irdis.schedule import DAY_S
from hcdc_kernel.synthetic.irdis.sky import point

# Since this day the derotator's first angle is called START, not BEGIN (2021-06-01).
_RENAMED_MJD = 59366.0
_STEP_IN_DEROTATOR = 180.0


def add_telescope(cards: Cards, facts: FileFacts) -> None:
    """Tell where the telescope looked, and through what air.

    Parameters
    ----------
    cards : Cards
        Cards of the file; more are added.
    facts : FileFacts
        What they tell.
    """
    edges, target, add = facts.edges, facts.target, cards.add
    rng = np.random.default_rng([facts.scene.seed, 61, facts.counter])
    now = facts.weather.at(facts.shot.start_mjd, rng)
    later = facts.weather.at(facts.shot.end_mjd, rng)
    # The telescope's own angle follows a pointing model that is off by a hundredth of a degree.
    off = 0.015
    add("TEL ALT", round(float(edges.altitude_deg[0]), 3), "[deg] Alt angle at start")
    add("TEL AZ", round(float(edges.azimuth_deg[0]), 3), "[deg] Az angle at start S=0,W=90")
    for i, when in enumerate(("START", "END")):
        angle = float(edges.parallactic_deg[i]) + off
        add(f"TEL PARANG {when}", round(angle, 3), "[deg] Parallactic angle")
        add(f"TEL AIRM {when}", round(float(edges.airmass[i]), 3), f"Airmass at {when.lower()}")
        seeing = (now, later)[i].seeing_arcsec
        add(f"TEL AMBI FWHM {when}", round(seeing, 2), "[arcsec] Observatory Seeing")
    speed = wind_speed_ms(now.seeing_arcsec, now.coherence_ms)
    add("TEL AMBI TAU0", round(now.coherence_ms * 1e-3, 4), "[s] Average coherence time")
    add("TEL AMBI WINDSP", round(0.6 * speed, 2), "[m/s] Observatory ambient wind speed")
    add("TEL AMBI WINDDIR", 36.5, "[deg] Observatory ambient wind direction")
    zenith = float(edges.airmass[0]) ** -0.6
    for key, factor in (("FWHM", 1.0), ("FWHMLIN", 1.05), ("FWHMLINOBS", 1.1)):
        value = round(now.seeing_arcsec * factor * zenith, 2)
        add(f"TEL IA {key}", value, "[arcsec] Delivered seeing")
    add("TEL TARG ALPHA", packed(target.ra_deg / 15.0, 3), "Alpha coordinate for the target")
    add("TEL TARG DELTA", packed(target.dec_deg, 3), "Delta coordinate for the target")
    add("TEL MOON RA", 10.0, "[deg] RA (J2000)")
    add("TEL MOON DEC", 5.0, "[deg] DEC (J2000)")
    add("TEL TH M1 TEMP", 11.9, "[deg C] M1 superficial temperature")
    add("ADA GUID RA", round(target.ra_deg + 0.07, 6), "[deg] Guide star RA J2000")
    add("ADA GUID DEC", round(target.dec_deg - 0.06, 5), "[deg] Guide star DEC J2000")


def add_derotator(cards: Cards, facts: FileFacts) -> None:
    """Tell the angles of the derotator, which turns the image by twice as much.

    Parameters
    ----------
    cards : Cards
        Cards of the file; more are added.
    facts : FileFacts
        What they tell.
    """
    scene, shot, edges, add = facts.scene, facts.shot, facts.edges, cards.add
    first = "START" if shot.start_mjd >= _RENAMED_MJD else "BEGIN"
    lag = scene.derotator_lag_s / DAY_S
    seen = point(facts.target, edges.mjd - lag) if lag else edges
    for i, when in enumerate((first, "END")):
        angle = float(seen.altitude_deg[i])
        if scene.field_tracking:
            angle += scene.position_angle_deg - float(seen.parallactic_deg[i])
        angle = (angle / 2.0 + _STEP_IN_DEROTATOR) % 360.0
        add(f"INS4 DROT2 {when}", round(angle, 4), "[deg] Position angle.")
    add(f"INS4 DROT3 {first}", 152.15, "[deg] Position angle at start.")
    posang = scene.position_angle_deg if scene.field_tracking else 0.0
    add("INS4 DROT2 MODE", "SKY" if scene.field_tracking else "ELEV", "Derotator mode.")
    add("INS4 DROT2 POSANG", posang, "[deg] Position angle.")
    ra = packed(float(edges.ra_deg[0]) / 15.0, 6)
    dec = packed(float(edges.dec_deg[0]), 5)
    for device in ("DROT1", "DROT2", "DROT3"):
        add(f"INS4 {device} RA", ra, "Telescope right ascension.")
        add(f"INS4 {device} DEC", dec, "Telescope declination.")
    rotation = "FIELD" if scene.field_tracking else "PUPIL"
    add("INS4 COMB ROT", rotation, "Assembly for derotator and ADC modes")


def add_derotator_at_rest(cards: Cards, facts: FileFacts) -> None:
    """Tell how the derotator stands by day.

    Parameters
    ----------
    cards : Cards
        Cards of the file; more are added.
    facts : FileFacts
        What they tell.
    """
    first = "START" if facts.shot.start_mjd >= _RENAMED_MJD else "BEGIN"
    for when in (first, "END"):
        cards.add(f"INS4 DROT2 {when}", -0.0001, "[deg] Position angle.")
    cards.add(f"INS4 DROT3 {first}", 152.15, "[deg] Position angle at start.")
    cards.add("INS4 DROT2 MODE", "STAT", "Derotator mode.")
    cards.add("INS4 DROT2 POSANG", 0.0, "[deg] Position angle.")
    cards.add("INS4 COMB ROT", "CAL_ZENITH", "Assembly for derotator and ADC modes")


def add_loops(cards: Cards, facts: FileFacts) -> None:
    """Tell loops and modes of the adaptive optics.

    Parameters
    ----------
    cards : Cards
        Cards of the file; more are added.
    facts : FileFacts
        What they tell.
    """
    state = "CLOSED_LOOP" if facts.shot.on_sky else "IDLE"
    for loop, text in (
        ("HOLOOP", "State of Visible High Order Loop"),
        ("TTLOOP", "State of Image Tip Tilt Loop"),
        ("IRLOOP", "State of IR Differential Tip Tilt Loop"),
        ("PUPLOOP", "State of Pupil Loop"),
    ):
        cards.add(f"AOS {loop} STATE", state, text)
    for name, value in (
        ("GARBCOL MODE", "ON"),
        ("HOCTR MODE", "LEAKY"),
        ("IROPTIM WEIGTMOD", "STATIC"),
        ("IRWFS MODE", "DTTS2"),
        ("OPTIMTT KALMAN", "TURB_ONLY"),
        ("OPTMODAL GAIN", "ON"),
        ("SLAVING MODE", "DYNAMIC"),
        ("VISOPTIM WEIGTMAP", "STATIC"),
        ("VISWFS MODE", "GAIN_30_FREQ_1380Hz"),
    ):
        cards.add(f"AOS {name}", value, "SPARTA setting")
