"""The step subtract-psf: settings, references, own models, clear errors."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import Field

from hcdc_kernel import plugins
from hcdc_kernel.datamodel import Cube
from hcdc_kernel.errors import ConfigError, DataError, NotFoundError
from hcdc_kernel.steps.base import StepConfig, load_step, make_config
from hcdc_kernel.steps.subtract_psf import SubtractPsf
from hcdc_kernel.synthetic import make_sequence, small_scene


class Trimmed:
    """What an expert may write in a notebook cell."""

    class Config(StepConfig):
        share: float = Field(default=0.1, ge=0, lt=0.5, description="Left out at each end.")

    def __init__(self, config):
        self.config = config

    def predict(self, targets, references):
        cut = int(self.config.share * len(references))
        return np.sort(references, axis=0)[cut : len(references) - cut].mean(axis=0)


@pytest.fixture(scope="module")
def colors():
    """Four channels, and twenty frames of another star."""
    scene = replace(small_scene(), wavelength_um=(1.1, 1.25, 1.4, 1.6), n_references=20)
    return make_sequence(scene)


def subtracted(sequence, **settings):
    data = {"cube": sequence.cube, "psf": sequence.psf}
    if sequence.references is not None:
        data["references"] = sequence.references
    step = load_step("subtract-psf")
    return step.run(data, make_config(step, settings))["residual_cube"]


def with_cube(sequence, **changes):
    return replace(sequence, cube=replace(sequence.cube, **changes))


def test_defaults_work(planet_sequence):
    residuals = subtracted(planet_sequence)

    assert isinstance(residuals, Cube)
    assert np.isfinite(residuals.data).all()


def test_a_fixed_number_of_modes_can_be_given_directly(planet_sequence):
    few, many = (subtracted(planet_sequence, n_modes=n).data.std() for n in (2, 12))

    assert many < few


def test_modes_are_given_directly_or_with_the_model_alike():
    directly = SubtractPsf.Config(n_modes=7)
    with_model = SubtractPsf.Config(model_settings={"n_modes": 7})

    assert directly == with_model
    assert directly.n_modes == 7


def test_modes_given_twice_and_differently_are_refused():
    with pytest.raises(ConfigError, match="twice"):
        SubtractPsf.Config(n_modes=7, model_settings={"n_modes": 8})


@pytest.mark.parametrize("n_modes", [1000, "auto", 0.9])
def test_modes_never_exceed_the_frames_and_leave_something(planet_sequence, n_modes):
    assert subtracted(planet_sequence, n_modes=n_modes).data.std() > 0


def test_a_model_without_modes_refuses_them():
    with pytest.raises(ConfigError, match="'median' has no setting 'n_modes'"):
        SubtractPsf.Config(model="median", n_modes=5)


def test_settings_are_complete_and_come_back_from_json():
    config = SubtractPsf.Config(model="vip-llsg", model_settings={"rank": 3})

    assert config.model_settings["threshold"] == 1.0
    assert config.n_modes is None
    assert SubtractPsf.Config.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_modes": 0}, "n_modes"),
        ({"n_modes": 1.5}, "n_modes"),
        ({"model_settings": {"colour": 3}}, "no setting 'colour'"),
        ({"min_motion_fwhm": 0.5}, "annuli"),
        ({"model": "vip-llsg", "regions": "annuli"}, "cannot follow 'regions'"),
        ({"model": "vip-nmf", "references": "library"}, "cannot follow 'references'"),
        ({"references": "mine"}, "references"),
        ({"model_settings": 3}, "model_settings"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        make_config(SubtractPsf(), settings)


def test_an_unknown_model_is_named_with_those_that_exist():
    with pytest.raises(NotFoundError, match=r"named 'klip'.*median.*pca"):
        make_config(SubtractPsf(), {"model": "klip"})


def test_an_own_model_from_a_notebook_cell(planet_sequence):
    with plugins.registered("psf_models", "trimmed", Trimmed):
        residuals = subtracted(planet_sequence, model="trimmed", model_settings={"share": 0.25})
        with pytest.raises(ConfigError, match="share"):
            SubtractPsf.Config(model="trimmed", model_settings={"share": 0.7})

    expected = planet_sequence.cube.data - np.sort(planet_sequence.cube.data, axis=1)[
        :, 6:18
    ].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(residuals.data, expected, rtol=1e-4, atol=1e-2)


def test_an_own_model_without_a_method_is_refused(planet_sequence):
    class Empty:
        Config = Trimmed.Config

        def __init__(self, config): ...

    with (
        plugins.registered("psf_models", "empty", Empty),
        pytest.raises(ConfigError, match="no method"),
    ):
        subtracted(planet_sequence, model="empty")


def test_only_usable_frames_take_part(planet_sequence):
    frames = planet_sequence.cube.frames
    usable = np.arange(frames.n_time) % 3 != 0
    spoiled = planet_sequence.cube.data.copy()
    spoiled[:, ~usable] = 1e6
    marked = replace(frames, usable=usable)

    residuals = subtracted(with_cube(planet_sequence, data=spoiled, frames=marked))

    assert residuals.n_time == usable.sum()
    assert residuals.frames.usable.all()
    np.testing.assert_array_equal(residuals.frames.derotation_deg, frames.derotation_deg[usable])
    assert np.abs(residuals.data).max() < 1e5


@pytest.mark.parametrize("model", ["pca", "median", "vip-loci"])
def test_missing_pixels_stay_missing(planet_sequence, model):
    data = planet_sequence.cube.data.copy()
    data[0, 3, 30, 25] = np.nan
    data[0, :, 5:8, 20] = np.nan

    residuals = subtracted(with_cube(planet_sequence, data=data), model=model)

    assert np.isnan(residuals.data[np.isnan(data)]).all()
    assert np.isfinite(residuals.data[0, :, 15, 25]).all()


def test_the_inner_mask_and_the_corners_of_rings_are_empty(planet_sequence):
    residuals = subtracted(planet_sequence, regions="annuli", inner_fwhm=1.0)

    assert np.isnan(residuals.data[0, :, 20, 20]).all()
    assert np.isnan(residuals.data[0, :, 0, 0]).all()


def test_other_stars_take_nothing_of_the_planet(colors, planet_scene):
    own = planet_flux(subtracted(colors, n_modes=5), planet_scene)
    other = planet_flux(subtracted(colors, n_modes=5, references="library"), planet_scene)
    truth = planet_scene.planets[0].contrast * colors.psf.data[0].max()

    assert other == pytest.approx(truth, rel=0.3)
    assert own < 0.8 * other


@pytest.mark.parametrize("references", ["scaled", "joint"])
def test_spectral_scaling_leaves_less_of_the_star(colors, references):
    scaled = subtracted(colors, n_modes=10, references=references)
    others = subtracted(colors, n_modes=10, references="library")

    assert scaled.data.shape == colors.cube.data.shape
    assert np.nanstd(scaled.data) < np.nanstd(others.data)


def test_joint_references_may_be_limited_in_motion_and_number(colors):
    settings = {"references": "joint", "regions": "annuli"}
    free = subtracted(colors, n_modes=10, **settings)
    limited = subtracted(colors, n_modes=10, min_motion_fwhm=0.5, max_references=40, **settings)

    assert planet_flux(limited, small_scene()) > 1.2 * planet_flux(free, small_scene())


@pytest.mark.parametrize("references", ["scaled", "joint"])
def test_spectral_references_need_channels(planet_sequence, references):
    with pytest.raises(DataError, match="more than one spectral channel"):
        subtracted(planet_sequence, references=references)


def test_a_library_that_is_not_there_is_asked_for(planet_sequence):
    with pytest.raises(DataError, match="frames of other stars"):
        subtracted(planet_sequence, references="library")


def test_a_library_without_usable_frames_is_refused(colors):
    none = replace(colors.references.frames, usable=np.zeros(20, dtype=bool))
    library = replace(colors.references, frames=none)

    with pytest.raises(DataError, match="None of the reference frames"):
        subtracted(replace(colors, references=library), references="library")


def test_a_cube_that_is_not_centered_is_refused(planet_sequence):
    away = planet_sequence.cube.star_xy_px + 0.4

    with pytest.raises(DataError, match="Run center-star first"):
        subtracted(with_cube(planet_sequence, star_xy_px=away))


def test_a_single_usable_frame_is_refused(planet_sequence):
    frames = planet_sequence.cube.frames
    one = replace(frames, usable=np.arange(frames.n_time) == 0)

    with pytest.raises(DataError, match="at least two usable frames"):
        subtracted(with_cube(planet_sequence, frames=one))


def test_a_sequence_without_rotation_is_refused_where_motion_is_asked_for(planet_sequence):
    still = replace(planet_sequence.cube.frames, derotation_deg=np.zeros(24))

    with pytest.raises(DataError, match="no reference frame"):
        subtracted(with_cube(planet_sequence, frames=still), regions="annuli", min_motion_fwhm=0.5)


def planet_flux(residuals, scene):
    """Peak of the planet in the mean of the derotated first channel."""
    from hcdc_kernel.algorithms.combine import combine
    from hcdc_kernel.algorithms.rotate import derotate

    (planet,) = scene.planets
    radius = planet.separation_mas / scene.pixel_scale_mas
    angle = np.deg2rad(planet.position_angle_deg)
    middle = residuals.data.shape[-1] // 2
    x, y = middle - radius * np.sin(angle), middle + radius * np.cos(angle)
    image = combine(derotate(residuals.data[0], residuals.frames.derotation_deg), "mean")
    return image[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].max()
