"""The share of a companion's flux that survives the reduction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms.experiment import Experiment, PointSource
from hcdc_kernel.arrays import FloatArray

_APART_FWHM = 4.0
# The flux of a test companion is read within half a FWHM.
_SEEN_FWHM = 1.0


def _say_nothing(done: float) -> None:
    """Ignore progress."""
    del done


@dataclass(frozen=True, slots=True)
class InjectionTests:
    """How test companions are injected.

    Attributes
    ----------
    n_azimuths : int
        Position angles to be tested at each separation.
    n_at_once : int
        Most companions in one reduction. One is exact; several share the modes of the PSF
        model and take up to a sixth of each other's flux.
    progress : callable
        Told the share of the work that is done, 0 to 1.
    """

    n_azimuths: int = 4
    n_at_once: int = 1
    progress: Callable[[float], None] = _say_nothing


def injection_patterns(
    separation_px: FloatArray, fwhm: float, tests: InjectionTests
) -> list[list[tuple[int, float]]]:
    """Plan which test companions are injected together.

    Parameters
    ----------
    separation_px : ndarray, shape (n,)
        Distances from the star to be tested [px].
    fwhm : float
        Resolution element [px].
    tests : InjectionTests
        How many, and how many at once.

    Returns
    -------
    list of list of (int, float)
        For each reduction, the separations, by index, and position angles [deg]. Within one,
        each separation occurs once, and all are at least four FWHM apart, of each other and
        along the radius two.
    """
    patterns: list[list[tuple[int, float]]] = []
    # The golden angle from ring to ring: no direction is preferred.
    wanted = [
        (index, (index * 137.508 + turn * 360 / tests.n_azimuths) % 360)
        for turn in range(tests.n_azimuths)
        for index in range(len(separation_px))
    ]

    def fits(pattern: list[tuple[int, float]], index: int, angle_deg: float) -> bool:
        here = PointSource(float(separation_px[index]), angle_deg, np.ones(1)).offset_xy
        others = [PointSource(float(separation_px[i]), a, np.ones(1)) for i, a in pattern]
        return len(pattern) < tests.n_at_once and all(
            np.hypot(*(here - other.offset_xy)) >= _APART_FWHM * fwhm
            and abs(other.separation_px - separation_px[index]) >= _APART_FWHM / 2 * fwhm
            for other in others
        )

    for index, angle_deg in wanted:
        for pattern in patterns:
            if fits(pattern, index, angle_deg):
                pattern.append((index, angle_deg))
                break
        else:
            patterns.append([(index, angle_deg)])
    return patterns


def measure_throughput(
    experiment: Experiment,
    separation_px: FloatArray,
    contrast: FloatArray,
    tests: InjectionTests,
) -> FloatArray:
    """Measure which share of a companion's flux survives the reduction.

    Parameters
    ----------
    experiment : Experiment
        Sequence, free of companions, and reduction.
    separation_px : ndarray, shape (n,)
        Distances from the star [px].
    contrast : ndarray, shape (n_wave, n)
        Contrast of the test companions: of the order of the detection limit, as the share
        depends on brightness.
    tests : InjectionTests
        How many, and how many at once.

    Returns
    -------
    ndarray, shape (n_wave, n)
        The share, mean over position angles; NaN where there is no data.
    """
    shares: list[list[FloatArray]] = [[] for _ in separation_px]
    fwhm = float(experiment.fwhm_px.max())
    patterns = injection_patterns(separation_px, fwhm, tests)
    trials = [
        [
            PointSource(float(separation_px[i]), angle_deg, contrast[:, i])
            for i, angle_deg in pattern
        ]
        for pattern in patterns
    ]
    for done, (response, pattern, sources) in enumerate(
        zip(experiment.responses(trials, near_fwhm=_SEEN_FWHM), patterns, trials, strict=True)
    ):
        for (i, _), source in zip(pattern, sources, strict=True):
            seen = experiment.contrast_at(response, source.offset_xy)
            shares[i].append(seen / source.contrast)
        tests.progress((done + 1) / len(patterns))
    return np.array([_mean_known(np.array(values)) for values in shares]).T


def _mean_known(values: FloatArray) -> FloatArray:
    """Average over the first axis what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
