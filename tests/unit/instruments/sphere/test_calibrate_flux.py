"""The star beside the coronagraph, and what it is worth in the science frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from scipy.io import readsav

from hcdc_kernel.algorithms.photometry import aperture_flux, fit_star
from hcdc_kernel.instruments.sphere.irdis.calibrate_flux import flux_factors
from hcdc_kernel.instruments.sphere.irdis.model_psf import model_psf

FWHM = 3.6
MASK_XY = ((485.3, 523.8), (487.6, 514.2))
BESIDE = tuple((x + 31.2, y - 22.9) for x, y in MASK_XY)


@pytest.fixture
def star(raw):
    """Write a file of the star beside the mask."""

    def make(name="flux", flux=1e5, n=2, stars=BESIDE, level=0.0, fwhm=FWHM, **given):
        fluxes, widths = np.broadcast_to(flux, n), np.broadcast_to(fwhm, n)
        planes = [
            raw.scene([(0, 0, f, w)], stars=stars) + level + raw.rng.normal(0, 2.5, (1024, 2048))
            for f, w in zip(fluxes, widths, strict=True)
        ]
        described = {"kind": "flux", "dit_s": 0.837464, "neutral_density": "ND_1.0"}
        return raw.exposure(name, planes, **(described | given))

    return make


@pytest.fixture
def measure(raw, run_step):
    """Run calibrate-flux for science frames of 8 s in DB_H23."""

    def run(*flux, science=None, data=None, **settings):
        item = science or raw.exposure("science", np.zeros((1, 4, 4)))
        given = {"science": raw.exposures(item), **(data or {})}
        if flux:
            given["flux"] = raw.exposures(*flux)
        return run_step("calibrate-flux", given, **settings)["psf"]

    return run


def test_star_is_brought_to_exposure_time_and_density_of_the_science(star, measure):
    psf = measure(star())
    assert psf.absolute
    assert psf.data.shape == (2, 125, 125)
    assert psf.fwhm_px == pytest.approx([FWHM, FWHM], rel=0.01)
    # The grid of the result has fewer pixels to the star than the detector.
    per_pixel = np.array([12.255**2, 12.250**2]) / 12.25**2 * 1.0062
    expected = 1e5 * 8 / 0.837464 / np.array([1.144e-1, 1.394e-1]) * per_pixel
    assert psf.data[:, 42:83, 42:83].sum(axis=(1, 2)) == pytest.approx(expected, rel=0.005)
    inside = [
        aperture_flux(i.astype(float), w / 2) for i, w in zip(psf.data, psf.fwhm_px, strict=True)
    ]
    assert psf.star_flux == pytest.approx(inside)
    for image in psf.data:
        assert fit_star(image.astype(float)).xy == pytest.approx((62, 62), abs=0.02)


def test_factors_are_those_of_an_independent_reduction(raw, real_data):
    """Star hopping in DB_K12: normalization to one second without density, times its width."""
    folder = real_data / "starhopping" / "IRDIS"
    flux, science = (readsav(folder / f"norm{kind}fac.save") for kind in ("flux", "sci"))
    star = raw.exposure(
        "star", np.zeros((1, 4, 4)), filter="DB_K12", dit_s=float(flux["dit"]),
        neutral_density="ND_2.0",
    )  # fmt: skip
    frames = raw.exposures(
        raw.exposure("frames", np.zeros((1, 4, 4)), filter="DB_K12", dit_s=float(science["dit"]))
    )
    assert flux_factors(star, frames) == pytest.approx(
        flux["normfac"] / science["normfac"], rel=0.01
    )


def test_real_star_keeps_its_flux_and_width(raw, measure, real_data):
    """61 Vir: put on the detector, it comes back as it was."""
    images = fits.getdata(
        real_data / "irdis_hcdc_psf/61Vir_20170628_DB_H23_median_unsat.fits"
    ).astype(float)
    planes = []
    for exposure in (0, 1):
        plane = raw.rng.normal(0, 0.5, (1024, 2048))
        for channel, (x, y) in enumerate(((520, 500), (522, 490))):
            image = (
                images[channel, exposure] if images.shape[0] == 2 else images[exposure, channel]
            )
            scaled = image * 1.2e4 / images.max()
            column = 1024 * channel + x
            plane[y - 32 : y + 32, column - 32 : column + 32] += scaled
        planes.append(plane)
    item = raw.exposure("61vir", planes, kind="flux", dit_s=8.0)
    psf = measure(item, radius=300, anamorphism=1.0)
    truth = images.mean(axis=1 if images.shape[0] == 2 else 0) * 1.2e4 / images.max()
    for channel in (0, 1):
        fit = fit_star(truth[channel])
        assert psf.fwhm_px[channel] == pytest.approx(fit.fwhm, rel=0.01)
        radius = psf.fwhm_px[channel] / 2
        flux = aperture_flux(truth[channel], radius, fit.xy)
        assert psf.star_flux[channel] == pytest.approx(flux, rel=0.02)


def test_level_of_the_sky_is_taken_off(star, measure):
    psf = measure(star(level=35.0))
    clean = measure(star("clean"))
    assert np.abs(psf.data[:, 0, 0]).max() < 1e-2 * psf.data.max()
    assert psf.star_flux == pytest.approx(clean.star_flux, rel=5e-3)


def test_saturated_file_is_refused_and_named(star, measure):
    psf = measure(star("bright", flux=1e6), star("good"))
    assert psf.absolute
    (note,) = [note for note in psf.notes if "bright" in note]
    assert "none could be used" in note
    assert "saturated" in note
    alone = measure(star("good2"))
    assert psf.star_flux == pytest.approx(alone.star_flux, rel=0.01)


def test_first_frame_that_has_not_settled_is_left_out(star, measure):
    psf = measure(star(flux=[4e4, 1e5, 1e5, 1e5], n=4))
    assert psf.star_flux == pytest.approx(measure(star("b")).star_flux, rel=0.01)
    assert any("3 of 4 could be used: frame 1 the star's brightness" in n for n in psf.notes)
    blurred = measure(star("c", fwhm=[5.5, FWHM, FWHM, FWHM], n=4))
    assert any("frame 1 the star's" in note for note in blurred.notes)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"filter": "DB_K12"}, "another filter"),
        ({"dit_s": np.nan}, "exposure time"),
        ({"neutral_density": "ND_9"}, "neutral density"),
        ({"stars": ((60.0, 523.0), (62.0, 514.0))}, "border"),
        ({"flux": 0.0}, "no star"),
    ],
)
def test_unusable_file_is_refused_with_its_reason(star, measure, given, reason):
    psf = measure(star(**given))
    assert not psf.absolute
    assert any("flux was not used" in note and reason in note for note in psf.notes), psf.notes
    assert any("contrasts cannot be told" in note for note in psf.notes)


def test_truncated_file_is_refused(star, measure):
    item = star()
    item.path.write_bytes(item.path.read_bytes()[:-9_000_000])
    psf = measure(item)
    assert not psf.absolute
    assert any("truncated" in note for note in psf.notes)


def test_ghost_in_one_field_is_not_taken_for_the_star(raw, star, measure):
    item = star("clean")
    ghost = np.zeros((1024, 2048))
    ghost[700:703, 200:203] = 9000.0
    planes = [raw.scene([(0, 0, 1e5, FWHM)], stars=BESIDE) + ghost for _ in range(2)]
    haunted = raw.exposure("ghost", planes, kind="flux", dit_s=0.837464, neutral_density="ND_1.0")
    assert measure(haunted).star_flux == pytest.approx(measure(item).star_flux, rel=0.01)


def test_change_between_first_and_last_exposure_is_said(star, measure):
    first, last = star("a"), star("b", flux=0.8e5, start_mjd=58543.3)
    assert any("changed by 22 %" in note for note in measure(first, last).notes)
    assert not any("changed" in note for note in measure(first).notes)


def test_coronagraph_of_the_science_frames_dims_companions(raw, star, measure):
    psf = measure(star())
    assert psf.transmission_at(np.array([50.0, 400.0])) == pytest.approx([0.03, 1.0], abs=0.02)
    bare = measure(
        star("b"), science=raw.exposure("s", np.zeros((1, 4, 4)), coronagraph="N_NS_CLEAR")
    )
    assert bare.transmission.size == 0
    odd = measure(star("c"), science=raw.exposure("o", np.zeros((1, 4, 4)), coronagraph="N_4Q_Ks"))
    assert any("N_4Q_Ks" in note for note in odd.notes)


def test_without_exposures_of_the_star_theory_gives_its_shape_but_not_its_flux(measure):
    psf = measure()
    assert not psf.absolute
    resolution_px = np.rad2deg(psf.wavelength_um * 1e-6 / 8.0) * 3.6e6 / 12.25
    assert psf.fwhm_px == pytest.approx(resolution_px, rel=0.06)
    assert psf.data.shape[1] % 2 == 1


def test_diffraction_has_its_first_dark_ring_where_it_must():
    """With an obstruction of 0.14 the ring is a little inside 1.22 lambda / D."""
    image = model_psf(2.0, 1.0, 120)
    profile = image[120, 120:]
    resolution = np.rad2deg(2e-6 / 8.0) * 3.6e6
    first = next(
        i for i in range(1, 119) if profile[i] < profile[i - 1] and profile[i] < profile[i + 1]
    )
    assert first / resolution == pytest.approx(1.20, abs=0.03)
    assert image.sum() == pytest.approx(1)


def test_fields_of_one_band_are_averaged(raw, star, measure):
    science = raw.exposure("h", np.zeros((1, 4, 4)), filter="BB_H")
    item = star(filter="BB_H")
    both, left, right = (
        measure(item, science=science, fields=fields) for fields in ("mean", "left", "right")
    )
    assert both.wavelength_um.tolist() == [1.625]
    assert both.star_flux == pytest.approx((left.star_flux + right.star_flux) / 2, rel=1e-3)


def test_background_and_flat_of_the_star_are_used(raw, star, measure):
    master = raw.master("background", 30.0, dit_s=0.837464)
    psf = measure(star(level=30.0), data={"flux_background": master})
    assert not any("no background" in note for note in psf.notes)
    flat = raw.master("flat", 2.0)
    halved = measure(star("b", level=30.0), data={"flux_background": master, "flat": flat})
    assert halved.star_flux == pytest.approx(psf.star_flux / 2, rel=5e-3)
    assert replace(halved, notes=()).absolute
