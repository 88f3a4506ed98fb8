"""Reductions: step by step or at once, nothing done twice, nothing lost."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel import plugins
from hcdc_kernel.datamodel import Cube, Frames, Identity, Psf, Residual
from hcdc_kernel.errors import DataError, NotFoundError, RunError
from hcdc_kernel.recipes import Recipe, RecipeStep
from hcdc_kernel.runner.plan import plan
from hcdc_kernel.runner.reduction import Missing, Reduction
from hcdc_kernel.runner.shelves import MemoryShelf
from hcdc_kernel.steps.base import Step, StepConfig

IDENTITY = Identity("Star", "camera", "H", "2024-01-01")
DONE = Counter()


class Settings(StepConfig):
    factor: float = 2.0
    fail: str = ""


class Scale(Step):
    name, version = "scale", 1
    inputs, outputs, Config = ("cube",), ("cube",), Settings

    def run(self, data, config, progress=None):
        DONE["scale"] += 1
        progress(0.5, "scaling")
        return {"cube": replace(data["cube"], data=data["cube"].data * config.factor)}


class Mean(Step):
    name, version = "mean", 1
    inputs, outputs, Config = ("cube", "psf"), ("residual",), Settings

    def run(self, data, config, progress=None):
        DONE["mean"] += 1
        if config.fail == "foreseen":
            raise DataError("The cube is empty")
        if config.fail == "bug":
            raise ZeroDivisionError("division by zero")
        cube = data["cube"]
        return {"residual": Residual(cube.data.mean(axis=1), cube.wavelength_um, 10.0, IDENTITY)}


@pytest.fixture(autouse=True)
def steps():
    DONE.clear()
    with plugins.registered("steps", "scale", Scale), plugins.registered("steps", "mean", Mean):
        yield


def shelf() -> MemoryShelf:
    frames = Frames(
        *(np.zeros(3), np.zeros(3), np.zeros(3), np.ones(3, bool), ("",) * 3, ("f",) * 3),
        dit_index=np.arange(3),
    )
    wave = np.array([1.6])
    cube = Cube(np.ones((1, 3, 5, 5), np.float32), frames, wave, np.zeros((1, 3, 2)), 10, IDENTITY)
    psf = Psf(np.ones((1, 3, 3), np.float32), np.ones(1), np.ones(1), wave, 10.0, IDENTITY)
    return MemoryShelf({"c": cube, "p": psf})


def reduction(on: MemoryShelf | None = None, **settings) -> Reduction:
    recipe = Recipe(
        name="test",
        title="Test",
        steps=(RecipeStep(step="scale"), RecipeStep(step="mean", settings=settings)),
    )
    return Reduction(plan(recipe, {"cube": "c", "psf": "p"}), on or shelf())


def test_all_steps_run_in_order_and_their_results_are_at_hand():
    done = reduction().run()
    assert [step.name for step in done.done] == ["scale", "mean"]
    assert np.all(done.result("residual").data == 2.0)
    assert set(done.results) == {"cube", "psf", "residual"}


def test_one_step_runs_those_before_it_and_no_other():
    work = reduction()
    result = work.step("scale")
    assert (result.name, result.reused, DONE) == ("scale", False, {"scale": 1})
    assert np.all(result.outputs["cube"].data == 2.0)


def test_a_step_asked_for_again_is_not_done_again():
    work = reduction()
    assert work.step("mean") is work.step("mean")
    assert DONE == {"scale": 1, "mean": 1}


def test_results_of_an_earlier_reduction_are_reused():
    on = shelf()
    reduction(on).run()
    again = reduction(on).run()
    assert [step.reused for step in again.done] == [True, True]
    assert DONE == {"scale": 1, "mean": 1}


def test_a_changed_setting_redoes_only_what_depends_on_it():
    on = shelf()
    reduction(on).run()
    again = reduction(on, factor=3.0).run()
    assert [step.reused for step in again.done] == [True, False]


def test_the_input_keeps_its_name_until_a_step_replaces_it():
    work = reduction()
    assert np.all(work.result("cube").data == 1.0)
    assert np.all(work.step("scale").outputs["cube"].data == 2.0)
    assert np.all(work.result("cube").data == 2.0)


def test_replaced_data_are_let_go():
    work = reduction().run()
    assert "c" not in work._loaded


def test_making_data_runs_as_far_as_needed():
    work = reduction().make("cube")
    assert DONE == {"scale": 1}
    assert work.make("contrast") is work


def test_viewing_makes_what_is_drawn():
    assert reduction().view(lambda residual: residual.data.sum(), "residual") == 50.0


def test_viewing_what_the_recipe_does_not_make_says_so():
    shown = reduction().view(print, "contrast")
    assert isinstance(shown, Missing)
    assert "makes no contrast" in repr(shown)


def test_what_a_step_made_is_drawn_even_if_later_steps_change_it():
    work = reduction().run()
    assert work.view_step(lambda cube: cube.data.max(), "scale", "cube") == 2.0
    assert DONE == {"scale": 1, "mean": 1}


def test_drawing_runs_the_step_that_is_drawn_and_no_more():
    reduction().view_step(str, "scale", "cube")
    assert DONE == {"scale": 1}


def test_a_step_that_is_not_in_the_plan_shows_nothing():
    assert reduction().view_step(print, "make-flat", "flat") is None
    assert DONE == {}


def test_what_a_step_was_given_is_drawn_beside_what_it_made():
    drawn = reduction().view_change(lambda a, b: (a.data.max(), b.data.max()), "scale", "cube")
    assert drawn == (1.0, 2.0)
    assert DONE == {"scale": 1}


def test_a_change_by_a_step_that_is_not_in_the_plan_shows_nothing():
    assert reduction().view_change(print, "center-star", "cube") is None
    assert DONE == {}


def test_what_a_step_finds_is_what_comes_before_it():
    work = reduction()
    assert np.all(work.before("scale")["cube"].data == 1.0)
    assert DONE == {}
    assert np.all(work.before("mean")["cube"].data == 2.0)
    assert DONE == {"scale": 1}
    assert np.all(work.before("scale")["cube"].data == 1.0)


def test_progress_goes_from_nothing_to_all():
    told = []
    reduction().run(progress=lambda done, text: told.append((done, text)))
    assert told == [(0.0, "scale"), (0.25, "scaling"), (0.5, "mean"), (1.0, "done")]


def test_what_is_not_made_yet_is_refused_with_the_step_that_makes_it():
    with pytest.raises(NotFoundError, match="Run the step 'mean'"):
        reduction().result("residual")
    with pytest.raises(NotFoundError, match="Choose from cube, psf"):
        reduction().result("nonsense")


def test_an_error_that_a_step_foresaw_passes_unchanged():
    with pytest.raises(DataError, match="empty"):
        reduction(fail="foreseen").run()


def test_an_error_that_no_step_foresaw_names_the_step():
    work = reduction(fail="bug")
    with pytest.raises(RunError, match=r"'mean' stopped .found: ZeroDivisionError"):
        work.run()
    assert [step.name for step in work.done] == ["scale"]


def test_the_log_tells_what_was_done():
    log = reduction().run().log
    assert next(row[:3] for row in log) == ("scale", "1", "factor = 2.0, fail = ")
