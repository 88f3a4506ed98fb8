"""The recipe: an order of steps and their settings, and no code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.steps.base import StepConfig, load_step, make_config

# YAML 1.1 takes 1e-3 for a text; people who write it mean the number.
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


class RecipeStep(BaseModel):
    """One step of a recipe; in YAML ``- name`` or ``- name: {setting: value}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str = Field(description="Name of the step.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings that differ from the step's own defaults."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept the two ways to write a step in YAML."""
        if isinstance(value, str):
            return {"step": value}
        if isinstance(value, Mapping) and len(value) == 1 and "step" not in value:
            ((name, settings),) = value.items()
            return {"step": name, "settings": settings or {}}
        return value

    @property
    def config(self) -> StepConfig:
        """All settings, defaults included, checked.

        Returns
        -------
        StepConfig
            Of the step's own type.
        """
        return make_config(load_step(self.step), self.settings)


class Recipe(BaseModel):
    """Steps in order, with their settings; frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$", description="Kebab-case name.")
    title: str = Field(description="What it is, in a few words.")
    description: str = Field(default="", description="When to use it, for people.")
    steps: tuple[RecipeStep, ...] = Field(min_length=1, description="Steps, first to last.")

    @field_validator("steps")
    @classmethod
    def _each_once(cls, steps: tuple[RecipeStep, ...]) -> tuple[RecipeStep, ...]:
        """Keep ``step.setting`` unambiguous."""
        names = [step.step for step in steps]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a step may stand in a recipe once only, not so {', '.join(twice)}")
        return steps

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """Change settings.

        Parameters
        ----------
        settings : mapping of str to value
            New values by ``"step.setting"``, such as ``{"subtract-psf.n_modes": 10}``; a
            third part reaches into a setting that is a mapping.

        Returns
        -------
        Recipe
            A new recipe; this one stays as it is.

        Raises
        ------
        ConfigError
            If a step or setting is unknown, or a value out of bounds.
        """
        changed = {step.step: dict(step.settings) for step in self.steps}
        for place, value in settings.items():
            step, *path = place.split(".")
            if step not in changed or not path:
                raise _unknown(f"Unknown setting '{place}'", step, list(changed))
            _put(changed[step], path, value)
        steps = tuple(RecipeStep(step=name, settings=new) for name, new in changed.items())
        return self.model_copy(update={"steps": steps}).checked()

    def after(self, calibration: Recipe) -> Self:
        """Put the steps from raw frames to the calibrated cube in front.

        Parameters
        ----------
        calibration : Recipe
            Makes ``cube`` and ``psf`` of raw frames.

        Returns
        -------
        Recipe
            Of this name, with the steps of both.

        Raises
        ------
        ConfigError
            If both have the same step.
        """
        twice = {step.step for step in calibration.steps} & {step.step for step in self.steps}
        if twice:
            raise ConfigError(
                f"The recipe '{self.name}' cannot follow the calibration '{calibration.name}'",
                found=f"both have the step {', '.join(sorted(twice))}",
                remedy="Take it out of the recipe: raw frames are calibrated before it begins",
            )
        return self.model_copy(update={"steps": (*calibration.steps, *self.steps)})

    def checked(self) -> Self:
        """Hold all settings against the steps they are for.

        Returns
        -------
        Recipe
            This recipe.

        Raises
        ------
        ConfigError
            If a step or setting is unknown, or a value out of bounds.
        """
        for step in self.steps:
            try:
                known = list(load_step(step.step).Config.model_fields)
            except NotFoundError as error:
                raise ConfigError(
                    f"The recipe '{self.name}' cannot be used: {error.problem}",
                    found=error.found,
                    remedy=error.remedy,
                ) from error
            for name in step.settings:
                if name not in known:
                    raise _unknown(f"Unknown setting '{step.step}.{name}'", name, known)
            _ = step.config
        return self

    def canonical(self) -> str:
        """Write down what the recipe does, for content keys.

        Returns
        -------
        str
            Steps with their versions and complete settings as JSON: equal for recipes that
            do the same, whatever their names and whether defaults are spelled out.
        """
        done = [
            {
                "step": step.step,
                "version": load_step(step.step).version,
                "config": step.config.model_dump(mode="json"),
            }
            for step in self.steps
        ]
        return json.dumps(done, sort_keys=True, separators=(",", ":"))


def parse_setting(text: str) -> tuple[str, Any]:
    """Read a setting as written on a command line.

    Parameters
    ----------
    text : str
        ``step.setting=value``; the value is YAML, so that ``10`` is a number.

    Returns
    -------
    tuple of str and value
        For `Recipe.with_settings`.

    Raises
    ------
    ConfigError
        If the text is not of that form.

    Examples
    --------
    >>> parse_setting("subtract-psf.n_modes=10")
    ('subtract-psf.n_modes', 10)
    """
    import yaml

    place, equals, value = text.partition("=")
    place = place.strip()
    if not equals or not all(place.split(".")) or "." not in place:
        raise ConfigError(
            "A setting is written step.setting=value",
            found=text,
            remedy="For example subtract-psf.n_modes=10",
        )
    if _NUMBER.fullmatch(value.strip()):
        return place, float(value)
    try:
        return place, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"The value of '{place}' cannot be read", found=value, remedy="Put it in quotes"
        ) from error


def _put(settings: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value deep in a mapping without touching the mappings of the old recipe."""
    first, *rest = path
    if rest:
        inner = settings.get(first)
        settings[first] = dict(inner) if isinstance(inner, Mapping) else {}
        _put(settings[first], rest, value)
    else:
        settings[first] = value


def _unknown(problem: str, name: str, known: list[str]) -> ConfigError:
    """Say what a wrong name was probably meant to be."""
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    return ConfigError(problem, remedy=f"{meant}Choose from {', '.join(known)}")
