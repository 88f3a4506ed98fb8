"""Steps at work beside the page: start and stop, a bar a step, errors in words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from hcdc_kernel import RunError
from hcdc_widgets.panels.feedback import Notice, guarded, in_background

if TYPE_CHECKING:
    from hcdc_kernel import Reduction

_SIGNS = {"waiting": "\u25cb", "running": "\u25b6", "done": "\u2714", "failed": "\u2716"}
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


class StepRunner(widgets.VBox):
    """Start and stop buttons, the steps with their bars, and errors in words.

    A subclass says in `work` what is done.

    Parameters
    ----------
    words : str
        What the start button says.
    above, below : Widget, optional
        What stands above the buttons and below the steps.

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
        words: str,
        above: widgets.Widget | None = None,
        below: widgets.Widget | None = None,
    ) -> None:
        self._stop_asked = threading.Event()
        self.worker: threading.Thread | None = None
        self.notice = Notice()
        self.steps = StepList()
        self.start = widgets.Button(description=words, button_style="primary")
        self.stop = widgets.Button(description="Stop", disabled=True)
        self.start.on_click(guarded(self.notice, self._begin))
        self.stop.on_click(self._ask_to_stop)
        buttons = widgets.HBox([self.start, self.stop])
        parts = (above, buttons, self.steps, self.notice, below)
        super().__init__([part for part in parts if part is not None])

    @property
    def was_stopped(self) -> bool:
        """Whether somebody asked the run to stop.

        Returns
        -------
        bool
            False again once the next run is started.
        """
        return self._stop_asked.is_set()

    @traitlets.observe("allowed", "busy")
    def _set_buttons(self, _: Any) -> None:
        """Offer what makes sense now."""
        self.start.disabled = self.busy or not self.allowed
        self.stop.disabled = not self.busy

    def request(self) -> Request:
        """Say what to reduce; asked when the button is pressed.

        Returns
        -------
        Request
            Observation, recipe, settings.
        """
        raise NotImplementedError

    def work(self, wanted: Request) -> Callable[[], None]:
        """Do the work, beside the page.

        Parameters
        ----------
        wanted : Request
            What to reduce.

        Returns
        -------
        callable
            Called, without arguments, once the buttons can be used again.
        """
        raise NotImplementedError

    def _begin(self, _: Any) -> None:
        """Start the run beside the page."""
        wanted = self.request()
        self._stop_asked.clear()
        self.steps.value = ""
        self.busy = True
        self.worker = in_background(guarded(self.notice, lambda: self._work(wanted)))

    def _ask_to_stop(self, _: Any) -> None:
        """Stop at the next sign of life; what is done stays done."""
        self._stop_asked.set()
        self.stop.disabled = True

    def _work(self, wanted: Request) -> None:
        """Do the work and leave the buttons as they should be, whatever happens."""
        try:
            then = self.work(wanted)
        finally:
            self.busy = False
        then()

    def run_step(self, reduction: Reduction, place: int) -> None:
        """Run one step of a plan, watched.

        Parameters
        ----------
        reduction : Reduction
            The plan at work; the steps before are done.
        place : int
            Which step, from 0; also its place in the list.

        Raises
        ------
        HcdcError
            Whatever the step says is wrong; a `RunError` if it was asked to stop.
        """
        tasks = reduction.plan.tasks
        with self.watched(place):
            reduction.run(until=tasks[place].step, progress=self.teller(place, len(tasks)))
        done = reduction.done[place]
        words = "done before" if done.reused else f"{done.seconds:.1f} s"
        self.steps.change(place, "done", 1.0, words)

    def watched(self, place: int) -> _Watched:
        """Mark a step as running, and as failed if it raises.

        Parameters
        ----------
        place : int
            Which, from 0.

        Returns
        -------
        context manager
            To be entered while the step is at work.
        """
        return _Watched(self.steps, place)

    def teller(self, place: int, n_tasks: int) -> Callable[[float, str], None]:
        """Make the progress callback of one step, which also hears the wish to stop.

        Parameters
        ----------
        place : int
            Which, from 0.
        n_tasks : int
            Steps of the whole plan, if progress is told for it; 0 if for this step alone.

        Returns
        -------
        callable
            Takes the share done and what is being done.
        """

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
