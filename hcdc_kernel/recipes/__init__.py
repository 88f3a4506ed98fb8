"""Recipes: which steps, in which order, with which settings."""

from hcdc_kernel.recipes.catalog_reader import (
    calibration_names,
    load_calibration,
    load_recipe,
    recipe_names,
)
from hcdc_kernel.recipes.recipe import Recipe, RecipeStep, parse_setting

__all__ = [
    "Recipe",
    "RecipeStep",
    "calibration_names",
    "load_calibration",
    "load_recipe",
    "parse_setting",
    "recipe_names",
]
