"""S/N map, candidates, their characters, contrast and quality."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.algorithms.companion import CompanionFit
from hcdc_kernel.algorithms.experiment import PointSource
from hcdc_kernel.algorithms.snr import snr_map
from hcdc_kernel.datamodel import Candidates
from hcdc_kernel.datamodel.detections import CANDIDATE_COLUMNS
from hcdc_kernel.errors import ConfigError, DataError
from hcdc_kernel.steps import characterize_candidates
from hcdc_kernel.steps.characterize_candidates import is_measured
from hcdc_kernel.steps.find_candidates import candidate_label
from hcdc_kernel.synthetic import make_sequence, small_scene

REDUCTION = ("center-star", "select-frames", "subtract-psf", "combine-frames")
SEARCH = ("map-snr", "find-candidates")


@pytest.fixture(scope="module")
def colors(do):
    """The small planet in three channels."""
    scene = replace(small_scene(), wavelength_um=(1.6, 1.7, 1.8))
    sequence = make_sequence(scene)
    return do({"cube": sequence.cube, "psf": sequence.psf}, *REDUCTION, *SEARCH)


def test_map_is_that_of_the_algorithm(planet_data):
    residual, psf = planet_data["residual"], planet_data["psf"]
    expected = snr_map(residual.data[0].astype(float), float(psf.fwhm_px[0]))
    assert planet_data["detection"].snr.shape[0] == 1
    np.testing.assert_allclose(planet_data["detection"].combined, expected, rtol=1e-5)


def test_several_channels_have_a_map_each_and_a_better_one_together(colors):
    detection = colors["detection"]
    assert detection.snr.shape[0] == 4
    assert detection.wavelength_um == pytest.approx([1.6, 1.7, 1.8, 1.7])
    assert np.nanmax(detection.combined) > np.median(np.nanmax(detection.snr[:3], axis=(1, 2)))


def test_planet_is_found_where_it_is_and_nothing_else(planet_data):
    candidates = planet_data["candidates"]
    assert candidates.label == ("a",)
    assert candidates.separation_mas[0] == pytest.approx(150, abs=12)
    assert candidates.position_angle_deg[0] == pytest.approx(120, abs=4)
    assert candidates.false_alarm[0] < 1e-6
    assert np.isnan(candidates.contrast[0])
    assert candidates.wavelength_um[0] == planet_data["cube"].wavelength_um[0]


def test_no_planet_is_found_where_none_was_put(do):
    sequence = make_sequence(small_scene(planets=()))
    data = do({"cube": sequence.cube, "psf": sequence.psf}, *REDUCTION, *SEARCH)
    assert len(data["candidates"]) == 0
    done = do(data, "characterize-candidates", "measure-contrast", "assess-quality")
    assert len(done["candidates"]) == 0
    assert np.isfinite(done["contrast"].contrast).any()


def test_threshold_and_inner_limit_are_obeyed(planet_data, do):
    for settings in ({"n_sigma": 12.0}, {"inner": "200 mas"}):
        found = do(planet_data, "find-candidates", find_candidates=settings)["candidates"]
        assert len(found) == 0
    many = do(
        planet_data,
        "find-candidates",
        find_candidates={"n_sigma": 2.0, "threshold": "snr", "max_candidates": 3},
    )["candidates"]
    assert len(many) == 3
    assert np.all(np.diff(many.snr) <= 0)


def test_map_made_otherwise_is_searched_as_it_is(planet_data, do):
    detection = replace(planet_data["detection"], history=())
    found = do(planet_data | {"detection": detection}, "find-candidates")["candidates"]
    assert len(found) >= 1


def test_contrast_is_read_off_a_map_of_contrasts(planet_data, do):
    """Matched filters measure fluxes: their candidates have them without further work."""
    flux = planet_data["psf"].star_flux[0]
    residual = planet_data["residual"]
    contrasts = replace(residual, data=residual.data / np.float32(flux), unit="contrast")
    found = do(planet_data | {"residual": contrasts}, "find-candidates")["candidates"]
    snr = planet_data["detection"].combined
    top = np.unravel_index(np.nanargmax(snr), snr.shape)
    assert found.contrast[0] == pytest.approx(contrasts.data[0][top])
    assert found.contrast_error[0] == pytest.approx(found.contrast[0] / found.snr[0])
    dark = {
        "residual": replace(contrasts, data=-contrasts.data),
        "detection": replace(planet_data["detection"], history=()),  # not to be made again
    }
    assert len(do(planet_data | dark, "find-candidates")["candidates"]) == 0


def test_planet_is_measured_within_its_errors(planet_data, do):
    found = do(planet_data, "characterize-candidates")["candidates"]
    assert len(found) == 1
    assert abs(found.separation_mas[0] - 150) < 3 * found.separation_error_mas[0]
    assert abs(found.position_angle_deg[0] - 120) < 3 * found.position_angle_error_deg[0]
    assert found.contrast[0] == pytest.approx(8e-4, rel=0.1)
    assert 0.01 < found.contrast_error[0] / found.contrast[0] < 0.2


def test_errors_of_star_and_north_are_part_of_the_errors(planet_data, do):
    small, large = (
        do(
            planet_data,
            "characterize-candidates",
            characterize_candidates={"star_error": error, "true_north_error": error},
        )["candidates"]
        for error in (0.0, 2.0)
    )
    scale = planet_data["cube"].pixel_scale_mas
    expected = np.hypot(small.separation_error_mas[0], 2 * scale)
    assert large.separation_error_mas[0] == pytest.approx(expected)
    assert large.position_angle_error_deg[0] > np.hypot(2.0, np.rad2deg(2 * scale / 155))


def test_error_of_the_star_is_that_of_its_calibration(planet_data, do):
    known = {"cube": replace(planet_data["cube"], star_error_px=1.5)}
    own = do(planet_data | known, "characterize-candidates")["candidates"]
    given = do(
        planet_data, "characterize-candidates", characterize_candidates={"star_error": 1.5}
    )["candidates"]
    assert own.separation_error_mas[0] == pytest.approx(given.separation_error_mas[0])


def test_error_of_the_star_is_part_of_the_error_of_contrasts(colors, do):
    """It is common to all channels: averaging them does not make it smaller."""
    fit, whole = (
        do(colors, "characterize-candidates", characterize_candidates={"star_flux_error": error})[
            "candidates"
        ]
        for error in (0.0, 0.1)
    )
    expected = np.hypot(fit.contrast_error, 0.1 * fit.contrast)
    assert whole.contrast_error[1:] == pytest.approx(expected[1:])
    assert whole.contrast_error[0] > 0.1 * whole.contrast[0]


def test_channels_get_rows_of_their_own(colors, do):
    found = do(colors, "characterize-candidates")["candidates"]
    assert found.label == ("a",) * 4
    assert np.isnan(found.wavelength_um[0])
    assert found.wavelength_um[1:] == pytest.approx([1.6, 1.7, 1.8])
    assert found.contrast == pytest.approx(np.full(4, 8e-4), rel=0.15)
    assert found.contrast_error[0] < found.contrast_error[1:].min()
    assert np.ptp(found.separation_mas) == 0


def test_channels_subtracted_from_each_other_share_one_contrast(do):
    scene = replace(small_scene(), wavelength_um=(1.0, 1.15, 1.3))
    sequence = make_sequence(scene)
    data = do(
        {"cube": sequence.cube, "psf": sequence.psf},
        *REDUCTION,
        *SEARCH,
        "characterize-candidates",
        subtract_psf={"references": "joint"},
        characterize_candidates={"n_azimuths": 6},
    )
    found = data["candidates"]
    assert found.label == ("a",)
    assert np.isnan(found.wavelength_um[0])
    assert found.contrast[0] == pytest.approx(8e-4, rel=0.1)
    assert found.separation_mas[0] == pytest.approx(150, abs=4)


def test_what_vanishes_with_a_brighter_candidate_is_dropped(planet_data, do):
    first = planet_data["candidates"]
    columns = {name: np.concatenate([getattr(first, name)] * 2) for name in CANDIDATE_COLUMNS}
    columns["position_angle_deg"][1] += 40.0
    twice = replace(first, label=("a", "b"), **columns)
    found = do(planet_data | {"candidates": twice}, "characterize-candidates")["candidates"]
    assert found.label == ("a",)


def test_candidates_beyond_the_number_keep_their_first_estimate(planet_data, do):
    settings = {"max_candidates": 0}
    kept = do(planet_data, "characterize-candidates", characterize_candidates=settings)
    assert np.isnan(kept["candidates"].contrast[0])


@pytest.mark.parametrize(
    ("radial_px", "tangential_px", "measured"),
    [
        (0.1, 0.3, True),
        (3.9, 0.1, True),
        (4.1, 0.1, False),
        (0.1, 4e3, False),
        (np.nan, np.nan, True),
    ],
)
def test_a_place_known_worse_than_the_width_of_the_star_is_no_measurement(
    radial_px, tangential_px, measured
):
    source = PointSource(12.0, 30.0, np.array([1e-4]))
    fit = CompanionFit(source, radial_px, tangential_px, np.array([1e-5]), 40, converged=True)
    assert is_measured(fit, fwhm_px=4.0) is measured


def test_a_candidate_that_cannot_be_measured_stays_as_it_was_found(planet_data, do, monkeypatch):
    monkeypatch.setattr(characterize_candidates, "is_measured", lambda *_: False)
    kept = do(planet_data, "characterize-candidates")["candidates"]
    assert kept.separation_mas == planet_data["candidates"].separation_mas
    assert np.isnan(kept.contrast).all()


def test_limit_is_below_the_planet_and_blind_to_it(planet_data, do):
    done = do(planet_data, "characterize-candidates", "measure-contrast")
    curve = done["contrast"]
    at_planet = float(np.interp(150, curve.separation_mas, curve.contrast[0]))
    assert 1e-5 < at_planet < 8e-4
    assert "1 candidates taken out" in curve.method
    throughput = curve.throughput[0][np.isfinite(curve.contrast[0])]
    assert np.all((throughput > 0) & (throughput < 1.05))

    nobody = Candidates((), *([np.array([])] * 9), done["candidates"].identity)
    blinded = do(done | {"candidates": nobody}, "measure-contrast")["contrast"]
    with_planet = float(np.interp(150, curve.separation_mas, blinded.contrast[0]))
    assert with_planet > 1.5 * at_planet


def test_contrast_range_and_step_are_obeyed(planet_data, do):
    settings = {"inner": "0.1 arcsec", "outer": 180, "step": 20, "n_azimuths": 1}
    curve = do(planet_data, "measure-contrast", measure_contrast=settings)["contrast"]
    assert curve.separation_mas == pytest.approx([100, 120, 140, 160, 180])
    with pytest.raises(ConfigError, match="no separation"):
        do(planet_data, "measure-contrast", measure_contrast={"inner": 180, "outer": 100})


def test_injection_needs_a_subtracted_psf(planet_data, do):
    residual = replace(planet_data["residual"], history=())
    with pytest.raises(DataError, match="subtract-psf"):
        do(planet_data | {"residual": residual}, "characterize-candidates")


def test_labels_go_on_after_z():
    assert [candidate_label(i) for i in (0, 1, 25, 26, 27, 52)] == [
        "a",
        "b",
        "z",
        "aa",
        "ab",
        "ba",
    ]
