"""Choose an observation, bring one in, or make one to practice on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from hcdc_widgets.panels.feedback import Notice, facts_html, guarded, in_background

if TYPE_CHECKING:
    from hcdc_kernel import Workspace
    from hcdc_widgets.panels.records import ObservationRecord

_NONE = "There is no observation in the archive yet: make a practice sequence, or bring one in."


class ObservationPicker(widgets.VBox):
    """The observations of the archive with the facts of the chosen one.

    Parameters
    ----------
    workspace : Workspace
        Whose archive to choose from.

    Attributes
    ----------
    observation : str
        Name of the observation that was chosen; empty before.
    """

    observation = traitlets.Unicode("")

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.notice = Notice()
        self.choice = widgets.Dropdown(
            description="Observation",
            layout={"width": "560px", "max_width": "100%"},
            style={"description_width": "110px"},
        )
        self._facts = widgets.HTML()
        self.take = widgets.Button(description="Use this observation", button_style="primary")
        self.practice = widgets.Button(description="Make a practice sequence")
        self.path = widgets.Text(
            description="Description",
            placeholder="path of the YAML file that describes the sequence",
            layout={"width": "560px", "max_width": "100%"},
            style={"description_width": "110px"},
        )
        self.bring = widgets.Button(description="Bring it in")
        more = widgets.Accordion(
            [widgets.VBox([self._explain(), self.path, self.bring])],
            titles=("Bring in a sequence of your own",),
        )
        super().__init__(
            [
                self.choice,
                self._facts,
                widgets.HBox([self.take, self.practice]),
                self.notice,
                more,
            ]
        )
        self.choice.observe(guarded(self.notice, self._describe), "value")
        self.take.on_click(guarded(self.notice, self._take))
        self.practice.on_click(guarded(self.notice, self._start_practice))
        self.bring.on_click(guarded(self.notice, self._bring))
        guarded(self.notice, self.refresh)()

    def refresh(self, chosen: str = "") -> None:
        """Read the list of observations again.

        Parameters
        ----------
        chosen : str
            Name of the observation to point at.
        """
        known = self._workspace.observations()
        self.choice.options = [(_line(one), one.name) for one in known]
        if known:
            # A list that was empty before does not point at anything by itself.
            self.choice.value = chosen or known[0].name
        for control in (self.choice, self.take):
            control.disabled = not known
        if known:
            self._describe()
        else:
            self.notice.say(_NONE)

    def _explain(self) -> widgets.HTML:
        """Say what a description is."""
        return widgets.HTML(
            "<p>A calibrated sequence is a cube, its angles and an off-axis image of the star, "
            "as FITS files, with a small YAML file beside them that says what is what.</p>"
        )

    def _describe(self, _: Any = None) -> None:
        """Show the facts of the observation pointed at."""
        if self.choice.value is None:
            self._facts.value = ""
            return
        self._facts.value = facts_html(facts(self._workspace.observation(self.choice.value)))

    def _take(self, _: Any) -> None:
        """Choose the observation pointed at, even if it is the one chosen before."""
        self.observation = ""
        self.observation = self.choice.value

    def _start_practice(self, _: Any) -> None:
        """Make a practice sequence beside the page."""
        self.practice.disabled = True
        self.notice.say("Making a practice sequence: a star with planets that we know of \u2026")
        self.worker = in_background(guarded(self.notice, self._make_practice))

    def _make_practice(self) -> None:
        """Make a practice sequence and point at it."""
        self.notice.say("Making a practice sequence: a star with planets that we know of \u2026")
        try:
            made = self._workspace.make_example()
        finally:
            self.practice.disabled = False
        self.refresh(made.name)
        self.notice.say(f"The practice sequence {made.name} is ready.")

    def _bring(self, _: Any) -> None:
        """Bring in the sequence whose description was named."""
        if not self.path.value.strip():
            self.notice.warn("Write the path of the description first.")
            return
        path = Path(self.path.value.strip()).expanduser()
        brought = self._workspace.ingest(path)
        self.refresh(brought.name)
        self.notice.say(f"{brought.name} is in the archive.")


def _line(info: ObservationRecord) -> str:
    """Name an observation in the list."""
    return f"{info.target} \u2013 {info.instrument}, {info.filter}, {info.night}"


def facts(info: ObservationRecord) -> dict[str, str]:
    """Say what is known of an observation.

    Parameters
    ----------
    info : ObservationRecord
        The observation.

    Returns
    -------
    dict of str to str
        Value by name, in words.
    """
    channels = "one channel" if info.n_wave == 1 else f"{info.n_wave} channels"
    return {
        "Star": info.target,
        "Camera": f"{info.instrument}, {info.filter}",
        "Night": info.night,
        "Frames": f"{info.n_frames} in {channels}",
        "Field rotation": f"{info.field_rotation_deg:.1f} deg",
        "Name": info.name,
    }
