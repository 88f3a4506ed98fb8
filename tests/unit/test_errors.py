"""Errors say what is wrong, what was found, and what to do."""

from __future__ import annotations

import pickle

import pytest

from hcdc_kernel import errors
from hcdc_kernel.errors import ConfigError, HcdcError, StoreError, UnitError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and kind.__module__ == errors.__name__
]


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "It broke."),
        ({"found": "ice"}, "It broke (found: ice)."),
        ({"remedy": "Thaw it"}, "It broke. Thaw it."),
        ({"found": "ice", "remedy": "Thaw it."}, "It broke (found: ice). Thaw it."),
    ],
)
def test_text_joins_the_parts_that_there_are(parts: dict[str, str], text: str) -> None:
    assert str(HcdcError("It broke.", **parts)) == text


@pytest.mark.parametrize("kind", KINDS)
def test_errors_survive_the_way_between_processes(kind: type[HcdcError]) -> None:
    back = pickle.loads(pickle.dumps(kind("a", found="b", remedy="c")))
    assert type(back) is kind
    assert (back.problem, back.found, back.remedy) == ("a", "b", "c")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_one_of_ours_and_explained(kind: type) -> None:
    assert issubclass(kind, HcdcError)
    assert kind.__doc__
    assert kind.__name__ in (errors.__doc__ or "")


def test_unit_error_is_a_config_error_that_pydantic_collects() -> None:
    assert issubclass(UnitError, ConfigError)
    assert issubclass(UnitError, ValueError)
    assert issubclass(StoreError, errors.ArchiveError)
