"""The star between its satellite spots: real frame, simulated ones, and awkward ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from hcdc_kernel.algorithms.satellite_spots import find_spots
from hcdc_kernel.algorithms.spot_search import SpotPattern
from hcdc_kernel.errors import DataError

SIZE = 321
STRETCH = 1.0062
BANDS = {
    "Y2": (1.022, 0.049),
    "BB_J": (1.245, 0.24),
    "H2": (1.593, 0.052),
    "BB_H": (1.625, 0.29),
    "K1": (2.11, 0.102),
    "BB_Ks": (2.182, 0.3),
}


def _resolution(wavelength_um):
    return wavelength_um * 1e-6 / 8 * 206264806 / 12.25


def _pattern(band, **changes):
    wave, width = BANDS[band]
    radius = 13.72 * _resolution(wave)
    known = {
        "radius_px": radius,
        "fwhm_px": 1.03 * _resolution(wave),
        "smear_px": radius * width / wave,
        "stretch_y": STRETCH,
    }
    return SpotPattern(**(known | changes))


def _frame(xy, band, orientation, *, spots=4e-3, seed=0, turn_deg=0.0):
    """Halo with speckles, coronagraphic rest, four spots drawn out by the bandwidth; noise."""
    rng = np.random.default_rng(seed)
    wave, width = BANDS[band]
    element = _resolution(wave)
    y, x = np.indices((SIZE, SIZE)).astype(float)
    radius = np.hypot(x - xy[0], (y - xy[1]) * STRETCH)
    halo = 4e-3 * (1 + (radius / (6 * element)) ** 2) ** -1.2
    halo *= np.where(radius < 20 * element, 0.6, 1.0)
    speckles = ndimage.gaussian_filter(rng.normal(size=x.shape), 0.4 * element)
    image = halo * (1 + 0.3 * speckles / speckles.std())
    image += 0.02 * np.exp(-((radius / (1.2 * element)) ** 2))
    first = 45 if orientation == "x" else 0
    for angle in np.deg2rad(first + turn_deg + 90 * np.arange(4)):
        for one in np.linspace(wave - width / 2, wave + width / 2, 15):
            away = 13.72 * _resolution(one)
            sigma = 1.03 * _resolution(one) / 2.355
            dx = x - xy[0] - away * np.cos(angle)
            dy = (y - xy[1]) * STRETCH - away * np.sin(angle)
            image += spots / 15 * np.exp(-0.5 * (dx**2 + dy**2) / sigma**2)
    return image + rng.normal(size=x.shape) * np.sqrt(2e-5**2 + image * 1e-7)


@pytest.fixture(scope="module")
def real_frame(real_data):
    from astropy.io import fits

    path = real_data / "sphere_satspots" / "SPHERE_satspots_centered_151.fits"
    return fits.getdata(path).astype(float)


def _shifted(image, dx, dy):
    """Shift by Fourier transform, with the border repeated."""
    padded = np.pad(image, 20, mode="edge")
    frequency = np.fft.fftfreq(padded.shape[0])
    phase = np.exp(-2j * np.pi * (frequency * dx + frequency[:, None] * dy))
    return np.fft.ifft2(np.fft.fft2(padded) * phase).real[20:-20, 20:-20]


REAL = SpotPattern(radius_px=48.0, fwhm_px=3.6, smear_px=8.0, stretch_y=STRETCH)


def test_star_of_the_real_frame_is_found_without_a_guess(real_frame):
    found = find_spots(real_frame, REAL)
    assert np.hypot(*(found.xy - 75.0)) < 0.05
    assert found.error_px < 0.1
    assert found.orientation == "x"
    assert found.n_spots == 4
    assert found.snr.min() > 10


def test_shifts_of_the_real_frame_are_recovered(real_frame):
    still = find_spots(real_frame, REAL).xy
    off = []
    for dx, dy in [(0.3, 0), (0, 0.5), (-0.25, 0.75), (2.6, -1.4), (-2.9, 2.2), (1.5, 1.5)]:
        moved = find_spots(_shifted(real_frame, dx, dy), REAL).xy
        off.append(moved - still - (dx, dy))
    assert np.abs(off).max() < 0.05
    assert np.sqrt(np.mean(np.square(off))) < 0.02


@pytest.mark.parametrize("orientation", ["x", "+"])
@pytest.mark.parametrize("band", BANDS)
def test_star_is_found_in_all_bands(band, orientation):
    xy = np.array([171.3, 148.8])
    found = find_spots(_frame(xy, band, orientation), _pattern(band))
    assert found.orientation == orientation
    assert found.n_spots == 4
    assert np.abs(found.xy - xy).max() < 4 * found.error_px
    assert found.error_px < 0.15
    assert found.radius_px == pytest.approx(_pattern(band).radius_px, rel=0.02)


def test_bright_spots_give_the_star_to_a_twentieth_of_a_pixel():
    xy = np.array([158.27, 163.61])
    found = find_spots(_frame(xy, "H2", "x", spots=1.5e-2), _pattern("H2"))
    assert np.abs(found.xy - xy).max() < 0.05


def test_errors_are_honest():
    pull = []
    for seed in range(12):
        xy = np.array([160.0, 160.0]) + np.random.default_rng(seed).uniform(-8, 8, 2)
        image = _frame(xy, "H2", "+", spots=3e-3, seed=seed)
        found = find_spots(image, _pattern("H2"), guess_xy=np.array([160.0, 160.0]), search_px=20)
        pull.append((found.xy - xy) / found.error_px)
    assert 0.5 < np.sqrt(np.mean(np.square(pull))) < 1.6


def test_spots_are_numbered_counter_clockwise_from_x():
    xy = np.array([160.0, 160.0])
    for orientation, first in (("x", 45.0), ("+", 0.0)):
        found = find_spots(_frame(xy, "H2", orientation), _pattern("H2"))
        away = found.spots_xy - found.xy
        angle = np.rad2deg(np.arctan2(away[:, 1], away[:, 0])) % 360
        off = (angle - first - 90 * np.arange(4) + 180) % 360 - 180
        assert np.abs(off).max() < 2


def test_pattern_turned_a_little_is_found():
    xy = np.array([160.4, 159.7])
    found = find_spots(_frame(xy, "H2", "x", turn_deg=1.5), _pattern("H2"))
    assert np.abs(found.xy - xy).max() < 4 * found.error_px


def test_one_spot_on_bad_pixels_is_done_without():
    xy, image = np.array([160.2, 158.9]), None
    image = _frame(xy, "H2", "x", spots=8e-3)
    x, y = np.rint(xy + _pattern("H2").radius_px * np.array([-1, 1]) / np.sqrt(2)).astype(int)
    usable = np.ones(image.shape, dtype=bool)
    usable[y - 9 : y + 10, x - 9 : x + 10] = False
    image[~usable] = 5.0
    found = find_spots(image, _pattern("H2"), usable=usable)
    assert found.n_spots == 3
    assert np.isnan(found.spots_xy[1]).all()
    assert np.abs(found.xy - xy).max() < max(4 * found.error_px, 0.1)


def test_bright_companion_does_not_pull():
    xy = np.array([160.2, 158.9])
    image = _frame(xy, "H2", "x", spots=8e-3)
    y, x = np.indices(image.shape)
    # Ten times as bright as a spot, between two of them; and a faint one beside a spot.
    image += 8e-2 * np.exp(-0.5 * ((x - 160) ** 2 + (y - 215) ** 2) / 1.5**2)
    near = xy + _pattern("H2").radius_px * np.array([1, 1]) / np.sqrt(2) + (3.5, -3.0)
    image += 6e-3 * np.exp(-0.5 * ((x - near[0]) ** 2 + (y - near[1]) ** 2) / 1.5**2)
    found = find_spots(image, _pattern("H2"))
    assert np.abs(found.xy - xy).max() < 0.2
    assert np.abs(found.xy - xy).max() < 4 * found.error_px


def test_image_without_data_around_it_is_no_obstacle():
    xy = np.array([150.0, 165.0])
    image = _frame(xy, "H2", "x", spots=8e-3)
    image[:40], image[:, 280:] = np.nan, np.nan
    found = find_spots(image, _pattern("H2"))
    assert np.abs(found.xy - xy).max() < 4 * found.error_px + 0.02


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_where_no_spots_are(seed):
    image = _frame(np.array([160.0, 160.0]), "H2", "x", spots=0.0, seed=seed)
    with pytest.raises(DataError, match="No satellite spots"):
        find_spots(image, _pattern("H2"))


def test_empty_image_is_refused():
    with pytest.raises(DataError, match="No satellite spots"):
        find_spots(np.full((100, 100), np.nan), _pattern("H2"))
