"""The step match-signal, around the matchers."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel import plugins
from hcdc_kernel.errors import ConfigError, NotFoundError
from hcdc_kernel.steps.base import StepConfig, make_config
from hcdc_kernel.steps.match_signal import MatchSignal, normalized
from hcdc_kernel.steps.psf_models.plugin import SignalMaps
from hcdc_kernel.steps.psf_models.vip_call import continuous
from hcdc_kernel.synthetic import make_sequence, small_scene


class MeanImage:
    """A matcher of few words: the mean frame, and noise that grows inwards."""

    class Config(StepConfig):
        pass

    def __init__(self, config): ...

    def match(self, frames, derotation_deg, psf, fwhm_px):
        y, x = np.mgrid[: frames.shape[1], : frames.shape[2]] - frames.shape[1] // 2
        radius = np.hypot(y, x)
        noise = np.random.default_rng(0).normal(size=radius.shape) * (1 + 50 / (radius + 1))
        return SignalMaps(frames.mean(axis=0) / psf.max(), np.where(radius > 3, noise, np.nan))


def matched(sequence, **settings):
    with plugins.registered("signal_matchers", "mean-image", MeanImage):
        config = MatchSignal.Config(matcher="mean-image", **settings)
        return MatchSignal().run({"cube": sequence.cube, "psf": sequence.psf}, config)


def test_noise_has_a_scatter_of_one_at_every_separation(planet_sequence):
    snr = matched(planet_sequence)["detection"].snr[0]

    y, x = np.mgrid[:41, :41] - 20
    for inner in (5, 10, 15):
        ring = (np.hypot(y, x) >= inner) & (np.hypot(y, x) < inner + 4)
        assert np.nanstd(snr[ring]) == pytest.approx(1, abs=0.25)


def test_a_peak_does_not_hide_itself():
    snr = np.random.default_rng(0).normal(size=(61, 61))
    snr[30, 45] = 50

    assert normalized(snr, 4.0)[30, 45] > 40


def test_normalization_can_be_left_out(planet_sequence):
    snr = matched(planet_sequence, normalize=False)["detection"].snr[0]

    assert np.nanstd(snr) > 2


def test_rings_without_any_scatter_have_no_signal():
    assert not normalized(np.zeros((21, 21)), 4.0).any()


def test_channels_are_joined_in_one_more_map():
    scene = replace(small_scene(), wavelength_um=(1.2, 1.6))

    found = matched(make_sequence(scene))

    detection = found["detection"]
    assert detection.snr.shape == (3, 41, 41)
    np.testing.assert_allclose(detection.wavelength_um, [1.2, 1.6, 1.4])
    np.testing.assert_allclose(
        detection.combined, (detection.snr[0] + detection.snr[1]) / np.sqrt(2), rtol=1e-5
    )
    assert found["residual"].data.shape == (2, 41, 41)


def test_settings_of_the_matcher_are_completed_and_checked():
    config = MatchSignal.Config(matcher="vip-fmmf", matcher_settings={"n_modes": 3})

    assert config.matcher_settings["subtraction"] == "LOCI"
    with pytest.raises(ConfigError, match="no setting 'rank'"):
        make_config(MatchSignal(), {"matcher_settings": {"rank": 3}})
    with pytest.raises(NotFoundError, match="vip-andromeda"):
        make_config(MatchSignal(), {"matcher": "eye"})


def test_a_ring_beyond_the_image_is_refused(planet_sequence):
    far = {"inner_fwhm": 30.0, "outer_fwhm": 40.0}
    config = MatchSignal.Config(matcher="vip-fmmf", matcher_settings=far)

    with pytest.raises(ConfigError, match="ring that FMMF shall search is empty"):
        MatchSignal().run({"cube": planet_sequence.cube, "psf": planet_sequence.psf}, config)


def test_angles_for_vip_run_without_jumps():
    angles = continuous(np.array([358.0, 359.0, 0.5, 2.0]))

    np.testing.assert_allclose(np.diff(angles), [1, 1.5, 1.5])
    np.testing.assert_allclose(continuous(np.array([-80.0, -20.0])), [280, 340])
