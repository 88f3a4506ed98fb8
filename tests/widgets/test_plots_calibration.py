"""Figures of the calibration say what the data say."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Annotation

import hcdc_widgets as hw
from hcdc_widgets.plots.images import blocks, offset_extent, ring_means
from hcdc_widgets.plots.star import half_transmission_mas


def texts(figure):
    return " ".join(t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")))


def is_png(data):
    return data.startswith(b"\x89PNG") and len(data) > 5000


@pytest.fixture
def calibrated_cube(make_cube):
    cube = make_cube(n_wave=2, n_time=8, star=(24.0, 24.0))
    conditions = {
        "seeing_arcsec": np.linspace(0.6, 0.9, 8),
        "background_scale": np.full(8, np.nan),
    }
    frames = replace(cube.frames, conditions=conditions)
    return replace(cube, frames=frames, variance=np.full_like(cube.data, 4.0))


def test_every_figure_draws_with_units_and_a_description(
    make_master, star_positions, star_psf, calibrated_cube
):
    figures = {
        "level [adu]": hw.plots.background(make_master()),
        "response [median = 1]": hw.plots.flat(make_master("flat")),
        "x in the field [px]": hw.plots.star_positions(star_positions),
        "distance from the peak [mas]": hw.plots.psf(star_psf),
        "separation [mas]": hw.plots.transmission(star_psf),
        "derotation angle [deg]": hw.plots.calibrated(calibrated_cube),
    }
    for words, figure in figures.items():
        assert is_png(figure.png())
        assert words in texts(figure)
        assert len(figure.description) > 40


def test_background_counts_bad_pixels_and_names_their_causes(make_master):
    figure = hw.plots.background(make_master())
    assert "bad pixels: 20 (0.07 %)" in texts(figure)
    assert "20 bad pixels" in figure.description
    assert "read noise [adu]" in texts(figure)
    assert "16 s, DB_H23, no neutral density" in texts(figure)


def test_levels_of_each_field_leave_bad_pixels_out(make_master):
    master = make_master()
    data = master.data.copy()
    data[:, 128:] += 10
    words = texts(hw.plots.background(replace(master, data=data)))
    assert "left field: median 40" in words
    assert "right field: median 50" in words


def test_detector_without_two_fields_is_one_field(make_master):
    master = make_master()
    halves = {n: getattr(master, n)[:, :128] for n in ("data", "variance", "flags")}
    figure = hw.plots.background(replace(master, **halves))
    assert "detector: median" in texts(figure)
    assert is_png(figure.png())


def test_master_without_any_data_still_draws(make_master):
    master = make_master()
    flags = np.full(master.flags.shape, 8, np.uint8)
    empty = replace(master, data=np.full_like(master.data, np.nan), flags=flags)
    assert is_png(hw.plots.background(empty).png())


def test_star_is_told_without_its_dithering(star_positions):
    words = texts(hw.plots.star_positions(star_positions))
    assert "left field: star at (480." in words
    assert "right field: star at (486." in words
    assert "± 0.06 px" in words


def test_diagonals_cross_at_the_star(star_positions):
    figure = hw.plots.star_positions(star_positions)
    axes = next(a for a in figure.findobj() if getattr(a, "images", []))
    diagonals = [line for line in axes.lines if len(line.get_xdata()) == 2]
    assert len(diagonals) == 2
    for line in diagonals:
        assert np.mean(line.get_xdata()) == pytest.approx(480.2, abs=0.2)
        assert np.mean(line.get_ydata()) == pytest.approx(525.4, abs=0.2)


def test_star_found_by_itself_has_no_spots(star_positions):
    nothing = np.full_like(star_positions.spots_xy_px, np.nan)
    figure = hw.plots.star_positions(replace(star_positions, spots_xy_px=nothing, method="star"))
    assert "the star itself" in texts(figure)
    assert is_png(figure.png())


def test_one_frame_of_the_center_is_enough(star_positions):
    first = {
        name: getattr(star_positions, name)[:1]
        for name in ("xy_px", "error_px", "mjd", "dither_xy_px", "exposure", "spots_xy_px")
    }
    assert is_png(hw.plots.star_positions(replace(star_positions, **first)).png())


def test_north_arrow_points_where_derotation_will_turn_up(calibrated_cube):
    frames = replace(calibrated_cube.frames, derotation_deg=np.full(8, 90.0))
    figure = hw.plots.calibrated(replace(calibrated_cube, frames=frames))
    arrows = [a for a in figure.findobj(Annotation) if not a.get_text() and a.arrow_patch]
    north, east = (np.subtract(a.xy, a.xyann) for a in arrows[:2])
    # Turned counter-clockwise by 90 deg, what points to the right comes to point up.
    assert north[0] > 0.1
    assert abs(north[1]) < 1e-9
    assert east[1] > 0.1
    assert abs(east[0]) < 1e-9


def test_conditions_that_are_not_known_are_left_out(calibrated_cube):
    words = texts(hw.plots.calibrated(calibrated_cube))
    assert "seeing: median 0.75 arcsec" in words
    assert "background scale" not in words


def test_sequence_without_times_and_conditions_still_draws(make_cube):
    cube = make_cube(n_wave=5)
    frames = replace(cube.frames, mjd=np.full(12, np.nan))
    figure = hw.plots.calibrated(replace(cube, frames=frames))
    assert "none were recorded" in texts(figure)
    assert is_png(figure.png())


def test_noise_between_frames_is_that_of_the_frames(calibrated_cube):
    figure = hw.plots.calibrated(calibrated_cube)
    axes = next(a for a in figure.findobj() if getattr(a, "get_ylabel", str)().startswith("noise"))
    scatter, expected = (np.median(line.get_ydata()) for line in axes.lines)
    assert scatter == pytest.approx(2, rel=0.15)
    assert expected == pytest.approx(2, rel=1e-3)


def test_model_of_the_star_is_called_a_model(star_psf):
    model = replace(star_psf, absolute=False)
    assert "NOT known" in texts(hw.plots.psf(model))
    assert "not known" in hw.plots.psf(model).description
    assert "NOT known" not in texts(hw.plots.psf(star_psf))


def test_half_of_the_light_passes_where_the_curve_says(star_psf):
    assert half_transmission_mas(star_psf) == pytest.approx(100)
    assert "half at 100 mas" in texts(hw.plots.transmission(star_psf))
    none = replace(star_psf, transmission=np.empty(0), transmission_mas=np.empty(0))
    assert half_transmission_mas(none) is None
    assert "transmission" not in texts(hw.plots.psf(none))


def test_encircled_energy_of_a_gaussian(star_psf):
    figure = hw.plots.psf(star_psf)
    axes = next(
        a for a in figure.findobj() if getattr(a, "get_title", str)() == "encircled energy"
    )
    radius, share = axes.lines[0].get_data()
    sigma_mas = 1.8 * star_psf.pixel_scale_mas
    known = 1 - np.exp(-(radius**2) / (2 * sigma_mas**2))
    # A ring counts whole at its middle radius.
    assert np.max(np.abs(share - known)) < 0.2
    assert np.all(np.diff(share) > -1e-9)


def test_completeness_escapes_and_tells_lights_in_words(calibration_facts):
    table = hw.plots.completeness(calibration_facts)
    html = table.html()
    for word in ("good", "fair", "poor", "Calibrations: poor", "3 days away", "&lt;b&gt;"):
        assert word in html
    assert hw.plots.completeness({}) is None


def test_blocks_average_and_leave_out_what_is_missing():
    image = np.arange(16.0).reshape(4, 4)
    image[0, 0] = np.nan
    assert blocks(image, 2)[0, 0] == pytest.approx((1 + 4 + 5) / 3)
    assert np.isnan(blocks(np.full((4, 4), np.nan), 2)).all()


def test_rings_average_around_the_center():
    rows, columns = np.indices((41, 41))
    distance = np.hypot(columns - 20, rows - 20)
    radius, mean = ring_means(distance, (20.0, 20.0), 2.0)
    assert mean[1:-1] == pytest.approx(radius[1:-1], abs=0.4)


@pytest.mark.parametrize("n", [40, 41])
def test_star_is_at_the_origin_of_offsets(n):
    left, right, bottom, top = offset_extent((n, n), 12.25)
    pixel = (right - left) / n
    assert left + (n // 2 + 0.5) * pixel == pytest.approx(0)
    assert bottom + (n // 2 + 0.5) * (top - bottom) / n == pytest.approx(0)
