"""How much the pixels of a detector scatter: noise against level."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.stats import chi2

from hcdc_kernel.arrays import FloatArray

MAD_TO_SIGMA = 1.4826  # of a normal distribution
_N_BINS = 20
_LEAST_IN_BIN = 30


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Variance of a pixel as a straight line over its level: read noise and photon noise.

    Attributes
    ----------
    read_variance : float
        Variance without light [adu^2].
    variance_per_adu : float
        How it grows with the level [adu^2 / adu]: the inverse of the gain; 0 if the levels are
        too much alike to tell.
    """

    read_variance: float
    variance_per_adu: float

    @property
    def read_noise_adu(self) -> float:
        """Noise of a plane without light.

        Returns
        -------
        float
            [adu].
        """
        return math.sqrt(self.read_variance)

    @property
    def gain_e_per_adu(self) -> float:
        """Electrons for a count.

        Returns
        -------
        float
            [e-/adu]; NaN if the levels are too much alike to tell.
        """
        return 1 / self.variance_per_adu if self.variance_per_adu > 0 else math.nan

    def variance_at(self, level: FloatArray) -> FloatArray:
        """Give the variance that a pixel of this level should have.

        Parameters
        ----------
        level : ndarray
            Counts of a plane [adu].

        Returns
        -------
        ndarray
            Of the same shape [adu^2], float32.
        """
        lit = np.maximum(np.asarray(level, dtype=np.float32), np.float32(0))
        lit *= np.float32(self.variance_per_adu)
        lit += np.float32(self.read_variance)
        return lit


def robust_spread(values: FloatArray) -> float:
    """Measure the scatter of values so that outliers do not count.

    Parameters
    ----------
    values : ndarray
        Any shape; NaN is left out.

    Returns
    -------
    float
        Standard deviation of a normal distribution with the same median absolute deviation;
        NaN without values.
    """
    known = values[np.isfinite(values)]
    if known.size == 0:
        return math.nan
    return MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known))))


def fit_noise(level: FloatArray, variance: FloatArray, degrees_of_freedom: int) -> NoiseModel:
    """Fit noise against level over many pixels (photon transfer).

    Parameters
    ----------
    level : ndarray, shape (n,)
        Level of each pixel [adu].
    variance : ndarray, shape (n,)
        Variance of each pixel over the planes [adu^2].
    degrees_of_freedom : int
        Of each variance: planes less one.

    Returns
    -------
    NoiseModel
        Medians in bins of equal numbers of pixels, so that bad pixels do not count.

    References
    ----------
    .. [1] Janesick 2007, Photon Transfer (SPIE Press).
    """
    known = np.isfinite(level) & np.isfinite(variance)
    level, variance = level[known].astype(float), variance[known].astype(float)
    if level.size == 0:
        return NoiseModel(0.0, 0.0)
    # The median of a variance from few planes lies below its mean.
    variance = variance * degrees_of_freedom / float(chi2.median(degrees_of_freedom))
    n_bins = max(1, min(_N_BINS, level.size // _LEAST_IN_BIN))
    bins = np.array_split(np.argsort(level), n_bins)
    levels = np.array([np.median(level[one]) for one in bins]).clip(min=0)
    variances = np.array([np.median(variance[one]) for one in bins])
    typical = float(np.median(variances))
    # The spread of levels must change the variance by more than the bins scatter by chance.
    if typical <= 0 or np.ptp(levels) < 3 * math.sqrt(typical):
        return NoiseModel(typical, 0.0)
    weights = 1 / np.maximum(variances, 1e-3 * typical)
    design = np.stack([np.ones(n_bins), levels], axis=1) * weights[:, None]
    (read, slope), _ = nnls(design, variances * weights)
    return NoiseModel(float(read), float(slope))
