"""Run a reduction beside the page, step by step, and tell how far it is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from hcdc_kernel import HcdcError
from hcdc_widgets.forms import spoken
from hcdc_widgets.panels.running import Request, StepRunner

if TYPE_CHECKING:
    from hcdc_kernel import Workspace
    from hcdc_kernel.datamodel import Data
    from hcdc_widgets.panels.records import RunRecord

_RECORD = "keep the record and write the report"


class RunPanel(StepRunner):
    """Run and stop buttons, the steps with their bars, and errors in words.

    Parameters
    ----------
    workspace : Workspace
        Where to run.
    request : callable
        Asked, when the button is pressed, what to reduce.
    finished : callable
        Called with the results by name and the run, once all is done.
    """

    def __init__(
        self,
        workspace: Workspace,
        request: Callable[[], Request],
        finished: Callable[[Mapping[str, Data], RunRecord], None],
    ) -> None:
        self._workspace, self._request, self._finished = workspace, request, finished
        super().__init__("Run the reduction")

    def request(self) -> Request:
        """Say what to reduce.

        Returns
        -------
        Request
            Observation, recipe, settings.
        """
        return self._request()

    def work(self, wanted: Request) -> Callable[[], None]:
        """Run the steps one by one, so that each can be watched, then keep the record.

        Parameters
        ----------
        wanted : Request
            What to reduce.

        Returns
        -------
        callable
            Shows the result.
        """
        results, run = self._reduce(wanted)

        def show() -> None:
            self.notice.say("Done. The result is below.")
            self._finished(results, run)

        return show

    def _reduce(self, wanted: Request) -> tuple[Mapping[str, Data], RunRecord]:
        """Run all steps; the batch notebook then finds everything done."""
        reduction = self._workspace.start(
            wanted.observation, recipe=wanted.recipe, settings=wanted.settings
        )
        tasks = reduction.plan.tasks
        self.steps.begin([*(spoken(task.step) for task in tasks), _RECORD.capitalize()])
        for place in range(len(tasks)):
            try:
                self.run_step(reduction, place)
            except HcdcError:
                self._keep_failure(wanted)
                raise
        with self.watched(len(tasks)):
            run = self._workspace.reduce(
                wanted.observation,
                recipe=wanted.recipe,
                settings=wanted.settings,
                progress=self.teller(len(tasks), 0),
            )
        self.steps.change(len(tasks), "done", 1.0, "kept")
        return reduction.results, run

    def _keep_failure(self, wanted: Request) -> None:
        """Enter a run that failed in the archive, for the staff to see; not one stopped."""
        if self.was_stopped:
            return
        # It fails again, as it must, and is kept as failed; the page tells the first error.
        with contextlib.suppress(HcdcError):
            self._workspace.reduce(
                wanted.observation, recipe=wanted.recipe, settings=wanted.settings
            )
