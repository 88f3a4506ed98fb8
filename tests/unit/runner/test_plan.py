"""Content keys: equal for equal work, different as soon as anything differs."""

from dataclasses import dataclass

import pytest

from hcdc_kernel import plugins
from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.runner.plan import Plan, content_key, digest, plan
from hcdc_kernel.steps.base import Step, StepConfig


@dataclass(frozen=True)
class Entry:
    step: str
    settings: dict


@dataclass(frozen=True)
class Recipe:
    steps: tuple[Entry, ...]
    name: str = "test"


class Settings(StepConfig):
    factor: float = 2.0
    model: str = "none"


class Idle(Step):
    def run(self, data, config, progress=None):
        return {}


class First(Idle):
    name, version = "first", 1
    inputs, outputs, Config = ("cube",), ("cube",), Settings


class Second(Idle):
    name, version = "second", 1
    inputs, optional_inputs, outputs, Config = ("cube",), ("references",), ("residual",), Settings


class Third(Idle):
    name, version = "third", 1
    inputs, outputs, Config = ("psf",), ("contrast",), Settings


class Model:
    version = 1


class BetterModel:
    version = 2


@pytest.fixture(autouse=True)
def steps():
    with (
        plugins.registered("steps", "first", First),
        plugins.registered("steps", "second", Second),
        plugins.registered("steps", "third", Third),
    ):
        yield


def make(settings: dict | None = None, **inputs: str) -> Plan:
    chosen = settings or {}
    entries = tuple(Entry(name, chosen.get(name, {})) for name in ("first", "second", "third"))
    return plan(Recipe(entries), {"cube": "c0", "psf": "p0"} | inputs)


def test_same_recipe_and_inputs_give_the_same_keys():
    assert make() == make()


def test_a_setting_spelled_out_at_its_default_changes_nothing():
    assert make({"first": {"factor": 2}}).names == make().names


def test_a_changed_setting_changes_exactly_the_keys_downstream():
    before, after = make(), make({"first": {"factor": 3.0}})
    assert before.names["cube"] != after.names["cube"]
    assert before.names["residual"] != after.names["residual"]
    assert before.names["contrast"] == after.names["contrast"]


def test_a_setting_of_a_later_step_leaves_the_earlier_keys_alone():
    before, after = make(), make({"second": {"factor": 3.0}})
    assert before.names["cube"] == after.names["cube"]
    assert before.names["residual"] != after.names["residual"]


def test_a_new_version_of_a_step_changes_its_key(monkeypatch):
    before = make()
    monkeypatch.setattr(Third, "version", 2)
    assert make().names["contrast"] != before.names["contrast"]


def test_an_optional_input_enters_the_key_when_it_is_there():
    without, given = make(), make(references="r0")
    assert without.tasks[1].inputs == {"cube": without.names["cube"]}
    assert given.tasks[1].inputs["references"] == "r0"
    assert given.names["residual"] != without.names["residual"]


def test_a_replaced_name_stands_for_the_latest_data():
    made = make()
    assert made.tasks[0].inputs["cube"] == "c0"
    assert made.tasks[1].inputs["cube"] == made.tasks[0].outputs["cube"]


def test_a_swapped_model_of_the_same_name_changes_the_key():
    settings = {"second": {"model": "mine"}}
    with plugins.registered("psf_models", "mine", Model):
        first = make(settings).names
    with plugins.registered("psf_models", "mine", BetterModel):
        second = make(settings).names
    assert first["residual"] != second["residual"]
    assert first["cube"] == second["cube"]


def test_a_model_typed_anew_in_a_notebook_changes_the_key():
    keys = set()
    for text in ("return 1", "return 2", "return 1"):
        cell: dict = {"__name__": "__main__"}
        exec(f"class Mine:\n    version = 1\n    def fit(self):\n        {text}\n", cell)
        with plugins.registered("psf_models", "mine", cell["Mine"]):
            keys.add(make({"second": {"model": "mine"}}).names["residual"])
    assert len(keys) == 2


def test_outputs_of_one_step_have_different_keys():
    step, config = First(), Settings()
    assert content_key(step, config, {}, "a") != content_key(step, config, {}, "b")


def test_digest_does_not_depend_on_the_order_of_a_mapping():
    assert digest({"a": 1, "b": "é"}) == digest({"b": "é", "a": 1})


def test_a_missing_input_is_said_by_name():
    with pytest.raises(ConfigError, match="'third' needs 'psf'"):
        plan(Recipe((Entry("third", {}),)), {"cube": "c0"})


def test_an_unknown_setting_is_said_by_name():
    with pytest.raises(ConfigError, match=r"first\.wrong"):
        make({"first": {"wrong": 1}})


def test_an_unknown_step_of_a_plan_is_refused():
    with pytest.raises(NotFoundError, match="Choose from first, second, third"):
        make().index("fourth")
