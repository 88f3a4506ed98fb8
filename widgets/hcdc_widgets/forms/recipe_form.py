"""All settings of a recipe, checked as they are changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets
from pydantic import BaseModel, ValidationError

from hcdc_kernel import HcdcError
from hcdc_widgets.forms.setting import Setting, spoken

if TYPE_CHECKING:
    from hcdc_kernel import Recipe


class StepForm(widgets.VBox):
    """The settings of one step, checked as they are changed.

    Parameters
    ----------
    step : str
        Name of the step.
    config : BaseModel
        All its settings, as the recipe gives them.
    given : mapping
        Those that the recipe names.
    choices : mapping of str to sequence of str
        What can be chosen for settings that are names, by field.

    Attributes
    ----------
    step : str
        Name of the step.
    settings : dict of str to Setting
        By name of the field.
    problems : int
        Number of complaints.
    edits : int
        Counts every change, for those who want to follow.
    """

    problems = traitlets.Int(0)
    edits = traitlets.Int(0)

    def __init__(
        self,
        step: str,
        config: BaseModel,
        given: Mapping[str, Any],
        choices: Mapping[str, Sequence[str]],
    ) -> None:
        self.step = step
        self._kind, self._given = type(config), dict(given)
        self.settings = {
            name: Setting(name, field, getattr(config, name), choices.get(name, ()))
            for name, field in self._kind.model_fields.items()
        }
        self._complaint = widgets.HTML()
        super().__init__([*self.settings.values(), self._complaint])
        for setting in self.settings.values():
            setting.control.observe(self._check, "value")

    def values(self) -> dict[str, Any]:
        """Give what was changed.

        Returns
        -------
        dict
            Value by name of the field.
        """
        return {name: setting.value for name, setting in self.settings.items() if setting.changed}

    def reset(self) -> None:
        """Go back to the recipe's own values."""
        for setting in self.settings.values():
            setting.reset()
        self._check()

    def _check(self, _: Any = None) -> None:
        """Let the step's own Config judge, and say what it says beside the field."""
        complaints = _complaints(self._kind, {**self._given, **self.values()})
        for name, setting in self.settings.items():
            setting.complain(complaints.pop(name, ""))
        general = " ".join(complaints.values())
        text = f'<p role="alert">\u2716 {escape(general)}</p>'
        self._complaint.value = f'<div class="hcdc-error">{text}</div>' if general else ""
        wrong = sum("hcdc-wrong" in s._dom_classes for s in self.settings.values())
        self.problems = wrong + len(complaints)
        self.edits += 1


class RecipeForm(widgets.VBox):
    """All settings of a recipe, step by step, with what was changed standing out.

    Parameters
    ----------
    recipe : Recipe
        Its steps and the settings that it gives them.
    choices : mapping of str to sequence of str
        What can be chosen for settings that are names, by ``"step.field"``.

    Attributes
    ----------
    valid : bool
        True if every setting can be used.
    """

    valid = traitlets.Bool(default_value=True)

    def __init__(
        self,
        recipe: Recipe,
        choices: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.forms = [
            StepForm(one.step, one.config, one.settings, _for_step(one.step, choices or {}))
            for one in recipe.steps
            if type(one.config).model_fields
        ]
        self._accordion = widgets.Accordion(self.forms)
        self._summary = widgets.HTML()
        self._reset = widgets.Button(description="Reset all settings")
        self._reset.on_click(lambda _: self.reset())
        super().__init__([self._accordion, self._summary, self._reset])
        for form in self.forms:
            form.observe(self._tell, "edits")
        self._tell()

    def settings(self) -> dict[str, Any]:
        """Give what was changed, as reductions take it.

        Returns
        -------
        dict
            Value by ``"step.field"``; empty if the recipe stands as it is.
        """
        return {
            f"{form.step}.{name}": value
            for form in self.forms
            for name, value in form.values().items()
        }

    def setting(self, name: str) -> Setting:
        """Find one setting.

        Parameters
        ----------
        name : str
            As ``"step.field"``.

        Returns
        -------
        Setting
            Its control and note.
        """
        step, field = name.split(".", 1)
        return next(form for form in self.forms if form.step == step).settings[field]

    def reset(self) -> None:
        """Go back to the recipe as it is."""
        for form in self.forms:
            form.reset()

    def _tell(self, _: Any = None) -> None:
        """Count changes and complaints."""
        for place, form in enumerate(self.forms):
            n_changed = len(form.values())
            words = f"{spoken(form.step)}"
            words += f" \u2013 {n_changed} changed" if n_changed else ""
            words += " \u2013 \u2716 needs attention" if form.problems else ""
            self._accordion.set_title(place, words)
        changed = len(self.settings())
        self.valid = not any(form.problems for form in self.forms)
        self._reset.disabled = changed == 0
        noun = "setting differs" if changed == 1 else "settings differ"
        text = f"{changed} {noun} from the recipe." if changed else "The recipe as it is."
        self._summary.value = f'<span role="status">{text}</span>'


def _for_step(step: str, choices: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Pick the choices that belong to one step."""
    return {
        name.split(".", 1)[1]: options
        for name, options in choices.items()
        if name.split(".", 1)[0] == step
    }


def _complaints(kind: type[BaseModel], values: Mapping[str, Any]) -> dict[str, str]:
    """Ask a Config what is wrong; by field, or by '' for settings that do not go together."""
    try:
        kind.model_validate(dict(values))
    except ValidationError as error:
        found: dict[str, str] = {}
        for complaint in error.errors():
            place = str(complaint["loc"][0]) if complaint["loc"] else ""
            found.setdefault(place, complaint["msg"].removeprefix("Value error, "))
        return found
    except HcdcError as error:
        return {"": str(error)}
    return {}
