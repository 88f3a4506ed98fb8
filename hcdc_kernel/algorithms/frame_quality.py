"""Which frames of a sequence are good enough to be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray
from hcdc_kernel.errors import DataError

# Frames that one is compared with, itself in their middle.
_NEIGHBORS = 15
# A flux that has changed by this share is a fault, however slowly it came; and by that, if it
# came from one frame to the next.
_FLUX_FAULT = 0.5
_FLUX_JUMP = 0.2


@dataclass(frozen=True, slots=True)
class FrameStatistics:
    """Figures of merit of each frame; NaN for frames without data.

    Attributes
    ----------
    flux : ndarray, shape (n_time,)
        Mean of the image in the ring of starlight [unit of the image].
    correlation : ndarray, shape (n_time,)
        Correlation of that ring with the median of all frames, -1 to 1.
    background : ndarray, shape (n_time,)
        Median of the image far from the star [unit of the image].
    """

    flux: FloatArray
    correlation: FloatArray
    background: FloatArray


def frame_statistics(cube: FloatArray, inner_px: float, outer_px: float) -> FrameStatistics:
    """Measure the frames of an aligned sequence; channels are averaged.

    Parameters
    ----------
    cube : ndarray, shape (n_wave, n_time, n_y, n_x)
        Images with the star at pixel ``(n_y // 2, n_x // 2)``.
    inner_px, outer_px : float
        Borders of the ring of starlight [px]; what lies beyond counts as background.

    Returns
    -------
    FrameStatistics
        One figure of each kind for each frame.

    Raises
    ------
    DataError
        If no frame has data in the ring.
    """
    n_wave, n_time, n_y, n_x = cube.shape
    rows, columns = np.indices((n_y, n_x))
    distance = np.hypot(columns - n_x // 2, rows - n_y // 2)
    ring = (distance >= inner_px) & (distance < outer_px)
    far = distance >= outer_px
    flux, correlation, background = (np.full((n_wave, n_time), np.nan) for _ in range(3))
    for wave in range(n_wave):
        starlight = cube[wave][:, ring].astype(float)
        usable = np.isfinite(starlight).mean(axis=1) > 0.5
        if not usable.any():
            continue
        flux[wave, usable] = np.nanmean(starlight[usable], axis=1)
        filled = np.where(np.isfinite(starlight), starlight, np.nan_to_num(flux[wave])[:, None])
        correlation[wave, usable] = _correlation(filled[usable])
        background[wave, usable] = [_median(cube[wave, i][far]) for i in np.flatnonzero(usable)]
    if not np.isfinite(flux).any():
        raise DataError(
            "No frame has data near the star",
            found=f"{n_time} frames without finite values",
            remedy="Check that the cube is not empty and that the star is on it",
        )
    return FrameStatistics(*(_mean(values) for values in (flux, correlation, background)))


def _mean(values: FloatArray) -> FloatArray:
    """Average the channels that have data; NaN where none has."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _median(pixels: FloatArray) -> float:
    """Median in double precision over what is finite; 0 where nothing is."""
    finite = pixels[np.isfinite(pixels)]
    if finite.size == 0:
        return 0.0
    # Sorting asks for no precision, so no copy in double precision is made.
    middle = [(finite.size - 1) // 2, finite.size // 2]
    return float(np.partition(finite, middle)[middle].mean(dtype=float))


def _correlation(frames: FloatArray) -> FloatArray:
    """Correlate each frame with the median of all."""
    median = np.median(frames, axis=0)
    a = frames - frames.mean(axis=1, keepdims=True)
    b = median - median.mean()
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum())
    return np.asarray(np.where(norm > 0, a @ b / np.where(norm > 0, norm, 1.0), 0.0))


@dataclass(frozen=True, slots=True)
class _Condition:
    """On which side, and from which relative deviation, a condition is a fault."""

    words: str
    sign: float
    least: float


# A condition that is steady scatters little: a small deviation is then many sigma, and no fault.
_CONDITIONS = {
    "strehl": _Condition("Strehl ratio of the adaptive optics", -1.0, 0.15),
    "seeing_arcsec": _Condition("seeing", 1.0, 0.5),
    "ao_seeing_arcsec": _Condition("seeing by the adaptive optics", 1.0, 0.5),
    "wfs_flux": _Condition("starlight on the wavefront sensor", -1.0, 0.3),
    "spot_flux": _Condition("brightness of the satellite spots", -1.0, 0.3),
}


def condition_deviations(
    conditions: Mapping[str, FloatArray], usable: BoolArray
) -> dict[str, FloatArray]:
    """Find frames taken in conditions far worse than those of the others.

    Parameters
    ----------
    conditions : mapping of str to ndarray, shape (n_time,)
        As in `Frames.conditions`; names that say nothing of the quality are passed over.
    usable : ndarray of bool, shape (n_time,)
        Frames to compare.

    Returns
    -------
    dict of str to ndarray, shape (n_time,)
        By what it is in words, the deviation from the median in units of the robust scatter; 0
        where the value is better, not known, or not different enough to matter.
    """
    deviations = {}
    for name, condition in _CONDITIONS.items():
        values = conditions.get(name)
        if values is None:
            continue
        known = usable & np.isfinite(values)
        if not known.any():
            continue
        middle = float(np.median(values[known]))
        deviation = _deviation(np.asarray(values), known)
        change = condition.sign * (np.where(known, values, middle) - middle)
        fault = change > condition.least * abs(middle)
        deviations[condition.words] = np.where(fault, deviation, 0.0)
    return deviations


def reject_frames(
    statistics: FrameStatistics,
    usable: BoolArray,
    n_sigma: float,
    largest_share: float,
    further: Mapping[str, FloatArray] | None = None,
) -> tuple[str, ...]:
    """Say which frames stand out, and why.

    Robust scatter (median absolute deviation) is used throughout, so that bad frames do not
    hide each other. If more than `largest_share` stand out, only the worst are rejected. What
    changes slowly, as seeing and aberrations do, is no fault: a frame must stand out from the
    frames before and after it too, unless its flux has changed by half.

    Parameters
    ----------
    statistics : FrameStatistics
        What was measured.
    usable : ndarray of bool, shape (n_time,)
        Frames to look at; the others are left alone.
    n_sigma : float
        Deviation from which a frame is rejected.
    largest_share : float
        Largest share of the frames that may be rejected for standing out, 0 to 1.
    further : mapping of str to ndarray, shape (n_time,), optional
        Further deviations by their name in words, such as `condition_deviations`.

    Returns
    -------
    tuple of str, length n_time
        Why each frame is rejected; empty for good frames.
    """
    empty = ~np.isfinite(statistics.flux)
    good = usable & ~empty
    deviations = {
        "flux": _flux_deviation(statistics.flux, good),
        # Only a low correlation is a fault.
        "correlation with the median frame": np.minimum(
            _sudden_deviation(
                np.arctanh(np.clip(statistics.correlation, -0.999999, 0.999999)), good
            ),
            0,
        ),
        "background": _sudden_deviation(statistics.background, good),
    }
    for name, values in (further or {}).items():
        deviations[name] = np.where(good, values, 0.0)
    stacked = np.array(list(deviations.values()))
    worst = np.abs(stacked).max(axis=0)
    limit = int(np.floor(largest_share * good.sum()))
    order = np.argsort(-np.where(good, worst, -1.0), kind="stable")[:limit]
    rejected = {int(i) for i in order if worst[i] > n_sigma}
    names = list(deviations)

    def reason(frame: int) -> str:
        if usable[frame] and empty[frame]:
            return "no data near the star"
        if frame not in rejected:
            return ""
        kind = int(np.argmax(np.abs(stacked[:, frame])))
        value = stacked[kind, frame]
        side = "below" if value < 0 else "above"
        return f"{names[kind]} {abs(value):.1f} sigma {side} the median"

    return tuple(reason(frame) for frame in range(usable.size))


def _deviation(values: FloatArray, good: BoolArray) -> FloatArray:
    """Deviation from the median in units of the robust scatter; 0 where not good."""
    if not good.any():
        return np.zeros(values.shape)
    middle = np.median(values[good])
    spread = 1.4826 * np.median(np.abs(values[good] - middle))
    # Equal frames have no scatter; then only rounding separates them.
    spread = max(float(spread), 1e-6 * max(abs(float(middle)), 1e-30))
    return np.asarray(np.where(good, (np.where(good, values, middle) - middle) / spread, 0.0))


def _sudden_deviation(values: FloatArray, good: BoolArray) -> FloatArray:
    """Deviation from the sequence or from the frames around, whichever is less."""
    deviation = _deviation(values, good)
    places, around = _frames_around(values, good)
    away = values[places] - np.median(values[places])
    # In the units of the deviation from the whole sequence; 0 if it is to the other side.
    share = np.divide(values[places] - around, away, out=np.zeros(places.size), where=away != 0)
    deviation[places] *= np.clip(share, 0.0, 1.0)
    return deviation


def _flux_deviation(flux: FloatArray, good: BoolArray) -> FloatArray:
    """Deviation of what comes suddenly, or is a fault however it comes."""
    deviation = _sudden_deviation(flux, good)
    places, around = _frames_around(flux, good)
    middle = np.abs(np.median(flux[places])) if places.size else 0.0
    whole = np.abs(flux[places] - middle) > _FLUX_FAULT * middle
    deviation[places[whole]] = _deviation(flux, good)[places[whole]]
    # On a slope the scatter of the whole sequence is wide: a jump is told by that around it.
    rest = np.zeros(flux.shape)
    rest[places] = flux[places] - around
    jump = np.abs(rest[places]) > _FLUX_JUMP * np.abs(around)
    local = _deviation(rest, good)[places]
    larger = jump & (np.abs(local) > np.abs(deviation[places]))
    deviation[places[larger]] = local[larger]
    return deviation


def _frames_around(values: FloatArray, good: BoolArray) -> tuple[IntArray, FloatArray]:
    """Places of the good frames, and the median of each with its neighbors in time."""
    places = np.flatnonzero(good)
    if places.size == 0:
        return places, np.empty(0)
    around = ndimage.median_filter(values[places], _NEIGHBORS, mode="nearest")
    return places, np.asarray(around)
