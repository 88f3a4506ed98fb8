"""The simulated sky obeys physics, and its truth is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.io import fits

from hcdc_kernel.datamodel import Sequence
from hcdc_kernel.errors import ConfigError
from hcdc_kernel.instruments import load_sequence, read_description
from hcdc_kernel.synthetic import (
    SyntheticScene,
    TruePlanet,
    demo_scene,
    make_sequence,
    small_scene,
    write_sequence,
)
from hcdc_kernel.synthetic.optics import Telescope, opd_track
from hcdc_kernel.synthetic.sequence import parallactic_angle

FLAT = np.zeros((48, 48))
VLT = Telescope(8.0, 12.25)
QUIET = {"slow_opd_nm": 0.0, "fast_opd_nm": 0.0, "halo_opd_nm": 0.0, "read_noise": 0.0}


def peak_place(image: np.ndarray) -> tuple[float, float]:
    """Top of the parabola through the logarithm of the highest pixel and its neighbors."""
    y, x = np.unravel_index(np.argmax(image), image.shape)
    tops = []
    for place, line in ((x, image[y, x - 1 : x + 2]), (y, image[y - 1 : y + 2, x])):
        left, middle, right = np.log(line)
        tops.append(float(place + 0.5 * (left - right) / (left - 2 * middle + right)))
    return tops[0], tops[1]


def test_point_source_keeps_its_light() -> None:
    image = VLT.point_source(FLAT, 1.6, 81, (40.0, 40.0))
    assert 0.93 < image.sum() < 0.99  # the rest is in the rings beyond


def test_point_source_stands_where_it_is_put() -> None:
    image = VLT.point_source(FLAT, 1.6, 41, (19.3, 21.8))
    assert peak_place(image) == pytest.approx((19.3, 21.8), abs=0.02)


def test_width_grows_with_wavelength() -> None:
    peaks = [VLT.point_source(FLAT, w, 41, (20.0, 20.0)).max() for w in (1.2, 2.4)]
    assert peaks[0] / peaks[1] == pytest.approx(4.0, rel=0.01)


def test_perfect_coronagraph_hides_a_perfect_star() -> None:
    assert VLT.coronagraph(FLAT, 1.6, 41, (20.0, 20.0)).max() < 1e-20


def test_speckles_move_out_with_wavelength_and_fade_with_its_square() -> None:
    opd = opd_track(np.random.default_rng(1), np.zeros(1), 5.0, 10.0)[0]
    short = VLT.coronagraph(opd, 1.5, 61, (30.0, 30.0))
    # Twice the wavelength on pixels twice as large is the same image, four times fainter in
    # the share of light scattered.
    long = Telescope(8.0, 24.5).coronagraph(opd, 3.0, 61, (30.0, 30.0))
    np.testing.assert_allclose(long, short / 4, rtol=0.02, atol=short.max() * 1e-3)


def test_halo_holds_the_light_that_the_atmosphere_scatters() -> None:
    wide = Telescope(8.0, 60.0)
    share = (2 * np.pi * 0.06 / 1.6) ** 2
    assert wide.halo(60.0, 1.6, 401, (200.0, 200.0)).sum() == pytest.approx(share, rel=0.05)


def test_aberrations_have_the_rms_asked_for() -> None:
    track = opd_track(np.random.default_rng(0), np.linspace(0, 1e4, 40), 30.0, 1.0)
    assert track.std() == pytest.approx(30.0, rel=0.1)


def test_aberrations_decorrelate_in_their_lifetime() -> None:
    minutes = np.linspace(0, 60, 601)
    track = opd_track(np.random.default_rng(0), minutes, 30.0, 5.0).reshape(601, -1)
    lag = round(5.0 / 0.1)
    correlation = np.mean(track[:-lag] * track[lag:]) / np.mean(track**2)
    assert correlation == pytest.approx(np.exp(-1), abs=0.1)


def test_parallactic_angle_vanishes_at_the_meridian_and_is_odd() -> None:
    hours = np.linspace(-2, 2, 81)
    angle = parallactic_angle(hours, -50.0, -24.6)
    np.testing.assert_allclose(np.abs(angle + angle[::-1]) % 360, 0, atol=1e-9)


def test_parallactic_angle_agrees_with_the_real_track_of_beta_pictoris(real_data: Path) -> None:
    """The real file holds an hour or two about the meridian; compare shape, not clock."""
    real = np.sort(fits.getdata(real_data / "naco_betapic" / "naco_betapic_pa.fits").ravel())
    track = parallactic_angle(np.linspace(-3, 3, 20001), -51.066, -24.627)
    rate = np.abs(np.gradient(track, 6 / 20000))  # deg per hour
    duration = np.trapezoid(1 / np.interp(real, track, rate), real)
    assert track.min() < real.min() < real.max() < track.max()
    assert 1.5 < duration < 5.0


def test_planet_is_imaged_at_its_place_in_every_frame() -> None:
    planet = TruePlanet(245.0, 60.0, 1e-2)
    scene = replace(small_scene(planets=(planet,)), star_offset_px=(0.5, -1.2), **QUIET)
    cube = make_sequence(scene).cube
    star_x, star_y = scene.star_xy_px
    for image, turn in zip(cube.data[0], cube.frames.derotation_deg, strict=True):
        angle = np.deg2rad(60.0 - turn)
        expected = (star_x - 20 * np.sin(angle), star_y + 20 * np.cos(angle))
        if all(3 < place < 37 for place in expected):
            assert peak_place(image.astype(float)) == pytest.approx(expected, abs=0.05)


def test_planet_has_its_share_of_the_stars_light_in_each_channel() -> None:
    planet = TruePlanet(100.0, 0.0, (1e-2, 4e-2))
    scene = replace(small_scene(planets=()), wavelength_um=(1.6, 1.6), **QUIET)
    scene = replace(scene, planets=(planet,))
    sequence = make_sequence(scene)
    ratio = sequence.cube.data[:, 0].sum(axis=(1, 2)) / sequence.psf.data.sum(axis=(1, 2))
    np.testing.assert_allclose(ratio, [1e-2, 4e-2], rtol=0.03)


def test_no_planet_no_light() -> None:
    scene = replace(small_scene(planets=()), **QUIET)
    assert make_sequence(scene).cube.data.max() == 0


def test_same_seed_same_sequence_other_seed_other_noise() -> None:
    one, two, other = (make_sequence(small_scene(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.cube.data, two.cube.data)
    assert not np.array_equal(one.cube.data, other.cube.data)


def test_noise_is_that_of_photons_and_detector() -> None:
    scene = replace(small_scene(planets=()), **(QUIET | {"read_noise": 7.0}))
    assert make_sequence(scene).cube.data.std() == pytest.approx(7.0, rel=0.02)


@pytest.fixture(scope="module")
def demo() -> Sequence:
    return make_sequence(demo_scene())


def test_planets_of_the_demo_are_hidden_in_single_frames(demo: Sequence) -> None:
    scene, sequence = demo_scene(), demo
    image, peak = sequence.cube.data[0, 0], sequence.psf.data[0].max()
    star_x, star_y = scene.star_xy_px
    y, x = np.indices(image.shape)
    separation = np.hypot(x - star_x, y - star_y) * scene.pixel_scale_mas
    for planet in scene.planets:
        ring = image[np.abs(separation - planet.separation_mas) < 30]
        assert planet.contrast_at(2)[0] * peak < np.percentile(ring, 99.5) - np.median(ring)


def test_demo_turns_by_a_usual_angle(demo: Sequence) -> None:
    assert 40 < np.ptp(demo.cube.frames.derotation_deg) < 50


def test_width_and_flux_of_the_psf_are_those_of_an_airy_pattern(planet_sequence: Sequence) -> None:
    psf = planet_sequence.psf
    resolution = VLT.pixels_per_resolution(1.6255)
    assert psf.fwhm_px[0] == pytest.approx(1.02 * resolution, rel=0.03)
    assert psf.star_flux[0] / 2.0e8 == pytest.approx(0.46, abs=0.04)


def test_references_show_the_same_speckles_and_no_planet() -> None:
    scene = replace(small_scene(planets=()), n_references=4)
    sequence = make_sequence(scene)
    assert sequence.references is not None
    assert sequence.references.data.shape == (1, 4, 41, 41)
    one, other = sequence.references.data[0, -1].ravel(), sequence.cube.data[0, 0].ravel()
    assert np.corrcoef(one, other)[0, 1] > 0.8
    assert one.sum() / other.sum() == pytest.approx(0.8, rel=0.2)


def test_written_files_are_read_as_the_sequence_itself(tmp_path: Path) -> None:
    scene = replace(small_scene(), n_references=3, wavelength_um=(1.593, 1.667))
    made = make_sequence(scene)
    read = load_sequence(read_description(write_sequence(scene, tmp_path)))
    np.testing.assert_array_equal(read.cube.data, made.cube.data)
    np.testing.assert_allclose(read.cube.frames.derotation_deg, made.cube.frames.derotation_deg)
    np.testing.assert_allclose(read.cube.frames.mjd, made.cube.frames.mjd)
    assert read.cube.identity == made.cube.identity
    assert read.references is not None
    assert made.references is not None
    np.testing.assert_array_equal(read.references.data, made.references.data)
    np.testing.assert_allclose(read.psf.fwhm_px, made.psf.fwhm_px, rtol=0.05)
    peak = made.psf.data.max()
    m, n = (psf.data.shape[-1] // 2 for psf in (made.psf, read.psf))
    middle = (slice(None), *(slice(m - n, m + n + 1),) * 2)
    # Aberrations move the core of the star by some hundredths of a pixel; the reader centers it.
    np.testing.assert_allclose(read.psf.data, made.psf.data[middle], atol=0.05 * peak)
    np.testing.assert_allclose(read.psf.star_flux, made.psf.star_flux, rtol=0.04)


def test_description_is_plain_yaml_without_references_if_there_are_none(tmp_path: Path) -> None:
    content = yaml.safe_load(write_sequence(small_scene(), tmp_path).read_text())
    assert content["format"] == "hcdc-sequence-1"
    assert "references" not in content
    assert sorted(path.name for path in tmp_path.glob("*.fits")) == [
        "cube.fits", "mjd.fits", "parallactic_angles.fits", "psf.fits",
    ]  # fmt: skip


def test_impossible_scenes_are_refused() -> None:
    with pytest.raises(ConfigError, match="15 pixels"):
        SyntheticScene(size_px=5)
    with pytest.raises(ConfigError, match="3 for 1 channels"):
        SyntheticScene(planets=(TruePlanet(100.0, 0.0, (1e-3, 1e-3, 1e-3)),))
