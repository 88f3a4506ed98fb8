"""Choose an observation, bring one in, or make one to practice on."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from hcdc_widgets.panels.feedback import Notice, facts_html, guarded, in_background
from hcdc_widgets.panels.intake import Arrival, Intake, is_raw, sequences
from hcdc_widgets.plots.completeness import worst_light

if TYPE_CHECKING:
    import threading

    from hcdc_kernel import Workspace
    from hcdc_widgets.panels.records import ObservationRecord

_LIGHT_WORDS = {"good": "all there", "fair": "usable", "poor": "some are missing"}


class ObservationPicker(widgets.VBox):
    """The observations of the archive with the facts of the chosen one.

    Parameters
    ----------
    workspace : Workspace
        Whose archive to choose from.
    intake : Intake, optional
        Which kind of observations to offer, and how they come in; calibrated sequences by
        default.

    Attributes
    ----------
    observation : str
        Name of the observation that was chosen; empty before.
    worker : Thread or None
        Making or bringing in at work.
    """

    observation = traitlets.Unicode("")

    def __init__(self, workspace: Workspace, intake: Intake | None = None) -> None:
        self._workspace = workspace
        self._intake = intake or sequences(workspace)
        self.worker: threading.Thread | None = None
        self.notice = Notice()
        self.choice = widgets.Dropdown(
            description="Observation",
            layout={"width": "560px", "max_width": "100%"},
            style={"description_width": "110px"},
        )
        self._facts = widgets.HTML()
        self._others = widgets.HTML()
        self._bar = widgets.HTML()
        self.take = widgets.Button(description="Use this observation", button_style="primary")
        self.practice = widgets.Button(description=self._intake.practice)
        self.path = widgets.Text(
            description=self._intake.field,
            placeholder=self._intake.placeholder,
            layout={"width": "560px", "max_width": "100%"},
            style={"description_width": "110px"},
        )
        self.bring = widgets.Button(description="Bring it in")
        words = widgets.HTML(f"<p>{escape(self._intake.explanation)}</p>")
        more = widgets.Accordion(
            [widgets.VBox([words, self.path, self.bring])], titles=(self._intake.heading,)
        )
        super().__init__(
            [
                self.choice,
                self._facts,
                widgets.HBox([self.take, self.practice]),
                self._bar,
                self.notice,
                more,
                self._others,
            ]
        )
        self.choice.observe(guarded(self.notice, self._describe), "value")
        self.take.on_click(guarded(self.notice, self._take))
        self.practice.on_click(guarded(self.notice, self._start_practice))
        self.bring.on_click(guarded(self.notice, self._start_bringing))
        guarded(self.notice, self.refresh)()

    def refresh(self, chosen: str = "") -> None:
        """Read the list of observations again.

        Parameters
        ----------
        chosen : str
            Name of the observation to point at.
        """
        everything = self._workspace.observations()
        known = [one for one in everything if self._intake.accepts(one)]
        n_others = len(everything) - len(known)
        others = self._intake.others.format(n=n_others) if n_others else ""
        self._others.value = f'<p class="hcdc-help">{escape(others)}</p>' if others else ""
        self.choice.options = [(_line(one), one.name) for one in known]
        names = [one.name for one in known]
        if known:
            # A list that was empty before does not point at anything by itself.
            self.choice.value = chosen if chosen in names else names[0]
        for control in (self.choice, self.take):
            control.disabled = not known
        if known:
            self._describe()
        else:
            self.notice.say(self._intake.nothing)

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
        """Make something to practice on beside the page."""
        self._start(self._intake.making, lambda: self._intake.make_example(self._tell))

    def _start_bringing(self, _: Any) -> None:
        """Bring in what was named, beside the page."""
        if not self.path.value.strip():
            self.notice.warn(self._intake.missing)
            return
        path = Path(self.path.value.strip()).expanduser()
        self._start(f"Reading {path} \u2026", lambda: self._intake.bring(path, self._tell))

    def _start(self, words: str, action: Callable[[], Arrival]) -> None:
        """Do something that takes long, with the buttons held."""
        self._hold(held=True)
        self.worker = in_background(guarded(self.notice, lambda: self._finish(words, action)))

    def _finish(self, words: str, action: Callable[[], Arrival]) -> None:
        """Do it, and point at what came in."""
        self.notice.say(words)
        try:
            arrival = action()
        finally:
            self._bar.value = ""
            self._hold(held=False)
        self.refresh(arrival.names[0] if arrival.names else "")
        tell = self.notice.say if arrival.names else self.notice.warn
        tell(f"{_arrived(arrival.names)} {arrival.remarks}".strip())

    def _hold(self, *, held: bool) -> None:
        """Let nobody press a button twice."""
        self.practice.disabled = self.bring.disabled = held

    def _tell(self, done: float, text: str) -> None:
        """Show how far it is."""
        self._bar.value = (
            f'<p><progress max="1" value="{done:.3f}" style="width:230px" '
            f'aria-label="progress"></progress>&emsp;{escape(text)}</p>'
        )


def _arrived(names: tuple[str, ...]) -> str:
    """Say what is there now."""
    if not names:
        return "There are no science frames of a star among the files."
    if len(names) == 1:
        return f"{names[0]} is ready."
    return f"{len(names)} observations are ready: {', '.join(names)}."


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
    known = {
        "Star": info.target,
        "Camera": f"{info.instrument}, {info.filter}",
        "Night": info.night,
        "Frames": f"{info.n_frames} in {channels}",
        "Field rotation": f"{info.field_rotation_deg:.1f} deg",
    }
    if is_raw(info):
        known |= _raw_facts(info)
    return known | {"Name": info.name}


def _raw_facts(info: ObservationRecord) -> dict[str, str]:
    """Say what headers tell of raw frames."""
    light = worst_light(info.facts.get("calibrations", ()))
    n_files = info.facts.get("n_files", 0)
    known = {"Frames": f"{info.n_frames} in {n_files} {'file' if n_files == 1 else 'files'}"}
    if info.facts.get("dit_s"):
        known["Exposure of a frame"] = f"{info.facts['dit_s']:g} s"
    if info.facts.get("coronagraph"):
        known["Coronagraph"] = str(info.facts["coronagraph"])
    return known | {"Calibrations": f"{light}: {_LIGHT_WORDS[light]}"}
