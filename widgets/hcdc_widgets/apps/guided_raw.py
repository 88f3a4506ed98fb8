"""From raw frames to a result in seven stages, a picture at each step of the calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from hcdc_widgets.apps.reducing import Reducing
from hcdc_widgets.panels import (
    CalibratePanel,
    CheckPanel,
    CompletenessPanel,
    ObservationPicker,
    Stage,
    guarded,
)
from hcdc_widgets.panels.intake import raw_frames

if TYPE_CHECKING:
    from hcdc_kernel import Cube, Psf, Workspace


class GuidedRawApp(widgets.VBox):
    """The seven stages; show the whole, or one stage a cell.

    Attributes
    ----------
    choose, complete, calibrate, check, settings, run, result : Stage
        The stages in their order.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.picker = ObservationPicker(workspace, raw_frames(workspace))
        self.completeness = CompletenessPanel(workspace)
        self.calibrator = CalibratePanel(workspace, self._calibrated)
        self.checker = CheckPanel(workspace)
        self.reducing = Reducing(
            workspace,
            5,
            "Calibrate the frames first.",
            lambda: self.picker.observation,
            self.calibrator.settings,
        )
        self.recipe, self.runner = self.reducing.recipe, self.reducing.runner
        self.results = self.reducing.results
        self.settings, self.run, self.result = self.reducing.stages
        self._make_stages()
        super().__init__(
            [self.choose, self.complete, self.calibrate, self.check, *self.reducing.stages]
        )
        self.picker.observe(guarded(self.picker.notice, self._chosen), "observation")
        for worker in (self.runner, self.calibrator):
            worker.observe(self._hold, "busy")
        self.choose.unlock()

    def _make_stages(self) -> None:
        """Explain each stage and put its panel in."""
        first = "Choose an observation first."
        self.choose = Stage(
            "1. Take in raw frames and choose an observation",
            "Science frames, calibrations and the star's own image are told apart by their "
            "headers, and gathered by star and night.",
            self.picker,
            wait="",
        )
        self.complete = Stage(
            "2. Is everything there?",
            "Each calibration with a traffic light, the reason, and what to do about it.",
            self.completeness,
            wait=first,
        )
        self.calibrate = Stage(
            "3. Calibrate, step by step",
            "One picture a step appears below, with words that say what to look for.",
            self.calibrator,
            wait=first,
        )
        self.check = Stage(
            "4. Look at the calibrated frames",
            "Play the frames: the star's halo should stand still. A jump, a cloud or a dead "
            "detector would show here.",
            self.checker,
            wait="Calibrate the frames first.",
        )

    def _chosen(self, change: Any) -> None:
        """Show what there is for the observation; what was done for another is gone."""
        name = change["new"]
        if not name:
            return
        for stage in (self.complete, self.calibrate, self.check):
            stage.lock()
        self.reducing.close()
        calibration = self.completeness.show(name)
        self.complete.unlock()
        if calibration:
            self.calibrator.show(name, calibration)
            self.calibrate.unlock()

    def _calibrated(self, cube: Cube, psf: Psf) -> None:
        """Go on with the calibrated frames."""
        self.checker.display(cube, psf)
        self.check.unlock()
        self.reducing.open()

    def _hold(self, change: Any) -> None:
        """Do one thing at a time."""
        busy = bool(change["new"])
        self.picker.take.disabled = busy
        for worker in (self.runner, self.calibrator):
            if worker is not change["owner"]:
                worker.start.disabled = busy or not worker.allowed


def guided_raw(workspace: Workspace) -> GuidedRawApp:
    """Make the guided reduction of raw frames.

    Parameters
    ----------
    workspace : Workspace
        Where observations are and reductions run.

    Returns
    -------
    GuidedRawApp
        Show it, or its stages one by one.
    """
    return GuidedRawApp(workspace)
