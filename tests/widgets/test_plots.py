"""Figures and tables say what the data say."""

import base64
import json
import subprocess
import sys

import numpy as np
import pytest

import hcdc_widgets as hw
from hcdc_widgets.plots.figure import sky_extent


def texts(figure):
    return " ".join(t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")))


def is_png(data):
    return data.startswith(b"\x89PNG") and len(data) > 5000


def test_drawing_needs_no_widget_library():
    code = (
        "import sys, json, hcdc_widgets as hw; hw.plots.residual;"
        "print(json.dumps([m for m in ('ipywidgets', 'anywidget', 'bokeh', 'matplotlib.pyplot')"
        " if m in sys.modules]))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(out.stdout) == []


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, hcdc_widgets; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert out.stdout.split() == [b"False", b"False"]


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        hw.nonsense  # noqa: B018
    assert {"plots", "apps", "CubeView"} <= set(dir(hw))


@pytest.mark.parametrize("n", [61, 60])
def test_star_pixel_lies_at_the_origin_of_the_sky(n):
    left, right, bottom, top = sky_extent((n, n), 25.0)
    pixel = (left - right) / n
    assert left - (n // 2 + 0.5) * pixel == pytest.approx(0)
    assert bottom + (n // 2 + 0.5) * pixel == pytest.approx(0)
    assert left > 0 > right, "east is left"
    assert top > bottom


def test_candidate_circle_surrounds_the_brightest_pixel(detection, candidates):
    figure = hw.plots.detection(detection, candidates)
    axes = figure.axes[0]
    circle = next(line for line in axes.lines if len(line.get_xdata()) == 73)
    x, y = np.mean(circle.get_xdata()[:-1]), np.mean(circle.get_ydata()[:-1])
    image = axes.images[0]
    n = image.get_array().shape[0]
    left, right, bottom, top = image.get_extent()
    column, row = (x - left) / (right - left) * n - 0.5, (y - bottom) / (top - bottom) * n - 0.5
    brightest = np.unravel_index(np.argmax(detection.combined), (n, n))
    assert np.hypot(row - brightest[0], column - brightest[1]) < 1.5


def test_every_figure_draws_with_units_and_a_description(
    make_cube, residual, detection, candidates, curve
):
    before, after = make_cube(), make_cube(star=(24.0, 24.0))
    figures = {
        "px": hw.plots.centering(before, after),
        "deg": hw.plots.frame_selection(before),
        "arcsec": hw.plots.residual(residual),
        "signal-to-noise": hw.plots.detection(detection, candidates),
        "magnitude": hw.plots.contrast(curve, candidates, fwhm_mas=100),
    }
    for word, figure in figures.items():
        assert is_png(figure.png())
        assert word in texts(figure)
        assert "Étoile β Pictoris" in texts(figure)
        assert "Étoile β Pictoris" in figure.description


def test_notebook_gets_a_picture_with_alternative_text(residual):
    data, metadata = hw.plots.residual(residual)._repr_mimebundle_()
    assert is_png(base64.b64decode(data["image/png"]))
    assert "North" in data["text/plain"] or "north" in data["text/plain"]
    assert metadata["image/png"]["alt"] == data["text/plain"]


def test_page_gets_escaped_alternative_text(residual):
    html = hw.plots.residual(residual).html()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_frame_selection_names_the_reason(make_cube):
    figure = hw.plots.frame_selection(make_cube())
    assert "not used: too faint" in texts(figure)
    assert "10 of 12 frames" in figure.description


def test_map_without_data_still_draws(detection):
    from dataclasses import replace

    empty = replace(detection, snr=np.full_like(detection.snr, np.nan))
    assert is_png(hw.plots.detection(empty).png())
    assert "no candidate" in hw.plots.detection(empty).description


def test_curve_without_limit_says_so(curve):
    from dataclasses import replace

    nothing = replace(curve, contrast=np.full_like(curve.contrast, np.nan))
    figure = hw.plots.contrast(nothing)
    assert "no limit" in figure.description
    assert is_png(figure.png())


def test_curve_tells_its_deepest_limit(curve):
    description = hw.plots.contrast(curve).description
    assert f"{np.nanmin(curve.contrast):.1e} at 0.74 arcsec" in description


def test_candidate_table_gives_errors_and_dashes(candidates):
    text = str(hw.plots.candidates_table(candidates))
    assert "400.0 ± 3.2" in text
    assert "120.00 ± 0.40" in text
    assert "(6.30 ± 0.40)e-04" in text
    assert "8.002 ± 0.069" in text
    assert "\u2013" in text.splitlines()[-1]


def test_tables_escape_what_people_wrote(candidates):
    html = hw.plots.candidates_table(candidates)._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_traffic_lights_can_be_told_apart_without_color(quality):
    html = hw.plots.quality(quality).html()
    for word in ("good", "fair", "poor", "✔", "▲", "✖"):
        assert word in html
    assert "quality is poor" in html


def test_provenance_lists_every_setting(history):
    text = str(hw.plots.provenance_table(history))
    assert "n_modes = 5" in text
    assert "numpy 2.4" in text


def test_empty_table_says_none():
    assert "none" in hw.plots.table("t", ("a", "b"), ()).html()
