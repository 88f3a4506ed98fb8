"""Recipes say order and settings, and refuse what no step knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from hcdc_kernel import plugins
from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.recipes import Recipe, RecipeStep, load_recipe, parse_setting, recipe_names
from hcdc_kernel.steps.base import Step, StepConfig


class DoublePlane(Step):
    """A step of this test's own."""

    name = "double-plane"
    version = 3
    inputs = ("cube",)
    outputs = ("cube",)

    class Config(StepConfig):
        factor: float = Field(default=2.0, gt=0, description="Factor.")
        deep: dict[str, Any] = Field(default_factory=dict, description="More.")

    def run(self, data: Any, config: Any, progress: Any = None) -> Any:
        return data


@pytest.fixture(autouse=True)
def _own_step():
    with plugins.registered("steps", "double-plane", DoublePlane):
        yield


@pytest.fixture
def recipe() -> Recipe:
    step = {"double-plane": {"factor": 3}}
    return Recipe.model_validate({"name": "own", "title": "Own", "steps": [step]})


def test_the_three_ways_to_write_a_step_are_one() -> None:
    long = RecipeStep(step="double-plane", settings={"factor": 3})
    assert RecipeStep.model_validate({"double-plane": {"factor": 3}}) == long
    assert RecipeStep.model_validate("double-plane").settings == {}
    assert RecipeStep.model_validate({"double-plane": None}).settings == {}


def test_config_holds_given_settings_and_defaults(recipe: Recipe) -> None:
    config = recipe.steps[0].config
    assert isinstance(config, DoublePlane.Config)
    assert (config.factor, config.deep) == (3.0, {})


def test_changed_settings_make_a_new_recipe(recipe: Recipe) -> None:
    changed = recipe.with_settings({"double-plane.factor": 5, "double-plane.deep.a.b": 1})
    assert changed.steps[0].settings == {"factor": 5, "deep": {"a": {"b": 1}}}
    assert recipe.steps[0].settings == {"factor": 3}


def test_changing_a_deep_setting_leaves_the_old_recipe_alone(recipe: Recipe) -> None:
    first = recipe.with_settings({"double-plane.deep.a": 1})
    second = first.with_settings({"double-plane.deep.b": 2})
    assert first.steps[0].settings["deep"] == {"a": 1}
    assert second.steps[0].settings["deep"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"double-plane.factr": 1}, r"'double-plane\.factr'.*Did you mean factor\?"),
        ({"doubl-plane.factor": 1}, r"Did you mean double-plane\?"),
        ({"quite-else.factor": 1}, r"Choose from double-plane"),
        ({"double-plane": 1}, "Unknown setting 'double-plane'"),
        ({"double-plane.factor": -1}, r"'double-plane\.factor'.*greater than 0"),
        ({"double-plane.factor": "much"}, r"'double-plane\.factor'.*valid number"),
    ],
)
def test_wrong_settings_are_refused(recipe: Recipe, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        recipe.with_settings(settings)


def test_recipes_cannot_be_changed(recipe: Recipe) -> None:
    with pytest.raises(ValidationError):
        recipe.name = "other"  # type: ignore[misc]


def test_canonical_form_does_not_depend_on_names_or_on_how_defaults_are_written() -> None:
    def form(**settings: Any) -> str:
        step = {"double-plane": settings}
        return Recipe.model_validate({"name": "a", "title": "b", "steps": [step]}).canonical()

    assert form() == form(factor=2) == form(factor="2.0", deep={})
    assert form() != form(factor=4)
    assert json.loads(form())[0]["version"] == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=10", 10),
        ("a.b=1e-3", 1e-3),
        ("a.b=2.5E+2", 250.0),
        ("a.b=pca", "pca"),
        ("a.b='10'", "10"),
        ("a.b=true", True),
        ("a.b=[1, 2]", [1, 2]),
        ("a.b=60 mas", "60 mas"),
        ("a.b=null", None),
        ("a.b=x=y", "x=y"),
        ("a.b=", None),
    ],
)
def test_settings_are_read_with_the_types_of_yaml(text: str, value: Any) -> None:
    assert parse_setting(text) == ("a.b", value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_written_by_python_is_read_as_that_number(value: float) -> None:
    assert parse_setting(f"a.b={value!r}") == ("a.b", value)


@pytest.mark.parametrize("text", ["a.b", "ab=1", ".b=1", "a.=1", "=1", "", "a.b=[1", "a.b={"])
def test_malformed_settings_are_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_setting(text)
    assert caught.value.remedy


def test_catalog_holds_the_recipes_promised() -> None:
    assert recipe_names() == (
        "adi-median", "adi-pca", "adi-pca-full-frame", "asdi-pca", "rdi-pca",
        "vip-andromeda", "vip-fmmf", "vip-llsg", "vip-loci", "vip-nmf",
    )  # fmt: skip


def test_recipe_files_of_ones_own_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ntitle: Mine\nsteps:\n  - double-plane: {factor: 7}\n")
    for given_as in (path, str(path)):
        assert load_recipe(given_as).steps[0].settings == {"factor": 7}


def test_unknown_recipe_names_those_close() -> None:
    with pytest.raises(NotFoundError, match=r"'adi-pcaa'.*Did you mean adi-pca"):
        load_recipe("adi-pcaa")
    with pytest.raises(NotFoundError, match=r"nowhere\.yaml"):
        load_recipe("nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "is no recipe"),
        ("name: mine\ntitle: x\n", "steps: Field required"),
        ("name: mine\ntitle: x\nsteps: []\n", "steps"),
        ("name: My Own\ntitle: x\nsteps: [double-plane]\n", "name"),
        ("name: m\ntitle: x\nstepps: []\nsteps: [double-plane]\n", "stepps"),
        ("name: m\ntitle: x\nsteps: [double-plane, double-plane]\n", "once only"),
        ("name: m\ntitle: x\nsteps: [nonsense]\n", r"'m' cannot be used.*'nonsense'.*Choose"),
        ("name: m\ntitle: x\nsteps:\n  - double-plane: {facto: 1}\n", "Did you mean factor"),
        ("name: [\n", "cannot be read as YAML"),
    ],
)
def test_files_that_are_no_recipe_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_recipe(path)
