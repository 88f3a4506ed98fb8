"""A whole run: notebook, report and products, entered in the archive."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

from hcdc_kernel import plugins
from hcdc_kernel.archive import Archive, Keep, NewProduct, NewRun, RunInfo
from hcdc_kernel.errors import HcdcError, RunError
from hcdc_kernel.runner.compose import plan_of
from hcdc_kernel.runner.keeping import drop_intermediates
from hcdc_kernel.runner.other_stars import reference_observations
from hcdc_kernel.runner.places import template_folder
from hcdc_kernel.runner.plan import digest
from hcdc_kernel.steps.base import Progress, no_progress, software_versions

if TYPE_CHECKING:
    from hcdc_kernel.runner.references import ReferencePlan


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is asked for.

    Attributes
    ----------
    observation : str
        Name of the observation.
    recipe : str
        Name of the recipe, or its file with its whole path.
    settings : mapping of str to value
        The changes, by ``"step.setting"``.
    notebook : Path
        The batch notebook.
    environment : mapping of str to str
        Tells the notebook's kernel where the archive is.
    wall_limit_s : float or None
        Longest time for the notebook [s].
    references : tuple of str
        Observations of other stars that serve as references, or ``auto``.
    keep : {"all", "final"}
        What to keep once the run has finished: everything, or its results only.
    """

    observation: str
    recipe: str
    settings: Mapping[str, Any]
    notebook: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    wall_limit_s: float | None = None
    references: tuple[str, ...] = ()
    keep: Keep = "all"


def execute_run(
    archive: Archive, request: RunRequest, progress: Progress = no_progress
) -> RunInfo:
    """Reduce an observation through Papermill, unless that has been done.

    Parameters
    ----------
    archive : Archive
        Where inputs come from and products go.
    request : RunRequest
        What is asked for.
    progress : callable
        Told the share done and what is being done.

    Returns
    -------
    RunInfo
        The finished run: a new one, or one finished earlier that is equal in recipe,
        settings, inputs, notebook, report template and software.

    Raises
    ------
    ConfigError
        If a setting is unknown or out of bounds; nothing is entered in the archive.
    RunError
        If the notebook stops, or the same work is being done right now.
    """
    key = run_key(archive, request)
    finished = archive.find_finished_run(key, request.keep)
    if finished is not None:
        return _tidied(archive, finished.uid, request.keep)
    # Checked only now: this loads all the algorithms, and an equal run was checked before.
    references = _references(archive, request)
    planned = plan_of(
        archive,
        request.observation,
        request.recipe,
        request.settings,
        references=references.key if references else "",
    )
    _refuse_twins(archive, request.observation, key)
    run = archive.start_run(
        NewRun(
            observation=request.observation,
            recipe=planned.recipe,
            key=key,
            settings=dict(request.settings),
            versions=software_versions(),
            keep=request.keep,
        )
    )
    try:
        if references is not None:
            from hcdc_kernel.runner.references import make_references

            gathered = make_references(archive, references, progress)
            archive.link_product(run.uid, gathered.uid, role="input")
        _execute(archive, request, run, progress)
    except KeyboardInterrupt:
        archive.finish_run(run.uid, "interrupted", error="stopped by the user")
        raise
    except HcdcError as error:
        archive.finish_run(run.uid, "failed", error=str(error))
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        archive.finish_run(run.uid, "failed", error=said)
        raise RunError("The run stopped", found=said) from error
    archive.finish_run(run.uid, "finished")
    return _tidied(archive, run.uid, request.keep)


def _tidied(archive: Archive, uid: str, keep: Keep) -> RunInfo:
    """Let a finished run keep what it is to keep, whatever it was told before."""
    archive.set_keep(uid, keep)
    if keep == "final":
        drop_intermediates(archive, uid)
    return archive.run(uid)


def run_key(archive: Archive, request: RunRequest) -> str:
    """Name a run by all that it depends on.

    Parameters
    ----------
    archive : Archive
        Knows the inputs.
    request : RunRequest
        What is asked for.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits.
    """
    recipe = Path(request.recipe)
    templates = sorted((template_folder() / "hcdc").glob("*"))
    return digest(
        {
            "recipe": _sha256(recipe) if recipe.is_file() else request.recipe,
            "settings": dict(request.settings),
            "inputs": _input_keys(archive, request.observation),
            "references": _reference_inputs(archive, request),
            "notebook": _sha256(request.notebook),
            "template": [_sha256(path) for path in templates],
            "software": software_versions(),
            "code": code_key(),
        }
    )


def code_key() -> str:
    """Name the code that is installed, plug-ins included, without loading it.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits; another one after any change of this package or
        release of a plug-in.
    """
    package = Path(__file__).resolve().parents[1]
    files = sorted(path for path in package.rglob("*") if path.suffix in (".py", ".yaml"))
    own = {str(path.relative_to(package)): _sha256(path) for path in files}
    found = {
        f"{group} {entry.value} {entry.dist.version if entry.dist else ''}"
        for group in get_args(plugins.Group)
        for entry in entry_points(group=f"hcdc.{group}")
    }
    return digest({"own": own, "parts": sorted(found)})


def _input_keys(archive: Archive, observation: str) -> dict[str, str]:
    """Name the content of each input."""
    return {name: made.key for name, made in archive.inputs(observation).items()}


def _references(archive: Archive, request: RunRequest) -> ReferencePlan | None:
    """Work out which frames of other stars serve, if any are asked for."""
    from hcdc_kernel.runner.references import choose_references

    if not request.references:
        return None
    return choose_references(
        archive, request.observation, request.recipe, request.settings, request.references
    )


def _reference_inputs(archive: Archive, request: RunRequest) -> dict[str, dict[str, str]]:
    """Name the content of the inputs of each observation that serves as a reference."""
    if not request.references:
        return {}
    found = reference_observations(archive, request.observation, request.references)
    return {one.name: _input_keys(archive, one.name) for one in found}


def _execute(archive: Archive, request: RunRequest, run: RunInfo, progress: Progress) -> None:
    """Run the notebook and keep it with its report, whatever happens."""
    from hcdc_kernel.runner.notebooks import NotebookJob, run_notebook

    def tell(done: float, text: str) -> None:
        archive.set_progress(run.uid, 0.95 * done, text)
        progress(0.95 * done, text)

    with TemporaryDirectory(prefix="hcdc-run-") as name:
        job = NotebookJob(
            notebook=request.notebook,
            parameters={
                "observation": request.observation,
                "recipe": request.recipe,
                "settings": dict(request.settings),
                "run": run.uid,
            },
            output=Path(name) / "executed.ipynb",
            environment=request.environment,
            wall_limit_s=request.wall_limit_s,
        )
        try:
            run_notebook(job, tell)
        finally:
            if job.output.exists():
                tell(1.0, "Report")
                _keep(archive, run, job.output)
    progress(1.0, "done")


def _keep(archive: Archive, run: RunInfo, executed: Path) -> None:
    """Enter the executed notebook and its report as products of the run."""
    from hcdc_kernel.runner.report import write_report

    report = executed.with_name("report.html")
    write_report(executed, report)
    made_from = tuple(product.uid for product in archive.products(run=run.uid))
    notebook = _add(archive, run, executed, "notebook", made_from)
    _add(archive, run, report, "report", (notebook,))


def _add(archive: Archive, run: RunInfo, path: Path, kind: str, inputs: tuple[str, ...]) -> str:
    """Enter one file of a run."""
    added = archive.add_product(
        NewProduct(
            key=digest({"run": run.uid, "kind": kind}),
            kind=kind,
            name=path.name,
            format=path.suffix.removeprefix("."),
            content=path,
            observation=run.observation,
            run=run.uid,
            inputs=inputs,
        )
    )
    return str(added.uid)


def _refuse_twins(archive: Archive, observation: str, key: str) -> None:
    """Refuse work that another living process is doing."""
    for run in archive.runs(observation, status="running", limit=None):
        if run.key == key:
            raise RunError(
                f"The same reduction of '{observation}' is being done right now",
                found=f"run {run.uid}, started {run.started:%Y-%m-%d %H:%M} UTC",
                remedy="Wait for it; 'hcdc runs' shows how far it is",
            )


def _sha256(path: Path) -> str:
    """Hash the content of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
