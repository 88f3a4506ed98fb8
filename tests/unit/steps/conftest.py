"""The default recipe up to its S/N map, on the small planet."""

import pytest

from hcdc_kernel.steps.apply import apply_step
from hcdc_kernel.steps.base import load_step, make_config


@pytest.fixture(scope="session")
def do():
    """Run steps one after another, with settings by step."""

    def run(data, *names, **settings):
        data = dict(data)
        for name in names:
            step = load_step(name)
            config = make_config(step, settings.get(name.replace("-", "_"), {}))
            data |= apply_step(step, config, data)
        return data

    return run


@pytest.fixture(scope="session")
def planet_data(planet_sequence, do):
    """Everything that exists once the small planet's S/N map is made."""
    return do(
        {"cube": planet_sequence.cube, "psf": planet_sequence.psf},
        "center-star",
        "select-frames",
        "subtract-psf",
        "combine-frames",
        "map-snr",
        "find-candidates",
    )
