"""What the command writes: tables, JSON, progress, errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from hcdc_kernel.archive.provenance import Branch
    from hcdc_kernel.workspace import Workspace


def say(text: str) -> None:
    """Write a line to standard output.

    Parameters
    ----------
    text : str
        The line.
    """
    typer.echo(text)


def note(text: str) -> None:
    """Write a line to standard error, where it does not disturb scripts.

    Parameters
    ----------
    text : str
        The line.
    """
    typer.echo(text, err=True)


def open_workspace() -> Workspace:
    """Open the workspace that the environment names.

    Returns
    -------
    Workspace
        Of ``HCDC_HOME``.
    """
    from hcdc_kernel.workspace import Workspace

    return Workspace.open()


def write_json(value: Any) -> None:
    """Write JSON, and nothing else, to standard output.

    Parameters
    ----------
    value : object
        Plain values, or records of the archive.
    """
    typer.echo(json.dumps(_plain(value), indent=2, sort_keys=False, default=str))


def write_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table in columns as wide as they need to be.

    Parameters
    ----------
    header : sequence of str
        Column names.
    rows : iterable of sequence of str
        The cells.
    """
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def write_tree(branch: Branch, depth: int = 0) -> None:
    """Write what a product was made from, each product once.

    Parameters
    ----------
    branch : Branch
        The product.
    depth : int
        How deep it stands.
    """
    entity = branch.entity
    name = entity.attributes.get("uid", "")
    made = f" by {branch.activity}" if branch.activity else ""
    again = " (told above)" if branch.repeated else ""
    digest = f"  sha256 {entity.attributes['sha256']}" if entity.kind == "file" else ""
    typer.echo(f"{'  ' * depth}{entity.label} {name}".rstrip() + f"{made}{again}{digest}")
    for lower in branch.branches:
        write_tree(lower, depth + 1)


@contextmanager
def progress_bar(text: str) -> Iterator[Callable[[float, str], None]]:
    """Show progress on standard error while something is done, if that is a terminal.

    Parameters
    ----------
    text : str
        What is done.

    Yields
    ------
    callable
        To be told the share done and what is being done.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=1.0)
        yield lambda done, now: bar.update(task, completed=done, description=f"{text}: {now}")


def tolerate_any_terminal() -> None:
    """Let letters that a terminal does not know come out escaped, not as an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _plain(value: Any) -> Any:
    """Turn records into what JSON can hold."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and value != value:
        return None
    return value
