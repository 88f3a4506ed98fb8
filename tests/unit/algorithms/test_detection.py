"""Point sources in maps."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.detection import (
    centroid,
    combine_channels,
    find_sources,
    sidelobes,
    threshold_map,
)

FWHM = 4.0


def spot(x, y, height=1.0, size=61):
    rows, columns = np.indices((size, size))
    return height * np.exp(-4 * np.log(2) * ((columns - x) ** 2 + (rows - y) ** 2) / FWHM**2)


def find(snr, n_sigma=5.0, **changed):
    limit = threshold_map(snr.shape, FWHM, n_sigma, small_sample=False)
    return find_sources(snr, limit, FWHM, **{"inner_px": FWHM, "n_most": 10} | changed)


def test_sources_come_brightest_first_and_no_more_than_asked():
    snr = spot(45, 30, 8.0) + spot(15, 20, 12.0) + spot(30, 50, 6.0)
    assert [source.xy for source in find(snr)] == [(15, 20), (45, 30), (30, 50)]
    assert len(find(snr, n_most=2)) == 2
    assert find(snr, n_sigma=13.0) == []


def test_peaks_closer_than_the_resolution_are_one():
    snr = np.zeros((61, 61))
    snr[30, 45], snr[32, 47] = 9.0, 8.0
    assert [source.xy for source in find(snr)] == [(45, 30)]


def test_nothing_is_taken_near_the_star_or_without_data():
    snr = spot(33, 30, 20.0)
    snr[10, 10] = np.nan
    assert find(snr, inner_px=8.0) == []


def test_threshold_keeps_the_false_alarm_rate():
    limit = threshold_map((61, 61), FWHM, 5.0)
    assert np.isinf(limit[30, 30])
    assert limit[30, 35] > 15
    assert limit[30, 58] == pytest.approx(5.9, abs=0.3)
    assert np.all(threshold_map((61, 61), FWHM, 5.0, exclude_neighbors=1) >= limit)


@pytest.mark.parametrize("xy", [(40.0, 21.0), (40.33, 20.71), (39.5, 21.5)])
def test_centroid_is_sub_pixel(xy):
    rng = np.random.default_rng(0)
    image = spot(*xy, 30.0) + rng.normal(size=(61, 61))
    assert centroid(image, (41.0, 20.0), FWHM) == pytest.approx(xy, abs=0.15)


def test_centroid_without_a_top_nearby_stays():
    assert centroid(np.zeros((61, 61)), (20.0, 20.0), FWHM) == (20.0, 20.0)
    assert centroid(spot(30, 30), (18.0, 30.0), FWHM) == (18.0, 30.0)
    assert centroid(spot(0, 30), (1.0, 30.0), FWHM) == (1.0, 30.0)


def test_ring_of_a_bright_source_is_no_source_but_a_neighbor_is():
    psf = spot(15, 15, 1.0, 31) + 0.04 * spot(24, 15, 1.0, 31) + 0.04 * spot(6, 15, 1.0, 31)
    image = np.zeros((61, 61))
    image[10:41, 20:51] += 100 * psf
    image += spot(35, 33, 30.0)
    places = [(35.0, 25.0), (44.0, 25.0), (35.0, 33.0)]
    assert sidelobes(image, places, psf, FWHM) == [False, True, False]
    assert sidelobes(image, [], psf, FWHM) == []


def test_channels_are_weighted_by_their_noise():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2, 61, 61)) * np.array([1.0, 10.0])[:, None, None]
    combined = combine_channels(noise, np.array([1.0, 1.0]), FWHM)
    assert combined.std() == pytest.approx(np.sqrt(1 / (1 + 0.01)), rel=0.05)


def test_gray_companion_keeps_its_contrast_and_missing_channels_are_passed_over():
    rng = np.random.default_rng(2)
    scale = np.array([10.0, 1000.0])
    images = scale[:, None, None] * (spot(45, 30, 0.5) + rng.normal(0, 0.01, size=(2, 61, 61)))
    images[0, 40, 30] = np.nan
    combined = combine_channels(images, scale, FWHM)
    assert combined[30, 45] == pytest.approx(0.5, abs=0.05)
    assert np.isfinite(combined[40, 30])
