"""All parts, ours and others', come through one door."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import get_args

import pytest

from hcdc_kernel import plugins
from hcdc_kernel.errors import NotFoundError


@pytest.mark.parametrize("group", get_args(plugins.Group))
def test_every_installed_part_can_be_loaded(group: plugins.Group) -> None:
    assert plugins.names(group)
    for name in plugins.names(group):
        assert plugins.load(group, name) is not None


def test_names_are_those_of_the_entry_points() -> None:
    installed = {found.name for found in entry_points(group="hcdc.steps")}
    assert set(plugins.names("steps")) == installed


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match=r"no psf model named 'nope'.*pca"):
        plugins.load("psf_models", "nope")


def test_a_part_registered_for_a_while_is_there_only_then() -> None:
    part = object()
    with plugins.registered("steps", "own-step", part):
        assert "own-step" in plugins.names("steps")
        assert plugins.load("steps", "own-step") is part
    assert "own-step" not in plugins.names("steps")


def test_a_registered_part_comes_before_an_installed_one() -> None:
    part = object()
    with plugins.registered("psf_models", "pca", part):
        assert plugins.load("psf_models", "pca") is part
    assert plugins.load("psf_models", "pca") is not part


def test_a_part_that_cannot_be_imported_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    broken = EntryPoint("broken", "no_such_package:Thing", "hcdc.steps")
    found = {**plugins._entry_points("steps"), "broken": broken}
    monkeypatch.setattr(plugins, "_entry_points", lambda _group: found)
    with pytest.raises(NotFoundError, match=r"cannot be imported.*no_such_package"):
        plugins.load("steps", "broken")
