"""Run a reduction beside the page, step by step, and tell how far it is."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from hcdc_kernel import HcdcError, RunError
from hcdc_widgets.forms import spoken
from hcdc_widgets.panels.feedback import Notice, guarded, in_background

if TYPE_CHECKING:
    from hcdc_kernel import Workspace
    from hcdc_kernel.datamodel import Data
    from hcdc_widgets.panels.records import RunRecord

_SIGNS = {"waiting": "\u25cb", "running": "\u25b6", "done": "\u2714", "failed": "\u2716"}
_RECORD = "keep the record and write the report"
# More often than this nobody sees it, and the page has other things to do.
_LEAST_INTERVAL_S = 0.15


@dataclass(frozen=True, slots=True)
class Request:
    """What to reduce, and how.

    Attributes
    ----------
    observation : str
        Name of the observation.
    recipe : str
        Name of the recipe.
    settings : mapping
        Settings that differ from the recipe, by ``"step.field"``.
    """

    observation: str
    recipe: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Row:
    """How far one step is."""

    name: str
    state: str = "waiting"
    done: float = 0.0
    words: str = ""


class StepList(widgets.HTML):
    """The steps of a run, each with its bar."""

    def begin(self, names: list[str]) -> None:
        """Start anew.

        Parameters
        ----------
        names : list of str
            What will be done.
        """
        self._rows = [_Row(name) for name in names]
        self._drawn = 0.0
        self._draw()

    def change(self, place: int, state: str, done: float, words: str = "") -> None:
        """Tell how far one of them is.

        Parameters
        ----------
        place : int
            Which, from 0.
        state : str
            ``"waiting"``, ``"running"``, ``"done"`` or ``"failed"``.
        done : float
            Share done, 0 to 1.
        words : str
            What is being done.
        """
        row = self._rows[place]
        same = row.state == state
        row.state, row.done, row.words = state, min(1.0, max(0.0, done)), words
        if not same or time.monotonic() - self._drawn > _LEAST_INTERVAL_S:
            self._draw()

    def _draw(self) -> None:
        """Write the list."""
        self._drawn = time.monotonic()
        cell = 'style="padding:3px 14px 3px 0"'
        lines = "".join(
            f"<tr><td {cell}>{_SIGNS[row.state]} {escape(row.name)}</td>"
            f'<td {cell}><progress max="1" value="{row.done:.3f}" style="width:230px" '
            f'aria-label="{escape(row.name)}"></progress></td>'
            f"<td {cell}>{escape(row.words or row.state)}</td></tr>"
            for row in self._rows
        )
        self.value = f"<table>{lines}</table>"


class RunPanel(widgets.VBox):
    """Run and stop buttons, the steps with their bars, and errors in words.

    Parameters
    ----------
    workspace : Workspace
        Where to run.
    request : callable
        Asked, when the button is pressed, what to reduce.
    finished : callable
        Called with the results by name and the run, once all is done.

    Attributes
    ----------
    worker : Thread or None
        The run at work.
    allowed : bool
        Whether a run may be started; for others to say.
    busy : bool
        Whether a run is at work.
    """

    allowed = traitlets.Bool(default_value=True)
    busy = traitlets.Bool(default_value=False)

    def __init__(
        self,
        workspace: Workspace,
        request: Callable[[], Request],
        finished: Callable[[Mapping[str, Data], RunRecord], None],
    ) -> None:
        self._workspace, self._request, self._finished = workspace, request, finished
        self._stop_asked = threading.Event()
        self.worker: threading.Thread | None = None
        self.notice = Notice()
        self.steps = StepList()
        self.start = widgets.Button(description="Run the reduction", button_style="primary")
        self.stop = widgets.Button(description="Stop", disabled=True)
        self.start.on_click(guarded(self.notice, self._begin))
        self.stop.on_click(self._ask_to_stop)
        super().__init__([widgets.HBox([self.start, self.stop]), self.steps, self.notice])

    @traitlets.observe("allowed", "busy")
    def _set_buttons(self, _: Any) -> None:
        """Offer what makes sense now."""
        self.start.disabled = self.busy or not self.allowed
        self.stop.disabled = not self.busy

    def _begin(self, _: Any) -> None:
        """Start the run beside the page."""
        wanted = self._request()
        self._stop_asked.clear()
        self.busy = True
        self.worker = in_background(guarded(self.notice, lambda: self._work(wanted)))

    def _ask_to_stop(self, _: Any) -> None:
        """Stop at the next sign of life; what is done stays done."""
        self._stop_asked.set()
        self.stop.disabled = True

    def _work(self, wanted: Request) -> None:
        """Do all steps, then keep the record."""
        try:
            results, run = self._reduce(wanted)
        finally:
            self.busy = False
        self.notice.say("Done. The result is below.")
        self._finished(results, run)

    def _reduce(self, wanted: Request) -> tuple[Mapping[str, Data], RunRecord]:
        """Run the steps one by one, so that each can be watched."""
        self.steps.value = ""
        reduction = self._workspace.start(
            wanted.observation, recipe=wanted.recipe, settings=wanted.settings
        )
        tasks = reduction.plan.tasks
        self.steps.begin([*(spoken(task.step) for task in tasks), _RECORD.capitalize()])
        for place, task in enumerate(tasks):
            try:
                with self._watched(place):
                    reduction.run(until=task.step, progress=self._teller(place, len(tasks)))
            except HcdcError:
                self._keep_failure(wanted)
                raise
            done = reduction.done[place]
            words = "done before" if done.reused else f"{done.seconds:.1f} s"
            self.steps.change(place, "done", 1.0, words)
        with self._watched(len(tasks)):
            run = self._workspace.reduce(
                wanted.observation,
                recipe=wanted.recipe,
                settings=wanted.settings,
                progress=self._teller(len(tasks), 0),
            )
        self.steps.change(len(tasks), "done", 1.0, "kept")
        return reduction.results, run

    def _keep_failure(self, wanted: Request) -> None:
        """Enter a run that failed in the archive, for the staff to see; not one stopped."""
        if self._stop_asked.is_set():
            return
        # It fails again, as it must, and is kept as failed; the page tells the first error.
        with contextlib.suppress(HcdcError):
            self._workspace.reduce(
                wanted.observation, recipe=wanted.recipe, settings=wanted.settings
            )

    def _watched(self, place: int) -> _Watched:
        """Mark a step as running, and as failed if it raises."""
        return _Watched(self.steps, place)

    def _teller(self, place: int, n_tasks: int) -> Callable[[float, str], None]:
        """Make the progress callback of one step, which also hears the wish to stop."""

        def tell(done: float, text: str) -> None:
            if self._stop_asked.is_set():
                raise RunError("The run was stopped", remedy="Run it again to go on from here")
            share = done * n_tasks - place if n_tasks else done
            self.steps.change(place, "running", share, text)

        return tell


class _Watched:
    """A step at work."""

    def __init__(self, steps: StepList, place: int) -> None:
        self._steps, self._place = steps, place

    def __enter__(self) -> None:
        self._steps.change(self._place, "running", 0.0)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is not None:
            self._steps.change(self._place, "failed", 0.0, "stopped")
