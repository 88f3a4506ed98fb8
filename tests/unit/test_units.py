"""Quantities are read in any unit of their kind, and in no other."""

from __future__ import annotations

import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hcdc_kernel.errors import UnitError
from hcdc_kernel.units import Degree, Micron, Milliarcsec, Pixel, Second, parse_quantity


class Everything(BaseModel):
    separation: Milliarcsec = 1.0
    angle: Degree = 1.0
    wavelength: Micron = 1.0
    time: Second = 1.0
    radius: Pixel = 1.0


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (60, "mas", 60.0),
        (0.5, "deg", 0.5),
        ("60 mas", "mas", 60.0),
        ("0.06 arcsec", "mas", 60.0),
        ("1593 nm", "um", 1.593),
        ("2 min", "s", 120.0),
        ("2 pix", "pix", 2.0),
        ("1.5", "um", 1.5),
        (0.06 * u.arcsec, "mas", 60.0),
    ],
)
def test_quantities_are_converted(value: object, unit: str, expected: float) -> None:
    assert parse_quantity(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("3.0 s", "mas", r"expected angle, got 3\.0 s"),
        ("1 deg", "um", "expected length"),
        ("1 um", "s", "expected time"),
        ("1 mas", "pix", "expected pixel"),
        ("far", "mas", "not a quantity.*Write it as"),
        (None, "mas", "not a quantity"),
        (True, "mas", "expected angle"),
    ],
)
def test_other_kinds_are_refused(value: object, unit: str, words: str) -> None:
    with pytest.raises(UnitError, match=words):
        parse_quantity(value, unit)


def test_the_message_names_the_quantity() -> None:
    with pytest.raises(UnitError, match="pixel scale: expected angle"):
        parse_quantity("1 s", "mas", name="pixel scale")


@given(st.floats(1e-3, 1e6))
def test_equal_quantities_are_equal_in_any_unit(value: float) -> None:
    one = parse_quantity(f"{value!r} mas", "mas")
    other = parse_quantity(f"{value / 1000!r} arcsec", "mas")
    assert other == pytest.approx(one, rel=1e-12, abs=1e-11)


def test_settings_hold_plain_floats() -> None:
    made = Everything(separation="0.1 arcsec", angle="60 arcmin", time="1 min")
    assert (made.separation, made.angle, made.time) == (100.0, 1.0, 60.0)
    assert type(made.separation) is float


def test_pydantic_reports_a_wrong_unit_as_its_own_error() -> None:
    with pytest.raises(ValidationError, match="expected angle"):
        Everything(separation="3 s")


def test_schema_names_the_unit_for_forms() -> None:
    schema = Everything.model_json_schema()["properties"]
    assert [schema[name]["unit"] for name in schema] == ["mas", "deg", "um", "s", "pix"]
