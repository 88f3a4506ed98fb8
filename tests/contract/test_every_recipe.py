"""What every recipe of the catalog must be."""

from __future__ import annotations

import pytest
import yaml

from hcdc_kernel import plugins
from hcdc_kernel.recipes import Recipe, load_recipe, recipe_names
from hcdc_kernel.recipes.catalog_reader import _CATALOG
from hcdc_kernel.steps.base import load_step


@pytest.fixture(params=recipe_names())
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return load_recipe(request.param)


def test_it_has_the_name_of_its_file_and_is_explained(
    recipe: Recipe, request: pytest.FixtureRequest
) -> None:
    assert recipe.name in request.node.name
    assert 10 < len(recipe.title) < 80
    assert len(recipe.description) > 50


def test_its_steps_are_installed_and_take_its_settings(recipe: Recipe) -> None:
    for step in recipe.steps:
        assert step.step in plugins.names("steps")
        assert isinstance(step.config, load_step(step.step).Config)


def test_its_data_connect(recipe: Recipe) -> None:
    there = {"cube", "psf"} | ({"references"} if recipe.name.startswith("rdi") else set())
    for step in recipe.steps:
        part = load_step(step.step)
        missing = set(part.inputs) - there
        assert not missing, f"{step.step} lacks {missing}"
        there |= set(part.outputs)
    assert {"residual", "detection", "candidates", "quality"} <= there


def test_it_begins_by_centering_and_ends_with_the_verdict(recipe: Recipe) -> None:
    names = [step.step for step in recipe.steps]
    assert names[0] == "center-star"
    assert "select-frames" in names[:3]
    assert names[-1] == "assess-quality"


def test_its_canonical_form_is_its_own(recipe: Recipe) -> None:
    others = [load_recipe(name) for name in recipe_names() if name != recipe.name]
    assert recipe.canonical() == load_recipe(recipe.name).canonical()
    assert recipe.canonical() not in [other.canonical() for other in others]


def test_its_file_teaches(recipe: Recipe) -> None:
    text = (_CATALOG / f"{recipe.name}.yaml").read_text()
    assert text.startswith("# ")
    assert set(yaml.safe_load(text)) == {"name", "title", "description", "steps"}
