"""Frames of other stars serve as references, whichever observation they come from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.datamodel import Cube, StepRecord
from hcdc_kernel.errors import ConfigError, InputError, NotFoundError, RunError
from hcdc_kernel.runner.gathering import gather, thinned
from hcdc_kernel.runner.other_stars import reference_observations
from hcdc_kernel.runner.references import choose_references

TARGET = "HD-1234_vlt-irdis_DB-H23_2019-05-12"
OTHER = "HD-99_vlt-irdis_DB-H23_2019-05-12"


@pytest.fixture
def two(workspace, take_in, two_stars, quick_steps):
    one, other = two_stars
    take_in(one.science() + other.science(3.0) + one.backgrounds())
    return workspace


RECORD = StepRecord("gather-references", 1, {}, {}, {})


def smaller(cube: Cube, size_px: int) -> Cube:
    """Cut a centered cube around its star."""
    border = (cube.data.shape[-1] - size_px) // 2
    inner = slice(border, border + size_px)
    star = cube.star_xy_px - border
    return replace(cube, data=cube.data[..., inner, inner], star_xy_px=star)


def test_a_reduction_with_references_of_another_star(two):
    reduction = two.start(TARGET, "rdi-pca", references=OTHER)
    reduction.run(until="subtract-psf")
    library = reduction.result("references")
    assert isinstance(library, Cube)
    assert library.identity.target == "HD 99"
    assert library.n_time == 8
    assert all(text.startswith("HD 99: ") for text in library.frames.exposure)
    assert reduction.result("residual_cube").identity.target == "HD 1234"


def test_references_are_gathered_once(two, quick_steps):
    two.start(TARGET, "rdi-pca", references=[OTHER])
    two.start(TARGET, "rdi-pca", {"subtract-psf.n_modes": 3}, references="auto")
    made = [product for product in two.products() if product.step == "gather-references"]
    assert quick_steps["calibrate-science"] == 1
    assert len(made) == 2  # all frames, and at most so many: the same here, but not elsewhere
    assert two.rerun(made[0].uid).identical


def test_settings_of_the_calibration_hold_for_the_other_stars_too(two):
    archive = two._archive
    plain = choose_references(archive, TARGET, "rdi-pca", {}, [OTHER])
    changes = {"calibrate-science.level": 2.0, "subtract-psf.n_modes": 3}
    changed = choose_references(archive, TARGET, "rdi-pca", changes, [OTHER])
    assert plain.key != changed.key
    later = choose_references(archive, TARGET, "rdi-pca", {"subtract-psf.n_modes": 3}, [OTHER])
    assert plain.key == later.key


def test_provenance_of_references_leads_to_the_other_star(two):
    reduction = two.start(TARGET, "rdi-pca", references=OTHER)
    told = two.provenance(reduction.plan.inputs["references"])
    files = {one.label.rpartition("/")[2] for one in told.entities if one.kind == "file"}
    assert any("HD 99" in name for name in files)
    assert not any("HD 1234" in name for name in files)


def test_the_same_star_is_no_reference(two, take_in, two_stars):
    with pytest.raises(InputError, match="same star"):
        two.start(TARGET, "rdi-pca", references=TARGET)
    again = two_stars[0].science(9.0, target="HD1234")
    take_in(again)
    second = next(o.name for o in two.observations() if o.name not in (TARGET, OTHER))
    with pytest.raises(InputError, match="same star"):
        two.start(TARGET, "rdi-pca", references=second)


def test_a_star_under_another_name_at_the_same_place_is_the_same(two, take_in, two_stars):
    take_in(two_stars[0].science(9.0, target="bet Pic", n=2))
    found = reference_observations(two._archive, TARGET, ["auto"])
    assert [one.name for one in found] == [OTHER]


def test_the_nearest_in_time_comes_first(two, take_in, two_stars):
    other = two_stars[1]
    other.star = {"target": "HD 7", "ra_deg": 20.0, "dec_deg": -30.0}
    take_in(other.science(5.0))
    found = reference_observations(two._archive, TARGET, ["auto"])
    assert [one.target for one in found] == ["HD 99", "HD 7"]


def test_another_filter_or_coronagraph_does_not_fit(workspace, take_in, two_stars):
    one, other = two_stars
    take_in(one.science() + other.science(3.0, filter="DB_K12"))
    with pytest.raises(NotFoundError, match="no other stars"):
        workspace.start(TARGET, "rdi-pca", references="auto")
    (name,) = (info.name for info in workspace.observations() if info.target == "HD 99")
    with pytest.raises(InputError, match="another filter"):
        workspace.start(TARGET, "rdi-pca", references=name)


def test_a_recipe_that_does_not_look_at_other_stars_is_refused(two):
    with pytest.raises(ConfigError, match=r"does not use frames of other stars.*rdi-pca"):
        two.start(TARGET, "adi-pca", references=OTHER)


def test_a_reference_that_cannot_be_reduced_is_named(two, two_stars):
    for path in two_stars[1].folder.glob("science*"):
        path.unlink()
    with pytest.raises(RunError, match=f"reference observation '{OTHER}' cannot be reduced"):
        two.start(TARGET, "rdi-pca", references=OTHER)


def test_frames_are_put_together_in_order_and_cut_to_the_smallest(planet_cube):
    first = replace(planet_cube, identity=replace(planet_cube.identity, target="A"))
    second = smaller(replace(first, identity=replace(first.identity, target="B")), 31)
    gathered = gather(lambda: (first, second), RECORD)
    assert gathered.data.shape == (1, 48, 31, 31)
    np.testing.assert_array_equal(gathered.data[:, :24], second.data)
    np.testing.assert_array_equal(gathered.data[:, 24:], second.data)
    np.testing.assert_array_equal(gathered.star_xy_px, 15.0)
    assert gathered.identity.target == "A, B"
    assert gathered.history == (RECORD,)


def test_conditions_that_only_some_know_are_kept(planet_cube):
    seeing = np.full(planet_cube.n_time, 0.7)
    frames = replace(planet_cube.frames, conditions={"seeing_arcsec": seeing})
    gathered = gather(lambda: (replace(planet_cube, frames=frames), planet_cube), RECORD)
    told = gathered.frames.conditions["seeing_arcsec"]
    np.testing.assert_array_equal(told[:24], 0.7)
    assert np.isnan(told[24:]).all()


@pytest.mark.parametrize("n_most", [0, 1, 5, 24, 100, None])
def test_frames_are_thinned_evenly(planet_cube, n_most):
    usable = np.arange(24) != 3
    frames = replace(planet_cube.frames, usable=usable)
    kept = thinned(replace(planet_cube, frames=frames), n_most)
    assert kept.n_time == min(23, 23 if n_most is None else n_most)
    assert kept.frames.usable.all()
    if n_most == 5:
        steps = np.diff(kept.frames.mjd)
        assert steps.max() < 2 * steps.min()


def test_cubes_of_other_channels_are_refused(planet_cube):
    other = replace(planet_cube, wavelength_um=planet_cube.wavelength_um * 1.3)
    with pytest.raises(InputError, match="differ in their channels"):
        gather(lambda: (planet_cube, other), RECORD)
    coarse = replace(planet_cube, pixel_scale_mas=27.0)
    with pytest.raises(InputError, match="pixel scale"):
        gather(lambda: (planet_cube, coarse), RECORD)
