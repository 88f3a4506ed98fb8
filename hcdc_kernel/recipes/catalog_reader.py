"""Find and read recipes: those of the catalog, or a file of one's own."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.io import read_yaml
from hcdc_kernel.recipes.recipe import Recipe

_CATALOG = Path(__file__).parent / "catalog"
_CALIBRATION = Path(__file__).parent / "calibration"


def recipe_names() -> tuple[str, ...]:
    """List the recipes of the catalog.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    return tuple(sorted(path.stem for path in _CATALOG.glob("*.yaml")))


def calibration_names() -> tuple[str, ...]:
    """List the recipes that make a calibrated cube of raw frames.

    Returns
    -------
    tuple of str
        In alphabetical order; they are put in front of those of the catalog.
    """
    return tuple(sorted(path.stem for path in _CALIBRATION.glob("*.yaml")))


def load_calibration(name: str) -> Recipe:
    """Read the recipe that makes a calibrated cube of the raw frames of a camera.

    Parameters
    ----------
    name : str
        Its name, such as ``"irdis-imaging"``.

    Returns
    -------
    Recipe
        To be put in front of another one with `Recipe.after`.

    Raises
    ------
    NotFoundError
        If there is no such calibration.
    ConfigError
        If one of its steps is not installed.
    """
    if name not in calibration_names():
        raise NotFoundError(
            f"There is no calibration named '{name}'",
            remedy=f"Choose from {', '.join(calibration_names())}",
        )
    return load_recipe(name)


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Read a recipe and check it.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a recipe of the catalog or of a calibration, or path of a YAML file.

    Returns
    -------
    Recipe
        With all its settings known to be good.

    Raises
    ------
    NotFoundError
        If there is no such recipe.
    ConfigError
        If the file is no recipe, or a step or setting is unknown.
    """
    path = _find(name_or_path)
    try:
        return Recipe.model_validate(read_yaml(path)).checked()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(
            f"'{path}' is no recipe: {place}: {first['msg'].removeprefix('Value error, ')}",
            found=repr(first["input"])[:100],
            remedy="See the recipes of the catalog for how to write one",
        ) from error


def _find(name_or_path: str | Path) -> Path:
    """Tell a name from a path, and find the file."""
    given = str(name_or_path)
    is_path = isinstance(name_or_path, Path) or given.endswith((".yaml", ".yml"))
    if is_path and not Path(name_or_path).is_file():
        raise NotFoundError(f"There is no recipe file '{given}'", remedy="See that it is right")
    if not is_path and given not in (*recipe_names(), *calibration_names()):
        close = get_close_matches(given, recipe_names(), n=3, cutoff=0.4)
        meant = f"Did you mean {' or '.join(close)}? " if close else ""
        raise NotFoundError(
            f"There is no recipe named '{given}'",
            remedy=f"{meant}Choose from {', '.join(recipe_names())}",
        )
    if is_path:
        return Path(name_or_path)
    folder = _CATALOG if given in recipe_names() else _CALIBRATION
    return folder / f"{given}.yaml"
