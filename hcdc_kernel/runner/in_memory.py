"""A whole reduction in one line, nothing kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hcdc_kernel.datamodel import Data, Sequence
from hcdc_kernel.instruments import load_sequence, read_description
from hcdc_kernel.recipes import Recipe, load_recipe
from hcdc_kernel.runner.plan import plan
from hcdc_kernel.runner.reduction import Reduction
from hcdc_kernel.runner.shelves import MemoryShelf
from hcdc_kernel.steps.base import Progress, no_progress


def reduce_sequence(
    sequence: Sequence | Path | str,
    recipe: Recipe | str = "adi-pca",
    settings: Mapping[str, Any] | None = None,
    *,
    progress: Progress = no_progress,
) -> Reduction:
    """Reduce a sequence in memory.

    Parameters
    ----------
    sequence : Sequence or path
        The data, or the YAML description of their files.
    recipe : Recipe or str
        The recipe, its name, or its file.
    settings : mapping of str to value, optional
        Changes to the recipe, such as ``{"subtract-psf.n_modes": 10}``.
    progress : callable
        Told the share done and what is being done.

    Returns
    -------
    Reduction
        Done; its ``results`` hold all that was made, by name.

    Raises
    ------
    InputError
        If data or settings cannot be used.
    NotFoundError
        If there is no such recipe or step.
    """
    chosen = load_recipe(recipe) if isinstance(recipe, str) else recipe
    data = inputs_of(_sequence(sequence))
    planned = plan(chosen.with_settings(settings or {}), {name: f"given {name}" for name in data})
    shelf = MemoryShelf({f"given {name}": given for name, given in data.items()})
    return Reduction(planned, shelf).run(progress=progress)


def inputs_of(sequence: Sequence) -> dict[str, Data]:
    """Name the data of a sequence as recipes do.

    Parameters
    ----------
    sequence : Sequence
        Cube, PSF, perhaps references.

    Returns
    -------
    dict of str to data object
        ``cube``, ``psf`` and, if there are any, ``references``.
    """
    data: dict[str, Data] = {"cube": sequence.cube, "psf": sequence.psf}
    if sequence.references is not None:
        data["references"] = sequence.references
    return data


def _sequence(sequence: Sequence | Path | str) -> Sequence:
    """Load a sequence unless it is one already."""
    if isinstance(sequence, Sequence):
        return sequence
    return load_sequence(read_description(Path(sequence), None))
