"""The weather, and what the adaptive optics make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.scene import NightScene
from hcdc_kernel.synthetic.irdis.schedule import DAY_S, Shot

Fault = Literal["", "open-loop", "jump", "cloud", "not-arrived"]
_FAULTS: tuple[Fault, ...] = ("open-loop", "jump", "cloud")
_STEP_S = 60.0
_SLOW_MINUTES = (2000.0, 120.0, 25.0, 5.0)  # lifetimes of the quasi-static aberrations
SLOW_NM = (28.0, 9.0, 6.5, 4.5)  # their rms [nm]
N_SCREENS = 3  # independent screens of each lifetime
_JITTER_MAS = 0.35
_DRIFT_MAS = 0.25


@dataclass(frozen=True, slots=True)
class FrameState:
    """What one frame sees.

    Attributes
    ----------
    seeing_arcsec, coherence_ms : float
        At 0.5 um on the line of sight.
    wind_deg : float
        Direction of the wind in the pupil, from +x to +y [deg].
    weights : ndarray, shape (n,)
        Of the screens of quasi-static aberrations [nm].
    offset_mas : tuple of float
        Of the star from the axis of the coronagraph, x and y on the detector [mas].
    transparency : float
        Share of the light that reaches the telescope.
    fault : str
        Why the frame is bad; empty if it is not.
    """

    seeing_arcsec: float
    coherence_ms: float
    wind_deg: float
    weights: FloatArray
    offset_mas: tuple[float, float]
    transparency: float
    fault: Fault = ""


class Weather:
    """Seeing, wind, transparency and aberrations that wander during a night.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
        Times of the tracks, a minute apart [d].
    seeing_arcsec, coherence_ms, wind_deg, transparency : ndarray, shape (n,)
        Tracks of the weather.
    """

    def __init__(self, scene: NightScene, begin_mjd: float, end_mjd: float) -> None:
        n = int((end_mjd - begin_mjd) * DAY_S / _STEP_S) + 3
        rng = np.random.default_rng([scene.seed, 11])
        self.mjd = begin_mjd + (np.arange(n) - 1) * _STEP_S / DAY_S
        self.seeing_arcsec = scene.seeing_arcsec * np.exp(0.1 * _wander(rng, n, 15.0))
        self.coherence_ms = (
            scene.coherence_ms
            * np.exp(0.15 * _wander(rng, n, 20.0))
            * (scene.seeing_arcsec / self.seeing_arcsec)
        )
        self.wind_deg = scene.wind_deg + 8.0 * _wander(rng, n, 60.0)
        self.transparency = np.minimum(1.0, 0.99 + 0.01 * _wander(rng, n, 30.0))
        self._weights = np.stack(
            [
                nm / np.sqrt(N_SCREENS) * _wander(rng, n, minutes)
                for nm, minutes in zip(SLOW_NM, _SLOW_MINUTES, strict=True)
                for _ in range(N_SCREENS)
            ]
        )
        self._drift = np.stack([_DRIFT_MAS * _wander(rng, n, 60.0) for _ in range(2)])

    def at(self, mjd: float, rng: np.random.Generator, fault: Fault = "") -> FrameState:
        """Look at one moment.

        Parameters
        ----------
        mjd : float
            Time, UTC [d].
        rng : Generator
            For what changes from frame to frame.
        fault : str
            What goes wrong, if anything.

        Returns
        -------
        FrameState
            What a frame sees.
        """
        jitter = _JITTER_MAS * rng.standard_normal(2)
        offset = [self._read(track, mjd) + float(jitter[i]) for i, track in enumerate(self._drift)]
        transparency = self._read(self.transparency, mjd)
        if fault == "jump":
            angle, distance = 2 * np.pi * rng.random(), 40.0 + 60.0 * rng.random()
            offset = [distance * float(np.cos(angle)), distance * float(np.sin(angle))]
        if fault == "cloud":
            transparency *= float(0.2 + 0.3 * rng.random())
        if fault == "not-arrived":
            transparency *= 0.02
        return FrameState(
            seeing_arcsec=self._read(self.seeing_arcsec, mjd),
            coherence_ms=self._read(self.coherence_ms, mjd),
            wind_deg=self._read(self.wind_deg, mjd),
            weights=np.array([self._read(track, mjd) for track in self._weights]),
            offset_mas=(offset[0], offset[1]),
            transparency=transparency,
            fault=fault,
        )

    def _read(self, track: FloatArray, mjd: float) -> float:
        """Read a track at a time."""
        return float(np.interp(mjd, self.mjd, track))


def draw_faults(scene: NightScene, shots: tuple[Shot, ...]) -> dict[tuple[int, int], Fault]:
    """Choose the science frames that go wrong, and how.

    Parameters
    ----------
    scene : NightScene
        Says how many.
    shots : tuple of Shot
        All files.

    Returns
    -------
    dict
        Fault by index of file and frame.
    """
    places = [
        (i, j) for i, shot in enumerate(shots) if shot.kind == "science" for j in range(shot.n_dit)
    ]
    rng = np.random.default_rng([scene.seed, 12])
    chosen = rng.permutation(len(places))[: scene.n_bad_frames]
    return {places[k]: _FAULTS[i % len(_FAULTS)] for i, k in enumerate(sorted(chosen))}


def _wander(rng: np.random.Generator, n: int, minutes: float) -> FloatArray:
    """Gaussian process of unit variance, correlated over some minutes, a value a minute."""
    kept = float(np.exp(-_STEP_S / 60.0 / minutes))
    fresh = rng.standard_normal(n)
    track = np.empty(n)
    track[0] = fresh[0]
    for i in range(1, n):
        track[i] = kept * track[i - 1] + np.sqrt(1.0 - kept**2) * fresh[i]
    return track
