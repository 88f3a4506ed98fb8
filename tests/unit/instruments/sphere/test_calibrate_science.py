"""Raw science frames with a known scene, and the cube that comes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.algorithms.photometry import aperture_flux, fit_star
from hcdc_kernel.datamodel import PixelFlag
from hcdc_kernel.errors import ConfigError, DataError, FileFormatError
from hcdc_kernel.instruments.sphere.irdis.star_places import star_places

FWHM = 3.6
HALO = (0.0, 0.0, 2e5, 25.0)
READ_NOISE = 2.5


@pytest.fixture
def psf(raw, run_step):
    """What diffraction alone makes: enough where only its pixels and width count."""

    def make(*science, **settings):
        return run_step("calibrate-flux", {"science": raw.exposures(*science)}, **settings)["psf"]

    return make


@pytest.fixture
def calibrate(raw, run_step, psf):
    """Run calibrate-science with few pixels around the star."""

    def run(items, data=None, positions="default", **settings):
        common = {name: settings[name] for name in ("fields", "anamorphism") if name in settings}
        star = psf(*items, **common)
        given = {"science": raw.exposures(*items), "psf": star, **(data or {})}
        if positions is not None:
            given["star_positions"] = raw.positions() if positions == "default" else positions
        return run_step("calibrate-science", given, **{"radius": 800, **settings})["cube"]

    return run


def noisy(raw, light, n=1, noise=READ_NOISE):
    return [light + raw.rng.normal(0, noise, light.shape) for _ in range(n)]


def star_near(image, dx, dy, half=9):
    middle = image.shape[0] // 2
    x, y = round(middle + dx), round(middle + dy)
    cut = image[y - half : y + half + 1, x - half : x + half + 1].astype(float)
    fit = fit_star(cut)
    return fit.xy[0] + x - half - middle, fit.xy[1] + y - half - middle


@pytest.mark.parametrize("dither", [(0.0, 0.0), (2.0, -1.37)])
def test_point_source_comes_out_where_it_is_on_the_sky(raw, calibrate, dither):
    """Distortion, plate scale of each channel, dithering and centering undone in one step."""
    offset = (33.3, -41.7)
    light = raw.scene([HALO, (*offset, 3e5, FWHM)], dither=dither)
    cube = calibrate([raw.exposure("a", noisy(raw, light), dither_xy_px=dither)])
    assert cube.data.shape[2] == cube.data.shape[3] == 2 * 66 + 1
    assert np.all(cube.star_xy_px == 66)
    for wave in (0, 1):
        assert star_near(cube.data[wave, 0], *offset) == pytest.approx(offset, abs=0.02)
        assert cube.found_xy_px[wave, 0] == pytest.approx(
            np.add(((485.3, 523.8), (487.6, 514.2))[wave], dither)
        )


def test_companion_has_its_share_of_the_star_measured_beside_the_mask(raw, run_step):
    """Exposure times, neutral density and pixels of PSF and cube agree."""
    contrast, star = 0.01, 2e5
    beside = [(x + 31.2, y - 22.9) for x, y in ((485.3, 523.8), (487.6, 514.2))]
    flux = raw.exposure(
        "flux", noisy(raw, raw.scene([(0, 0, star, FWHM)], stars=beside), 2), kind="flux",
        dit_s=0.837464, neutral_density="ND_1.0",
    )  # fmt: skip
    passed = np.array([1.144e-1, 1.394e-1])
    brightness = star * 8 / 0.837464 / passed
    light = np.zeros((1024, 2048))
    for channel, columns in enumerate((slice(0, 1024), slice(1024, 2048))):
        point = raw.scene([(40.0, 20.0, contrast * brightness[channel], FWHM)])
        light[:, columns] = point[:, columns]
    science = raw.exposures(raw.exposure("a", noisy(raw, light)))
    data = {"science": science, "flux": raw.exposures(flux), "star_positions": raw.positions()}
    psf = run_step("calibrate-flux", data)["psf"]
    cube = run_step("calibrate-science", data | {"psf": psf}, radius=800)["cube"]
    assert psf.absolute
    for wave in (0, 1):
        middle = cube.data.shape[-1] // 2
        seen = aperture_flux(
            cube.data[wave, 0].astype(float), psf.fwhm_px[wave] / 2, (middle + 40, middle + 20)
        )
        assert seen / psf.star_flux[wave] == pytest.approx(contrast, rel=0.01)


def test_variance_is_the_scatter_of_repeated_frames(raw, calibrate):
    light = raw.scene([HALO]) + 40.0
    gain = 1.75
    planes = [
        raw.rng.poisson(light * gain) / gain + raw.rng.normal(0, 4.4 / gain, light.shape)
        for _ in range(14)
    ]
    background = raw.master("background", 40.0, dit_s=8.0)
    cube = calibrate([raw.exposure("a", planes)], {"science_background": background}, radius=400)
    scatter = cube.data[:, :].var(axis=1, ddof=1)
    ratio = scatter.mean(axis=(1, 2)) / cube.variance.mean(axis=(1, 2, 3))
    assert ratio == pytest.approx([1, 1], abs=0.03)
    bright = cube.variance[0].mean(axis=0) > 1.5 * np.median(cube.variance[0])
    assert scatter[0][bright].mean() / cube.variance[0].mean(axis=0)[bright].mean() == (
        pytest.approx(1, abs=0.06)
    )


def test_uncertain_masters_add_to_the_variance(raw, calibrate):
    light = raw.scene([HALO]) + 40.0
    item = raw.exposure("a", noisy(raw, light))

    def variance(background, flat):
        masters = {
            "science_background": raw.master("background", 40.0, variance=background, dit_s=8.0),
            "flat": raw.master("flat", 1.0, variance=flat),
        }
        return calibrate([item], masters, radius=300).variance

    plain = variance(0.0, 0.0)
    assert variance(9.0, 0.0) - plain == pytest.approx(9.0 * np.ones_like(plain), rel=0.35)
    more = variance(0.0, 1e-4) - plain
    middle = plain.shape[-1] // 2
    assert more[0, 0, middle, middle] > 50 * np.abs(more[0, 0, 1, 1])


def test_thermal_background_is_scaled_as_each_frame_shows_it(raw, calibrate):
    rows, columns = np.indices((1024, 2048))
    pattern = 300 + 0.1 * columns + 0.05 * rows
    planes = [pattern * scale + raw.scene([HALO]) for scale in (1.0, 1.3)]
    planes = [plane + raw.rng.normal(0, 2.5, plane.shape) for plane in planes]
    item = raw.exposure("a", planes, filter="DB_K12")
    master = {"science_background": raw.master("background", pattern, dit_s=8.0)}
    cube = calibrate([item], master)
    assert cube.frames.conditions["background_scale"] == pytest.approx([1.0, 1.3], abs=0.003)
    border = cube.data[:, :, :8].mean(axis=(2, 3))
    assert np.abs(border).max() < 2
    fixed = calibrate([item], master, background="fixed")
    assert fixed.data[0, 1, :8].mean() > 50


def test_background_of_another_exposure_time_is_scaled_and_said(raw, calibrate):
    item = raw.exposure("a", noisy(raw, raw.scene([HALO]) + 80.0))
    cube = calibrate([item], {"science_background": raw.master("background", 40.0, dit_s=4.0)})
    assert abs(np.median(cube.data[0, 0, :8])) < 1
    assert any("another exposure time" in note for note in cube.notes)


def test_without_background_the_sky_beside_the_star_is_subtracted_and_said(raw, calibrate):
    cube = calibrate([raw.exposure("a", noisy(raw, raw.scene([HALO]) + 123.0))])
    assert abs(np.median(cube.data[:, :, :8])) < 1
    assert any("no background" in note for note in cube.notes)
    assert any("no flat field" in note for note in cube.notes)


def test_bad_pixels_are_filled_and_flagged(raw, calibrate):
    light = raw.scene([HALO]) + 50.0
    bad = raw.rng.random(light.shape) < 0.02
    planes = noisy(raw, light)
    planes[0][bad] += raw.rng.choice([-4000.0, 9000.0], bad.sum())
    item = raw.exposure("a", planes)
    masters = {"science_background": raw.master("background", 50.0, bad=bad, dit_s=8.0)}
    cube = calibrate([item], masters)
    clean = calibrate([raw.exposure("b", [light])], masters)
    assert np.abs(cube.data - clean.data).max() < 8 * READ_NOISE
    assert 0.01 < ((cube.flags & PixelFlag.BAD_PIXEL) != 0).mean() < 0.03


def test_flat_field_is_divided_by(raw, calibrate):
    flat = 1 + 0.1 * np.sin(np.indices((1024, 2048))[1] / 5)
    light = raw.scene([HALO])
    item = raw.exposure("a", noisy(raw, light * flat, noise=0.1))
    background = raw.master("background", 0.0, dit_s=8.0)
    with_flat = calibrate(
        [item], {"science_background": background, "flat": raw.master("flat", flat)}
    )
    truth = calibrate([raw.exposure("b", [light])], {"science_background": background})
    peak = truth.data[0, 0].max()
    assert np.abs(with_flat.data - truth.data).max() < 5e-3 * peak
    without = calibrate(
        [item],
        {"science_background": background, "flat": raw.master("flat", flat)},
        use_flat=False,
    )
    assert np.abs(without.data - truth.data).max() > 3e-2 * peak


def test_cosmic_rays_are_taken_out_of_long_exposures(raw, calibrate):
    light = raw.scene([HALO, (30.0, 30.0, 3e4, FWHM)])
    planes = noisy(raw, light)
    struck = (raw.rng.integers(470, 545, 40), raw.rng.integers(430, 540, 40))
    planes[0][struck] += 800.0
    masters = {"science_background": raw.master("background", 0.0, dit_s=32.0)}
    item = raw.exposure("a", planes, dit_s=32.0)
    cube = calibrate([item], masters)
    left = (
        cube.data[0, 0] - calibrate([raw.exposure("b", [light], dit_s=32.0)], masters).data[0, 0]
    )
    assert np.abs(left).max() < 100
    hit = (cube.flags & PixelFlag.COSMIC_RAY) != 0
    assert 20 < hit[0, 0].sum() < 80
    assert hit[1].sum() < 5
    kept = calibrate([item], masters, cosmic_rays="off")
    assert np.abs(kept.data[0, 0] - cube.data[0, 0]).max() > 300


def test_swapped_filters_are_sorted_by_wavelength(raw, calibrate):
    light = raw.scene([HALO])
    light[:, 1024:] *= 2
    normal = calibrate([raw.exposure("a", [light])])
    swapped = calibrate([raw.exposure("b", [light], filter="DB_H32")])
    assert normal.wavelength_um.tolist() == swapped.wavelength_um.tolist() == [1.593, 1.667]
    assert normal.data[1].max() > 1.9 * normal.data[0].max()
    assert swapped.data[0].max() > 1.9 * swapped.data[1].max()
    assert swapped.found_xy_px[0, 0] == pytest.approx((487.6, 514.2))


def test_fields_of_one_band_are_averaged(raw, calibrate):
    light = raw.scene([HALO])
    light[:, 1024:] *= 3
    item = raw.exposure("a", noisy(raw, light, 2), filter="BB_H", mode="classical")
    cube, left, right = (calibrate([item], fields=fields) for fields in ("mean", "left", "right"))
    assert cube.n_wave == left.n_wave == 1
    np.testing.assert_allclose(cube.data, (left.data + right.data) / 2, atol=1e-3)
    np.testing.assert_allclose(
        cube.variance, (left.variance + right.variance) / 4, rtol=1e-4, atol=1e-3
    )


def test_binning_averages_frames_times_and_angles(raw, calibrate):
    item = raw.exposure("a", noisy(raw, raw.scene([HALO]), 5))
    single, binned = calibrate([item]), calibrate([item], bin=2)
    assert binned.n_time == 3
    np.testing.assert_allclose(binned.data[:, 0], single.data[:, :2].mean(axis=1), atol=1e-3)
    np.testing.assert_allclose(
        binned.variance[:, 0], single.variance[:, :2].mean(axis=1) / 2, rtol=1e-3
    )
    for name in ("mjd", "parallactic_deg", "derotation_deg"):
        values = getattr(single.frames, name)
        assert getattr(binned.frames, name) == pytest.approx(
            [values[:2].mean(), values[2:4].mean(), values[4]], abs=1e-9
        )
    assert binned.frames.dit_index.tolist() == [0, 2, 4]


def test_frames_taken_with_open_loops_are_not_usable(raw, calibrate):
    planes = noisy(raw, raw.scene([HALO]))
    items = [
        raw.exposure("a", planes), raw.exposure("b", planes, loops_closed=False, start_mjd=58543.2)
    ]  # fmt: skip
    frames = calibrate(items).frames
    assert frames.usable.tolist() == [True, False]
    assert "open" in frames.reason[1]


def test_truncated_file_costs_its_frames_only(raw, calibrate):
    planes = noisy(raw, raw.scene([HALO]), 2)
    items = [raw.exposure(name, planes, start_mjd=58543 + i) for i, name in enumerate("ab")]
    content = items[1].path.read_bytes()
    items[1].path.write_bytes(content[: len(content) // 2])
    cube = calibrate(items)
    assert cube.frames.usable.tolist() == [True, True, False, False]
    assert "file could not be read" in cube.frames.reason[2]
    assert any("truncated" in note for note in cube.notes)
    assert np.isnan(cube.data[:, 2:]).all()
    with pytest.raises(FileFormatError, match="truncated"):
        calibrate(items[1:])


def test_empty_plane_is_not_usable(raw, calibrate):
    planes = noisy(raw, raw.scene([HALO]), 2)
    planes[1][:] = np.nan
    cube = calibrate([raw.exposure("a", planes)])
    assert cube.frames.usable.tolist() == [True, False]
    assert cube.frames.reason[1] == "no data near the star"


def test_without_satellite_spots_the_star_is_found_in_the_images(raw, calibrate, run_step, psf):
    """The usual place is 6 px off; the margin of the images leaves room to find the star."""
    stars = ((490.1, 527.2), (492.6, 518.0))
    scene = [(0.0, 0.0, 3e5, 30.0), (0.0, 0.0, -2e4, 7.0), (35.0, 30.0, 1500.0, FWHM)]
    item = raw.exposure("a", noisy(raw, raw.scene(scene, stars=stars), 6))
    cube = calibrate([item], positions=None)
    assert cube.found_xy_px is None
    assert any("usual place" in note for note in cube.notes)
    centered = run_step("center-star", {"cube": cube, "psf": psf(item)})["cube"]
    assert centered.found_xy_px is not None
    for wave in (0, 1):
        assert star_near(centered.data[wave].mean(axis=0), 35, 30) == pytest.approx(
            (35, 30), abs=0.1
        )
    assert centered.data.shape[-1] >= 2 * 66 - 8


def test_frames_with_spots_of_their_own_are_centered_one_by_one(raw, calibrate):
    offsets = np.array([(0.0, 0.0), (1.4, -0.6), (-0.7, 0.9)])
    planes = [
        raw.scene([HALO, (25.0, 25.0, 3e5, FWHM)], dither=tuple(offset)) for offset in offsets
    ]
    item = raw.exposure("waffle", planes)
    positions = raw.positions(times=[58543.1, 58543.2, 58543.3], names=["waffle"] * 3)
    positions = replace(positions, xy_px=positions.xy_px + offsets[:, None])
    cube = calibrate([item], positions=positions)
    for time in range(3):
        assert star_near(cube.data[0, time], 25, 25) == pytest.approx((25, 25), abs=0.02)


@pytest.mark.parametrize(
    ("transfer", "expected"), [("interpolate", 1.0), ("nearest", 0.0), ("mean", 2.0)]
)
def test_positions_go_from_one_exposure_to_the_others(raw, transfer, expected):
    """The star drifts by 4 px in 0.4 d and is dithered besides."""
    stars = np.array([(485.3, 523.8), (487.6, 514.2)])
    positions = raw.positions(
        times=[58543.0, 58543.4], names=["c1", "c2"], dither=[(0, 0), (3.0, 1.0)]
    )
    positions.xy_px[1] += (4.0, 0.0)
    item = raw.exposure(
        "a", np.zeros((1, 8, 8)), start_mjd=58543.1 - 4.1 / 86400, dither_xy_px=(-1.0, 2.0)
    )
    places = star_places(raw.exposures(item), positions, transfer)
    assert places.is_measured
    assert places.xy_px[0][0] == pytest.approx(stars + np.array([expected - 1.0, 2.0]), abs=1e-3)


def test_star_off_the_detector_is_refused(raw, calibrate):
    item = raw.exposure("a", np.zeros((1, 1024, 2048)))
    with pytest.raises(DataError, match="illuminated"):
        calibrate([item], positions=raw.positions(stars=((20.0, 500.0), (480.0, 500.0))))


def test_field_larger_than_the_detector_has_no_data_outside(raw, calibrate):
    item = raw.exposure("a", noisy(raw, raw.scene([HALO])))
    cube = calibrate([item], radius=6400)
    assert np.isnan(cube.data[0, 0, 0]).all()
    assert np.isfinite(cube.data[0, 0, 300:600, 300:600]).all()
    assert np.array_equal(np.isnan(cube.data), (cube.flags & PixelFlag.NO_DATA) != 0)
    assert cube.frames.usable.all()


def test_pixels_other_than_those_of_the_psf_are_refused(raw, calibrate):
    item = raw.exposure("a", np.zeros((1, 1024, 2048)))
    with pytest.raises(ConfigError, match="pixel_scale"):
        calibrate([item], pixel_scale=12.0)


def test_fields_other_than_those_of_the_psf_are_refused(raw, run_step, psf):
    item = raw.exposure("a", np.zeros((1, 1024, 2048)), filter="BB_H")
    data = {"science": raw.exposures(item), "psf": psf(item, fields="left")}
    with pytest.raises(ConfigError, match=r"calibrate-flux\.fields"):
        run_step("calibrate-science", data)


def test_frames_of_different_exposure_times_are_refused(raw, calibrate, psf):
    items = [raw.exposure("a", np.zeros((1, 1024, 2048))), raw.exposure("b", np.zeros((1, 8, 8)))]
    first = psf(items[0])
    assert not first.absolute
    with pytest.raises(DataError, match="one exposure time"):
        calibrate([items[0], replace(items[1], dit_s=16.0)])


def test_conditions_of_header_and_adaptive_optics_are_in_the_table(raw, calibrate):
    """Strehl by time of each frame; a broken file of records costs nothing but the records."""
    item = raw.exposure("a", noisy(raw, raw.scene([HALO]), 2), seeing_arcsec=0.8, airmass=1.1)
    seconds = np.rint((58543.1 - 40587) * 86400) + np.arange(0, 40)
    rows = fits.BinTableHDU.from_columns(
        [
            fits.Column("Sec", "K", array=seconds),
            fits.Column("StrehlRatio", "E", array=np.linspace(0.5, 0.9, 40)),
        ],
        name="AtmPerfParams",
    )
    path = raw.folder / "sparta.fits"
    fits.HDUList([fits.PrimaryHDU(), rows]).writeto(path)
    record = replace(item, name="sparta", path=path, kind="telemetry", camera="vlt-sparta")
    frames = calibrate([item], {"telemetry": raw.exposures(record)}).frames
    assert frames.conditions["seeing_arcsec"] == pytest.approx([0.8, 0.8])
    assert frames.conditions["airmass"] == pytest.approx([1.1, 1.1])
    elapsed = (frames.mjd - 58543.1) * 86400
    assert frames.conditions["strehl"] == pytest.approx(0.5 + 0.4 * elapsed / 39, abs=0.01)
    path.write_bytes(b"broken")
    cube = calibrate([item], {"telemetry": raw.exposures(record)})
    assert "strehl" not in cube.frames.conditions
    assert any("records of the adaptive optics are not used" in note for note in cube.notes)
