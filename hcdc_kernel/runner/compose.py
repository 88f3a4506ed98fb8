"""The whole recipe of an observation: its calibration, then what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hcdc_kernel.archive import Archive, ObservationInfo
from hcdc_kernel.errors import InputError
from hcdc_kernel.recipes import Recipe, load_calibration, load_recipe
from hcdc_kernel.runner.plan import Plan, plan
from hcdc_kernel.runner.raw_facts import is_raw


def compose(info: ObservationInfo, recipe: Recipe | str, settings: Mapping[str, Any]) -> Recipe:
    """Put the calibration of an observation in front of a recipe.

    Parameters
    ----------
    info : ObservationInfo
        What is reduced.
    recipe : Recipe or str
        The recipe, its name, or its file; the name of the calibration for that alone.
    settings : mapping of str to value
        Changes to either, by ``"step.setting"``; those of steps that will be left out because
        their calibration files are missing are accepted.

    Returns
    -------
    Recipe
        With all settings checked. A sequence that came calibrated needs no steps in front.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of bounds.
    NotFoundError
        If there is no such recipe.
    InputError
        If the raw frames cannot be reduced.
    """
    chosen = load_recipe(recipe) if isinstance(recipe, str) else recipe
    if is_raw(info):
        calibration = str(info.facts["calibration"])
        require_reducible(info)
        if chosen.name != calibration:
            chosen = chosen.after(load_calibration(calibration))
    return chosen.with_settings(settings)


def require_reducible(info: ObservationInfo) -> None:
    """Refuse raw frames that cannot be reduced.

    Parameters
    ----------
    info : ObservationInfo
        An observation of raw frames.

    Raises
    ------
    InputError
        If there is no calibration for its mode, or only bare headers were taken in.
    """
    if "science" in info.facts.get("without_images", ()):
        raise InputError(
            f"'{info.name}' cannot be reduced: its science files are headers without images",
            found=f"{info.facts.get('n_files', 0)} headers",
            remedy="Fetch the whole files and ingest their folder",
        )
    if not info.facts["calibration"]:
        raise InputError(
            f"'{info.name}' cannot be reduced yet",
            found=f"{info.instrument}, mode {info.facts.get('mode') or 'unknown'}",
            remedy="Its files are kept in the archive; see the list of modes in the README",
        )


def input_keys(archive: Archive, info: ObservationInfo) -> dict[str, str]:
    """Name the content of each input of an observation.

    Parameters
    ----------
    archive : Archive
        Knows the inputs.
    info : ObservationInfo
        The observation.

    Returns
    -------
    dict of str to str
        Content keys by name; calibrations that are bare headers are not among them.
    """
    bare = set(info.facts.get("without_images", ()))
    return {name: made.key for name, made in archive.inputs(info.name).items() if name not in bare}


def plan_of(
    archive: Archive,
    observation: str,
    recipe: str,
    settings: Mapping[str, Any],
    references: str = "",
) -> Plan:
    """Work out the reduction of an observation.

    Parameters
    ----------
    archive : Archive
        Knows the observation.
    observation : str
        Its name.
    recipe : str
        Name of the recipe, or its file.
    settings : mapping of str to value
        Changes, by ``"step.setting"``.
    references : str
        Content key of frames of other stars that serve instead of its own; empty if none do.

    Returns
    -------
    Plan
        Steps with their content keys.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of bounds, or a step lacks an input.
    NotFoundError
        If there is no such observation, recipe or step.
    InputError
        If the raw frames cannot be reduced.
    """
    info = archive.observation(observation)
    keys = input_keys(archive, info)
    if references:
        keys["references"] = references
    return plan(compose(info, recipe, settings), keys)
