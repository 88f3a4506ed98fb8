"""From an observation to its result in five stages, by buttons alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from hcdc_widgets.apps.reducing import Reducing
from hcdc_widgets.panels import CheckPanel, ObservationPicker, Stage, guarded

if TYPE_CHECKING:
    from hcdc_kernel import Workspace


class GuidedApp(widgets.VBox):
    """The five stages; show the whole, or one stage a cell.

    Attributes
    ----------
    choose, check, settings, run, result : Stage
        The stages in their order.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.picker = ObservationPicker(workspace)
        self.checker = CheckPanel(workspace)
        wait = "Choose an observation first."
        self.reducing = Reducing(workspace, 3, wait, lambda: self.picker.observation)
        self.recipe, self.runner = self.reducing.recipe, self.reducing.runner
        self.results = self.reducing.results
        self.settings, self.run, self.result = self.reducing.stages
        self.choose = Stage(
            "1. Choose an observation",
            "One night on one star in pupil tracking: the star stays, the sky turns around it.",
            self.picker,
            wait="",
        )
        self.check = Stage(
            "2. Check the data",
            "Play the frames: the star's halo should stand still. A jump, a cloud or a dead "
            "detector would show here.",
            self.checker,
            wait=wait,
        )
        super().__init__([self.choose, self.check, *self.reducing.stages])
        self.picker.observe(guarded(self.picker.notice, self._chosen), "observation")
        self.runner.observe(self._hold, "busy")
        self.choose.unlock()

    def _chosen(self, change: Any) -> None:
        """Open the next stages for the observation."""
        name = change["new"]
        if not name:
            return
        self.result.lock()
        self.checker.show(name)
        self.check.unlock()
        self.reducing.open()

    def _hold(self, change: Any) -> None:
        """Let nobody change the observation while it is being reduced."""
        self.picker.take.disabled = change["new"]


def guided(workspace: Workspace) -> GuidedApp:
    """Make the guided reduction.

    Parameters
    ----------
    workspace : Workspace
        Where observations are and reductions run.

    Returns
    -------
    GuidedApp
        Show it, or its stages one by one.
    """
    return GuidedApp(workspace)
