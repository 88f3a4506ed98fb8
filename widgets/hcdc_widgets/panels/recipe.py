"""Choose a recipe and change its settings."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from hcdc_kernel import plugins
from hcdc_widgets.forms import RecipeForm, spoken
from hcdc_widgets.panels.feedback import Notice, guarded

if TYPE_CHECKING:
    from hcdc_kernel import Workspace

_DEFAULT = "adi-pca"


class RecipePanel(widgets.VBox):
    """The recipes with their explanations, and the form of the chosen one.

    Parameters
    ----------
    workspace : Workspace
        Whose recipes to offer.

    Attributes
    ----------
    form : RecipeForm
        The settings of the recipe chosen.
    valid : bool
        True if every setting can be used.
    """

    valid = traitlets.Bool(default_value=True)

    def __init__(self, workspace: Workspace) -> None:
        self._recipes = {recipe.name: recipe for recipe in workspace.recipes()}
        self.notice = Notice()
        first = _DEFAULT if _DEFAULT in self._recipes else next(iter(self._recipes))
        self.choice = widgets.Dropdown(
            description="Recipe",
            options=[(f"{r.title} ({r.name})", r.name) for r in self._recipes.values()],
            value=first,
            layout={"width": "640px", "max_width": "100%"},
            style={"description_width": "110px"},
        )
        self._words = widgets.HTML()
        self.form: RecipeForm
        super().__init__()
        self.choice.observe(guarded(self.notice, self._build), "value")
        guarded(self.notice, self._build)()

    @property
    def recipe(self) -> str:
        """Name of the recipe.

        Returns
        -------
        str
            The one chosen.
        """
        return str(self.choice.value)

    def settings(self) -> dict[str, Any]:
        """Give the settings that differ from the recipe.

        Returns
        -------
        dict
            Value by ``"step.field"``.
        """
        return self.form.settings()

    def _build(self, _: Any = None) -> None:
        """Explain the recipe and make its form."""
        recipe = self._recipes[self.recipe]
        steps = " \u2192 ".join(spoken(step.step) for step in recipe.steps)
        self._words.value = f"<p>{escape(recipe.description)}</p><p><b>{escape(steps)}</b></p>"
        self.children = [self.choice, self._words, self.notice]
        self.form = RecipeForm(
            recipe,
            {
                "subtract-psf.model": plugins.names("psf_models"),
                "match-signal.matcher": plugins.names("signal_matchers"),
            },
        )
        self.form.observe(self._follow, "valid")
        self._follow()
        self.children = [self.choice, self._words, self.form, self.notice]

    def _follow(self, _: Any = None) -> None:
        """Pass on whether the form can be used."""
        self.valid = self.form.valid
