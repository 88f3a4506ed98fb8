"""What a notebook, a screen or the command holds in its hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hcdc_kernel.archive import Archive
from hcdc_kernel.errors import DataError
from hcdc_kernel.settings import Settings, read_settings

if TYPE_CHECKING:
    from hcdc_kernel.archive import ObservationInfo, ProductInfo, Provenance, RunInfo
    from hcdc_kernel.datamodel import Data, Sequence
    from hcdc_kernel.recipes import Recipe
    from hcdc_kernel.runner.facts import Rows
    from hcdc_kernel.runner.reduction import Reduction
    from hcdc_kernel.runner.rerun import RerunReport
    from hcdc_kernel.steps.base import Progress

NOTEBOOK = "batch/reduce_sequence.ipynb"


def _silent(_done: float, _text: str) -> None:
    """Ignore progress."""


class Workspace:
    """Observations, recipes, runs and products of one archive.

    Attributes
    ----------
    settings : Settings
        Where its state lives.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._archive = Archive.open(settings.database_url, settings.store)

    @classmethod
    def open(cls, home: Path | str | None = None) -> Self:
        """Open the workspace, making archive and store if there are none yet.

        Parameters
        ----------
        home : Path, optional
            Folder of its state; ``HCDC_HOME`` or a folder in the user's home by default.

        Returns
        -------
        Workspace
            Ready for use.

        Raises
        ------
        ArchiveError
            If the archive cannot be opened.
        """
        settings = read_settings()
        if home is not None:
            settings = settings.model_copy(update={"home": Path(home)})
        return cls(settings)

    # --- observations -----------------------------------------------------------------------

    def ingest(self, description: Path | str, root: Path | str | None = None) -> ObservationInfo:
        """Take in an already calibrated sequence by its description.

        Parameters
        ----------
        description : Path
            YAML file that says which files hold what.
        root : Path, optional
            Folder that the file names start from; that of the description by default.

        Returns
        -------
        ObservationInfo
            The observation; the same one if it was taken in before.

        Raises
        ------
        InputError
            If description or files cannot be used; archive and store stay as they are.
        ArchiveError
            If they cannot be stored.
        """
        from hcdc_kernel.instruments import load_sequence, read_description, source_files

        described = read_description(Path(description), None if root is None else Path(root))
        return self._enter(load_sequence(described), source_files(described))

    def observations(self) -> list[ObservationInfo]:
        """List what can be reduced.

        Returns
        -------
        list of ObservationInfo
            All observations.
        """
        return list(self._archive.observations())

    def observation(self, name: str) -> ObservationInfo:
        """Find one observation.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        ObservationInfo
            What is known of it.

        Raises
        ------
        NotFoundError
            If there is none; the message names similar ones.
        """
        return self._archive.observation(name)

    def facts(self, observation: str) -> Rows:
        """Sum up an observation for a table.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        tuple of tuple of str
            Name and value of each fact.
        """
        from hcdc_kernel.runner.facts import observation_rows

        return observation_rows(self.observation(observation))

    def sources(self, observation: str) -> Rows:
        """List the files that an observation was read from, for a table.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        tuple of tuple of str
            Role, name, size and SHA-256 of each file.
        """
        from hcdc_kernel.runner.facts import source_rows

        return source_rows(self._archive.sources(self.observation(observation).name))

    def load(self, observation: str) -> Sequence:
        """Read the data of an observation.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        Sequence
            Cube, PSF and, if there are any, reference frames.
        """
        from hcdc_kernel.datamodel import Sequence
        from hcdc_kernel.io import read_data

        inputs = self._archive.inputs(self.observation(observation).name)
        data: dict[str, Any] = {
            name: read_data(self._archive.path(product)) for name, product in inputs.items()
        }
        return Sequence(**data)

    def make_example(self, name: str = "practice") -> ObservationInfo:
        """Make a synthetic sequence with hidden planets to practice on, and take it in.

        Parameters
        ----------
        name : str
            Name of the folder its files are written to, within ``examples`` of the home.

        Returns
        -------
        ObservationInfo
            The observation; the same one if it was made before.
        """
        from hcdc_kernel.synthetic import demo_scene, write_sequence

        return self.ingest(write_sequence(demo_scene(), self.settings.home / "examples" / name))

    # --- recipes ----------------------------------------------------------------------------

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

    # --- reductions -------------------------------------------------------------------------

    def start(
        self,
        observation: str,
        recipe: str = "adi-pca",
        settings: Mapping[str, Any] | None = None,
        *,
        run: str = "",
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

        Returns
        -------
        Reduction
            Nothing done yet; each step is stored as soon as it is done.

        Raises
        ------
        ConfigError
            If a setting is unknown or out of bounds.
        NotFoundError
            If there is no such observation, recipe or step.
        """
        from hcdc_kernel.runner.plan import plan
        from hcdc_kernel.runner.reduction import Reduction
        from hcdc_kernel.runner.shelves import ArchiveShelf

        chosen = self.recipe(recipe).with_settings(settings or {})
        name = self.observation(observation).name
        keys = {given: made.key for given, made in self._archive.inputs(name).items()}
        return Reduction(plan(chosen, keys), ArchiveShelf(self._archive, name, run))

    def reduce(
        self,
        observation: str,
        recipe: str = "adi-pca",
        settings: Mapping[str, Any] | None = None,
        *,
        progress: Progress = _silent,
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
        )
        return execute_run(self._archive, request, progress)

    # --- runs and products ------------------------------------------------------------------

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

    def products(
        self, observation: str | None = None, *, run: str | None = None
    ) -> list[ProductInfo]:
        """List products.

        Parameters
        ----------
        observation : str, optional
            Only those made from one observation.
        run : str, optional
            Only those that a run made or used again.

        Returns
        -------
        list of ProductInfo
            Data, notebooks and reports.
        """
        if observation is not None:
            observation = self.observation(observation).name
        return list(self._archive.products(observation=observation, run=run))

    def product(self, uid: str) -> ProductInfo:
        """Find one product.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        ProductInfo
            What is known of it.
        """
        return self._archive.product(uid)

    def read(self, uid: str) -> Data:
        """Read the data of a product.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        data object
            Cube, residual, detection map, candidates, ...

        Raises
        ------
        DataError
            If it is a notebook or a report.
        """
        from hcdc_kernel.io import read_data

        product = self.product(uid)
        if product.format != "fits":
            raise DataError(
                f"Product {product.uid} holds no data", found=product.kind, remedy="Open its file"
            )
        return read_data(self._archive.path(product))

    def path(self, uid: str) -> Path:
        """Find the file of a product in the store.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        Path
            A file to be read, not changed.
        """
        return self._archive.path(self.product(uid))

    def report(self, run: str) -> Path | None:
        """Give a run's report a name that people and browsers can read.

        Parameters
        ----------
        run : str
            Uid of a run.

        Returns
        -------
        Path or None
            ``reports/<observation>_<recipe>_<run>.html`` in the home folder, the same bytes as
            in the store; None if the run has no report.
        """
        from hcdc_kernel.runner.delivery import named_copy

        made = [product for product in self.products(run=run) if product.kind == "report"]
        if not made:
            return None
        info = self.run(run)
        name = f"{info.observation}_{Path(info.recipe).stem}_{info.uid}.html"
        return named_copy(self.path(made[0].uid), self.settings.home / "reports" / name)

    def provenance(self, uid: str) -> Provenance:
        """Tell what a product was made of, back to the observer's files.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        Provenance
            Entities and activities in the words of W3C PROV.
        """
        return self._archive.provenance(self.product(uid).uid)

    def rerun(self, uid: str) -> RerunReport:
        """Make a product again in memory and compare it with the stored one.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        RerunReport
            Identical, or what differs.
        """
        from hcdc_kernel.runner.rerun import rerun_product

        return rerun_product(self._archive, uid)

    def export(self, run: str, folder: Path | str) -> list[Path]:
        """Copy the products of a run to a folder in the documented format.

        Parameters
        ----------
        run : str
            Uid of a finished run.
        folder : Path
            Where to; made if it does not exist.

        Returns
        -------
        list of Path
            The files written.
        """
        from hcdc_kernel.runner.delivery import export_run

        return export_run(self._archive, run, Path(folder))

    def _enter(self, sequence: Sequence, sources: Any) -> ObservationInfo:
        """Write the data of a sequence to files and enter them in the archive at once."""
        from hcdc_kernel.runner.delivery import enter_sequence

        return enter_sequence(self._archive, sequence, sources)
