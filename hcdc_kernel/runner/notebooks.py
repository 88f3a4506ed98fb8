"""Run a parameterized notebook through Papermill and keep it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hcdc_kernel.errors import ConfigError, FileFormatError, RunError
from hcdc_kernel.steps.base import Progress, no_progress

if TYPE_CHECKING:
    from nbformat import NotebookNode


def _never() -> bool:
    """Go on."""
    return False


@dataclass(frozen=True, slots=True)
class NotebookJob:
    """A notebook to be run.

    Attributes
    ----------
    notebook : Path
        The notebook; it is not changed.
    parameters : mapping
        Values for its cell tagged ``parameters``.
    output : Path
        Where the executed notebook goes, also if it fails.
    environment : mapping of str to str
        Variables for its kernel; they do not appear in the notebook.
    wall_limit_s : float or None
        Longest time for the whole notebook [s].
    cancelled : callable
        Asked now and then whether to stop.
    """

    notebook: Path
    parameters: Mapping[str, Any]
    output: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    wall_limit_s: float | None = None
    cancelled: Callable[[], bool] = _never


def run_notebook(job: NotebookJob, progress: Progress = no_progress) -> None:
    """Run a notebook from top to bottom in a kernel of its own.

    Parameters
    ----------
    job : NotebookJob
        What to run.
    progress : callable
        Told the share done and the heading reached.

    Raises
    ------
    ConfigError
        If the notebook does not know a parameter.
    FileFormatError
        If the notebook cannot be read.
    RunError
        If a cell fails, a limit is reached or the kernel dies; the executed notebook is kept
        with its traceback.
    """
    check_parameters(job.notebook, job.parameters)
    import papermill

    try:
        papermill.execute_notebook(
            str(job.notebook),
            str(job.output),
            parameters=dict(job.parameters),
            engine_name="hcdc",
            kernel_name="hcdc",
            language="python",
            progress_bar=False,
            cwd=str(job.output.parent),
            environment=dict(job.environment),
            wall_limit_s=job.wall_limit_s,
            cancelled=job.cancelled,
            progress=progress,
        )
    except papermill.PapermillExecutionError as error:
        raise _failed(error) from error
    finally:
        _tidy(job.output)


def check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that a notebook does not have.

    Parameters
    ----------
    notebook : Path
        The notebook.
    parameters : mapping
        Values to be set.

    Raises
    ------
    ConfigError
        If one is unknown.
    FileFormatError
        If the notebook cannot be read or has no cell tagged ``parameters``.
    """
    known = parameter_names(notebook)
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise ConfigError(
            f"The notebook '{notebook.name}' has no parameter '{unknown[0]}'",
            remedy=f"Choose from {', '.join(known)}",
        )


def parameter_names(notebook: Path) -> tuple[str, ...]:
    """List the parameters of a notebook.

    Parameters
    ----------
    notebook : Path
        The notebook.

    Returns
    -------
    tuple of str
        Names assigned in its cell tagged ``parameters``, in their order.

    Raises
    ------
    FileFormatError
        If the notebook cannot be read or has no such cell.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
        tree = ast.parse("".join(tagged[0]["source"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, SyntaxError) as error:
        raise FileFormatError(
            f"'{notebook}' is no notebook with a cell tagged 'parameters'",
            found=f"{type(error).__name__}: {error}",
        ) from error
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return tuple(names)


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    NotebookNode
        Its content.
    """
    import nbformat

    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def _failed(error: Any) -> RunError:
    """Say what went wrong in a cell in the words of the error itself."""
    said = f"{error.ename}: {error.evalue}"
    if error.ename in ("RunError", "DataError", "ConfigError", "StoreError", "NotFoundError"):
        said = str(error.evalue)
    return RunError(f"The reduction stopped: {said}")


def _tidy(output: Path) -> None:
    """Take the paths of this machine out of an executed notebook: it may be published."""
    if not output.exists():
        return
    import nbformat

    executed = read_notebook(output)
    for name in ("input_path", "output_path"):
        executed.metadata.get("papermill", {}).pop(name, None)
    nbformat.write(executed, output)
