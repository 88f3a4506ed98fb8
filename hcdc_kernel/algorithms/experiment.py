"""Companions tried on a sequence, through its whole reduction."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Protocol

import numpy as np

from hcdc_kernel.algorithms.apertures import aperture_sums
from hcdc_kernel.algorithms.injection import companion_track, inject
from hcdc_kernel.arrays import FloatArray

ReduceArrays = Callable[[FloatArray], FloatArray]
"""A whole reduction: cube (n_wave, n_time, n_y, n_x) in, residual (n_wave, n_y, n_x) out."""

Transmit = Callable[[float], float]
"""Separation [px] in, share of a companion's light that passes the coronagraph out."""


def _pass_all(separation_px: float) -> float:
    """Let everything through: there is no coronagraph."""
    del separation_px
    return 1.0


# Around each companion, and each place that is watched, a residual is right within this [FWHM].
_NEAR_FWHM = 3.0


@dataclass(frozen=True, slots=True)
class Reduced:
    """A reduction to start from where only a part is done again.

    Attributes
    ----------
    frames : ndarray, shape (n_wave, n_time, n_y, n_x)
        Residual frames, not derotated; empty if they are not needed.
    residual : ndarray, shape (n_wave, n_y, n_x)
        Their combination, north up.
    """

    frames: FloatArray
    residual: FloatArray


class LocalReduction(Protocol):
    """A reduction that can be done again around a few places only."""

    def everywhere(self, cube: FloatArray) -> Reduced:
        """Reduce a cube (n_wave, n_time, n_y, n_x) as a whole."""

    def near(
        self, cube: FloatArray, base: Reduced, offsets_xy: Sequence[FloatArray], radius_px: float
    ) -> tuple[FloatArray, FloatArray]:
        """Reduce a changed cube around places, x (west) and y (north) of the star [px].

        Returns the residual (n_wave, n_y, n_x) with and without the change; both are that of
        `base` farther from the places than `radius_px`.
        """


class _Once:
    """A value that is made when it is first asked for, by one thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._value: Reduced | None = None

    def get(self, make: Callable[[], Reduced]) -> Reduced:
        """Give the value."""
        with self._lock:
            if self._value is None:
                self._value = make()
            return self._value


@dataclass(frozen=True, slots=True)
class PointSource:
    """A companion on the sky.

    Attributes
    ----------
    separation_px : float
        Distance from the star [px].
    position_angle_deg : float
        East of north [deg].
    contrast : ndarray, shape (n_wave,)
        Flux ratio to the star; negative to take it out.
    """

    separation_px: float
    position_angle_deg: float
    contrast: FloatArray

    @classmethod
    def at(cls, offset_xy: FloatArray, contrast: FloatArray) -> PointSource:
        """Place a companion by its offset from the star in a north-up image.

        Parameters
        ----------
        offset_xy : ndarray, shape (2,)
            Offset, x (west) then y (north) [px].
        contrast : ndarray, shape (n_wave,)
            Flux ratio to the star.

        Returns
        -------
        PointSource
            The companion.
        """
        angle = float(np.rad2deg(np.arctan2(-offset_xy[0], offset_xy[1]))) % 360
        return cls(float(np.hypot(*offset_xy)), angle, np.asarray(contrast, dtype=float))

    @property
    def offset_xy(self) -> FloatArray:
        """Offset from the star in a north-up image.

        Returns
        -------
        ndarray, shape (2,)
            x (west) then y (north) [px].
        """
        angle = np.deg2rad(self.position_angle_deg)
        return np.array([-np.sin(angle), np.cos(angle)]) * self.separation_px

    def times(self, factor: float) -> PointSource:
        """Make it brighter or fainter.

        Parameters
        ----------
        factor : float
            What to multiply the contrast with.

        Returns
        -------
        PointSource
            At the same place.
        """
        return replace(self, contrast=self.contrast * factor)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A sequence and its reduction, to try companions on.

    Attributes
    ----------
    cube : ndarray, shape (n_wave, n_time, n_y, n_x)
        Aligned frames, the star at pixel ``(n_y // 2, n_x // 2)``.
    derotation_deg : ndarray, shape (n_time,)
        Angle that brings north up, counter-clockwise with y up [deg].
    psf : ndarray, shape (n_wave, n_psf_y, n_psf_x)
        The star in the unit of the cube, on the middle pixel.
    fwhm_px : ndarray, shape (n_wave,)
        Resolution element of each channel [px].
    star_flux : ndarray, shape (n_wave,)
        Flux of the star within a circle of diameter FWHM.
    reduce : callable
        The reduction.
    mixes_channels : bool
        Whether the residual of a channel depends on other channels, as in SDI and ASDI.
    local : LocalReduction or None
        The same reduction, done again only around companions, if it can be.
    transmit : callable
        How the coronagraph dims a companion by its separation; not at all by default.
    """

    cube: FloatArray
    derotation_deg: FloatArray
    psf: FloatArray
    fwhm_px: FloatArray
    star_flux: FloatArray
    reduce: ReduceArrays
    mixes_channels: bool = False
    local: LocalReduction | None = None
    transmit: Transmit = _pass_all
    _base: _Once = field(default_factory=_Once, init=False, repr=False, compare=False)

    def adding(self, sources: Sequence[PointSource]) -> FloatArray:
        """Put companions into the raw frames, dimmed by the coronagraph.

        Parameters
        ----------
        sources : sequence of PointSource
            What to add.

        Returns
        -------
        ndarray, shape (n_wave, n_time, n_y, n_x)
            A new cube.
        """
        star_xy = np.array([self.cube.shape[3] // 2, self.cube.shape[2] // 2], dtype=float)
        cube = self.cube
        for source in sources:
            track = companion_track(
                source.separation_px, source.position_angle_deg, self.derotation_deg, star_xy
            )
            seen = source.contrast * self.transmit(source.separation_px)
            cube = inject(cube, self.psf, track, seen)
        return cube

    def without(self, sources: Sequence[PointSource]) -> Experiment:
        """Take companions out of the raw frames for good.

        Parameters
        ----------
        sources : sequence of PointSource
            What to take out.

        Returns
        -------
        Experiment
            The same reduction of the cleaned sequence.
        """
        return replace(self, cube=self.adding([source.times(-1) for source in sources]))

    def residual(
        self, added: Sequence[PointSource] = (), watched_xy: Sequence[FloatArray] = ()
    ) -> FloatArray:
        """Reduce the sequence, with companions added if wanted.

        Parameters
        ----------
        added : sequence of PointSource
            What to add first.
        watched_xy : sequence of ndarray, shape (2,)
            Offsets of further places that the residual is wanted at [px].

        Returns
        -------
        ndarray, shape (n_wave, n_y, n_x)
            The residual, north up. Where the reduction is local, farther than three FWHM from
            all companions and watched places it is that without companions.
        """
        return self._reduced(added, watched_xy, _NEAR_FWHM)[0]

    def response(
        self, added: Sequence[PointSource], *, near_fwhm: float = _NEAR_FWHM
    ) -> FloatArray:
        """Tell what companions add to the residual.

        Parameters
        ----------
        added : sequence of PointSource
            What to add.
        near_fwhm : float
            How far from the companions it is wanted at least [FWHM].

        Returns
        -------
        ndarray, shape (n_wave, n_y, n_x)
            Residual with them minus residual without.
        """
        after, before = self._reduced(added, (), near_fwhm)
        return after - before

    def residuals(
        self, trials: Iterable[Sequence[PointSource]], watched_xy: Sequence[FloatArray] = ()
    ) -> Iterator[FloatArray]:
        """Reduce the sequence once for each set of companions, on all processors at hand.

        Parameters
        ----------
        trials : iterable of sequence of PointSource
            What to add each time.
        watched_xy : sequence of ndarray, shape (2,)
            Offsets of further places that the residuals are wanted at [px].

        Yields
        ------
        ndarray, shape (n_wave, n_y, n_x)
            The residuals, in the order of `trials`.
        """
        yield from _side_by_side(lambda added: self.residual(added, watched_xy), trials)

    def responses(
        self, trials: Iterable[Sequence[PointSource]], *, near_fwhm: float = _NEAR_FWHM
    ) -> Iterator[FloatArray]:
        """Tell what each set of companions adds to the residual, on all processors at hand.

        Parameters
        ----------
        trials : iterable of sequence of PointSource
            What to add each time.
        near_fwhm : float
            How far from the companions it is wanted at least [FWHM].

        Yields
        ------
        ndarray, shape (n_wave, n_y, n_x)
            See `response`, in the order of `trials`.
        """
        yield from _side_by_side(lambda added: self.response(added, near_fwhm=near_fwhm), trials)

    def _reduced(
        self,
        added: Sequence[PointSource],
        watched_xy: Sequence[FloatArray],
        near_fwhm: float,
    ) -> tuple[FloatArray, FloatArray]:
        """Reduce with and without companions."""
        base = self._base.get(self._reduce_whole)
        if not added:
            return base.residual, base.residual
        cube = self.adding(added)
        if self.local is None:
            return np.asarray(self.reduce(cube)), base.residual
        places = [*(source.offset_xy for source in added), *watched_xy]
        radius = near_fwhm * float(self.fwhm_px.max())
        return self.local.near(cube, base, places, radius)

    def _reduce_whole(self) -> Reduced:
        """Reduce the sequence as it is."""
        if self.local is not None:
            return self.local.everywhere(self.cube)
        return Reduced(np.empty(0), np.asarray(self.reduce(self.cube)))

    def contrast_at(self, residual: FloatArray, offset_xy: FloatArray) -> FloatArray:
        """Compare the flux at one place of a residual with the star's.

        Parameters
        ----------
        residual : ndarray, shape (n_wave, n_y, n_x)
            North-up residual.
        offset_xy : ndarray, shape (2,)
            Place, x (west) then y (north) of the star [px].

        Returns
        -------
        ndarray, shape (n_wave,)
            Flux within a circle of diameter FWHM over that of the star; not corrected for
            throughput or coronagraph; NaN without data.
        """
        n_y, n_x = residual.shape[1:]
        place = np.add(offset_xy, (n_x // 2, n_y // 2))[None].astype(float)
        sums = [
            aperture_sums(image.astype(float), place, fwhm / 2)[0]
            for image, fwhm in zip(residual, self.fwhm_px, strict=True)
        ]
        return np.asarray(np.array(sums) / self.star_flux)


def _side_by_side(
    work: Callable[[Sequence[PointSource]], FloatArray], trials: Iterable[Sequence[PointSource]]
) -> Iterator[FloatArray]:
    """Work on trials in threads: what takes time lets go of Python's lock."""
    with ThreadPoolExecutor(_n_processors()) as pool:
        yield from pool.map(work, trials)


def _n_processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
