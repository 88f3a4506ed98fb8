"""The faintest companion that would have been found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate

from hcdc_kernel.algorithms.apertures import aperture_sums, ring_positions
from hcdc_kernel.algorithms.experiment import Experiment
from hcdc_kernel.algorithms.snr import n_apertures, snr_threshold
from hcdc_kernel.algorithms.throughput import InjectionTests, measure_throughput
from hcdc_kernel.arrays import BoolArray, FloatArray

_RING_STARTS = 6
_LEAST_APERTURES = 4
# Below this share of the flux, what is seen is not the companion.
_LEAST_THROUGHPUT = 0.005
# Limits are repeated until they change by less than this, natural logarithm.
_SETTLED_LOG = 0.1
_MOST_ROUNDS = 3
_ROUGH_TESTS = InjectionTests(n_azimuths=2, n_at_once=3)
_STANDARD_TESTS = InjectionTests()


@dataclass(frozen=True, slots=True)
class Limits:
    """Contrast limits by separation.

    Attributes
    ----------
    separation_px : ndarray, shape (n,)
        Distance from the star [px].
    contrast : ndarray, shape (n_wave, n)
        Flux ratio at the limit; NaN where it cannot be given.
    throughput : ndarray, shape (n_wave, n)
        Share of a companion's flux that survives.
    noise : ndarray, shape (n_wave, n)
        Scatter of the flux in circles of diameter FWHM [unit of the residual].
    """

    separation_px: FloatArray
    contrast: FloatArray
    throughput: FloatArray
    noise: FloatArray


def noise_profile(image: FloatArray, separation_px: FloatArray, fwhm: float) -> FloatArray:
    """Measure the scatter of the flux in circles around the star.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Residual without companions; NaN where there is no measurement or something to be
        left out.
    separation_px : ndarray, shape (n,)
        Distances from the star [px].
    fwhm : float
        Diameter of the circles [px].

    Returns
    -------
    ndarray, shape (n,)
        Standard deviation between circles side by side, mean square over several starting
        angles; NaN where fewer than four circles, or less than half of the ring, have data.
    """
    values = np.ascontiguousarray(image, dtype=float)
    center_xy = (image.shape[1] // 2, image.shape[0] // 2)

    def at(separation: float) -> float:
        step_deg = np.rad2deg(2 * np.arcsin(min(1.0, fwhm / 2 / max(separation, 1e-9))))
        variances = []
        for start in range(_RING_STARTS):
            angle_deg = start * step_deg / _RING_STARTS
            places = ring_positions(center_xy, separation, fwhm, angle_deg)
            sums = aperture_sums(values, places, fwhm / 2)
            sums = sums[np.isfinite(sums)]
            if sums.size >= max(_LEAST_APERTURES, len(places) / 2):
                variances.append(sums.var(ddof=1))
        return float(np.sqrt(np.mean(variances))) if variances else float("nan")

    return np.array([at(float(separation)) for separation in separation_px])


def measure_limits(
    experiment: Experiment,
    separation_px: FloatArray,
    *,
    n_sigma: float = 5.0,
    tests: InjectionTests = _STANDARD_TESTS,
    hidden: Sequence[FloatArray] = (),
) -> Limits:
    """Measure the contrast of the faintest companion that would be found.

    The limit is where a companion reaches the S/N that noise alone exceeds as seldom as
    Gaussian noise exceeds `n_sigma`, by Student's t distribution of the few resolution
    elements at that separation. Throughput is measured with companions at that very limit,
    found in a few rounds: the brighter a companion, the more the PSF model takes it for the
    star. Where no contrast is its own limit, however bright, none is given.

    Parameters
    ----------
    experiment : Experiment
        Sequence, known companions taken out, and reduction.
    separation_px : ndarray, shape (n,)
        Distances from the star, ascending [px].
    n_sigma : float
        Gaussian significance of the limit.
    tests : InjectionTests
        How throughput is measured.
    hidden : sequence of ndarray, shape (2,)
        Offsets from the star, x (west) then y (north), of places to leave out [px].

    Returns
    -------
    Limits
        Contrast, throughput and noise at `separation_px`.

    Notes
    -----
    As usual, noise is that of the residual without companions. The dark lobes that angular
    differential imaging makes beside a companion count as noise in its S/N map, however, so
    that close to the star, within about two FWHM, a companion at the limit stays below the
    threshold of a map that does not leave out its neighbors.

    Test companions are injected one at a time by default. Several at once, as other packages
    do, share the modes of the PSF model and lose flux to each other: on real data the
    throughput came out up to a fifth too low between 3 and 5 FWHM.

    References
    ----------
    .. [1] Mawet et al. 2014, ApJ, 792, 97.
    """
    residual = experiment.residual()
    masked = _without_places(residual, hidden, experiment.fwhm_px)
    noise = np.array(
        [
            noise_profile(image, separation_px, float(fwhm))
            for image, fwhm in zip(masked, experiment.fwhm_px, strict=True)
        ]
    )
    unit = np.array([_limit_factor(separation_px, float(f), n_sigma) for f in experiment.fwhm_px])
    unit = unit * noise / experiment.star_flux[:, None]
    nodes = _nodes(separation_px, float(experiment.fwhm_px.max()))
    limit = np.array([_filled(row)[nodes] for row in unit])
    tested = separation_px[nodes]
    share, settled = _share_at_limit(experiment, tested, limit, tests)
    smooth = np.array([_between(row, separation_px, nodes) for row in share])
    # Between a separation that has settled and one that has not, no limit is given.
    inside = np.array([np.interp(separation_px, tested, row) > 1 - 1e-9 for row in settled])
    usable = np.where(inside & (smooth > _LEAST_THROUGHPUT), smooth, np.nan)
    return Limits(separation_px, unit / usable, smooth, noise)


def _share_at_limit(
    experiment: Experiment,
    separation_px: FloatArray,
    unit: FloatArray,
    tests: InjectionTests,
) -> tuple[FloatArray, BoolArray]:
    """Measure throughput with companions that are, with this throughput, at the limit.

    `unit` is the limit without loss. Also tells where such a companion exists: where the model
    of the star takes the more of a companion the brighter it is, none may.
    """
    share = measure_throughput(experiment, separation_px, unit, _ROUGH_TESTS)
    trial = unit / _possible(share)
    share = measure_throughput(experiment, separation_px, trial, tests)
    for _ in range(_MOST_ROUNDS):
        off = (np.abs(np.log(trial * _possible(share) / unit)) > _SETTLED_LOG).any(axis=0)
        off &= (trial < 1).all(axis=0)
        if not off.any():
            break
        # Half of the way, lest a share that falls steeply with brightness throws it to and fro.
        trial[:, off] = np.sqrt(trial[:, off] * unit[:, off] / _possible(share[:, off]))
        share[:, off] = measure_throughput(experiment, separation_px[off], trial[:, off], tests)
    settled = np.abs(np.log(trial * _possible(share) / unit)) <= 2 * _SETTLED_LOG
    return share, settled & (trial < 1)


def _possible(share: FloatArray) -> FloatArray:
    """Keep a measured throughput within what one can divide by."""
    return np.clip(np.nan_to_num(share, nan=1.0), 1e-3, 1.0)


def _limit_factor(separation_px: FloatArray, fwhm: float, n_sigma: float) -> FloatArray:
    """Flux at the limit in units of the scatter between circles."""
    count = n_apertures(separation_px, fwhm)
    return snr_threshold(n_sigma, count) * np.sqrt(1 + 1 / np.maximum(count - 1, 1))


def _nodes(separation_px: FloatArray, fwhm: float) -> NDArray[np.int64]:
    """Choose separations to measure throughput at: dense close in, wider and wider far out."""
    chosen, last = [0], float(separation_px[0])
    for i, separation in enumerate(separation_px):
        apart = 0.4 if last < 3 * fwhm else max(0.75, 0.1 * last / fwhm)
        if separation - last >= apart * fwhm:
            chosen.append(i)
            last = float(separation)
    if chosen[-1] != len(separation_px) - 1:
        chosen.append(len(separation_px) - 1)
    return np.array(chosen)


def _filled(values: FloatArray) -> FloatArray:
    """Replace unknown values by the nearest known; 1 if none is."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size == 0:
        return np.ones(values.size)
    places = np.arange(values.size)
    return np.asarray(np.interp(places, known, values[known]))


def _between(
    values: FloatArray, separation_px: FloatArray, nodes: NDArray[np.int64]
) -> FloatArray:
    """Interpolate without overshoot between the separations that were measured."""
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.full(separation_px.size, values[known][0] if known.any() else np.nan)
    curve = interpolate.PchipInterpolator(separation_px[nodes][known], values[known])
    inside = np.clip(separation_px, *separation_px[nodes][known][[0, -1]])
    return np.asarray(curve(inside))


def _without_places(
    residual: FloatArray, hidden: Sequence[FloatArray], fwhm: FloatArray
) -> FloatArray:
    """Blank a circle of radius one FWHM around each place, in every channel."""
    n_y, n_x = residual.shape[1:]
    rows, columns = np.indices((n_y, n_x))
    masked = residual.astype(float)
    for offset in hidden:
        distance = np.hypot(columns - n_x // 2 - offset[0], rows - n_y // 2 - offset[1])
        for image, width in zip(masked, fwhm, strict=True):
            image[distance <= width] = np.nan
    return masked
