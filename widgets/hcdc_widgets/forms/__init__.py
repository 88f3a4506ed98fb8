"""Forms made from the settings of a recipe's steps."""

from hcdc_widgets.forms.recipe_form import RecipeForm, StepForm
from hcdc_widgets.forms.setting import Setting, label, spoken

__all__ = ["RecipeForm", "Setting", "StepForm", "label", "spoken"]
