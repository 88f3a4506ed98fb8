"""From a recipe and its inputs to tasks with content keys."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hcdc_kernel import plugins
from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.steps.base import Step, StepConfig, load_step, make_config

if TYPE_CHECKING:
    from hcdc_kernel.recipes import Recipe

# Groups of parts that a step may be told to use by name.
_PART_GROUPS: tuple[plugins.Group, ...] = ("psf_models", "signal_matchers")


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a plan, with the keys of what goes in and what comes out.

    Attributes
    ----------
    step : str
        Name of the step.
    version : int
        Version of its numbers.
    config : StepConfig
        Its checked settings.
    inputs : mapping of str to str
        Content key of each input, by name.
    outputs : mapping of str to str
        Content key of each output, by name.
    """

    step: str
    version: int
    config: StepConfig
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recipe will do to its inputs.

    Attributes
    ----------
    recipe : str
        Name of the recipe.
    inputs : mapping of str to str
        Content key of each input, by name.
    tasks : tuple of Task
        The steps in their order.
    names : mapping of str to str
        Content key of each name once all tasks are done.
    """

    recipe: str
    inputs: Mapping[str, str]
    tasks: tuple[Task, ...]
    names: Mapping[str, str] = field(default_factory=dict)

    def index(self, step: str) -> int:
        """Find a step's place in the plan.

        Parameters
        ----------
        step : str
            Name of the step.

        Returns
        -------
        int
            Its place, from 0.

        Raises
        ------
        NotFoundError
            If the recipe has no such step.
        """
        for place, task in enumerate(self.tasks):
            if task.step == step:
                return place
        raise NotFoundError(
            f"The recipe '{self.recipe}' has no step '{step}'",
            remedy=f"Choose from {', '.join(task.step for task in self.tasks)}",
        )


def canonical_json(value: Any) -> str:
    """Write plain values so that equal values give equal text.

    Parameters
    ----------
    value : object
        Anything that JSON can hold.

    Returns
    -------
    str
        JSON with sorted keys and no blanks.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """Hash plain values.

    Parameters
    ----------
    value : object
        Anything that JSON can hold.

    Returns
    -------
    str
        SHA-256 of the canonical JSON, as 64 hexadecimal digits.
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def content_key(step: Step, config: StepConfig, inputs: Mapping[str, str], output: str) -> str:
    """Name an output by all that it depends on.

    Parameters
    ----------
    step : Step
        The step that makes it.
    config : StepConfig
        The settings of the step.
    inputs : mapping of str to str
        Content key of each input, by name.
    output : str
        Name of the output.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits: equal for equal work, different as soon as the
        step, its version, a setting, an input or a plug-in that it uses differs.
    """
    return digest(
        {
            "step": step.name,
            "version": step.version,
            "code": _fingerprint(type(step)),
            "config": config.model_dump(mode="json"),
            "parts": _parts(config),
            "inputs": dict(inputs),
            "output": output,
        }
    )


def plan(recipe: Recipe, input_keys: Mapping[str, str]) -> Plan:
    """Work out what a recipe will do, without doing it.

    Parameters
    ----------
    recipe : Recipe
        Steps and settings.
    input_keys : mapping of str to str
        Content key of each input (``cube``, ``psf``, perhaps ``references``).

    Returns
    -------
    Plan
        The tasks with their content keys; a step that is not `needed` and lacks an input is
        left out.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of bounds, or a step lacks an input.
    NotFoundError
        If there is no such step.
    """
    names = dict(input_keys)
    tasks = []
    for entry in recipe.steps:
        step = load_step(entry.step)
        config = make_config(step, entry.settings)
        if not step.needed and any(name not in names for name in step.inputs):
            continue
        task = _task(step, config, names, recipe.name)
        tasks.append(task)
        names |= task.outputs
    return Plan(recipe.name, dict(input_keys), tuple(tasks), names)


def _task(step: Step, config: StepConfig, names: Mapping[str, str], recipe: str) -> Task:
    """Tie a step to the keys that its inputs have at this point of the recipe."""
    missing = [name for name in step.inputs if name not in names]
    if "references" in missing:
        raise ConfigError(
            f"The recipe '{recipe}' needs frames of other stars",
            found="none were named, and the observation brings none",
            remedy="Name observations of other stars with --references NAME, let them be found "
            "with --references auto, or choose a recipe of ADI",
        )
    if missing:
        raise ConfigError(
            f"In the recipe '{recipe}' the step '{step.name}' needs '{missing[0]}', "
            "which nothing before it makes",
            found=", ".join(names),
            remedy="Put a step that makes it in front, or bring it with the observation",
        )
    wanted = [name for name in (*step.inputs, *step.optional_inputs) if name in names]
    inputs = {name: names[name] for name in wanted}
    outputs = {name: content_key(step, config, inputs, name) for name in step.outputs}
    return Task(step.name, step.version, config, inputs, outputs)


def _parts(config: StepConfig) -> dict[str, Any]:
    """Fingerprint the plug-ins that a step's settings name, so that a swapped one shows."""
    named = {value for _, value in config if isinstance(value, str)}
    return {
        f"{group}/{name}": _fingerprint(plugins.load(group, name))
        for group in _PART_GROUPS
        for name in sorted(named & set(plugins.names(group)))
    }


def _fingerprint(part: Any) -> dict[str, str]:
    """Tell one piece of code from another of the same name.

    Installed code is told apart by its version; code typed into a notebook has none worth
    the name, so there its text counts.
    """
    mark = {
        "name": f"{part.__module__}.{part.__qualname__}",
        "version": str(getattr(part, "version", "")),
    }
    if part.__module__ == "__main__":
        mark["text"] = _source(part)
    return mark


def _source(part: Any) -> str:
    """Hash the text of a class; without a text, the code of its methods."""
    try:
        text = inspect.getsource(part)
    except (OSError, TypeError):
        codes = [vars(part)[name].__code__ for name in sorted(vars(part)) if _is_code(part, name)]
        text = repr([(code.co_code, code.co_consts) for code in codes])
    return hashlib.sha256(text.encode()).hexdigest()


def _is_code(part: Any, name: str) -> bool:
    """Tell whether an attribute of a class is a plain method."""
    return hasattr(vars(part)[name], "__code__")
