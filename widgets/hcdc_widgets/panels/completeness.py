"""Are all calibrations there? Traffic lights with reasons and what to do."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import ipywidgets as widgets

from hcdc_widgets import plots
from hcdc_widgets.panels.feedback import Notice
from hcdc_widgets.plots.completeness import worst_light

if TYPE_CHECKING:
    from hcdc_kernel import Workspace

_VERDICTS = {
    "good": "All calibrations are there and fit the night.",
    "fair": (
        "The reduction will run. Some calibrations are not as close to the night as one would "
        "like: compare the pictures below with the words beside them."
    ),
    "poor": (
        "The reduction will run as far as it can, and say in the result what it could not do. "
        "If you have the missing files, take them in above and look again."
    ),
}


class CompletenessPanel(widgets.VBox):
    """The calibrations of a raw observation, each with its light and its reason.

    Parameters
    ----------
    workspace : Workspace
        Where the observation is.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.notice = Notice()
        self._table = widgets.HTML()
        super().__init__([self._table, self.notice])

    def show(self, observation: str) -> str:
        """Show the calibrations of an observation.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        str
            Name of the recipe that calibrates it; empty if it cannot be calibrated.
        """
        info = self._workspace.observation(observation)
        table = plots.completeness(info.facts)
        self._table.value = "" if table is None else table.html()
        calibration = str(info.facts.get("calibration", ""))
        notes = list(info.facts.get("calibrations", ()))
        if not calibration:
            self.notice.warn(
                "Frames of this camera and mode can be listed, but not reduced yet: choose "
                "another observation."
            )
        elif "science" in info.facts.get("without_images", ()):
            self.notice.warn(
                "These are headers without images: take in the folder that holds the whole files."
            )
            return ""
        elif (light := worst_light(notes)) == "good":
            self.notice.say(_VERDICTS[light])
        else:
            self.notice.warn(_VERDICTS[light])
        remarks = "".join(f"<li>{escape(str(n))}</li>" for n in info.facts.get("notes", ()))
        if remarks:
            self._table.value += f"<p>What is odd about the files:</p><ul>{remarks}</ul>"
        return calibration
