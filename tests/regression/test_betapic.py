"""Real beta Pictoris (NACO, L', coronagraph): planet b as published, nothing else.

Published: Absil et al. 2013, A&A 559, L12.
"""

import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hcdc_kernel as hcdc
from hcdc_kernel.algorithms.apertures import aperture_sums
from hcdc_kernel.algorithms.injection import inject
from hcdc_kernel.algorithms.psfsub.models import modes_to_keep
from hcdc_kernel.instruments import load_sequence, read_description
from hcdc_kernel.steps.apply import replay_reduction

pytestmark = pytest.mark.slow

DESCRIPTION = Path(__file__).with_name("naco_betapic.yaml")
SEPARATION_MAS, POSITION_ANGLE_DEG, MAGNITUDE = 452.0, 211.2, 8.0


@pytest.fixture(scope="module")
def sequence(real_data: Path) -> hcdc.Sequence:
    return load_sequence(read_description(DESCRIPTION, real_data / "naco_betapic"))


@pytest.fixture(scope="module")
def reduction(sequence: hcdc.Sequence) -> Any:
    return hcdc.reduce_sequence(sequence)


@pytest.fixture(scope="module")
def full_frame(sequence: hcdc.Sequence) -> Any:
    """The recipe that other packages have too."""
    return hcdc.reduce_sequence(sequence, "adi-pca-full-frame")


def test_planet_b_stands_out_and_nothing_else_does(reduction):
    found = reduction.result("candidates")
    assert set(found.label) == {"a"}
    assert found.snr[0] >= 10


def test_planet_b_is_where_it_was(reduction):
    found = reduction.result("candidates")
    assert found.separation_mas[0] == pytest.approx(SEPARATION_MAS, abs=15)
    assert found.position_angle_deg[0] == pytest.approx(POSITION_ANGLE_DEG, abs=2.0)
    assert 0 < found.separation_error_mas[0] < 15
    assert 0 < found.position_angle_error_deg[0] < 2.0


def test_planet_b_is_as_bright_as_it_was(reduction):
    found = reduction.result("candidates")
    assert -2.5 * math.log10(found.contrast[0]) == pytest.approx(MAGNITUDE, abs=0.3)
    assert found.contrast_error[0] < 0.2 * found.contrast[0]


def test_the_star_is_found_off_the_middle_of_the_images(sequence, reduction):
    """Whoever takes the middle of the images for the star is about a pixel off."""
    raw = sequence.cube.data[0].mean(axis=0)
    aligned = reduction.step("center-star").outputs["cube"].data[0].mean(axis=0)
    assert aligned.shape[0] % 2 == aligned.shape[1] % 2 == 1
    assert asymmetry(aligned) < 0.5 * asymmetry(raw)


def asymmetry(image: np.ndarray) -> float:
    """Share of the light within 20 px that differs after half a turn about the middle pixel."""
    y, x = (n // 2 for n in image.shape)
    core = image[y - 20 : y + 21, x - 20 : x + 21]
    return float(np.abs(core - core[::-1, ::-1]).sum() / core.sum())


def test_the_planet_is_masked_in_the_contrast_curve(reduction):
    """Unmasked, the planet would lift the limit around it to more than its own flux."""
    curve = reduction.result("contrast")
    near = np.abs(curve.separation_mas - SEPARATION_MAS) < 60
    around = np.abs(curve.separation_mas - SEPARATION_MAS) < 160
    limit = curve.contrast[0]
    assert np.nanmax(limit[near]) < 1.5 * np.nanmedian(limit[around])
    assert np.nanmax(limit[near]) < 0.5 * 10 ** (-0.4 * MAGNITUDE)


def test_the_limit_falls_with_separation(reduction):
    curve = reduction.result("contrast")
    at = np.interp([250, 400, 800, 1200], curve.separation_mas, curve.contrast[0])
    assert np.all(np.diff(at) < 0)
    assert np.nanmin(curve.throughput) >= 0
    assert np.nanmax(curve.throughput) <= 1.1


def test_the_limit_agrees_with_vip(full_frame):
    """Same cube, center, modes and statistics, from 0.37 to 1.2 arcsec.

    VIP injects many companions at once; each takes flux from the others, so that its
    throughput is too low and its limit up to 0.6 mag too bright unless they are far apart
    (``fc_rad_sep=9``). Its test companions have 10 sigma of the *residual* noise. Closer in than
    some 0.35 arcsec, where a few percent of the flux survive, that is far fainter than the
    limit itself, while a companion at the limit is bright enough to shape the model of the
    star and loses much more: there we give no limit. The next test shows that ours keep their
    word.
    """
    metrics = pytest.importorskip("vip_hci.metrics")
    curve = full_frame.result("contrast")
    separation, theirs = vip_limit(metrics, full_frame)
    wanted = (curve.separation_mas >= 370) & (curve.separation_mas <= 1200)
    there = np.interp(curve.separation_mas[wanted], separation, theirs)
    off = curve.magnitude[0][wanted] - there
    assert abs(np.median(off)) < 0.1
    assert np.max(np.abs(off)) < 0.2


@pytest.mark.parametrize("separation_mas", [220.0, 300.0, 400.0, 700.0])
def test_companions_at_the_limit_keep_the_flux_that_the_curve_says(reduction, separation_mas):
    """Injected at the limit, companions come out with limit times throughput."""
    curve, cube, psf = (reduction.result(name) for name in ("contrast", "cube", "psf"))
    limit = float(np.interp(separation_mas, curve.separation_mas, curve.contrast[0]))
    throughput = float(np.interp(separation_mas, curve.separation_mas, curve.throughput[0]))
    clean = without_planet(reduction)
    replay = replay_reduction(reduction.result("residual").history, psf)
    empty = replay(clean).data[0]
    kept = []
    for angle_deg in range(15, 360, 60):
        xy = track(cube, separation_mas, float(angle_deg))
        image = replay(replace(clean, data=inject(clean.data, psf.data, xy, np.array([limit]))))
        place = place_of(cube, separation_mas, float(angle_deg))[None]
        flux = aperture_sums(image.data[0] - empty, place, float(psf.fwhm_px[0]) / 2)[0]
        kept.append(flux / (limit * psf.star_flux[0]))
    assert np.median(kept) == pytest.approx(throughput, rel=0.3)


def vip_limit(metrics: Any, reduction: Any) -> tuple[np.ndarray, np.ndarray]:
    """Contrast curve of VIP [mas, mag] on our aligned cube with planet b taken out."""
    from vip_hci.fm import normalize_psf
    from vip_hci.psfsub import pca

    cube, psf = without_planet(reduction), reduction.result("psf")
    fwhm = float(psf.fwhm_px[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = metrics.contrast_curve(
            cube.data[0].astype(float),
            cube.frames.derotation_deg,
            normalize_psf(psf.data[0].astype(float), fwhm=fwhm, verbose=False),
            fwhm=fwhm,
            pxscale=cube.pixel_scale_mas / 1000,
            starphot=float(psf.star_flux[0]),
            algo=pca,
            ncomp=modes_to_keep(cube.n_time, "auto"),
            sigma=5,
            nbranch=4,
            fc_snr=10,
            fc_rad_sep=9,
            student=True,
            imlib="opencv",
            interpolation="lanczos4",
            plot=False,
            verbose=False,
        )
    return (
        table["distance_arcsec"].to_numpy() * 1000,
        -2.5 * np.log10(table["sensitivity_student"].to_numpy()),
    )


def without_planet(reduction: Any) -> hcdc.Cube:
    """Take planet b out of the aligned frames that are used."""
    cube, found = reduction.result("cube"), reduction.result("candidates")
    used = cube.take(cube.frames.usable)
    xy = track(used, found.separation_mas[0], found.position_angle_deg[0])
    psf = reduction.result("psf").data
    return replace(used, data=inject(used.data, psf, xy, -found.contrast[:1]))


def track(cube: hcdc.Cube, separation_mas: float, position_angle_deg: float) -> np.ndarray:
    """Place of a companion in each raw frame, by the conventions of angles, written out."""
    angle = np.radians(position_angle_deg - cube.frames.derotation_deg)
    radius = separation_mas / cube.pixel_scale_mas
    x, y = cube.star_xy_px[0].T
    return np.stack([x - radius * np.sin(angle), y + radius * np.cos(angle)], axis=1)


def place_of(cube: hcdc.Cube, separation_mas: float, position_angle_deg: float) -> np.ndarray:
    """Place of a companion in the residual, north up and east left, x then y."""
    angle, radius = math.radians(position_angle_deg), separation_mas / cube.pixel_scale_mas
    middle = cube.data.shape[-1] // 2
    return np.array([middle - radius * math.sin(angle), middle + radius * math.cos(angle)])
