"""A small raw night: files, headers, detector and truth agree with each other."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from hcdc_kernel.errors import ConfigError, FileFormatError
from hcdc_kernel.synthetic.irdis import (
    NightScene,
    TrueFile,
    TruePlanet,
    Truth,
    n_bytes,
    simulate_night,
    small_night,
)

# One bright companion far out, so that it can be seen in a single raw frame.
BRIGHT = TruePlanet(1500.0, 40.0, (2e-2, 1e-2))
# Section by section what a reduction may ask of any raw file of IRDIS.
ALWAYS = (
    "INSTRUME", "TELESCOP", "OBJECT", "DATE-OBS", "MJD-OBS", "DATE", "EXPTIME", "PIXSCAL",
    "ARCFILE", "ORIGFILE", "BUNIT", "HIERARCH ESO DPR CATG", "HIERARCH ESO DPR TYPE",
    "HIERARCH ESO DPR TECH", "HIERARCH ESO SEQ ARM", "HIERARCH ESO DET ID",
    "HIERARCH ESO DET NAME", "HIERARCH ESO DET NDIT", "HIERARCH ESO DET SEQ1 DIT",
    "HIERARCH ESO DET SEQ1 REALDIT", "HIERARCH ESO DET SEQ1 MINDIT",
    "HIERARCH ESO DET SEQ1 EXPTIME", "HIERARCH ESO DET NDSAMPLES", "HIERARCH ESO DET DITDELAY",
    "HIERARCH ESO DET FRAM UTC", "HIERARCH ESO DET FRAM FORMAT", "HIERARCH ESO DET FRAM NO",
    "HIERARCH ESO DET FRAM TYPE", "HIERARCH ESO DET SEQ UTC", "HIERARCH ESO DET READ CURNAME",
    "HIERARCH ESO DET READ CURID", "HIERARCH ESO DET CHIP1 GAIN", "HIERARCH ESO DET CHIP1 RON",
    "HIERARCH ESO INS COMB ICOR", "HIERARCH ESO INS COMB VCOR", "HIERARCH ESO INS COMB IFLT",
    "HIERARCH ESO INS COMB POLA", "HIERARCH ESO INS1 MODE", "HIERARCH ESO INS1 FILT ID",
    "HIERARCH ESO INS1 FILT NAME", "HIERARCH ESO INS1 OPTI1 NAME",
    "HIERARCH ESO INS1 OPTI2 NAME", "HIERARCH ESO INS1 OPTI2 ID", "HIERARCH ESO INS1 PAC X",
    "HIERARCH ESO INS1 PAC Y", "HIERARCH ESO INS1 DITH POSX", "HIERARCH ESO INS1 DITH POSY",
    "HIERARCH ESO INS2 MODE", "HIERARCH ESO INS2 COMB IFS", "HIERARCH ESO INS4 MODE",
    "HIERARCH ESO INS4 COMB ROT", "HIERARCH ESO INS4 DROT2 MODE", "HIERARCH ESO INS4 DROT2 BEGIN",
    "HIERARCH ESO INS4 DROT2 END", "HIERARCH ESO INS4 DROT2 POSANG",
    "HIERARCH ESO INS4 DROT3 BEGIN", "HIERARCH ESO INS4 DROT3 END",
    "HIERARCH ESO INS4 FILT1 NAME", "HIERARCH ESO INS4 FILT2 NAME",
    "HIERARCH ESO INS4 FILT3 NAME", "HIERARCH ESO INS4 OPTI6 NAME",
    "HIERARCH ESO INS4 OPTI8 NAME", "HIERARCH ESO INS4 OPTI10 NAME",
    "HIERARCH ESO INS4 OPTI11 NAME", "HIERARCH ESO INS4 OPTI13 NAME",
    "HIERARCH ESO INS4 OPTI14 NAME", "HIERARCH ESO INS4 OPTI16 NAME",
    "HIERARCH ESO INS4 OPTI22 NAME", "HIERARCH ESO INS4 SHUT ST",
    "HIERARCH ESO INS4 TEMP422 VAL", "HIERARCH ESO OCS DET1 IMGNAME",
    "HIERARCH ESO AOS HOLOOP STATE", "HIERARCH ESO AOS TTLOOP STATE",
    "HIERARCH ESO AOS IRLOOP STATE", "HIERARCH ESO AOS PUPLOOP STATE",
    "HIERARCH ESO AOS VISWFS MODE", "HIERARCH ESO AOS IRWFS MODE", "HIERARCH ESO OBS ID",
    "HIERARCH ESO OBS NAME", "HIERARCH ESO OBS PROG ID", "HIERARCH ESO OBS START",
    "HIERARCH ESO TPL ID", "HIERARCH ESO TPL NAME", "HIERARCH ESO TPL EXPNO",
    "HIERARCH ESO TPL NEXP", "HIERARCH ESO TPL START",
)  # fmt: skip
AT_NIGHT = (
    "RA", "DEC", "UTC", "LST", "HIERARCH ESO INS4 DROT2 RA", "HIERARCH ESO INS4 DROT2 DEC",
    "HIERARCH ESO OCS WAFFLE AMPL", "HIERARCH ESO OCS WAFFLE ORIENT",
    "HIERARCH ESO OCS OBSTYPE LIST", "HIERARCH ESO TEL ALT", "HIERARCH ESO TEL AZ",
    "HIERARCH ESO TEL PARANG START", "HIERARCH ESO TEL PARANG END",
    "HIERARCH ESO TEL AIRM START", "HIERARCH ESO TEL AIRM END",
    "HIERARCH ESO TEL AMBI FWHM START", "HIERARCH ESO TEL AMBI FWHM END",
    "HIERARCH ESO TEL AMBI TAU0", "HIERARCH ESO TEL AMBI TEMP", "HIERARCH ESO TEL AMBI RHUM",
    "HIERARCH ESO TEL AMBI WINDSP", "HIERARCH ESO TEL AMBI WINDDIR",
    "HIERARCH ESO TEL AMBI PRES START", "HIERARCH ESO TEL IA FWHM",
    "HIERARCH ESO TEL IA FWHMLIN", "HIERARCH ESO TEL IA FWHMLINOBS",
    "HIERARCH ESO TEL TARG ALPHA", "HIERARCH ESO TEL TARG DELTA", "HIERARCH ESO TEL TARG PMA",
    "HIERARCH ESO TEL TARG PMD", "HIERARCH ESO TEL TARG EPOCH", "HIERARCH ESO TEL GEOLAT",
    "HIERARCH ESO TEL GEOLON", "HIERARCH ESO TEL GEOELEV", "HIERARCH ESO TEL MOON RA",
    "HIERARCH ESO TEL TH M1 TEMP", "HIERARCH ESO OBS TARG NAME", "HIERARCH ESO OBS NTPL",
    "HIERARCH ESO OBS TPLNO",
)  # fmt: skip


def tiny_night(**changes: object) -> NightScene:
    """Few frames, one file of each kind."""
    few = {
        "planets": (BRIGHT,), "n_files": 2, "n_dit": 1, "n_center_dit": 1, "n_flux_dit": 2,
        "n_background_dit": 1, "flat_dit_s": (1.0, 3.0), "omit": (), "flux_after": False,
        "dither": True, "dec_deg": -40.0,
    }  # fmt: skip
    return small_night(**{**few, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a tiny night."""
    return simulate_night(tiny_night(), tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    """What is true of it."""
    return Truth.read(folder)


def frames(folder: Path, file: TrueFile) -> np.ndarray:
    """Images of a file."""
    return fits.getdata(folder / file.path).astype(float)


def centroid(image: np.ndarray, xy: np.ndarray, half: int = 6) -> tuple[float, float]:
    """Center of light around a place, the level of the box's rim taken off."""
    x0, y0 = round(float(xy[0])), round(float(xy[1]))
    box = image[y0 - half : y0 + half + 1, x0 - half : x0 + half + 1]
    rim = np.median(np.concatenate([box[0], box[-1], box[:, 0], box[:, -1]]))
    light = np.clip(box - rim, 0.0, None)
    light[light < 0.2 * np.sort(light.ravel())[-3]] = 0.0
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    return x0 + float((x * light).sum() / light.sum()), y0 + float((y * light).sum() / light.sum())


def test_every_file_is_valid_fits_with_complete_header(folder: Path, truth: Truth) -> None:
    for file in truth.files:
        with fits.open(folder / file.path) as opened:
            opened.verify("exception")
            header = opened[0].header
            assert opened[0].data.shape == (header["HIERARCH ESO DET NDIT"], 1024, 2048)
            at_night = file.kind in ("science", "center", "flux", "sky")
            wanted = ALWAYS + (AT_NIGHT if at_night else ())
            assert not [key for key in wanted if key not in header], file.kind
            assert all(header.comments[key] for key in wanted), file.kind


def test_headers_agree_with_each_other_and_with_the_truth(folder: Path, truth: Truth) -> None:
    for file in truth.files:
        header = fits.getheader(folder / file.path)
        start = Time(header["DATE-OBS"]).mjd
        assert header["MJD-OBS"] == pytest.approx(start, abs=2e-8)
        assert header["ARCFILE"] == f"{file.name}.fits"
        assert file.path == header["ARCFILE"].replace(":", "_")
        end = Time(header["HIERARCH ESO DET FRAM UTC"]).mjd
        period = (end - start) / file.mjd.size * 86400.0
        told = start + (0.1 + file.dit_s / 2 + period * np.arange(file.mjd.size)) / 86400.0
        # The clock of real files is known to half a second.
        np.testing.assert_allclose(told, file.mjd, atol=0.5 / 86400.0)
        assert header["HIERARCH ESO INS4 FILT2 NAME"] == file.nd
        assert header["EXPTIME"] == header["HIERARCH ESO DET SEQ1 DIT"] == file.dit_s
        if file.kind == "science":
            told_deg = header["HIERARCH ESO TEL PARANG START"]
            assert told_deg == pytest.approx(file.parallactic_deg[0], abs=0.5)
            half = header["HIERARCH ESO TEL ALT"] / 2 + 180.0
            assert header["HIERARCH ESO INS4 DROT2 BEGIN"] == pytest.approx(half, abs=1e-3)


def test_star_moves_with_the_dithering_stage(folder: Path, truth: Truth) -> None:
    first, second = truth.of_kind("science")
    stage = [
        [fits.getheader(folder / one.path)[f"HIERARCH ESO INS1 PAC {axis}"] for axis in "XY"]
        for one in (first, second)
    ]
    moved = (np.array(stage[1]) - np.array(stage[0])) / 18.0
    assert abs(moved).max() > 0.9
    jitter_px = 0.3
    np.testing.assert_allclose(
        second.star_xy_px[0, 0] - first.star_xy_px[0, 0], moved, atol=jitter_px
    )


def test_planet_falls_where_the_formula_of_the_truth_says(folder: Path, truth: Truth) -> None:
    for file in truth.of_kind("science"):
        image = frames(folder, file)[0]
        for field in (0, 1):
            x, y = truth.planet_xy_px(truth.planets[0], file, field)[0]
            half = image[:, field * 1024 : (field + 1) * 1024]
            found = centroid(half, np.array([x, y]))
            assert found == pytest.approx((x, y), abs=0.25)  # some of the pixels are bad
            radius = truth.planets[0].separation_mas / truth.pixel_scale_mas[field]
            # Written out anew: theta is counted from +y over -x, y is shorter on the detector.
            theta = np.radians(truth.planets[0].position_angle_deg - file.derotation_deg[0])
            star = file.star_xy_px[field, 0]
            again = star[0] - radius * np.sin(theta), star[1] + radius * np.cos(theta) / 1.0062
            assert again == pytest.approx((x, y), abs=1e-6)


def test_flux_of_the_star_follows_neutral_density_and_time(folder: Path, truth: Truth) -> None:
    flux, science = truth.of_kind("flux")[0], truth.of_kind("science")[0]
    table = {"ND_1.0": (1.144e-1, 1.394e-1), "ND_2.0": (1.184e-2, 1.781e-2)}[flux.nd]
    image = frames(folder, flux)[0]
    background = np.median(image)
    for field in (0, 1):
        ratio = flux.star_adu[field, 0] / science.star_adu[field, 0]
        assert ratio == pytest.approx(table[field] * flux.dit_s / science.dit_s, rel=0.05)
        x, y = (round(float(v)) for v in flux.star_xy_px[field, 0])
        half = image[:, field * 1024 : (field + 1) * 1024]
        light = (half[y - 40 : y + 41, x - 40 : x + 41] - background).sum()
        # Strehl ratio 0.9 or so: some light is farther out; the response is 1 within 5 %.
        assert 0.85 < light / flux.star_adu[field, 0] < 1.05
        assert half[y - 3 : y + 4, x - 3 : x + 4].max() < 20000.0


def test_satellite_spots_stand_where_the_waffle_puts_them(folder: Path, truth: Truth) -> None:
    center = truth.of_kind("center")[0]
    image = frames(folder, center)[0]
    for field in (0, 1):
        star = center.star_xy_px[field, 0]
        radius_mas = 13.72 * truth.wavelength_um[field] * 1e-6 / 8.0 * 206264.806e3
        reach = radius_mas / truth.pixel_scale_mas[field] / np.sqrt(2.0)
        half = image[:, field * 1024 : (field + 1) * 1024]
        for x, y in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
            place = star + np.array([x * reach, y * reach / 1.0062])
            assert centroid(half, place) == pytest.approx(tuple(place), abs=0.3)


def test_dark_frames_have_the_noise_of_the_detector(folder: Path, truth: Truth) -> None:
    dark = max(truth.of_kind("dark"), key=lambda file: file.dit_s)
    image = frames(folder, dark)[0][100:900, 100:900]
    width = 1.4826 * np.median(np.abs(image - np.median(image)))
    # Read noise 4.4, dark 0.1 e/s, stripes and rows about 2, pattern 1.5 electrons; gain 1.75.
    assert width == pytest.approx(np.sqrt(4.4**2 + 1.6 + 4.0 + 2.2) / 1.75, rel=0.15)
    assert 0.0005 < np.mean(image > 50.0) < 0.02  # hot pixels and cosmic rays


def test_flats_rise_with_time_and_show_the_same_pixels(folder: Path, truth: Truth) -> None:
    short, long = (frames(folder, file)[0] for file in truth.of_kind("flat"))
    middle = np.s_[300:700, 200:700]
    assert np.median(long[middle]) / np.median(short[middle]) == pytest.approx(3.0, rel=0.02)
    spread = (long / np.median(long[middle]))[middle]
    assert 0.015 < 1.4826 * np.median(np.abs(spread - np.median(spread))) < 0.035
    both = np.corrcoef(short[middle].ravel(), long[middle].ravel())[0, 1]
    assert both > 0.6
    assert long[5, 500] < 100.0 < 1000.0 < long[500, 500]  # nothing shines on the baffle


def test_telemetry_covers_the_night(folder: Path, truth: Truth) -> None:
    tables = [
        fits.open(path)
        for path in sorted(folder.glob("SPHER.*.fits"))
        if fits.getheader(path)["HIERARCH ESO SEQ ARM"] == "SPARTA"
    ]
    seconds = np.concatenate([one["AtmPerfParams"].data["Sec"] for one in tables])
    science = [file.mjd for file in truth.of_kind("science")]
    begin, end = ((mjd - 40587.0) * 86400.0 for mjd in (science[0][0], science[-1][-1]))
    assert seconds.min() < begin
    assert seconds.max() > end - 3.0
    strehl = np.concatenate([one["AtmPerfParams"].data["StrehlRatio"] for one in tables])
    assert np.median(strehl) == pytest.approx(truth.of_kind("science")[0].strehl[0, 0], abs=0.05)
    assert tables[0]["IRPixelAvgFrame"].data["Pixels"].shape[1:] == (32, 32)
    for one in tables:
        one.close()


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    scene = tiny_night(n_files=1, omit=("flat", "background", "dark", "flux", "sparta"))
    digests = []
    for name, n_threads in (("a", 1), ("b", 2)):
        simulate_night(scene, tmp_path / name, n_threads=n_threads)
        files = sorted((tmp_path / name).iterdir())
        digests.append([(p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files])
    assert digests[0] == digests[1]


def test_kinds_can_be_left_out(tmp_path: Path) -> None:
    omit = ("flat", "background", "dark", "center", "flux", "sparta")
    simulate_night(tiny_night(n_files=1, omit=omit), tmp_path)
    truth = Truth.read(tmp_path)
    assert [file.kind for file in truth.files] == ["science"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [truth.files[0].path, "truth.json"]


def test_bad_frames_are_told(tmp_path: Path) -> None:
    quick = ("flat", "background", "dark", "center", "flux", "sparta")
    simulate_night(tiny_night(n_files=1, n_dit=3, n_bad_frames=2, omit=quick), tmp_path)
    (file,) = Truth.read(tmp_path).of_kind("science")
    assert file.is_bad.sum() == 2
    lost = file.fault.index("open-loop")
    kept = file.fault.index("")
    assert file.strehl[0, lost] < 0.5 * file.strehl[0, kept]
    image = frames(tmp_path, file)
    star = file.star_xy_px[0, kept].round().astype(int)
    ring = np.s_[star[1] - 60 : star[1] + 60, star[0] - 60 : star[0] + 60]
    assert np.median(image[lost][ring]) > 3.0 * np.median(image[kept][ring])


def test_size_is_told_before() -> None:
    scene = tiny_night(omit=("flat", "background", "dark", "center", "flux"))
    assert n_bytes(scene) == 2 * 1024 * 2048 * 4
    assert n_bytes(small_night()) < 400e6


@pytest.mark.parametrize(
    "changes",
    [
        {"omit": ("weather",)}, {"filter": "DB_Z"}, {"waffle": "o"}, {"n_files": 0},
        {"dit_s": 0.1}, {"planets": (TruePlanet(1.0, 2.0, (1e-3, 1e-3, 1e-3)),)},
    ],
)  # fmt: skip
def test_scenes_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        small_night(**changes)


def test_rotation_that_no_star_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No star turns"):
        simulate_night(small_night(rotation_deg=179.9), tmp_path)


def test_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"truth\.json"):
        Truth.read(tmp_path)


def test_saturated_star_leaves_a_trace_in_the_next_file(tmp_path: Path) -> None:
    quick = ("flat", "background", "dark", "center", "sparta")
    scene = tiny_night(n_files=1, omit=quick, flux_nd="OPEN", flux_dit_s=4.0)
    simulate_night(scene, tmp_path)
    truth = Truth.read(tmp_path)
    flux, science = truth.of_kind("flux")[0], truth.of_kind("science")[0]
    bright = frames(tmp_path, flux)[0]
    saturated = bright > 0.9 * bright.max()
    assert bright.max() < 65536.0
    assert saturated.sum() > 4
    later = frames(tmp_path, science)[0]
    x, y = flux.star_xy_px[0, 0].round().astype(int)
    there = np.zeros_like(saturated)
    there[y - 4 : y + 5, x - 4 : x + 5] = saturated[y - 4 : y + 5, x - 4 : x + 5]
    clean = simulate_night(tiny_night(n_files=1, omit=(*quick, "flux")), tmp_path / "clean")
    without = frames(clean, Truth.read(clean).of_kind("science")[0])[0]
    assert np.median(later[there] - without[there]) > 20.0
