"""The reductions of a workspace: recipes, runs, and what they made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hcdc_kernel.workspace.observations import ObservationsPart
from hcdc_kernel.workspace.part import silent

if TYPE_CHECKING:
    from hcdc_kernel.archive import Keep, RunInfo
    from hcdc_kernel.recipes import Recipe
    from hcdc_kernel.runner.reduction import Reduction
    from hcdc_kernel.steps.base import Progress

NOTEBOOK = "batch/reduce_sequence.ipynb"


class ReductionsPart(ObservationsPart):
    """The part of a workspace that reduces; it needs to know the observations."""

    def recipes(self) -> tuple[Recipe, ...]:
        """List the recipes of the catalog.

        Returns
        -------
        tuple of Recipe
            In the order of the catalog.
        """
        from hcdc_kernel.recipes import load_recipe, recipe_names

        return tuple(load_recipe(name) for name in recipe_names())

    def recipe(self, name: str) -> Recipe:
        """Find one recipe.

        Parameters
        ----------
        name : str
            Its name, or a YAML file.

        Returns
        -------
        Recipe
            Steps and settings.
        """
        from hcdc_kernel.recipes import load_recipe

        return load_recipe(name)

    def whole_recipe(self, observation: str, recipe: str = "adi-pca") -> Recipe:
        """Find a recipe with the steps that raw frames of an observation need before it.

        Parameters
        ----------
        observation : str
            Its name.
        recipe : str
            Name of the recipe, or its file.

        Returns
        -------
        Recipe
            All steps and settings that a reduction of the observation has; the recipe itself
            for a sequence that came calibrated.
        """
        from hcdc_kernel.runner.compose import compose

        return compose(self.observation(observation), recipe, {})

    def start(
        self,
        observation: str,
        recipe: str = "adi-pca",
        settings: Mapping[str, Any] | None = None,
        *,
        run: str = "",
        references: Sequence[str] | str = (),
    ) -> Reduction:
        """Start a reduction in this process, to be run step by step or at once.

        Parameters
        ----------
        observation : str
            What to reduce.
        recipe : str
            Name of the recipe, or its file.
        settings : mapping of str to value, optional
            Changes to the recipe, such as ``{"subtract-psf.n_modes": 10}``.
        run : str
            Run that the products belong to; a batch notebook is told its own.
        references : sequence of str
            Observations of other stars whose frames model this one's star (RDI, star hopping);
            ``"auto"`` for all that fit. Their frames are made ready at once, if they are not.

        Returns
        -------
        Reduction
            Nothing done yet; each step is stored as soon as it is done. Raw frames are
            calibrated by steps in front of those of the recipe.

        Raises
        ------
        ConfigError
            If a setting is unknown or out of bounds.
        NotFoundError
            If there is no such observation, recipe or step.
        InputError
            If raw frames cannot be reduced: no images, or a mode without a calibration.
        """
        from hcdc_kernel.runner.starting import start_reduction

        changes, others = settings or {}, _several(references)
        name = self.observation(observation).name
        return start_reduction(self._archive, name, recipe, changes, run=run, references=others)

    def reduce(
        self,
        observation: str,
        recipe: str = "adi-pca",
        settings: Mapping[str, Any] | None = None,
        *,
        references: Sequence[str] | str = (),
        keep: Keep | None = None,
        progress: Progress = silent,
    ) -> RunInfo:
        """Reduce an observation with the batch notebook, run by Papermill.

        The executed notebook, the report and all data are products of the run. What was
        done before, even by a run that was killed, is not done again; an equal run that has
        finished is returned at once.

        Parameters
        ----------
        observation : str
            What to reduce.
        recipe : str
            Name of the recipe, or its file.
        settings : mapping of str to value, optional
            Changes to the recipe, such as ``{"subtract-psf.n_modes": 10}``.
        references : sequence of str
            Observations of other stars, as for `start`.
        keep : {"all", "final"}, optional
            What to keep once the run has finished: everything, or only its results, masters and
            inputs; the rest stays listed and is made again when it is needed. As this
            installation is set up, if not given.
        progress : callable
            Told the share done and what is being done.

        Returns
        -------
        RunInfo
            The finished run.

        Raises
        ------
        ConfigError
            If a setting is unknown or out of bounds; nothing is entered in the archive.
        NotFoundError
            If there is no such observation, recipe or step.
        RunError
            If the reduction stops; the run, its notebook and report are kept.
        """
        from hcdc_kernel.runner.execute import RunRequest, execute_run
        from hcdc_kernel.runner.places import notebook_path

        name = self.observation(observation).name
        is_file = Path(recipe).suffix in (".yaml", ".yml")
        request = RunRequest(
            observation=name,
            recipe=str(Path(recipe).resolve()) if is_file else recipe,
            settings=dict(settings or {}),
            notebook=notebook_path(NOTEBOOK, self.settings.notebooks),
            environment=self.settings.environment(),
            wall_limit_s=self.settings.run_limit_s,
            references=_several(references),
            keep=keep or self.settings.keep,
        )
        return execute_run(self._archive, request, progress)

    def runs(self, observation: str | None = None, *, limit: int = 100) -> list[RunInfo]:
        """List runs, the latest first.

        Parameters
        ----------
        observation : str, optional
            Only those of one observation.
        limit : int
            Most runs to list.

        Returns
        -------
        list of RunInfo
            Running, finished, failed and interrupted.
        """
        return list(self._archive.runs(observation=observation, limit=limit))

    def run(self, uid: str) -> RunInfo:
        """Find one run.

        Parameters
        ----------
        uid : str
            Its uid.

        Returns
        -------
        RunInfo
            What is known of it.
        """
        return self._archive.run(uid)


def _several(names: Sequence[str] | str) -> tuple[str, ...]:
    """Take one name for a list of one."""
    return (names,) if isinstance(names, str) else tuple(names)
