"""Frames of other stars, out of observations of their own, for RDI and star hopping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hcdc_kernel.archive import Archive, NewProduct, ObservationInfo, ProductInfo
from hcdc_kernel.datamodel import Cube, StepRecord
from hcdc_kernel.errors import ConfigError, HcdcError, RunError
from hcdc_kernel.io import write_data
from hcdc_kernel.recipes import Recipe, RecipeStep, load_recipe
from hcdc_kernel.runner.compose import compose, input_keys
from hcdc_kernel.runner.gathering import gather, thinned
from hcdc_kernel.runner.other_stars import AUTO, MAX_FRAMES, reference_observations
from hcdc_kernel.runner.plan import Plan, digest, plan
from hcdc_kernel.runner.reduction import Reduction
from hcdc_kernel.runner.shelves import ArchiveShelf, read_product, scratch_folder
from hcdc_kernel.steps.base import Progress, no_progress, software_versions

GATHER = "gather-references"
"""What the archive calls the work of this module."""

_VERSION = 1
# What is done to the frames of another star before they serve.
_STEPS = ("center-star", "select-frames")


@dataclass(frozen=True, slots=True)
class ReferencePlan:
    """Observations of other stars, and how their frames are made ready.

    Attributes
    ----------
    names : tuple of str
        The observations.
    plans : tuple of Plan
        From each to its centered cube.
    max_frames : int
        Most frames to take of all together; 0 for all.
    """

    names: tuple[str, ...]
    plans: tuple[Plan, ...]
    max_frames: int

    @property
    def cubes(self) -> tuple[str, ...]:
        """Name the cubes that are gathered.

        Returns
        -------
        tuple of str
            Content key of each.
        """
        return tuple(one.names["cube"] for one in self.plans)

    @property
    def key(self) -> str:
        """Name the frames gathered.

        Returns
        -------
        str
            Content key.
        """
        return digest(
            {
                "step": GATHER,
                "version": _VERSION,
                "cubes": self.cubes,
                "max_frames": self.max_frames,
            }
        )


def choose_references(
    archive: Archive,
    observation: str,
    recipe: str,
    settings: Mapping[str, Any],
    names: Sequence[str],
) -> ReferencePlan:
    """Work out which frames of other stars serve a reduction.

    Parameters
    ----------
    archive : Archive
        Knows the observations.
    observation : str
        What is reduced.
    recipe : str
        Name of the recipe, or its file; its way of centering and selecting frames, and the
        settings of their calibration, hold for the other stars too.
    settings : mapping of str to value
        Changes, by ``"step.setting"``.
    names : sequence of str
        Observations of other stars; ``auto`` alone for all that fit.

    Returns
    -------
    ReferencePlan
        Nothing is made yet.

    Raises
    ------
    ConfigError
        If the recipe does not use frames of other stars.
    InputError
        If one of the observations does not fit.
    NotFoundError
        If there is no such observation, or none that fits.
    """
    chosen = load_recipe(recipe)
    _require_use(compose(archive.observation(observation), recipe, settings))
    found = reference_observations(archive, observation, names)
    limit = MAX_FRAMES if list(names) == [AUTO] else 0
    plans = tuple(_plan(archive, one, chosen, settings) for one in found)
    return ReferencePlan(tuple(one.name for one in found), plans, limit)


def make_references(
    archive: Archive, references: ReferencePlan, progress: Progress = no_progress
) -> ProductInfo:
    """Make the frames of other stars ready and gather them in one cube.

    Parameters
    ----------
    archive : Archive
        Where they come from and go to.
    references : ReferencePlan
        Which ones.
    progress : callable
        Told the share done and what is being done.

    Returns
    -------
    ProductInfo
        The cube ``references``; one that was made before is used again.

    Raises
    ------
    RunError
        If one of the observations cannot be reduced.
    DataError
        If the frames differ in channels or pixel scale.
    """
    known = archive.find_product(references.key)
    if known is not None:
        return known
    n = len(references.names)
    for place, (name, planned) in enumerate(zip(references.names, references.plans, strict=True)):
        _reduce(archive, name, planned, partial(_tell, progress, place, n, name))
    gathered = _gathered(archive, references)
    with scratch_folder(archive) as folder:
        path = folder / "references.fits"
        write_data(path, gathered)
        return archive.add_product(
            NewProduct(
                key=references.key,
                kind="cube",
                name="references",
                format="fits",
                content=path,
                step=GATHER,
                config={"max_frames": references.max_frames},
                inputs=references.cubes,
                is_scratch=True,
            )
        )


def gather_again(archive: Archive, product: ProductInfo) -> Cube:
    """Gather the frames of a stored product anew.

    Parameters
    ----------
    archive : Archive
        Holds the cubes that it was gathered from.
    product : ProductInfo
        Made by `make_references`.

    Returns
    -------
    Cube
        As it is made today.
    """
    cubes = [archive.product(uid) for uid in product.inputs]
    names = tuple(cube.observation for cube in cubes)
    plans = tuple(Plan("", {}, (), {"cube": cube.key}) for cube in cubes)
    return _gathered(archive, ReferencePlan(names, plans, int(product.config["max_frames"])))


def _gathered(archive: Archive, references: ReferencePlan) -> Cube:
    """Read the cubes one after the other and put their usable frames together."""
    config = {"observations": list(references.names), "max_frames": references.max_frames}

    def cubes() -> Iterator[Cube]:
        left = references.max_frames
        for key in references.cubes:
            cube = read_product(archive, archive.product(key))
            assert isinstance(cube, Cube)
            cube = thinned(cube, left if references.max_frames else None)
            left -= cube.n_time
            if cube.n_time:
                yield cube

    inputs = dict(zip(references.names, references.cubes, strict=True))
    return gather(cubes, StepRecord(GATHER, _VERSION, config, inputs, software_versions()))


def _tell(progress: Progress, place: int, n: int, name: str, done: float, _: str) -> None:
    """Tell the share done of all observations."""
    progress((place + done) / n, f"reference {name}")


def _reduce(archive: Archive, name: str, planned: Plan, progress: Progress) -> None:
    """Bring one observation to its centered cube."""
    try:
        Reduction(planned, ArchiveShelf(archive, name)).run(progress=progress).restore("cube")
    except HcdcError as error:
        raise RunError(
            f"The reference observation '{name}' cannot be reduced",
            found=str(error),
            remedy="Leave it out: name the others as references",
        ) from error


def _plan(
    archive: Archive, info: ObservationInfo, chosen: Recipe, settings: Mapping[str, Any]
) -> Plan:
    """Plan the way of one observation to its centered cube."""
    steps = tuple(entry for entry in chosen.steps if entry.step in _STEPS)
    short = chosen.model_copy(
        update={"steps": steps or tuple(RecipeStep(step=name) for name in _STEPS)}
    )
    whole = compose(info, short, {})
    mine = {entry.step for entry in whole.steps}
    changes = {place: value for place, value in settings.items() if place.split(".")[0] in mine}
    return plan(whole.with_settings(changes), input_keys(archive, info))


def _require_use(recipe: Recipe) -> None:
    """Refuse a recipe that would not look at frames of other stars."""
    if not any(getattr(entry.config, "references", "") == "library" for entry in recipe.steps):
        raise ConfigError(
            f"The recipe '{recipe.name}' does not use frames of other stars",
            remedy="Take the recipe rdi-pca, or set subtract-psf.references=library",
        )
