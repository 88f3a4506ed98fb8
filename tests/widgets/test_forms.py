"""Forms give back what was chosen, say what is wrong, and show what was changed."""

import pytest

from hcdc_kernel.recipes import Recipe
from hcdc_widgets.forms import RecipeForm, label, spoken


@pytest.fixture
def recipe():
    return Recipe(
        name="short",
        title="Short",
        steps=({"subtract-psf": {"regions": "annuli"}}, "combine-frames"),
    )


@pytest.fixture
def form(recipe):
    return RecipeForm(recipe, {"subtract-psf.model": ("median", "pca")})


def summary(form):
    return form.children[1].value


def test_untouched_form_leaves_the_recipe_as_it_is(form):
    assert form.settings() == {}
    assert form.valid
    assert "as it is" in summary(form)


def test_recipe_values_are_the_starting_point(form):
    assert form.setting("subtract-psf.regions").value == "annuli"


def test_settings_go_back_into_the_recipe(form, recipe):
    form.setting("subtract-psf.n_modes").control.value = "7"
    form.setting("subtract-psf.inner_fwhm").control.value = "1.5"
    form.setting("subtract-psf.remove_mean").control.value = True
    form.setting("combine-frames.method").control.value = "mean"
    changed = recipe.with_settings(form.settings())
    subtract, combine = (step.config for step in changed.steps)
    assert (subtract.n_modes, subtract.inner_fwhm, subtract.remove_mean) == (7, 1.5, True)
    assert subtract.regions == "annuli"
    assert combine.method == "mean"
    assert "4 settings differ" in summary(form)


def test_model_can_be_chosen_by_name(form, recipe):
    form.setting("subtract-psf.model").control.value = "median"
    assert form.valid
    assert recipe.with_settings(form.settings()).steps[0].config.model == "median"


@pytest.mark.parametrize(
    ("setting", "text", "words"),
    [
        ("subtract-psf.inner_fwhm", "-1", "greater than or equal to 0"),
        ("subtract-psf.inner_fwhm", "wide", "valid number"),
        ("subtract-psf.min_references", "1.5", "valid integer"),
        ("subtract-psf.min_references", "", "valid integer"),
    ],
)
def test_complaint_stands_beside_its_setting(form, setting, text, words):
    at_fault = form.setting(setting)
    at_fault.control.value = text
    assert words in at_fault.children[1].value
    assert "hcdc-wrong" in at_fault._dom_classes
    assert not form.valid
    assert "needs attention" in form.children[0].get_title(0)


def test_settings_that_do_not_go_together_are_told(form):
    form.setting("subtract-psf.min_motion_fwhm").control.value = "1"
    assert form.valid
    form.setting("subtract-psf.regions").control.value = "full-frame"
    assert not form.valid
    assert "annuli" in form.forms[0].children[-1].value


def test_unknown_model_setting_is_told_not_raised(form):
    form.setting("subtract-psf.model_settings").control.value = '{"nonsense": 1}'
    assert not form.valid
    assert "nonsense" in form.forms[0].children[-1].value


def test_changed_setting_stands_out_and_can_be_reset(form):
    changed = form.setting("subtract-psf.n_sectors")
    changed.control.value = "4"
    assert "hcdc-changed" in changed._dom_classes
    assert "1 changed" in form.children[0].get_title(0)
    form.children[2].click()
    assert changed.value == 1
    assert form.settings() == {}
    assert "hcdc-changed" not in changed._dom_classes


def test_empty_text_means_none_where_none_is_allowed(form):
    limit = form.setting("subtract-psf.max_references")
    limit.control.value = "20"
    assert form.settings() == {"subtract-psf.max_references": 20}
    limit.control.value = " "
    assert form.settings() == {}


def test_every_control_is_labelled_and_explained(form):
    for step in form.forms:
        for setting in step.settings.values():
            assert setting.control.description
            assert len(setting.children[1].value) > 20


def test_labels_spell_names_out():
    assert label("n_modes") == "Number of modes"
    assert label("annulus_width_fwhm") == "Annulus width [FWHM]"
    assert spoken("map-snr") == "Map S/N"
    assert spoken("subtract-psf") == "Subtract PSF"
