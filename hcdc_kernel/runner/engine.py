"""The Papermill engine `hcdc`: a private kernel, limits, progress."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from hcdc_kernel.errors import RunError
from hcdc_kernel.runner.kernel import kernel_environment, kill, private_kernel
from hcdc_kernel.steps.base import Progress, no_progress

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

# How often limits are looked at [s].
_GUARD_S = 0.2


class HcdcEngine:
    """Runs notebooks for Papermill; announced to it as an entry point.

    Papermill loads its engines while it is being imported, so this class imports nothing of
    it at its birth.
    """

    @classmethod
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, **options: Any) -> NotebookNode:
        """Run a notebook.

        Parameters
        ----------
        nb : NotebookNode
            The notebook, its parameters in place.
        kernel_name : str
            Kernel that it asks for; it gets this Python whatever the name.
        **options
            Papermill's own, and ``wall_limit_s`` (longest time for the whole notebook [s]),
            ``cancelled`` (asked now and then whether to stop), ``progress`` (told the share
            done and the heading reached) and ``environment`` (variables for the kernel).

        Returns
        -------
        NotebookNode
            The executed notebook, also if a cell failed.

        Raises
        ------
        RunError
            If a limit was reached, the run was cancelled, or the kernel died.
        """
        from papermill.engines import NotebookExecutionManager

        tell: Progress = options.get("progress", no_progress)
        book = NotebookExecutionManager(
            nb, output_path=options.get("output_path"), progress_bar=False, autosave_cell_every=30
        )
        book.notebook_start()
        _tell_cells(book, tell)
        try:
            _execute(book, kernel_name, options)
        finally:
            book.notebook_complete()
        executed: NotebookNode = book.nb
        return executed

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """Name the kernel of a notebook.

        Parameters
        ----------
        nb : NotebookNode
            The notebook.
        name : str, optional
            Name that overrides the notebook's.

        Returns
        -------
        str
            Never empty: any name will do.
        """
        spec = nb.metadata.get("kernelspec", {})
        return name or spec.get("name") or "hcdc"

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        """Name the language of a notebook.

        Parameters
        ----------
        nb : NotebookNode
            The notebook.
        language : str, optional
            Language that overrides the notebook's.

        Returns
        -------
        str
            Python, unless said otherwise.
        """
        return language or nb.metadata.get("language_info", {}).get("name", "python")


def _execute(book: Any, kernel_name: str, options: Mapping[str, Any]) -> None:
    """Run all cells in a private kernel under guard."""
    from nbclient.exceptions import DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient

    environment = kernel_environment(options.get("environment", {}))
    with private_kernel(kernel_name) as manager, _Guard(manager, options) as guard:
        client = PapermillNotebookClient(
            book,
            km=manager,
            kernel_name=kernel_name,
            startup_timeout=options.get("start_timeout", 60),
            timeout=None,
            shutdown_kernel="immediate",
        )
        try:
            client.execute(env=environment, cleanup_kc=True)
        except (DeadKernelError, RuntimeError) as error:
            reason = f"The notebook stopped: {guard.reason or guard.death()}"
            raise RunError(reason, found=_mark(book, reason)) from error


class _Guard:
    """Watches a kernel; kills it when a limit is reached or the run is cancelled."""

    def __init__(self, manager: AsyncKernelManager, options: Mapping[str, Any]) -> None:
        self.reason = ""
        self._manager = manager
        self._process: Any = None
        self._limit_s: float | None = options.get("wall_limit_s")
        self._cancelled: Callable[[], bool] = options.get("cancelled", lambda: False)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="hcdc-guard")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def death(self) -> str:
        """Say how a kernel ended that was not killed here."""
        code = self._process.poll() if self._process else None
        if code is not None and code < 0:
            return f"its kernel was killed by {signal.Signals(-code).name}, perhaps out of memory"
        return "its kernel died" + ("" if code is None else f" with exit status {code}")

    def _watch(self) -> None:
        """Look at the clock and the caller's wish until the run is over."""
        begin = time.monotonic()
        while not self._over.wait(_GUARD_S):
            self._process = getattr(self._manager.provisioner, "process", None) or self._process
            if self._limit_s is not None and time.monotonic() - begin > self._limit_s:
                self.reason = f"it took longer than {self._limit_s:g} s"
            elif self._cancelled():
                self.reason = "it was cancelled"
            if self.reason:
                kill(self._manager)
                return


def _tell_cells(book: Any, tell: Progress) -> None:
    """Report each cell as it starts, under the last heading before it."""
    headings = _headings(book.nb)
    start = book.cell_start

    def start_and_tell(cell: NotebookNode, cell_index: int, **options: Any) -> None:
        start(cell, cell_index, **options)
        tell(cell_index / max(1, len(headings)), headings[cell_index])

    book.cell_start = start_and_tell


def _headings(nb: NotebookNode) -> list[str]:
    """Give each cell the heading it stands under."""
    headings, current = [], ""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            lines = [line for line in cell.source.splitlines() if line.startswith("#")]
            current = lines[0].strip("# ") if lines else current
        headings.append(current)
    return headings


def _mark(book: Any, reason: str) -> str:
    """Write the reason into the cell in which the notebook stopped, and say which one it is."""
    from nbformat.v4 import new_output

    book.nb.metadata.papermill["exception"] = True
    begun = [cell for cell in book.nb.cells if cell.metadata.papermill["start_time"]]
    if not begun:
        return "before its first cell"
    last = begun[-1]
    last.metadata.papermill.update(exception=True, status="failed")
    last.outputs.append(
        new_output("error", ename="RunError", evalue=reason, traceback=[f"RunError: {reason}"])
    )
    return f"cell {len(begun)} of {len(book.nb.cells)}"
