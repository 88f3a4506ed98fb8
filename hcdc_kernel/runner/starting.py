"""Begin a reduction of an archived observation in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hcdc_kernel.archive import Archive
from hcdc_kernel.runner.compose import plan_of
from hcdc_kernel.runner.reduction import Reduction
from hcdc_kernel.runner.shelves import ArchiveShelf


def start_reduction(
    archive: Archive,
    observation: str,
    recipe: str,
    settings: Mapping[str, Any],
    *,
    run: str = "",
    references: tuple[str, ...] = (),
) -> Reduction:
    """Plan a reduction; nothing but frames of other stars is made yet.

    Parameters
    ----------
    archive : Archive
        Where inputs come from and products go.
    observation : str
        What to reduce.
    recipe : str
        Name of the recipe, or its file.
    settings : mapping of str to value
        Changes, by ``"step.setting"``.
    run : str
        Run that the products belong to; frames of other stars that it was given are used.
    references : tuple of str
        Observations of other stars that serve as references, or ``auto``.

    Returns
    -------
    Reduction
        To be run step by step or at once.
    """
    key = _reference_key(archive, observation, recipe, settings, references)
    if run and not key:
        given = archive.products(run=run, role="input")
        key = next((product.key for product in given if product.name == "references"), "")
    planned = plan_of(archive, observation, recipe, settings, references=key)
    keeps_all = bool(run) and archive.run(run).keep == "all"
    return Reduction(planned, ArchiveShelf(archive, observation, run, keeps_all=keeps_all))


def _reference_key(
    archive: Archive,
    observation: str,
    recipe: str,
    settings: Mapping[str, Any],
    references: tuple[str, ...],
) -> str:
    """Gather the frames of other stars, if any are asked for; give their content key."""
    if not references:
        return ""
    from hcdc_kernel.runner.references import choose_references, make_references

    chosen = choose_references(archive, observation, recipe, settings, references)
    return make_references(archive, chosen).key
