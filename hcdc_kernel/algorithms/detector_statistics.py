"""Combine the planes of calibration exposures without holding them all."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms._plane_loops import (
    accumulate,
    close,
    low_mean,
    middle_and_spread,
    pool,
)
from hcdc_kernel.algorithms.detector_noise import (
    NoiseModel,
    fit_noise,
    robust_spread,
)
from hcdc_kernel.algorithms.row_blocks import for_row_blocks
from hcdc_kernel.arrays import FloatArray, IntArray, require_shape
from hcdc_kernel.errors import DataError

_N_GUESS = 9  # planes held in memory for the first robust guess
_N_SAMPLE = 60_000  # pixels that levels and noise are measured on


@dataclass(frozen=True, slots=True)
class CombinedPlanes:
    """Robust mean of many planes and how they scatter.

    Attributes
    ----------
    mean : ndarray, shape (n_y, n_x)
        Mean of what was not rejected [adu], float32; NaN where no plane has data.
    variance : ndarray, shape (n_y, n_x)
        Variance of the mean [adu^2], float32.
    scatter : ndarray, shape (n_y, n_x)
        Standard deviation of a single plane [adu], float32, without the drift that is common to
        all pixels; NaN where fewer than two values are left.
    n_used : ndarray of uint16, shape (n_y, n_x)
        Values that went into the mean.
    levels : ndarray, shape (n,)
        Typical level of each plane over the lit pixels [adu].
    noise : NoiseModel
        Noise of a single plane against level.
    """

    mean: FloatArray
    variance: FloatArray
    scatter: FloatArray
    n_used: IntArray
    levels: FloatArray
    noise: NoiseModel

    @property
    def n_planes(self) -> int:
        """How many planes there were.

        Returns
        -------
        int
            At least 1.
        """
        return len(self.levels)


def combine_planes(planes: Iterable[FloatArray], n_sigma: float = 5.0) -> CombinedPlanes:
    """Average planes pixel by pixel, leaving out cosmic rays and other outliers.

    A first guess is the median of the first planes; then each plane is taken once, and a value
    farther from the guess than `n_sigma` times the scatter of its pixel is left out. Levels may
    drift from plane to plane: the drift that is common to the lit pixels is neither noise nor a
    reason to reject.

    Parameters
    ----------
    planes : iterable of ndarray, shape (n_y, n_x)
        Planes one after another [adu]; only some 9 are held at a time. NaN is left out.
    n_sigma : float
        Limit of rejection, in units of the scatter.

    Returns
    -------
    CombinedPlanes
        Mean, its variance and the scatter of a plane.

    Raises
    ------
    DataError
        If there is no plane, or planes differ in shape.

    Notes
    -----
    The scatter of a pixel over few planes is itself badly known. The variance of the mean
    therefore joins it with the noise that pixels of the same level have, as if that were worth
    20 planes. Of two values that disagree the lower is believed, as cosmic rays add light; a
    single plane has the noise that neighboring pixels show.
    """
    coming = iter(planes)
    first = np.stack(list(_same_shape(itertools.islice(coming, _N_GUESS))))
    sum_of = _Sums.start(first)
    for plane in itertools.chain(first, _same_shape(coming, first.shape[1:])):
        sum_of.add(plane, n_sigma)
    return sum_of.result()


def _same_shape(
    planes: Iterable[FloatArray], shape: tuple[int, ...] | None = None
) -> Iterable[FloatArray]:
    """Hand planes on as float32, refusing one of another shape, or none at all."""
    expected = shape
    for plane in planes:
        expected = expected or plane.shape
        require_shape("plane", plane, expected if len(expected) == 2 else (-1, -1))
        yield np.ascontiguousarray(plane, dtype=np.float32)
    if expected is None:
        raise DataError("There is no plane to combine")


class _Sums:
    """Running sums of what differs from a first guess."""

    def __init__(self, guess: FloatArray, limit: FloatArray, shape: FloatArray) -> None:
        self.guess, self.limit, self.drift_shape = guess, limit, shape
        self.sample = _sample(shape)
        self.total = np.zeros(guess.shape)
        self.square = np.zeros(guess.shape)
        self.count = np.zeros(guess.shape, np.uint16)
        self.drifts: list[float] = []
        self.level = float(_middle(guess.reshape(-1)[self.sample]))

    @classmethod
    def start(cls, planes: FloatArray) -> _Sums:
        """Guess the level and scatter of each pixel from some planes."""
        n, n_y, n_x = planes.shape
        mean = planes[0].copy()
        for_row_blocks(n_y, lambda a, b: low_mean(planes[:, a:b], mean[a:b]))
        drift_shape = _drift_shape(mean, planes)
        sample = _sample(drift_shape)
        reference = mean.reshape(-1)[sample]
        drifts = np.array([_middle(p.reshape(-1)[sample] - reference) for p in planes])
        guess, scatter = np.empty((n_y, n_x), np.float32), np.empty((n_y, n_x), np.float32)
        for_row_blocks(
            n_y,
            lambda a, b: middle_and_spread(
                planes[:, a:b], drifts, drift_shape[a:b], guess[a:b], scatter[a:b]
            ),
        )
        expected = _first_noise(planes, guess, drifts, drift_shape).variance_at(guess)
        if n == 2:
            _believe_lower(planes, drifts, drift_shape, guess, expected)
        if n >= 3:
            np.maximum(expected, scatter**2, out=expected)
        return cls(guess, np.sqrt(expected), drift_shape)

    def add(self, plane: FloatArray, n_sigma: float) -> None:
        """Take one plane in."""
        difference = plane.reshape(-1)[self.sample] - self.guess.reshape(-1)[self.sample]
        drift = _middle(difference)
        self.drifts.append(drift)
        for_row_blocks(
            len(plane),
            lambda a, b: accumulate(
                plane[a:b],
                self.guess[a:b],
                self.limit[a:b],
                self.drift_shape[a:b],
                drift,
                n_sigma,
                self.total[a:b],
                self.square[a:b],
                self.count[a:b],
            ),
        )

    def result(self) -> CombinedPlanes:
        """Close the sums."""
        mean, variance = np.empty_like(self.guess), np.empty_like(self.guess)
        drift = float(np.mean(self.drifts))
        for_row_blocks(
            len(mean),
            lambda a, b: close(
                self.total[a:b], self.square[a:b], self.count[a:b], mean[a:b], variance[a:b]
            ),
        )
        mean += self.guess + np.float32(drift) * self.drift_shape
        noise = self._noise(mean, variance)
        of_mean = noise.variance_at(mean)
        for_row_blocks(len(mean), lambda a, b: pool(variance[a:b], self.count[a:b], of_mean[a:b]))
        return CombinedPlanes(
            mean=mean,
            variance=of_mean,
            scatter=np.sqrt(variance),
            n_used=self.count,
            levels=self.level + np.array(self.drifts),
            noise=noise,
        )

    def _noise(self, mean: FloatArray, variance: FloatArray) -> NoiseModel:
        """Fit noise against level; a single plane is compared with itself."""
        n = len(self.drifts)
        if n == 1:
            return NoiseModel(_spatial_variance(mean), 0.0)
        step = max(1, mean.size // _N_SAMPLE)
        return fit_noise(mean.reshape(-1)[::step], variance.reshape(-1)[::step], n - 1)


def _middle(values: FloatArray) -> float:
    """Median of what is known; 0 without values."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def _sample(drift_shape: FloatArray) -> IntArray:
    """Choose lit pixels all over the detector, as indices of the flattened image."""
    indices = np.arange(0, drift_shape.size, max(1, drift_shape.size // _N_SAMPLE))
    return np.asarray(indices[drift_shape.reshape(-1)[indices] >= 0.5])


def _drift_shape(mean: FloatArray, planes: FloatArray) -> FloatArray:
    """Say how a change of the common level shows in each pixel: as its own light does."""
    step = max(1, mean.size // _N_SAMPLE)
    values = mean.reshape(-1)[::step]
    typical = _middle(values[values >= 0.5 * _middle(values)])
    noise = robust_spread(planes[0].reshape(-1)[::step] - values)
    if not typical > max(10 * noise, 0):
        return np.ones(mean.shape, np.float32)
    return np.asarray(np.nan_to_num(mean / np.float32(typical)).clip(0, 2), dtype=np.float32)


def _first_noise(
    planes: FloatArray, guess: FloatArray, drifts: FloatArray, drift_shape: FloatArray
) -> NoiseModel:
    """Fit noise against level on a sample of pixels of the first planes."""
    if len(planes) == 1:
        return NoiseModel(_spatial_variance(planes[0]), 0.0)
    step = max(1, guess.size // _N_SAMPLE)
    values = planes.reshape(len(planes), -1)[:, ::step].astype(float)
    values -= drifts[:, None] * drift_shape.reshape(-1)[::step]
    known = np.isfinite(values).all(axis=0)
    variance = values[:, known].var(axis=0, ddof=1)
    return fit_noise(guess.reshape(-1)[::step][known], variance, len(planes) - 1)


def _spatial_variance(plane: FloatArray) -> float:
    """Noise that neighboring pixels of a single plane show; structure of the plane adds to it."""
    bend = plane[:, 1:-1] - 0.5 * (plane[:, :-2] + plane[:, 2:])
    spread = robust_spread(bend[:: max(1, plane.size // 1_000_000)])
    return spread**2 / 1.5 if np.isfinite(spread) else 0.0


def _believe_lower(
    planes: FloatArray,
    drifts: FloatArray,
    drift_shape: FloatArray,
    guess: FloatArray,
    variance: FloatArray,
) -> None:
    """Where two planes disagree, take the lower for the guess; in place."""
    one, other = (p - np.float32(d) * drift_shape for p, d in zip(planes, drifts, strict=True))
    disagree = np.abs(one - other) > 7 * np.sqrt(variance)
    guess[disagree] = np.minimum(one, other)[disagree]
