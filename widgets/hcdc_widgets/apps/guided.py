"""From an observation to its result in five stages, by buttons alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from hcdc_widgets.panels import (
    CheckPanel,
    Notice,
    ObservationPicker,
    RecipePanel,
    ResultPanel,
    RunPanel,
    Stage,
    guarded,
)
from hcdc_widgets.panels.run import Request

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
        self.notice = Notice()
        self.picker = ObservationPicker(workspace)
        self.checker = CheckPanel(workspace)
        self.recipe = RecipePanel(workspace)
        self.runner = RunPanel(workspace, self._request, self._finished)
        self.results = ResultPanel(workspace)
        self._make_stages()
        super().__init__([self.choose, self.check, self.settings, self.run, self.result])
        self.picker.observe(guarded(self.picker.notice, self._chosen), "observation")
        self.recipe.observe(self._allow, "valid")
        self.runner.observe(self._hold, "busy")
        self.choose.unlock()

    def _make_stages(self) -> None:
        """Explain each stage and put its panel in."""
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
            wait="Choose an observation first.",
        )
        self.settings = Stage(
            "3. Recipe and settings",
            "The recipe as it is will do for most sequences. What you change stands out.",
            self.recipe,
            wait="Choose an observation first.",
        )
        self.run = Stage(
            "4. Run",
            "Every step is kept: what has been done before, with the same settings, is not done "
            "again.",
            self.runner,
            wait="Choose an observation first.",
        )
        self.result = Stage(
            "5. Result",
            "Candidates are what stands out of the noise; follow-up decides whether they are "
            "companions.",
            self.results,
            wait="Run the reduction first.",
        )

    def _chosen(self, change: Any) -> None:
        """Open the next stages for the observation."""
        name = change["new"]
        if not name:
            return
        self.result.lock()
        self.checker.show(name)
        for stage in (self.check, self.settings, self.run):
            stage.unlock()

    def _allow(self, _: Any) -> None:
        """Run only with settings that can be used."""
        self.runner.allowed = self.recipe.valid

    def _hold(self, change: Any) -> None:
        """Let nobody change the observation while it is being reduced."""
        self.picker.take.disabled = change["new"]

    def _request(self) -> Request:
        """Say what to reduce."""
        return Request(self.picker.observation, self.recipe.recipe, self.recipe.settings())

    def _finished(self, results: Any, run: Any) -> None:
        """Show the result."""
        self.results.show(results, run)
        self.result.unlock()


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
