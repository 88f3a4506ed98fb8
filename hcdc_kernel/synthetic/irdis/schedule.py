"""The order of the night: which files are taken when, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import ConfigError
from hcdc_kernel.synthetic.irdis.filters import GAIN, NEUTRAL_DENSITIES, nd_transmission
from hcdc_kernel.synthetic.irdis.scene import MIN_DIT_S, NightScene

ShotKind = Literal["science", "center", "flux", "sky", "background", "dark", "flat"]
DAY_S = 86400.0
# Clock of the detector: wait at the start of a file, before each integration, reading, and
# until the file is closed. Headers of real files leave 0.2 to 0.7 s for first and last.
START_S, DELAY_S, READ_S, CLOSE_S = 0.1, 0.1, 0.838, 0.1
_FLUX_PEAK_ADU = 12000.0
_PEAK_SHARE = 0.055  # of the star's light on the brightest pixel
_FLUX_DITS_S = (MIN_DIT_S, 2.0, 4.0, 8.0)
_DITHERS = ((0, 0), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
_ON_SKY = ("science", "center", "flux", "sky")


@dataclass(frozen=True, slots=True)
class Shot:
    """A file to be taken.

    Attributes
    ----------
    kind : str
        What it is for.
    start_mjd : float
        ``DATE-OBS`` [d].
    n_dit, dit_s : int, float
        Frames and their integration time [s].
    nd : str
        Neutral density filter.
    dither_px : tuple of int
        Move of the star by the dithering stage, x and y [px].
    waffle : bool
        Whether the satellite spots are on.
    lamp : bool
        Whether the flat-field lamp is on.
    number, n_shots : int, int
        Place within its template and length of that.
    template_mjd : float
        When the template began [d].
    """

    kind: ShotKind
    start_mjd: float
    n_dit: int
    dit_s: float
    nd: str = "OPEN"
    dither_px: tuple[int, int] = (0, 0)
    waffle: bool = False
    lamp: bool = False
    number: int = 1
    n_shots: int = 1
    template_mjd: float = 0.0

    @property
    def on_sky(self) -> bool:
        """Whether the telescope is open.

        Returns
        -------
        bool
            False for calibrations by day.
        """
        return self.kind in _ON_SKY

    @property
    def end_mjd(self) -> float:
        """When the last frame is read: ``DET FRAM UTC``.

        Returns
        -------
        float
            UTC [d].
        """
        length = START_S + self.n_dit * (DELAY_S + self.dit_s + READ_S) + CLOSE_S
        return self.start_mjd + length / DAY_S

    @property
    def middle_mjd(self) -> FloatArray:
        """Middle of each integration.

        Returns
        -------
        ndarray, shape (n_dit,)
            UTC [d].
        """
        period = DELAY_S + self.dit_s + READ_S
        middle = START_S + DELAY_S + self.dit_s / 2 + np.arange(self.n_dit) * period
        return np.asarray(self.start_mjd + middle / DAY_S)


def plan_night(scene: NightScene) -> tuple[Shot, ...]:
    """Lay out the files of a night: the star first, the calibrations on the next morning.

    Parameters
    ----------
    scene : NightScene
        What to take.

    Returns
    -------
    tuple of Shot
        In the order of time.
    """
    shots = _numbered(_on_sky(scene))
    night = [shot for shot in shots if shot.kind not in scene.omit]
    last = shots[-1].end_mjd
    morning = max(_evening_mjd(scene) + 22.5 / 24.0, last + 600.0 / DAY_S)
    day = _one_after_another(_by_day(scene, night), morning, pause_s=5.0)
    return tuple([*night, *day])


def flux_setup(scene: NightScene) -> tuple[str, float]:
    """Choose neutral density and integration time so that FLUX frames do not saturate.

    Parameters
    ----------
    scene : NightScene
        With the star's magnitude and, perhaps, a choice of its own.

    Returns
    -------
    str
        Neutral density filter.
    float
        Integration time [s].

    Raises
    ------
    ConfigError
        If the neutral density filter asked for does not exist.
    """
    if scene.flux_nd and scene.flux_nd not in NEUTRAL_DENSITIES:
        raise ConfigError(
            "There is no such neutral density filter",
            found=scene.flux_nd,
            remedy=f"Choose of {', '.join(NEUTRAL_DENSITIES)}",
        )
    rate = 10 ** (-0.4 * scene.magnitude) * _PEAK_SHARE / GAIN
    chosen = [scene.flux_nd] if scene.flux_nd else list(NEUTRAL_DENSITIES)
    peak = {
        name: max(rate * band.star_rate * nd_transmission(band, name) for band in scene.bands)
        for name in chosen
    }
    fits = [name for name in chosen if peak[name] * MIN_DIT_S < _FLUX_PEAK_ADU]
    name = fits[0] if fits else chosen[-1]
    if scene.flux_dit_s is not None:
        return name, scene.flux_dit_s
    usable = [dit for dit in _FLUX_DITS_S if peak[name] * dit < _FLUX_PEAK_ADU]
    return name, max(usable, default=MIN_DIT_S)


def science_span_s(scene: NightScene) -> float:
    """Tell how long the science frames take, with the gaps between the files.

    Parameters
    ----------
    scene : NightScene
        What to take.

    Returns
    -------
    float
        From the start of the first to the end of the last [s].
    """
    one = START_S + scene.n_dit * (DELAY_S + scene.dit_s + READ_S) + CLOSE_S
    return scene.n_files * one + (scene.n_files - 1) * scene.gap_s


def transit_mjd(scene: NightScene) -> float:
    """Tell when the star culminates.

    Parameters
    ----------
    scene : NightScene
        With date and hour.

    Returns
    -------
    float
        UTC [d].
    """
    hour = scene.transit_utc_h
    return _evening_mjd(scene) + (hour + 24.0 if hour < 12.0 else hour) / 24.0 - 0.5


def _evening_mjd(scene: NightScene) -> float:
    """Noon, UTC, with which the night begins."""
    try:
        day = datetime.fromisoformat(scene.date).replace(tzinfo=UTC)
    except ValueError as error:
        raise ConfigError("A date is written YYYY-MM-DD", found=scene.date) from error
    return 40587.0 + day.timestamp() / DAY_S + 0.5


def _on_sky(scene: NightScene) -> list[Shot]:
    """Center, flux, science, flux, center, sky, as a template of SPHERE takes them."""
    nd, flux_dit = flux_setup(scene)
    flux = Shot("flux", 0.0, scene.n_flux_dit, flux_dit, nd=nd)
    center = Shot("center", 0.0, scene.n_center_dit, scene.dit_s, waffle=True)
    centers = [] if scene.continuous_waffle or scene.mask == "N_NS_CLEAR" else [center]
    science = [
        Shot(
            "science",
            0.0,
            scene.n_dit,
            scene.dit_s,
            dither_px=_DITHERS[i % len(_DITHERS)] if scene.dither else (0, 0),
            waffle=scene.continuous_waffle,
        )
        for i in range(scene.n_files)
    ]
    start = transit_mjd(scene) - science_span_s(scene) / 2 / DAY_S
    taken = _one_after_another(science, start, pause_s=scene.gap_s)
    before = [flux, *centers]
    length = sum(shot.end_mjd - shot.start_mjd for shot in before)
    first = taken[0].start_mjd - length - 30.0 * len(before) / DAY_S
    after = [flux] if scene.flux_after else []
    after += centers if scene.center_after else []
    if scene.sky:
        after.append(Shot("sky", 0.0, scene.n_background_dit, scene.dit_s))
    return [
        *_one_after_another(before, first, pause_s=28.0),
        *taken,
        *_one_after_another(after, taken[-1].end_mjd + 60.0 / DAY_S, pause_s=40.0),
    ]


def _by_day(scene: NightScene, night: list[Shot]) -> list[Shot]:
    """Backgrounds and darks of each setup, lamp flats with theirs."""
    setups = sorted({(shot.dit_s, shot.nd) for shot in night if shot.kind != "sky"})
    flats = [Shot("flat", 0.0, scene.n_flat_dit, dit_s, lamp=True) for dit_s in scene.flat_dit_s]
    flat_backgrounds = [replace(shot, kind="background", lamp=False) for shot in flats]
    backgrounds = [
        Shot("background", 0.0, scene.n_background_dit, dit_s, nd=nd) for dit_s, nd in setups
    ]
    dits = sorted({dit_s for dit_s, _ in setups})
    darks = [Shot("dark", 0.0, scene.n_background_dit, dit_s) for dit_s in dits]
    blocks: list[tuple[str, list[Shot]]] = [
        ("background", backgrounds),
        ("dark", darks),
        ("flat", flats),
        ("flat", flat_backgrounds if "background" not in scene.omit else []),
    ]
    return [
        replace(shot, number=i + 1, n_shots=len(block))
        for kind, block in blocks
        if kind not in scene.omit
        for i, shot in enumerate(block)
    ]


def _one_after_another(shots: list[Shot], start_mjd: float, *, pause_s: float) -> list[Shot]:
    """Give shots their times; those of one template share its beginning."""
    taken: list[Shot] = []
    for shot in shots:
        start = round(start_mjd * DAY_S, 4) / DAY_S
        same = shot.number > 1 and taken
        template = taken[-1].template_mjd if same else start - 12.0 / DAY_S
        now = replace(shot, start_mjd=start, template_mjd=template)
        taken.append(now)
        start_mjd = now.end_mjd + pause_s / DAY_S
    return taken


def _numbered(shots: list[Shot]) -> list[Shot]:
    """Count the files on sky within their one template."""
    begin = shots[0].start_mjd - 40.0 / DAY_S
    return [
        replace(shot, number=i + 1, n_shots=len(shots), template_mjd=begin)
        for i, shot in enumerate(shots)
    ]
