"""Place and flux of a companion, by taking it out of the raw frames again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hcdc_kernel.algorithms.experiment import Experiment, PointSource
from hcdc_kernel.arrays import FloatArray

_STEP_PX = 0.3
_STEP_FLUX = 0.1
_MOST_ITERATIONS = 8
_FULL_JACOBIAN_MOVE_PX = 0.15
_CONVERGED_PX = 0.01
_CONVERGED_FLUX = 0.003


@dataclass(frozen=True, slots=True)
class CompanionFit:
    """A measured companion.

    Attributes
    ----------
    source : PointSource
        Place and contrast.
    separation_error_px : float
        1-sigma error along the radius [px].
    tangential_error_px : float
        1-sigma error across it [px].
    contrast_error : ndarray, shape (n_wave,)
        1-sigma error of the contrast.
    n_reductions : int
        What it cost.
    converged : bool
        Whether the fit came to rest.
    """

    source: PointSource
    separation_error_px: float
    tangential_error_px: float
    contrast_error: FloatArray
    n_reductions: int
    converged: bool


def first_guess(experiment: Experiment, offset_xy: FloatArray) -> PointSource:
    """Guess the contrast of a detected companion.

    The flux left in the residual is divided by the throughput of a test companion on the
    other side of the star.

    Parameters
    ----------
    experiment : Experiment
        Sequence and reduction.
    offset_xy : ndarray, shape (2,)
        Where it was detected, x (west) then y (north) of the star [px].

    Returns
    -------
    PointSource
        The companion, contrasts positive.
    """
    residual = experiment.residual()
    seen = experiment.contrast_at(residual, offset_xy)
    seen = np.nan_to_num(seen)
    faintest = 0.3 * float(np.abs(seen).max()) + 1e-12
    test = PointSource.at(-offset_xy, 3 * np.maximum(seen, faintest))
    response = experiment.response([test])
    throughput = experiment.contrast_at(response, -offset_xy) / test.contrast
    survives = np.clip(np.nan_to_num(throughput, nan=1.0), 0.03, 1.2)
    contrast = seen / survives
    # A channel that shows nothing starts with the contrast of the others.
    start = np.maximum(contrast, 0.3 * contrast.max()) + 1e-12
    if experiment.mixes_channels:
        start = np.full(start.shape, np.median(start))
    return PointSource.at(offset_xy, start)


class _Window:
    """The pixels around a place, in all channels, weighted by the noise."""

    def __init__(self, experiment: Experiment, offset_xy: FloatArray, radius_fwhm: float) -> None:
        n_y, n_x = experiment.cube.shape[2:]
        rows, columns = np.indices((n_y, n_x))
        dx, dy = columns - n_x // 2 - offset_xy[0], rows - n_y // 2 - offset_xy[1]
        square = dx**2 + dy**2
        self.masks = [square <= (radius_fwhm * fwhm) ** 2 for fwhm in experiment.fwhm_px]
        self.sizes = [int(mask.sum()) for mask in self.masks]
        # One channel must not outweigh the others by its unit: scale to the star.
        self.weights = 1.0 / experiment.star_flux
        self.offset_xy = offset_xy
        self.mixes_channels = experiment.mixes_channels

    def read(self, residual: FloatArray) -> FloatArray:
        """Take the pixels of a residual as one vector; missing ones count as zero."""
        parts = [
            np.nan_to_num(image[mask]) * weight
            for image, mask, weight in zip(residual, self.masks, self.weights, strict=True)
        ]
        return np.concatenate(parts).astype(float)

    def flux_columns(self, response: FloatArray, steps: FloatArray) -> list[FloatArray]:
        """Split a response to a companion brighter in all channels into one column each.

        Where channels are subtracted from each other there is but one column.
        """
        if self.mixes_channels:
            return [response / steps[0]]
        columns: list[FloatArray] = []
        start = 0
        for size, step in zip(self.sizes, steps, strict=True):
            column = np.zeros(response.size)
            column[start : start + size] = response[start : start + size] / step
            columns.append(column)
            start += size
        return columns


def fit_companion(
    experiment: Experiment, start: PointSource, *, radius_fwhm: float = 1.5
) -> tuple[PointSource, int, bool]:
    """Find place and contrast at which a negative companion leaves nothing.

    Damped Gauss-Newton on the pixels of the residual around the detection; every trial goes
    through the whole reduction, so self-subtraction and over-subtraction need no model. The
    position is common to all channels, and so is the contrast where the reduction subtracts
    channels from each other: what is taken from one is missing in the next.

    Parameters
    ----------
    experiment : Experiment
        Sequence and reduction.
    start : PointSource
        First guess.
    radius_fwhm : float
        Radius of the circle of pixels to be emptied [FWHM].

    Returns
    -------
    source : PointSource
        The companion.
    n_reductions : int
        Reductions it took.
    converged : bool
        Whether the last step was small.

    References
    ----------
    .. [1] Lagrange et al. 2010, Science, 329, 57.
    .. [2] Marois et al. 2010, SPIE, 7736, 77361J.
    """
    trial = _Trial(experiment, _Window(experiment, start.offset_xy, radius_fwhm))
    source, misfit = start, trial.misfit(start)
    jacobian, is_fresh = trial.jacobian(source, misfit), True
    for _ in range(_MOST_ITERATIONS):
        step = -np.linalg.lstsq(jacobian, misfit, rcond=None)[0]
        new, new_misfit = trial.descend(source, misfit, step)
        moved, change = _difference(source, new)
        is_stuck = new is source
        source, misfit = new, new_misfit
        if moved < _CONVERGED_PX and change < _CONVERGED_FLUX and (is_fresh or not is_stuck):
            return source, trial.count, not is_stuck or _is_small(source, step)
        is_fresh = is_stuck or moved > _FULL_JACOBIAN_MOVE_PX or change > _STEP_FLUX
        if is_fresh:
            jacobian = trial.jacobian(source, misfit)
    return source, trial.count, False


def _flux_steps(source: PointSource) -> FloatArray:
    """Contrast steps for finite differences, never zero (n_wave,)."""
    size = np.abs(source.contrast)
    return np.asarray(_STEP_FLUX * np.maximum(size, 0.3 * size.max()))


def _difference(before: PointSource, after: PointSource) -> tuple[float, float]:
    """Distance of two companions [px] and their largest relative difference of contrast."""
    moved = float(np.hypot(*(after.offset_xy - before.offset_xy)))
    change = np.abs(after.contrast - before.contrast) / _flux_steps(before) * _STEP_FLUX
    return moved, float(change.max())


def _is_small(source: PointSource, step: FloatArray) -> bool:
    """Tell whether a step that could not be taken would have changed little."""
    change = float(np.max(np.abs(step[2:]) / _flux_steps(source) * _STEP_FLUX))
    return float(np.hypot(step[0], step[1])) < 10 * _CONVERGED_PX and change < 10 * _CONVERGED_FLUX


class _Trial:
    """Negative companions tried so far."""

    def __init__(self, experiment: Experiment, window: _Window) -> None:
        self.experiment, self.window, self.count = experiment, window, 0

    def misfit(self, source: PointSource) -> FloatArray:
        """Reduce with the companion taken out and read what is left."""
        self.count += 1
        left = self.experiment.residual([source.times(-1)], [self.window.offset_xy])
        return self.window.read(left)

    def jacobian(self, source: PointSource, misfit: FloatArray) -> FloatArray:
        """Finite differences in x, y and the contrast of each channel."""
        steps = _flux_steps(source)
        tried = [
            PointSource.at(source.offset_xy + shift, source.contrast)
            for shift in np.eye(2) * _STEP_PX
        ]
        tried.append(replace(source, contrast=source.contrast + steps))
        self.count += len(tried)
        trials = ([trial.times(-1)] for trial in tried)
        left = self.experiment.residuals(trials, [self.window.offset_xy])
        right, up, brighter = (self.window.read(residual) - misfit for residual in left)
        columns: list[FloatArray] = [right / _STEP_PX, up / _STEP_PX]
        columns += self.window.flux_columns(brighter, steps)
        return np.column_stack(columns)

    def descend(
        self, source: PointSource, misfit: FloatArray, step: FloatArray
    ) -> tuple[PointSource, FloatArray]:
        """Go along a step, halved as often as needed; stay if nothing helps."""
        length = float(np.hypot(step[0], step[1]))
        most = 20 * _flux_steps(source)
        step = np.concatenate(
            [step[:2] * min(1.0, 1.5 / max(length, 1e-9)), np.clip(step[2:], -most, most)]
        )
        for _ in range(4):
            new = PointSource.at(source.offset_xy + step[:2], source.contrast + step[2:])
            left = self.misfit(new)
            if (left**2).sum() <= (misfit**2).sum() * (1 + 1e-6):
                return new, left
            step = step / 2
        return source, misfit


def measure_companion(
    experiment: Experiment,
    start: PointSource,
    *,
    radius_fwhm: float = 1.5,
    n_azimuths: int = 12,
    avoid_xy: Sequence[FloatArray] = (),
) -> CompanionFit:
    """Fit a companion and find its errors from the speckles at the same separation.

    Parameters
    ----------
    experiment : Experiment
        Sequence and reduction.
    start : PointSource
        First guess.
    radius_fwhm : float
        Radius of the circle of pixels to be emptied [FWHM].
    n_azimuths : int
        Number of places around the star, its own included, to try the companion at.
    avoid_xy : sequence of ndarray, shape (2,)
        Offsets of other sources, not to be mistaken for noise [px].

    Returns
    -------
    CompanionFit
        The companion with its errors; NaN errors if fewer than three places are free.

    Notes
    -----
    The fitted companion is taken out of the frames. Put back at other position angles, a fit
    would err by what the noise there pretends; to first order that is the noise, projected on
    the change of the residual with place and flux of a companion *there*, which is measured
    by injection through the same reduction. The errors are the root mean square over the
    places, so a bias common to all is part of them.
    """
    source, n_fit, converged = fit_companion(experiment, start, radius_fwhm=radius_fwhm)
    empty = experiment.without([source])
    places = _free_places(source, n_azimuths, avoid_xy, float(experiment.fwhm_px.max()))
    errors, n_errors = _errors_at(empty, source, places, radius_fwhm)
    rms = np.sqrt((errors**2).mean(axis=0)) if len(errors) >= 3 else np.full(3, np.nan)
    # One error for all channels where they share one contrast.
    contrast_error = np.broadcast_to(rms[2:], source.contrast.shape).copy()
    return CompanionFit(
        source, float(rms[0]), float(rms[1]), contrast_error, n_fit + n_errors, converged
    )


def _free_places(
    source: PointSource, n_azimuths: int, avoid_xy: Sequence[FloatArray], fwhm: float
) -> list[PointSource]:
    """Copy a companion around the star, away from itself and from others."""
    turns = np.arange(1, n_azimuths) * 360.0 / n_azimuths
    copies = [
        replace(source, position_angle_deg=(source.position_angle_deg + turn) % 360)
        for turn in turns
    ]
    taken = [source.offset_xy, *avoid_xy]
    return [
        copy
        for copy in copies
        if all(np.hypot(*(copy.offset_xy - other)) > 2 * fwhm for other in taken)
    ]


def _errors_at(
    empty: Experiment, source: PointSource, places: list[PointSource], radius_fwhm: float
) -> tuple[FloatArray, int]:
    """Radial, tangential [px] and contrast errors that the noise at each place makes."""
    steps = _flux_steps(source)
    n_groups = max(1, -(-len(places) // 3))
    groups = [places[start::n_groups] for start in range(n_groups)]
    trials: list[list[PointSource]] = []
    for group in groups:
        trials += [_moves(group, across=0.0), _moves(group, across=1.0)]
        trials.append([replace(place, contrast=steps) for place in group])
    noise, changed = empty.residual(), list(empty.responses(trials))
    errors = []
    for number, group in enumerate(groups):
        responses = changed[3 * number : 3 * number + 3]
        for place in group:
            window = _Window(empty, place.offset_xy, radius_fwhm)
            outwards, across, brighter = (window.read(response) for response in responses)
            columns = [outwards / _STEP_PX, across / _STEP_PX]
            columns += window.flux_columns(brighter, steps)
            jacobian = np.column_stack(columns)
            errors.append(np.linalg.lstsq(jacobian, window.read(noise), rcond=None)[0])
    return np.array(errors), len(trials) + 1


def _moves(group: list[PointSource], across: float) -> list[PointSource]:
    """Say what to inject for a small move outwards (0) or across the radius (1)."""
    changes = []
    for place in group:
        outwards = place.offset_xy / place.separation_px
        way = outwards if across == 0 else np.array([-outwards[1], outwards[0]])
        moved = PointSource.at(place.offset_xy + _STEP_PX * way, place.contrast)
        changes += [moved, place.times(-1)]
    return changes
