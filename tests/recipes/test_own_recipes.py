"""Whole recipes on small nights: the planet is found where it was put, and none elsewhere."""

from dataclasses import replace
from functools import cache
from math import cos, hypot, radians, sin
from typing import Any

import numpy as np
import pytest

import hcdc_kernel as hcdc
from hcdc_kernel.synthetic import SyntheticScene, TruePlanet, make_sequence, small_scene

PLANET = TruePlanet(150.0, 120.0, 8.0e-4)
BANDS_UM = (1.50, 1.60, 1.70)
RECIPES = ("adi-pca", "adi-median", "adi-pca-full-frame", "rdi-pca", "asdi-pca")


def scene(recipe: str, planets: tuple[TruePlanet, ...]) -> SyntheticScene:
    made = small_scene(planets=planets)
    if recipe == "rdi-pca":
        made = replace(made, n_references=24)
    if recipe == "asdi-pca":
        made = replace(made, wavelength_um=BANDS_UM)
    return made


@cache
def reduced(recipe: str, *, with_planet: bool) -> Any:
    made = scene(recipe, (PLANET,) if with_planet else ())
    return hcdc.reduce_sequence(make_sequence(made), recipe)


def place(separation_mas: float, position_angle_deg: float) -> np.ndarray:
    angle = radians(position_angle_deg)
    return separation_mas * np.array([sin(angle), cos(angle)])


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_the_planet_is_found_where_it_was_put(recipe):
    reduction = reduced(recipe, with_planet=True)
    found = reduction.result("candidates")
    assert "a" in found.label
    there = place(found.separation_mas[0], found.position_angle_deg[0])
    off_mas = hypot(*(there - place(PLANET.separation_mas, PLANET.position_angle_deg)))
    assert off_mas < reduction.result("cube").pixel_scale_mas
    assert found.contrast[0] == pytest.approx(PLANET.contrast, rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_nothing_is_found_where_nothing_was_put(recipe):
    assert len(reduced(recipe, with_planet=False).result("candidates")) == 0


@pytest.mark.slow
def test_the_limit_lies_below_the_planet_that_was_found():
    reduction = reduced("adi-pca", with_planet=True)
    curve = reduction.result("contrast")
    limit = np.interp(PLANET.separation_mas, curve.separation_mas, curve.contrast[0])
    assert limit < PLANET.contrast
