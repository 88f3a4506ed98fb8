"""What a step is: a pure function with one frozen set of settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hcdc_kernel import plugins
from hcdc_kernel.datamodel import Data, StepRecord
from hcdc_kernel.errors import ConfigError

Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and a short text."""


def no_progress(done: float, text: str) -> None:
    """Ignore progress.

    Parameters
    ----------
    done : float
        Share of the work done, 0 to 1.
    text : str
        What is being done.
    """


class StepConfig(BaseModel):
    """Settings of a step: frozen, complete with defaults, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Step(ABC):
    """One operation on named data.

    A subclass says its name, version, inputs, outputs and settings, and does the work in
    `run`; it reads no file and knows no archive. Bump `version` when the numbers may change.

    Attributes
    ----------
    name : str
        Kebab-case verb, as in recipes.
    version : int
        Version of its numbers; part of the content key.
    inputs : tuple of str
        Names of data it must be given.
    optional_inputs : tuple of str
        Names it uses if they exist.
    outputs : tuple of str
        Names of data it returns; a name that exists already is replaced for later steps.
    needed : bool
        False for a step that is left out of a plan where one of its inputs is missing, such as
        a flat field without lamp exposures.
    Config : type
        Its settings.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    inputs: ClassVar[tuple[str, ...]]
    optional_inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[str, ...]]
    needed: ClassVar[bool] = True
    Config: ClassVar[type[StepConfig]]

    @abstractmethod
    def run(
        self, data: Mapping[str, Data], config: Any, progress: Progress = no_progress
    ) -> dict[str, Data]:
        """Do the work.

        Parameters
        ----------
        data : mapping of str to data object
            The inputs, and those optional inputs that exist.
        config : Config
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            The outputs; the caller appends the record of this step to their history.
        """


def load_step(name: str) -> Step:
    """Make the step of that name.

    Parameters
    ----------
    name : str
        Such as ``"subtract-psf"``.

    Returns
    -------
    Step
        A built-in step or one from a plug-in.

    Raises
    ------
    NotFoundError
        If there is no such step.
    """
    step: Step = plugins.load("steps", name)()
    return step


def make_config(step: Step, settings: Mapping[str, Any]) -> StepConfig:
    """Check settings against a step's `Config`.

    Parameters
    ----------
    step : Step
        The step that they are for.
    settings : mapping
        Plain values, such as those of a recipe or a form.

    Returns
    -------
    StepConfig
        The checked settings.

    Raises
    ------
    ConfigError
        If a name is unknown or a value out of bounds; it says which, and what is allowed.
    """
    try:
        return step.Config.model_validate(dict(settings))
    except ValidationError as error:
        raise _config_error(step, error) from error


def _config_error(step: Step, error: ValidationError) -> ConfigError:
    """Turn pydantic's list of complaints into one clear message."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in (step.name, *first["loc"]))
    if first["type"] == "extra_forbidden":
        known = ", ".join(step.Config.model_fields)
        return ConfigError(f"Unknown setting '{place}'", remedy=f"Choose from {known}")
    said = first["msg"].removeprefix("Value error, ")
    return ConfigError(f"Setting '{place}' cannot be used: {said}", found=repr(first.get("input")))


def record(step: Step, config: StepConfig, inputs: Mapping[str, str]) -> StepRecord:
    """Write down that a step was done.

    Parameters
    ----------
    step : Step
        The step.
    config : StepConfig
        Its settings.
    inputs : mapping of str to str
        Content keys of its inputs; empty if they are not kept.

    Returns
    -------
    StepRecord
        The record, equal for equal work with equal software.
    """
    return StepRecord(
        step=step.name,
        version=step.version,
        config=config.model_dump(mode="json"),
        inputs=dict(inputs),
        software=software_versions(),
    )


def software_versions() -> dict[str, str]:
    """Tell the versions of the packages that numbers depend on.

    Returns
    -------
    dict of str to str
        Version by distribution name.
    """
    from importlib.metadata import version

    return {name: version(name) for name in ("hcdc-kernel", "numpy", "scipy", "numba")}
