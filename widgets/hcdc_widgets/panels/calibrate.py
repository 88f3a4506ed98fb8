"""Calibrate raw frames step by step, with a picture of each."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import ipywidgets as widgets

from hcdc_widgets.forms import RecipeForm, spoken
from hcdc_widgets.panels.feedback import Notice
from hcdc_widgets.panels.lessons import LESSONS, Lesson
from hcdc_widgets.panels.running import Request, StepRunner

if TYPE_CHECKING:
    from hcdc_kernel import Cube, Psf, Reduction, Workspace
    from hcdc_kernel.datamodel import Data


class CalibratePanel(StepRunner):
    """Buttons, bars, and below them a picture with words for each step that was done.

    Parameters
    ----------
    workspace : Workspace
        Where the observation is.
    finished : callable
        Called with cube and PSF once all is done.

    Attributes
    ----------
    form : RecipeForm or None
        The settings of the calibration; None before an observation was chosen.
    pictures : VBox
        One card a step, in the order of the steps.
    """

    def __init__(self, workspace: Workspace, finished: Callable[[Cube, Psf], None]) -> None:
        self._workspace, self._finished = workspace, finished
        self._observation = self._calibration = ""
        self.form: RecipeForm | None = None
        self._settings = widgets.VBox()
        self.pictures = widgets.VBox()
        super().__init__("Calibrate the frames", above=self._settings, below=self.pictures)

    def show(self, observation: str, calibration: str) -> None:
        """Get ready for an observation.

        Parameters
        ----------
        observation : str
            Its name.
        calibration : str
            Name of the recipe that calibrates it.
        """
        self._observation, self._calibration = observation, calibration
        self.form = RecipeForm(self._workspace.whole_recipe(observation, calibration))
        self.form.observe(self._allow, "valid")
        self._allow()
        self._settings.children = [
            widgets.Accordion(
                [self.form], titles=("Settings of the calibration (leave them if in doubt)",)
            )
        ]
        self.steps.value = ""
        self.notice.clear()
        self.pictures.children = []

    def settings(self) -> dict[str, object]:
        """Give the settings that differ from the calibration recipe.

        Returns
        -------
        dict
            Value by ``"step.field"``.
        """
        return {} if self.form is None else self.form.settings()

    def request(self) -> Request:
        """Say what to calibrate.

        Returns
        -------
        Request
            The observation, with the settings of the form.
        """
        return Request(self._observation, self._calibration, self.settings())

    def work(self, wanted: Request) -> Callable[[], None]:
        """Calibrate, and show each step as soon as it is done.

        Parameters
        ----------
        wanted : Request
            What to calibrate.

        Returns
        -------
        callable
            Hands on cube and PSF.
        """
        self.pictures.children = []
        reduction = self._workspace.start(
            wanted.observation, recipe=wanted.recipe, settings=wanted.settings
        )
        tasks = reduction.plan.tasks
        lessons = {lesson.step: lesson for lesson in LESSONS}
        chosen = [place for place, task in enumerate(tasks) if task.step in lessons]
        self.steps.begin([spoken(tasks[place].step) for place in chosen])
        for place in chosen:
            self.run_step(reduction, place)
            lesson = lessons[tasks[place].step]
            self._add(lesson, reduction)
        cube, psf = reduction.result("cube"), reduction.result("psf")

        def show() -> None:
            self._finished(cube, psf)  # type: ignore[arg-type]  # the plan's own names
            left_out = [one.title for one in LESSONS if one.step not in {t.step for t in tasks}]
            self.notice.say(_summary(left_out))

        return show

    def _add(self, lesson: Lesson, reduction: Reduction) -> None:
        """Put the picture of a step below those that are there."""
        data: Data = reduction.result(lesson.output)
        self.pictures.children = (*self.pictures.children, lesson_card(lesson, data))

    def _allow(self, _: object = None) -> None:
        """Run only with settings that can be used."""
        self.allowed = self.form is not None and self.form.valid


def lesson_card(lesson: Lesson, data: Data) -> widgets.Widget:
    """Make the card of one step: what was made, what to look for, the picture, cautions.

    Parameters
    ----------
    lesson : Lesson
        The words.
    data : data object
        What the step made.

    Returns
    -------
    Widget
        The card.
    """
    verdict = Notice()
    cautions = lesson.judge(data)
    if cautions:
        verdict.warn(" ".join(cautions))
    else:
        verdict.say("Nothing stands out.")
    words = widgets.HTML(f"<h3>{escape(lesson.title)}</h3><p>{escape(lesson.words)}</p>")
    return widgets.VBox([words, widgets.HTML(lesson.draw(data).html()), verdict])


def _summary(left_out: list[str]) -> str:
    """Say that it is done, and what was left out."""
    done = "Calibrated. The frames are below."
    if not left_out:
        return done
    return f"{done} Left out, for lack of files or of need: {', '.join(left_out).lower()}."
