"""What every step must bring, ours or a plug-in's."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from hcdc_kernel import plugins
from hcdc_kernel.errors import ConfigError
from hcdc_kernel.steps.base import Step, StepConfig, load_step, make_config, record

KNOWN_DATA = {
    "science", "center", "flux", "flats", "telemetry", "science_backgrounds",
    "center_backgrounds", "flux_backgrounds", "flat_backgrounds", "science_background",
    "center_background", "flux_background", "flat", "star_positions",
    "cube", "psf", "references", "residual_cube", "residual", "detection", "candidates",
    "contrast", "quality",
}  # fmt: skip


@pytest.fixture(params=plugins.names("steps"))
def step(request: Any) -> Step:
    return load_step(request.param)


def test_it_is_a_step_of_the_name_it_is_known_by(step: Step, request: Any) -> None:
    assert isinstance(step, Step)
    assert step.name in request.node.name
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", step.name)
    assert step.version >= 1


def test_it_names_its_data(step: Step) -> None:
    named = (*step.inputs, *step.optional_inputs, *step.outputs)
    assert step.inputs
    assert step.outputs
    assert set(named) <= KNOWN_DATA
    assert not set(step.inputs) & set(step.optional_inputs)


def test_it_is_documented(step: Step) -> None:
    words = " ".join((type(step).__doc__ or "").split())
    assert words
    assert "that it worked" in words, "say which plot shows that it worked"


def test_its_settings_are_complete_frozen_and_described(step: Step) -> None:
    assert issubclass(step.Config, StepConfig)
    assert step.Config.model_config["frozen"]
    for name, field in step.Config.model_fields.items():
        assert field.description, f"{step.name}.{name} is not described"
        assert not field.is_required(), f"{step.name}.{name} has no default"


def test_its_settings_survive_the_way_through_a_record(step: Step) -> None:
    config = make_config(step, {})
    done = record(step, config, {})
    assert make_config(step, done.config) == config
    assert record(step, make_config(step, done.config), {}) == done


def test_an_unknown_setting_is_refused_and_the_known_ones_named(step: Step) -> None:
    with pytest.raises(ConfigError, match=rf"Unknown setting '{step.name}\.no_such_setting'"):
        make_config(step, {"no_such_setting": 1})


def test_its_settings_make_a_schema_for_forms(step: Step) -> None:
    schema = step.Config.model_json_schema()
    assert set(schema.get("properties", {})) == set(step.Config.model_fields)


def test_it_is_called_with_data_config_and_progress(step: Step) -> None:
    assert list(inspect.signature(step.run).parameters) == ["data", "config", "progress"]
