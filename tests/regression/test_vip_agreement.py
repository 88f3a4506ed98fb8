"""Our numbers beside those of VIP, on the real beta Pictoris sequence."""

import contextlib
import importlib
import io
import warnings
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from threadpoolctl import threadpool_limits

from hcdc_kernel.algorithms.rotate import derotate
from hcdc_kernel.algorithms.snr import snr_at
from hcdc_kernel.datamodel import Cube, Frames, Identity, Psf
from hcdc_kernel.steps.base import load_step, make_config
from hcdc_kernel.steps.match_signal import MatchSignal
from hcdc_kernel.steps.subtract_psf import SubtractPsf

pytestmark = pytest.mark.slow

FWHM_PX = 4.8
B_XY = (8.6, -14.2)  # 452 mas at 211.2 deg, from the star


@pytest.fixture(scope="module")
def sequence(real_data):
    """Cube with the star, known to be at (51, 51), in the middle of 99 x 99 px; PSF."""
    folder = real_data / "naco_betapic"
    images = fits.getdata(folder / "naco_betapic_cube.fits")[:, 2:101, 2:101].astype(np.float32)
    parallactic = fits.getdata(folder / "naco_betapic_pa.fits").ravel().astype(float)
    psf = fits.getdata(folder / "naco_betapic_psf.fits").astype(np.float32)
    n = len(parallactic)
    frames = Frames(
        mjd=np.full(n, np.nan),
        parallactic_deg=parallactic,
        derotation_deg=parallactic - 104.84 + 0.45,
        usable=np.ones(n, dtype=bool),
        reason=("",) * n,
        exposure=("naco_betapic_cube.fits",) * n,
        dit_index=np.arange(n),
    )
    about = {
        "pixel_scale_mas": 27.19,
        "identity": Identity("beta Pic", "naco", "L'", "2013-01-31"),
    }
    wavelength = np.array([3.8])
    cube = Cube(
        data=images[None],
        frames=frames,
        wavelength_um=wavelength,
        star_xy_px=np.full((1, n, 2), 49.0),
        **about,
    )
    star = Psf(
        data=psf[None] * 764939.6,
        fwhm_px=np.array([FWHM_PX]),
        star_flux=np.array([999668.0]),
        wavelength_um=wavelength,
        **about,
    )
    return cube, star


def vip(module, function, *args, **settings):
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        threadpool_limits(1),
    ):
        warnings.simplefilter("ignore")
        return getattr(importlib.import_module(f"vip_hci.{module}"), function)(*args, **settings)


def reduced(sequence, combination="median", **settings):
    data = dict(zip(("cube", "psf"), sequence, strict=True))
    for name, config in (("subtract-psf", settings), ("combine-frames", {"method": combination})):
        step = load_step(name)
        data |= step.run(data, make_config(step, config))
    return data["residual"].data[0]


def outside_the_core(image, outer_px=47):
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] - image.shape[0] // 2
    radius = np.hypot(y, x)
    return (radius > FWHM_PX) & (radius < outer_px)


def correlation(ours, theirs, where):
    return np.corrcoef(ours[where], theirs[where])[0, 1]


def test_derotation_agrees_with_the_fourier_rotation_of_vip(sequence):
    cube, _ = sequence
    images, angles = cube.data[0, ::10], cube.frames.derotation_deg[::10]

    theirs = vip("preproc", "cube_derotate", images.astype(float), angles, imlib="vip-fft")

    ours = derotate(images, angles)
    where = outside_the_core(images[0], 45)
    difference = (ours - theirs)[:, where]
    assert difference.std() < 2e-3 * theirs[:, where].std()


@pytest.mark.parametrize("n_modes", [5, 10, 20])
def test_pca_over_the_full_frame_agrees(sequence, n_modes):
    cube, _ = sequence

    theirs = vip(
        "psfsub", "pca", cube.data[0].astype(float), cube.frames.derotation_deg,
        ncomp=n_modes, imlib="vip-fft", collapse="median", verbose=False,
    )  # fmt: skip

    ours = reduced(sequence, n_modes=n_modes)
    assert correlation(ours, theirs, outside_the_core(ours)) > 0.99


def test_signal_to_noise_of_beta_pictoris_b_agrees(sequence):
    """Each with its own subtraction and its own S/N; on the same image they agree exactly."""
    cube, _ = sequence
    image = vip(
        "psfsub", "pca", cube.data[0].astype(float), cube.frames.derotation_deg,
        ncomp=15, imlib="vip-fft", collapse="median", verbose=False,
    )  # fmt: skip
    xy = (B_XY[0] + 49, B_XY[1] + 49)

    theirs = vip("metrics", "snr", image, xy, FWHM_PX)

    ours = reduced(sequence, n_modes=15).astype(float)
    assert snr_at(ours, xy, FWHM_PX) == pytest.approx(theirs, rel=0.1)
    assert snr_at(image, xy, FWHM_PX) == pytest.approx(theirs, rel=1e-6)


def test_pca_in_rings_agrees(sequence):
    cube, psf = sequence
    settings = {"n_modes": 5, "regions": "annuli", "annulus_width_fwhm": 2.0}
    wide = replace(psf, fwhm_px=np.array([5.0]))  # rings of 10 px, on which both agree

    theirs, *_ = vip(
        "psfsub", "pca_annular", cube.data[0].astype(float), cube.frames.derotation_deg,
        ncomp=5, asize=10, fwhm=5.0, delta_rot=0.3, min_frames_lib=10, imlib="opencv",
        verbose=False, full_output=True,
    )  # fmt: skip

    config = SubtractPsf.Config(min_motion_fwhm=0.3, **settings)
    ours = SubtractPsf().run({"cube": cube, "psf": wide}, config)["residual_cube"].data[0]
    # Closer in, VIP lowers the limit where few frames rotate enough; its last ring, laid one
    # pixel further in than its own width says, takes over at 29 px.
    y, x = np.mgrid[:99, :99] - 49
    rings = (np.hypot(y, x) >= 10) & (np.hypot(y, x) < 29)
    difference = ours[:, rings] - theirs[:, rings]
    assert difference.std() < 1e-4 * theirs[:, rings].std()


def test_median_subtraction_agrees(sequence):
    cube, _ = sequence

    theirs = vip(
        "psfsub", "median_sub", cube.data[0].astype(float), cube.frames.derotation_deg,
        imlib="vip-fft", collapse="median", verbose=False,
    )  # fmt: skip

    ours = reduced(sequence, model="median")
    assert correlation(ours, theirs, outside_the_core(ours)) > 0.99


def test_loci_behind_our_door_is_that_of_vip(sequence):
    cube, _ = sequence

    theirs = vip(
        "psfsub", "xloci", cube.data[0].astype(float), cube.frames.derotation_deg,
        fwhm=FWHM_PX, asize=5, n_segments=4, delta_rot=0.3, imlib="vip-fft", verbose=False,
    )  # fmt: skip

    ours = reduced(sequence, model="vip-loci")
    assert correlation(ours, theirs, outside_the_core(ours, 44)) > 0.99


@pytest.mark.parametrize(
    "settings",
    [
        {"n_modes": "auto"},
        {"n_modes": "auto", "regions": "annuli", "min_motion_fwhm": 0.3},
        {"model": "vip-loci"},
        {"model": "vip-llsg"},
    ],
    ids=["pca", "pca-annular", "loci", "llsg"],
)
def test_beta_pictoris_b_stands_out(sequence, settings):
    image = reduced(sequence, **settings)[19:80, 19:80]

    theirs = vip(
        "metrics", "snrmap", np.nan_to_num(image).astype(float), FWHM_PX,
        approximated=True, verbose=False,
    )  # fmt: skip

    assert theirs.max() > 9
    bright = np.where(outside_the_core(image), image, 0)
    y, x = np.unravel_index(np.nanargmax(bright), bright.shape)
    assert np.hypot(x - 30 - B_XY[0], y - 30 - B_XY[1]) < 1


def test_andromeda_measures_the_flux_of_beta_pictoris_b(sequence):
    data = dict(zip(("cube", "psf"), sequence, strict=True))

    found = MatchSignal().run(data, MatchSignal.Config())

    snr = found["detection"].snr[0]
    y, x = np.unravel_index(np.nanargmax(snr), snr.shape)
    assert np.hypot(x - 49 - B_XY[0], y - 49 - B_XY[1]) < 1
    assert snr[y, x] > 10
    magnitude = -2.5 * np.log10(found["residual"].data[0, y, x])
    assert magnitude == pytest.approx(8.0, abs=0.3)


def test_the_same_data_give_the_same_bits(sequence):
    data = dict(zip(("cube", "psf"), sequence, strict=True))

    once, twice = (SubtractPsf().run(data, SubtractPsf.Config()) for _ in range(2))

    np.testing.assert_array_equal(once["residual_cube"].data, twice["residual_cube"].data)
