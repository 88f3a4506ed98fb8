"""The simulated optics against measured ones, and their parts against physics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.synthetic.irdis.conditions import FrameState
from hcdc_kernel.synthetic.irdis.detector import Detector
from hcdc_kernel.synthetic.irdis.disk import brightness
from hcdc_kernel.synthetic.irdis.filters import CORONAGRAPHS, FILTERS, nd_transmission
from hcdc_kernel.synthetic.irdis.halo import Halo, residual
from hcdc_kernel.synthetic.irdis.optics import Beam, Grid, waffle_opd
from hcdc_kernel.synthetic.irdis.scene import RingDisk
from hcdc_kernel.synthetic.irdis.truth import offset_px

FLAT = np.zeros((128, 128))
H2 = Beam(FILTERS["DB_H23"].bands[0], CORONAGRAPHS["N_ALC_YJH_S"], 3)
BOX = Grid(-100, -100, 201, 201)
CALM = FrameState(0.8, 4.0, 30.0, np.zeros(12), (0.0, 0.0), 1.0)


def distance(grid: Grid) -> np.ndarray:
    """Of each pixel from the axis, in true pixels."""
    x, y = grid.x + np.arange(grid.n_x), (grid.y + np.arange(grid.n_y)) * 1.0062
    return np.hypot(x[None, :], y[:, None])


def test_light_beside_the_mask_is_counted_once() -> None:
    image = H2.star(FLAT, (0.0, 0.0), BOX, masked=False)
    assert image.sum() == pytest.approx(1.0, abs=0.01)


def test_star_stands_where_it_is_put() -> None:
    image = H2.star(FLAT, (10.3, -7.6), BOX, masked=False)
    y, x = np.mgrid[:201, :201] - 100.0
    core = image > 0.3 * image.max()
    place = (
        (x * image)[core].sum() / image[core].sum(),
        (y * image)[core].sum() / image[core].sum(),
    )
    assert place == pytest.approx((10.3, -7.6), abs=0.08)


def test_coronagraph_holds_back_the_star() -> None:
    free = H2.star(FLAT, (0.0, 0.0), BOX, masked=False)
    masked = H2.star(FLAT, (0.0, 0.0), BOX, masked=True)
    assert masked.sum() < 0.006 * free.sum()
    ring = (distance(BOX) > 12.0) & (distance(BOX) < 30.0)
    assert masked[ring].mean() < 1e-4 * free.max()


@pytest.mark.parametrize(
    ("separation_mas", "measured"),
    [(65, 0.065), (77, 0.153), (89, 0.315), (95, 0.421), (107, 0.652), (119, 0.823), (300, 1.0)],
)
def test_throughput_near_the_mask_is_that_measured(separation_mas: int, measured: float) -> None:
    assert H2.throughput(separation_mas) == pytest.approx(measured, abs=0.05)


def test_aperture_and_apodizer_look_like_the_measured_ones(real_data: Path) -> None:
    optics = real_data / "sphere_optics"
    apodizer = fits.getdata(optics / "APO1Apodizer_measured_All.fits").astype(float)
    stop = fits.getdata(optics / "ALC2LyotStop_measured.fits").astype(float)
    coarse = apodizer.reshape(128, 3, 128, 3).mean(axis=(1, 3))
    u = 2.0 * ((np.arange(128) + 0.5) / 128 - 0.5)
    radius = np.hypot(u[:, None], u[None, :])
    for inner in np.arange(0.25, 0.95, 0.1):
        ring = (radius > inner) & (radius < inner + 0.1)
        assert np.median(H2.apodizer[ring]) == pytest.approx(np.median(coarse[ring]), abs=0.02)
    assert H2.stop.mean() == pytest.approx(stop.mean(), abs=0.06)


def test_width_is_that_of_a_real_image(real_data: Path) -> None:
    path = real_data / "irdis_hcdc_psf" / "61Vir_20170628_DB_H23_median_unsat.fits"
    real = fits.getdata(path)[:, 0]
    for channel, band in enumerate(FILTERS["DB_H23"].bands):
        model = Beam(band, H2.coronagraph, 3).star(FLAT, (0.0, 0.0), BOX, masked=False)
        widths = [np.sqrt(4 / np.pi * (i > i.max() / 2).sum()) for i in (model, real[channel])]
        # The real star was blurred a little by the atmosphere.
        assert 0.85 < widths[0] / widths[1] < 1.03


def test_spots_stand_at_13_72_resolution_elements_and_brighten_with_the_square() -> None:
    weak, strong = (
        H2.star(waffle_opd("+", amplitude), (0.0, 0.0), BOX, masked=True)
        for amplitude in (0.03, 0.06)
    )
    reach = 13.72 * 1.593e-6 / 8.0 * 206264.806e3 / 12.255
    y, x = np.unravel_index(np.argmax(strong), strong.shape)
    assert distance(BOX)[y, x] == pytest.approx(reach, abs=1.0)
    assert min(abs(y - 100), abs(x - 100)) == 0
    spot = np.s_[y - 4 : y + 5, x - 4 : x + 5]
    assert strong[spot].sum() / weak[spot].sum() == pytest.approx(4.0, rel=0.1)


def test_wide_filters_smear_the_spots_radially() -> None:
    narrow, wide = (
        Beam(replace(H2.band, width_um=width), H2.coronagraph, 7).star(
            waffle_opd("+", 0.05), (0.0, 0.0), BOX, masked=True
        )
        for width in (0.02, 0.29)
    )
    lines = [image[100, 130:170] / image[100, 130:170].max() for image in (narrow, wide)]
    assert (lines[1] > 0.5).sum() > 1.5 * (lines[0] > 0.5).sum()


def test_halo_and_core_share_the_light() -> None:
    left = residual(CALM, 1.593)
    assert 0.75 < left.coherent < 0.95
    side = 2001
    halo = Halo(H2.band, (1000.0, 1000.0), (side, side), None)
    whole = halo.sum(left.strengths, (slice(None), slice(None))).sum()
    assert whole == pytest.approx(1.0 - left.coherent, rel=0.1)


def test_bad_weather_costs_strehl() -> None:
    worse = replace(CALM, seeing_arcsec=1.4, coherence_ms=1.5)
    assert residual(worse, 1.6).coherent < residual(CALM, 1.6).coherent - 0.15
    assert residual(CALM, 2.2).coherent > residual(CALM, 1.6).coherent


def test_wind_draws_the_halo_out_along_its_direction() -> None:
    halo = Halo(H2.band, (100.0, 100.0), (201, 201), None)
    left = residual(replace(CALM, wind_deg=0.0, coherence_ms=1.5), 1.6)
    image = halo.sum(left.strengths, (slice(None), slice(None)))
    assert image[100, 130] > 1.5 * image[130, 100]


def test_ring_holds_its_light_and_is_round_face_on() -> None:
    ring = RingDisk(600.0, 0.0, 0.0, 1e-3, asymmetry=0.0)
    image = brightness(ring, 12.25, BOX, 0.0)
    assert image.sum() == pytest.approx(1e-3, rel=0.01)
    along = distance(BOX)[image > 0.9 * image.max()] * 12.25
    assert abs(along - 600.0).max() < 20.0


def test_ring_turns_with_the_field() -> None:
    ring = RingDisk(600.0, 80.0, 90.0, 1e-3)
    image = brightness(ring, 12.25, BOX, 90.0)  # its major axis then points up
    x = np.unravel_index(np.argmax(image), image.shape)[1]
    assert abs(x - 100) < 12
    assert image[100 + 48, 100] > 50 * image[100, 100 + 48]


def test_offset_turns_counter_clockwise_and_is_short_along_y() -> None:
    np.testing.assert_allclose(
        offset_px(100.0, np.array([0.0, 90.0])), [[0.0, 100.0 / 1.0062], [-100.0, 0.0]], atol=1e-9
    )


def test_neutral_densities_are_not_grey() -> None:
    short, long = FILTERS["DB_H23"].bands
    assert nd_transmission(short, "ND_3.5") == 5.23e-4
    assert nd_transmission(long, "ND_3.5") == 1.047e-3
    assert nd_transmission(long, "OPEN") == 1.0


def test_detector_bends_near_saturation_and_clips() -> None:
    detector = Detector(3)
    rng = np.random.default_rng(0)
    good = ~detector.is_bad & (detector.response > 0.9) & (detector.illumination > 0.9)
    levels = [5e3, 3e4, 3e5]
    found = [
        np.median(
            detector.expose(np.full((1024, 2048), level * 1.75, np.float32), 1.0, rng)[good]
            / (detector.response * detector.illumination)[good]
        )
        for level in levels
    ]
    assert found[0] == pytest.approx(5e3, rel=0.002)
    assert 0.98 < found[1] / 3e4 < 0.99
    assert 5.5e4 < found[2] < 6.5e4


def test_detector_has_as_many_bad_pixels_as_a_real_one(real_data: Path) -> None:
    real = fits.getdata(real_data / "irdis_master_flats" / "master_badpix.fits.gz") < 0.5
    middle = np.s_[300:700, 150:850]
    ours = Detector(1).is_bad[middle].mean()
    assert 0.3 < ours / real[middle].mean() < 1.5
    flat = fits.getdata(real_data / "irdis_master_flats" / "master_flat_H.fits.gz")
    corner = np.s_[60:120, 60:120]
    level = np.median(flat[corner]) / np.median(flat[middle])
    assert np.median(Detector(1).illumination[corner]) == pytest.approx(level, abs=0.15)


def test_detectors_differ_by_seed_only() -> None:
    assert np.array_equal(Detector(1).response, Detector(1).response)
    assert not np.array_equal(Detector(1).response, Detector(2).response)


def test_filters_and_neutral_densities_are_those_measured(real_data: Path) -> None:
    folder = real_data / "sphere_filters"
    nd = np.loadtxt(folder / "SPHERE_CPI_ND.txt", comments="#")
    for name in ("DB_H23", "DB_K12", "DB_J23", "DB_Y23"):
        wide = {"H23": "H", "K12": "Ks", "J23": "J", "Y23": "Y"}[name[3:]]
        dual = np.loadtxt(folder / f"SPHERE_IRDIS_D_{name[3:]}.txt", comments="#")
        broad = np.loadtxt(folder / f"SPHERE_IRDIS_B_{wide}.txt", comments="#")
        for field, band in enumerate(FILTERS[name].bands):
            curve = dual[:, 1 + field] * np.interp(dual[:, 0], broad[:, 0], broad[:, 1])
            # Beyond the band the curves hold only what their measurement let through.
            near = np.abs(dual[:, 0] - 1e3 * band.wavelength_um) < 1.5e3 * band.width_um
            curve = np.where(near, curve, 0.0)
            center = (curve * dual[:, 0]).sum() / curve.sum()
            assert center == pytest.approx(1e3 * band.wavelength_um, rel=0.005)
            for i, density in enumerate(("ND_1.0", "ND_2.0", "ND_3.5")):
                passed = np.interp(dual[:, 0], nd[:, 0], nd[:, 2 + i])
                expected = (curve * passed).sum() / curve.sum()
                assert nd_transmission(band, density) == pytest.approx(expected, rel=0.06)
