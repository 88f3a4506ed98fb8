"""Steps: settings are checked, work is recorded, reductions can be replayed."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import Field

from hcdc_kernel import plugins
from hcdc_kernel.datamodel import Cube, Frames, Identity, Psf, Residual
from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.steps.apply import apply_step, replay_reduction
from hcdc_kernel.steps.base import Step, StepConfig, load_step, make_config
from hcdc_kernel.units import Milliarcsec

STAR = Identity(target="Test", instrument="none-none", filter="K", night="2020-01-01")


class ScaleCube(Step):
    """Multiply a cube, under the name of the step whose place it takes."""

    name = "subtract-psf"
    version = 3
    inputs = ("cube",)
    optional_inputs = ("references",)
    outputs = ("residual_cube",)

    class Config(StepConfig):
        """One factor and one length."""

        factor: float = Field(default=2.0, gt=0, description="Multiplies the images.")
        inner: Milliarcsec = Field(default=100.0, description="Unused.")

    def run(self, data, config, progress=None):
        assert set(data) <= {"cube", "references"}
        return {"residual_cube": replace(data["cube"], data=config.factor * data["cube"].data)}


class MeanOfFrames(Step):
    """Average the frames."""

    name = "combine-frames"
    version = 1
    inputs = ("residual_cube",)
    outputs = ("residual",)
    Config = StepConfig

    def run(self, data, config, progress=None):
        cube = data["residual_cube"]
        mean = cube.data.mean(axis=1)
        return {"residual": Residual(mean, cube.wavelength_um, 10.0, STAR, history=cube.history)}


@pytest.fixture
def cube():
    frames = Frames(
        mjd=np.full(3, np.nan),
        parallactic_deg=np.full(3, np.nan),
        derotation_deg=np.arange(3.0),
        usable=np.ones(3, dtype=bool),
        reason=("",) * 3,
        exposure=("",) * 3,
        dit_index=np.arange(3),
    )
    data = np.arange(3 * 25, dtype=np.float32).reshape(1, 3, 5, 5)
    return Cube(data, frames, np.array([2.0]), np.full((1, 3, 2), 2.0), 10.0, STAR)


@pytest.fixture
def psf():
    image = np.zeros((1, 5, 5), dtype=np.float32)
    image[0, 2, 2] = 1.0
    return Psf(image, np.array([1.5]), np.array([1.0]), np.array([2.0]), 10.0, STAR)


def test_quantity_settings_become_canonical_floats():
    config = make_config(ScaleCube(), {"inner": "0.06 arcsec"})
    assert config.inner == 60.0
    assert config == make_config(ScaleCube(), {"inner": 60})


def test_wrong_unit_says_what_was_expected():
    with pytest.raises(ConfigError, match=r"subtract-psf\.inner.*expected angle, got 3\.0 s"):
        make_config(ScaleCube(), {"inner": "3 s"})


def test_unknown_setting_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"subtract-psf\.faktor.*factor, inner"):
        make_config(ScaleCube(), {"faktor": 1.0})


def test_value_out_of_bounds_is_refused():
    with pytest.raises(ConfigError, match="greater than 0"):
        make_config(ScaleCube(), {"factor": -1.0})


def test_unknown_step_names_the_known_ones():
    with pytest.raises(NotFoundError, match="center-star"):
        load_step("center-stra")


def test_step_is_given_only_what_it_asks_for(cube, psf):
    outputs = apply_step(ScaleCube(), ScaleCube.Config(), {"cube": cube, "psf": psf})
    assert set(outputs) == {"residual_cube"}


def test_record_of_a_step_is_appended_to_the_history(cube):
    outputs = apply_step(
        ScaleCube(), ScaleCube.Config(factor=4), {"cube": cube}, keys={"cube": "k"}
    )
    (done,) = outputs["residual_cube"].history
    assert (done.step, done.version, done.inputs) == ("subtract-psf", 3, {"cube": "k"})
    assert done.config == {"factor": 4.0, "inner": 100.0}
    assert "numpy" in done.software


def test_replayed_reduction_runs_the_recorded_settings_on_another_cube(cube, psf):
    subtracted = apply_step(ScaleCube(), ScaleCube.Config(factor=4), {"cube": cube})
    residual = apply_step(MeanOfFrames(), StepConfig(), subtracted)["residual"]
    with (
        plugins.registered("steps", "subtract-psf", ScaleCube),
        plugins.registered("steps", "combine-frames", MeanOfFrames),
    ):
        reduce = replay_reduction(residual.history, psf)
        again = reduce(replace(cube, data=cube.data + 1))
    np.testing.assert_allclose(again.data, residual.data + 4)
