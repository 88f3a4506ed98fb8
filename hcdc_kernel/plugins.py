"""The one door for built-in and foreign parts (entry points).

Groups: ``hcdc.instruments``, ``hcdc.cameras``, ``hcdc.steps``, ``hcdc.psf_models``,
``hcdc.signal_matchers``.
A notebook may add a part of its own for as long as it runs with `register`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from hcdc_kernel.errors import NotFoundError

Group = Literal["instruments", "cameras", "steps", "psf_models", "signal_matchers"]

_registered: dict[tuple[str, str], Any] = {}


@cache
def _entry_points(group: Group) -> dict[str, EntryPoint]:
    """Find the installed parts of one group, without importing any."""
    return {found.name: found for found in entry_points(group=f"hcdc.{group}")}


def names(group: Group) -> tuple[str, ...]:
    """List what is installed or registered in a group, in alphabetical order."""
    extra = {name for kind, name in _registered if kind == group}
    return tuple(sorted(extra | set(_entry_points(group))))


def load(group: Group, name: str) -> Any:
    """Fetch one part by name.

    Parameters
    ----------
    group : str
        The kind of part.
    name : str
        Its name, such as ``"pca"``.

    Returns
    -------
    object
        The class or function behind the name.

    Raises
    ------
    NotFoundError
        If there is no such part, or it cannot be imported.
    """
    if (group, name) in _registered:
        return _registered[group, name]
    kind = group.replace("_", " ").removesuffix("s")
    try:
        entry = _entry_points(group)[name]
    except KeyError:
        raise NotFoundError(
            f"There is no {kind} named '{name}'", remedy=f"Choose from {', '.join(names(group))}"
        ) from None
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise NotFoundError(
            f"The {kind} '{name}' is installed but cannot be imported",
            found=str(error),
            remedy="Install what it needs, or remove the package that announces it",
        ) from error


def register(group: Group, name: str, part: Any) -> None:
    """Add a part for this process only, as an expert does in a notebook cell."""
    _registered[group, name] = part


@contextmanager
def registered(group: Group, name: str, part: Any) -> Iterator[None]:
    """Add a part for the length of a ``with`` block."""
    register(group, name, part)
    try:
        yield
    finally:
        del _registered[group, name]
