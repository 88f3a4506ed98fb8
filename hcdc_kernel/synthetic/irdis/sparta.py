"""Telemetry of the adaptive optics, as the tables that accompany the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.cards import Cards
from hcdc_kernel.synthetic.irdis.clock import iso, unix_s
from hcdc_kernel.synthetic.irdis.conditions import FrameState, Weather
from hcdc_kernel.synthetic.irdis.halo import fried_m, residual, wind_speed_ms
from hcdc_kernel.synthetic.irdis.scene import NightScene
from hcdc_kernel.synthetic.irdis.schedule import DAY_S, Shot

_STEP_S = 2.0  # between estimates of the atmosphere
_PIXEL_STEP_S = 30.0
_LENGTH_S = 1200.0  # a file holds so much
_IMAGE = 32
_DTTS_MAS = 11.5


def write_telemetry(
    scene: NightScene, shots: tuple[Shot, ...], weather: Weather, folder: Path
) -> list[Path]:
    """Write the telemetry of the hours on sky.

    Parameters
    ----------
    scene : NightScene
        The night.
    shots : tuple of Shot
        Its files.
    weather : Weather
        What happened.
    folder : Path
        Where to write.

    Returns
    -------
    list of Path
        Files of 20 minutes each.
    """
    open_sky = [shot for shot in shots if shot.on_sky]
    if not open_sky:
        return []
    begin = open_sky[0].start_mjd - 30.0 / DAY_S
    end = open_sky[-1].end_mjd + 30.0 / DAY_S
    n = int(np.ceil((end - begin) * DAY_S / _LENGTH_S))
    edges = np.linspace(begin, end, n + 1)
    return [
        _write_file(scene, weather, folder, (float(edges[i]), float(edges[i + 1]), i))
        for i in range(n)
    ]


def _write_file(
    scene: NightScene, weather: Weather, folder: Path, part: tuple[float, float, int]
) -> Path:
    """Write one file of tables."""
    from astropy.io import fits

    begin, end, number = part
    begin = round(begin * DAY_S, 4) / DAY_S
    rng = np.random.default_rng([scene.seed, 51, number])
    name = f"SPHER.{iso(begin, 3)}"
    primary = fits.PrimaryHDU(header=fits.Header.fromstring(_header(scene, begin, end, name)))
    tables = [
        _atmosphere(weather, begin, end, rng),
        _visible_loop(scene, begin, end, rng),
        _infrared_loop(scene, begin, end, rng),
        _pixels(begin, end, rng),
    ]
    path = folder / f"{name.replace(':', '_')}.fits"
    fits.HDUList([primary, *tables]).writeto(path, overwrite=True)
    return path


def _header(scene: NightScene, begin: float, end: float, name: str) -> str:
    """Write the header of a file of tables."""
    cards = Cards()
    cards.standard = [
        ("SIMPLE", True, "Standard FITS"),
        ("BITPIX", 8, "# of bits per pix value"),
        ("NAXIS", 0, "# of axes in data array"),
        ("EXTEND", True, "FITS Extension may be present"),
        ("ORIGIN", "ESO-PARANAL", "European Southern Observatory"),
        ("TELESCOP", "ESO-VLT-U3", "ESO <TEL>"),
        ("INSTRUME", "SPHERE", "Instrument used."),
        ("OBJECT", "OBJECT,AO", "Original target."),
        ("DATE", iso(end), "Date the file was written"),
        ("DATE-OBS", iso(begin), "Observing date"),
        ("MJD-OBS", round(begin, 8), iso(begin)),
        ("EXPTIME", round((end - begin) * DAY_S, 3), "Integration time"),
        ("ARCFILE", f"{name}.fits", "Archive File Name"),
    ]
    add = cards.add
    add("DPR CATG", "SCIENCE", "Observation category")
    add("DPR TYPE", "OBJECT,AO", "Observation type")
    add("DPR TECH", "AO", "Observation technique")
    add("SEQ ARM", "SPARTA", "Name of the sub-system.")
    add("OBS PROG ID", scene.program, "ESO program identification")
    add("OBS TARG NAME", scene.target, "OB target name")
    add("INS4 FILT3 NAME", "OPEN", "Wavefront sensor spectral filter.")
    add("AOS VISWFS MODE", "GAIN_30_FREQ_1380Hz", "SPARTA Visible WFS detector mode")
    add("AOS IRWFS MODE", "DTTS2", "SPARTA Infrared WFS detector mode")
    add("AOS HOLOOP STATE", "CLOSED_LOOP", "State of Visible High Order Loop")
    return cards.to_bytes().decode("ascii")


def _times(begin: float, end: float, step_s: float) -> FloatArray:
    """List times at equal steps [d]."""
    return begin + np.arange(max(1, int((end - begin) * DAY_S / step_s))) * step_s / DAY_S


def _table(name: str, times: FloatArray, columns: dict[str, FloatArray]) -> object:
    """Make a table whose rows carry seconds since 1970."""
    from astropy.io import fits

    stamps = np.array([unix_s(float(mjd)) for mjd in times])
    whole = np.floor(stamps).astype(np.int32)
    micro = ((stamps - whole) * 1e6).astype(np.int32)
    made = [fits.Column("Sec", "J", array=whole), fits.Column("USec", "J", array=micro)]
    for key, values in columns.items():
        size = int(np.prod(values.shape[1:]))
        dim = f"({values.shape[2]},{values.shape[1]})" if values.ndim == 3 else None
        made.append(fits.Column(key, f"{size}E", dim=dim, array=values.astype(np.float32)))
    return fits.BinTableHDU.from_columns(made, name=name)


def _atmosphere(weather: Weather, begin: float, end: float, rng: np.random.Generator) -> object:
    """Fried's parameter, wind and Strehl ratio every two seconds."""
    times = _times(begin, end, _STEP_S)
    noise = np.exp(0.04 * rng.standard_normal((3, times.size)))
    states = [weather.at(float(mjd), rng) for mjd in times]
    r0 = np.array([fried_m(state.seeing_arcsec, 0.5) for state in states]) * noise[0]
    speed = np.array([wind_speed_ms(s.seeing_arcsec, s.coherence_ms) for s in states]) * noise[1]
    strehl = np.array([_strehl(state) for state in states]) * noise[2] ** 0.2
    return _table(
        "AtmPerfParams",
        times,
        {"R0": r0, "WindSpeed": speed, "StrehlRatio": np.minimum(strehl, 0.98)},
    )


def _strehl(state: FrameState) -> float:
    """Strehl ratio at 1.6 um."""
    return residual(state, 1.6).coherent


def _visible_loop(scene: NightScene, begin: float, end: float, rng: np.random.Generator) -> object:
    """Tell what the visible wavefront sensor says."""
    times = _times(begin, end, _STEP_S)
    n = times.size
    flux = 4e5 * 10 ** (-0.4 * (scene.magnitude - 5.0)) * (1 + 0.02 * rng.standard_normal(n))
    small = rng.standard_normal((7, n))
    return _table(
        "VisLoopParams",
        times,
        {
            "Flux_avg": flux,
            "Focus_avg": 0.01 * small[0],
            "TTx_avg": 0.002 * small[1],
            "TTy_avg": 0.002 * small[2],
            "DMPos_avg": 0.05 + 0.01 * small[3],
            "ITTMPos_avg": 0.2 + 0.05 * small[4],
            "DMSatur_avg": np.zeros(n),
            "DMAberr_avg": 0.02 * np.abs(small[5]),
        },
    )


def _infrared_loop(
    scene: NightScene, begin: float, end: float, rng: np.random.Generator
) -> object:
    """Tell what the infrared tip-tilt sensor says."""
    times = _times(begin, end, _STEP_S)
    n = times.size
    small = rng.standard_normal((2, n, 2))
    flux = 3e4 * 10 ** (-0.4 * (scene.magnitude - 5.0)) * (1 + 0.02 * rng.standard_normal(n))
    return _table(
        "IRLoopParams",
        times,
        {"DTTPPos_avg": 0.1 * small[0], "DTTPRes_avg": 0.02 * small[1], "Flux_avg": flux},
    )


def _pixels(begin: float, end: float, rng: np.random.Generator) -> object:
    """Averaged images of the infrared tip-tilt sensor: a star of 3.43 px FWHM."""
    times = _times(begin, end, _PIXEL_STEP_S)
    y, x = np.mgrid[:_IMAGE, :_IMAGE]
    sigma = 1.53e-6 / 8.0 * 206264.8e3 / _DTTS_MAS / 2.3548
    frames = []
    for _ in times:
        dx, dy = 15.5 + 0.1 * rng.standard_normal(2)
        star = 60.0 * np.exp(-0.5 * ((x - dx) ** 2 + (y - dy) ** 2) / sigma**2)
        frames.append(star + rng.normal(0.0, 0.5, star.shape))
    return _table("IRPixelAvgFrame", times, {"Pixels": np.array(frames)})
