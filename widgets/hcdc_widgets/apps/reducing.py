"""The stages that all guided ways end with: settings, run, result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hcdc_widgets.panels import RecipePanel, ResultPanel, RunPanel, Stage
from hcdc_widgets.panels.running import Request

if TYPE_CHECKING:
    from hcdc_kernel import Workspace


class Reducing:
    """Recipe, run and result, each with its stage.

    Parameters
    ----------
    workspace : Workspace
        Where reductions run.
    first : int
        Number of the first of the three stages.
    wait : str
        What has to be done before.
    observation : callable
        Tells the name of the observation to reduce.
    more : callable
        Tells further settings, by ``"step.field"``.

    Attributes
    ----------
    recipe : RecipePanel
        Recipe and settings.
    runner : RunPanel
        Run and stop.
    results : ResultPanel
        What came out.
    settings, run, result : Stage
        The stages that they are in.
    """

    def __init__(
        self,
        workspace: Workspace,
        first: int,
        wait: str,
        observation: Callable[[], str],
        more: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._observation, self._more = observation, more
        self.recipe = RecipePanel(workspace)
        self.runner = RunPanel(workspace, self._request, self._finished)
        self.results = ResultPanel(workspace)
        self.settings = Stage(
            f"{first}. Recipe and settings",
            "The recipe as it is will do for most sequences. What you change stands out.",
            self.recipe,
            wait=wait,
        )
        self.run = Stage(
            f"{first + 1}. Run",
            "Every step is kept: what has been done before, with the same settings, is not done "
            "again.",
            self.runner,
            wait=wait,
        )
        self.result = Stage(
            f"{first + 2}. Result",
            "Candidates are what stands out of the noise; follow-up decides whether they are "
            "companions.",
            self.results,
            wait="Run the reduction first.",
        )
        self.recipe.observe(self._allow, "valid")

    @property
    def stages(self) -> tuple[Stage, Stage, Stage]:
        """The three stages.

        Returns
        -------
        tuple of Stage
            Settings, run, result.
        """
        return self.settings, self.run, self.result

    def open(self) -> None:
        """Let people set and run; the result of before is no longer that of this."""
        self.result.lock()
        self.settings.unlock()
        self.run.unlock()

    def close(self) -> None:
        """Go back to waiting for the stages before."""
        for stage in self.stages:
            stage.lock()

    def _allow(self, _: Any) -> None:
        """Run only with settings that can be used."""
        self.runner.allowed = self.recipe.valid

    def _request(self) -> Request:
        """Say what to reduce."""
        settings = {**self._more(), **self.recipe.settings()}
        return Request(self._observation(), self.recipe.recipe, settings)

    def _finished(self, results: Any, run: Any) -> None:
        """Show the result."""
        self.results.show(results, run)
        self.result.unlock()
