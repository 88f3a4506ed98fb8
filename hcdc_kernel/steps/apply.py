"""Run steps one after another on named data, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hcdc_kernel.datamodel import Cube, Data, History, Psf, Residual
from hcdc_kernel.steps.base import (
    Progress,
    Step,
    StepConfig,
    load_step,
    make_config,
    no_progress,
    record,
)

Reduce = Callable[[Cube], Residual]
"""A whole PSF subtraction: an aligned cube in, a residual north up out."""

# The steps between an aligned cube and its residual: what an injected companion goes through.
_REDUCTION_STEPS = ("subtract-psf", "combine-frames")


def apply_step(
    step: Step,
    config: StepConfig,
    data: Mapping[str, Data],
    *,
    keys: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Data]:
    """Run one step and append its record to the history of what it returns.

    Parameters
    ----------
    step : Step
        The step.
    config : StepConfig
        Its settings.
    data : mapping of str to data object
        Everything there is; the step is given only what it asks for.
    keys : mapping of str to str, optional
        Content keys of the data, if they are kept.
    progress : callable
        Told how far the work is.

    Returns
    -------
    dict of str to data object
        The outputs of the step.
    """
    wanted = [name for name in (*step.inputs, *step.optional_inputs) if name in data]
    done = record(step, config, {n: keys[n] for n in wanted} if keys else {})
    outputs = step.run({name: data[name] for name in wanted}, config, progress)
    return {
        name: replace(outputs[name], history=(*outputs[name].history, done))
        for name in step.outputs
    }


def replay_reduction(history: History, psf: Psf, references: Cube | None = None) -> Reduce:
    """Make the reduction that gave a residual, to be run again on other cubes.

    Injected companions go through exactly the steps and settings that made the image.

    Parameters
    ----------
    history : tuple of StepRecord
        History of the residual.
    psf : Psf
        Handed to the steps that ask for it.
    references : Cube, optional
        Frames of other stars, if the reduction used them.

    Returns
    -------
    callable
        Takes a `Cube`, returns its `Residual`.
    """
    steps = [
        (step := load_step(done.step), make_config(step, done.config))
        for done in history
        if done.step in _REDUCTION_STEPS
    ]

    def reduce(cube: Cube) -> Residual:
        data: dict[str, Data] = {"cube": cube, "psf": psf}
        if references is not None:
            data["references"] = references
        for step, config in steps:
            wanted = [name for name in (*step.inputs, *step.optional_inputs) if name in data]
            data |= step.run({name: data[name] for name in wanted}, config, no_progress)
        residual = data["residual"]
        assert isinstance(residual, Residual)
        return residual

    return reduce
