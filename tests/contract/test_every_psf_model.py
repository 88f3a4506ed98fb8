"""The exam of every PSF model and every signal matcher, built in or plugged in."""

import numpy as np
import pytest

from hcdc_kernel import plugins
from hcdc_kernel.steps.base import StepConfig
from hcdc_kernel.steps.combine_frames import CombineFrames
from hcdc_kernel.steps.match_signal import MatchSignal
from hcdc_kernel.steps.psf_models import make_model
from hcdc_kernel.steps.subtract_psf import SubtractPsf

MODELS = plugins.names("psf_models")
MATCHERS = plugins.names("signal_matchers")
EVERY_PART = [("psf_models", name) for name in MODELS] + [
    ("signal_matchers", name) for name in MATCHERS
]

# What is not a matter of the model but of the small test images, 12 FWHM wide.
SETTINGS = {"vip-fmmf": {"inner_fwhm": 3.0, "outer_fwhm": 4.0}}


@pytest.fixture(scope="module")
def planet_xy(planet_scene, planet_cube):
    """Where the planet was put in the image that has north up [px]."""
    (planet,) = planet_scene.planets
    radius = planet.separation_mas / planet_scene.pixel_scale_mas
    angle = np.deg2rad(planet.position_angle_deg)
    middle = planet_cube.data.shape[-1] // 2
    return middle - radius * np.sin(angle), middle + radius * np.cos(angle)


def distance_of_the_peak(image, xy):
    y, x = np.unravel_index(np.nanargmax(image), image.shape)
    return np.hypot(x - xy[0], y - xy[1])


@pytest.mark.parametrize("name", MODELS)
def test_the_planet_is_found_where_it_was_put(name, planet_sequence, planet_xy):
    data = {"cube": planet_sequence.cube, "psf": planet_sequence.psf}

    cube = SubtractPsf().run(data, SubtractPsf.Config(model=name))["residual_cube"]
    image = CombineFrames().run({"residual_cube": cube}, CombineFrames.Config())["residual"]

    assert distance_of_the_peak(image.data[0], planet_xy) < 1


@pytest.mark.parametrize("name", MODELS)
def test_the_star_is_dimmed(name, planet_sequence):
    data = {"cube": planet_sequence.cube, "psf": planet_sequence.psf}

    cube = SubtractPsf().run(data, SubtractPsf.Config(model=name))["residual_cube"]

    assert cube.data.shape == planet_sequence.cube.data.shape
    assert cube.data.dtype == np.float32
    assert np.nanstd(cube.data) < 0.8 * np.std(planet_sequence.cube.data)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_frames_give_the_same_residuals(name, planet_sequence):
    data = {"cube": planet_sequence.cube, "psf": planet_sequence.psf}
    config = SubtractPsf.Config(model=name)

    once, again = (SubtractPsf().run(data, config)["residual_cube"].data for _ in range(2))

    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("name", MODELS)
def test_nobody_writes_into_the_cube(name, planet_sequence):
    before = planet_sequence.cube.data.copy()
    data = {"cube": planet_sequence.cube, "psf": planet_sequence.psf}

    SubtractPsf().run(data, SubtractPsf.Config(model=name))

    np.testing.assert_array_equal(planet_sequence.cube.data, before)


@pytest.mark.parametrize("name", MATCHERS)
def test_a_matcher_tells_place_and_flux_of_the_planet(
    name, planet_sequence, planet_scene, planet_xy
):
    data = {"cube": planet_sequence.cube, "psf": planet_sequence.psf}
    config = MatchSignal.Config(matcher=name, matcher_settings=SETTINGS.get(name, {}))

    found = MatchSignal().run(data, config)

    snr, contrast = found["detection"].snr[0], found["residual"].data[0]
    assert distance_of_the_peak(snr, planet_xy) < 1
    assert np.nanmax(snr) > 5
    truth = planet_scene.planets[0].contrast
    x, y = np.rint(planet_xy).astype(int)
    assert contrast[y, x] == pytest.approx(truth, rel=0.25)
    assert found["residual"].unit == "contrast"


@pytest.mark.parametrize(("group", "name"), EVERY_PART)
def test_settings_are_frozen_complete_and_described(group, name):
    config = plugins.load(group, name).Config

    defaults = config()
    assert config.model_config["frozen"]
    assert config.model_config["extra"] == "forbid"
    assert config.model_validate(defaults.model_dump(mode="json")) == defaults
    assert all(field.description for field in config.model_fields.values())


@pytest.mark.parametrize(("group", "name"), EVERY_PART)
def test_the_part_can_be_made_from_its_defaults(group, name):
    assert issubclass(plugins.load(group, name).Config, StepConfig)
    assert make_model(group, name, {}) is not None
