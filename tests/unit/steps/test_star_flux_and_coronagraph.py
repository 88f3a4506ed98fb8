"""Contrasts behind a coronagraph that dims companions, and without the star's flux."""

from dataclasses import replace

import numpy as np
import pytest


@pytest.fixture(scope="module")
def dimmed(planet_data):
    """The small planet, as if a coronagraph had taken half of its light."""
    psf = replace(
        planet_data["psf"],
        transmission_mas=np.array([0.0, 1000.0]),
        transmission=np.array([0.5, 0.5]),
    )
    return planet_data | {"psf": psf}


def test_measured_contrast_is_that_before_the_coronagraph(planet_data, dimmed, do):
    plain, corrected = (
        do(data, "characterize-candidates")["candidates"] for data in (planet_data, dimmed)
    )
    assert corrected.contrast[0] == pytest.approx(2 * plain.contrast[0], rel=0.01)
    assert corrected.separation_mas[0] == pytest.approx(plain.separation_mas[0], abs=0.5)


def test_limits_count_what_the_coronagraph_takes(planet_data, dimmed, do):
    settings = {"n_azimuths": 1, "inner": 120, "outer": 180, "step": 20}
    plain, corrected = (
        do(data, "measure-contrast", measure_contrast=settings)["contrast"]
        for data in (planet_data, dimmed)
    )
    known = np.isfinite(plain.contrast) & np.isfinite(corrected.contrast)
    assert known.sum() >= 2
    ratio = (corrected.contrast / plain.contrast)[known]
    np.testing.assert_allclose(ratio, 2.0, rtol=0.1)
    np.testing.assert_allclose((corrected.throughput / plain.throughput)[known], 0.5, rtol=0.1)
    assert "coronagraph" in corrected.method
    assert "coronagraph" not in plain.method


def test_contrast_of_a_matched_filter_is_corrected_too(dimmed, do):
    flux = dimmed["psf"].star_flux[0]
    residual = dimmed["residual"]
    contrasts = replace(residual, data=residual.data / np.float32(flux), unit="contrast")
    found = do(dimmed | {"residual": contrasts}, "find-candidates")["candidates"]
    snr = dimmed["detection"].combined
    top = np.unravel_index(np.nanargmax(snr), snr.shape)
    assert found.contrast[0] == pytest.approx(2 * contrasts.data[0][top])


@pytest.fixture(scope="module")
def without_flux(planet_data, do):
    """The same, the star's flux not known: a PSF of the right shape and any brightness."""
    psf = planet_data["psf"]
    unit = psf.star_flux[:, None, None]
    relative = replace(
        psf, data=psf.data / unit, star_flux=np.ones_like(psf.star_flux), absolute=False
    )
    return do(
        planet_data | {"psf": relative},
        "characterize-candidates",
        "measure-contrast",
        "assess-quality",
    )


def test_without_the_star_there_are_places_but_no_contrasts(without_flux):
    found = without_flux["candidates"]
    assert found.separation_mas[0] == pytest.approx(150, abs=6)
    assert found.position_angle_deg[0] == pytest.approx(120, abs=3)
    assert np.isfinite(found.separation_error_mas[0])
    assert np.isnan(found.contrast).all()
    assert np.isnan(found.contrast_error).all()


def test_without_the_star_there_are_no_limits_and_it_is_said_why(without_flux):
    curve = without_flux["contrast"]
    assert curve.separation_mas.size > 5
    assert np.isnan(curve.contrast).all()
    assert "no usable exposure of the star" in curve.method


def test_without_the_star_the_quality_is_poor_in_plain_words(without_flux):
    quality = without_flux["quality"]
    (note,) = [note for note in quality.notes if note.name == "flux-scale"]
    assert note.light == "poor"
    assert "flux is not known" in note.text
    assert quality.light == "poor"
    assert not any(note.name.startswith("contrast-") for note in quality.notes)
