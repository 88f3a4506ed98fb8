"""Lamp exposures of several levels, combined and without background."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms.detector_statistics import CombinedPlanes, combine_planes
from hcdc_kernel.arrays import BoolArray, FloatArray
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.raw.same_setup import SAME_DIT_S, by_dit, planes_of


@dataclass(frozen=True, slots=True)
class LampSeries:
    """Lamp exposures, one image a file.

    Attributes
    ----------
    images : ndarray, shape (n, n_y, n_x)
        Mean of the frames of each file, background subtracted [adu], float32.
    variances : ndarray, shape (n, n_y, n_x)
        Variance of `images` [adu^2], float32.
    dit_s : ndarray, shape (n,)
        Exposure time of each [s].
    has_background : ndarray of bool, shape (n,)
        Whether a background of the very exposure time was subtracted.
    drift : float
        Largest change of the lamp within a file, as part of its level; NaN if each file holds
        one frame.
    gain_e_per_adu : float
        Electrons for a count, from noise against level; NaN if it cannot be told.
    """

    images: FloatArray
    variances: FloatArray
    dit_s: FloatArray
    has_background: BoolArray
    drift: float
    gain_e_per_adu: float


def combine_lamp_series(
    flats: Sequence[Exposure],
    backgrounds: Sequence[Exposure],
    n_sigma: float,
    seen: Callable[[], None] = lambda: None,
) -> LampSeries:
    """Average each lamp exposure and subtract the background of its exposure time.

    Parameters
    ----------
    flats : sequence of Exposure
        Lamp exposures of one filter.
    backgrounds : sequence of Exposure
        The same without lamp; may be empty. Where there is none of the same exposure time, the
        nearest is scaled: dark current and thermal light grow in proportion.
    n_sigma : float
        Limit of rejection within a file.
    seen : callable
        Called after each image that was read.

    Returns
    -------
    LampSeries
        One image for each lamp exposure.

    Raises
    ------
    DataError
        If images differ in shape.
    FileFormatError
        If a file cannot be read.
    """
    combined = [combine_planes(planes_of([flat], seen), n_sigma) for flat in flats]
    shapes = {one.mean.shape for one in combined}
    if len(shapes) != 1:
        raise DataError("Lamp exposures must have one shape", found=str(sorted(shapes)))
    images = np.stack([one.mean for one in combined])
    variances = np.stack([one.variance for one in combined])
    dit_s = np.array([flat.dit_s for flat in flats])
    has_background = _subtract(images, variances, dit_s, backgrounds, n_sigma, seen)
    return LampSeries(images, variances, dit_s, has_background, _drift(combined), _gain(combined))


def _subtract(
    images: FloatArray,
    variances: FloatArray,
    dit_s: FloatArray,
    backgrounds: Sequence[Exposure],
    n_sigma: float,
    seen: Callable[[], None],
) -> BoolArray:
    """Subtract from each image the background nearest in exposure time, in place."""
    groups = by_dit(one for one in backgrounds if one.n_planes > 0 and one.dit_s > 0)
    nearest = [_nearest(dit, tuple(groups)) for dit in dit_s]
    has_background = np.zeros(len(dit_s), dtype=bool)
    for background_dit, group in groups.items():
        served = [i for i, one in enumerate(nearest) if one == background_dit]
        if not served:
            continue
        background = combine_planes(planes_of(group, seen), n_sigma)
        if background.mean.shape != images.shape[1:]:
            raise DataError(
                "Lamp exposures and their backgrounds must have one shape",
                found=f"{images.shape[1:]} and {background.mean.shape}",
            )
        for i in served:
            same = abs(dit_s[i] - background_dit) < SAME_DIT_S
            scale = 1.0 if same else dit_s[i] / background_dit
            has_background[i] = same
            images[i] -= np.float32(scale) * background.mean
            variances[i] += np.float32(scale**2) * background.variance
    return has_background


def _nearest(wanted_s: float, given_s: Sequence[float]) -> float | None:
    """Choose the exposure time that differs by the least factor; None if there is none."""
    if not wanted_s > 0 or not given_s:
        return None
    return min(given_s, key=lambda one_s: abs(math.log(one_s / wanted_s)))


def _drift(combined: Sequence[CombinedPlanes]) -> float:
    """Largest change of the level within a file, over the level."""
    several = [one.levels for one in combined if one.n_planes > 1]
    changes = [float(np.ptp(levels) / abs(np.mean(levels))) for levels in several if levels.any()]
    return max(changes, default=math.nan)


def _gain(combined: Sequence[CombinedPlanes]) -> float:
    """Median of the gains that the files tell."""
    gains = np.array([one.noise.gain_e_per_adu for one in combined if one.n_planes > 1])
    known = gains[np.isfinite(gains)]
    return float(np.median(known)) if known.size else math.nan
