"""A companion whose wings stand out beside the hole it left is one candidate, not two."""

from pathlib import Path

import hcdc_kernel as hcdc
from hcdc_kernel.instruments import load_sequence, read_description
from hcdc_kernel.recipes import Recipe, load_recipe

DESCRIPTION = Path(__file__).parent / "naco_betapic.yaml"


def up_to(recipe: Recipe, last: str) -> Recipe:
    names = [step.step for step in recipe.steps]
    return recipe.model_copy(update={"steps": recipe.steps[: names.index(last) + 1]})


def test_beta_pictoris_b_is_listed_once(real_data):
    sequence = load_sequence(read_description(DESCRIPTION, real_data / "naco_betapic"))
    recipe = up_to(load_recipe("adi-pca"), "find-candidates")
    found = hcdc.reduce_sequence(sequence, recipe, {"subtract-psf.n_modes": 12})
    assert found.result("candidates").label == ("a",)
