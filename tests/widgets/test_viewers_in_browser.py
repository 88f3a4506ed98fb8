"""The viewers in a real page: drawn, steered by mouse and keyboard, nothing fetched."""

import pickle

import pytest

import hcdc_widgets as hw

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def cell(path, make):
    return (
        f"import pickle, hcdc_widgets as hw\ndata = pickle.load(open({str(path)!r}, 'rb'))\n"
        + make
    )


def test_cube_view_follows_mouse_and_keyboard(serve, page, write_notebook, make_cube, tmp_path):
    data = tmp_path / "cube.pickle"
    data.write_bytes(pickle.dumps(make_cube(n_wave=3)))
    page.goto(serve(write_notebook(cell(data, "hw.CubeView(data)"), title="Cube & co")))
    view = page.locator(".hcdc-viewer")
    page.wait_for_selector(".hcdc-viewer[data-drawn='0/0']")
    assert page.title() == "Cube & co"
    assert page.locator("html").get_attribute("lang") == "en"

    page.get_by_role("slider", name="frame").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".hcdc-viewer[data-drawn='0/1']")
    image = view.get_by_role("img", name="Étoile β Pictoris").first
    image.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    page.wait_for_selector(".hcdc-viewer[data-drawn='1/11']")
    assert "frame 12 of 12" in image.get_attribute("aria-label")
    assert "2.500" in image.get_attribute("aria-label")

    before = page.evaluate("document.querySelector('.hcdc-stage canvas').toDataURL()")
    view.get_by_label("Stretch").select_option("log")
    view.get_by_label("Colors").select_option("gray")
    after = page.evaluate("document.querySelector('.hcdc-stage canvas').toDataURL()")
    assert before != after
    box = image.bounding_box()
    page.mouse.move(
        box["x"] + box["width"] * 22.9 / 49, box["y"] + box["height"] * (1 - 25.6 / 49)
    )
    assert view.locator(".hcdc-readout").inner_text().startswith("x 22, y 25: 1")
    view.get_by_role("button", name="Play").click()
    page.wait_for_selector(".hcdc-viewer[data-drawn='1/3']")
    view.get_by_role("button", name="Pause").click()
    page.screenshot(path=tmp_path / "cube_view.png")
    assert page.watch.foreign == []
    assert page.watch.complaints == []


def test_candidate_on_the_map_selects_its_row(
    serve, page, write_notebook, detection, candidates, tmp_path
):
    data = tmp_path / "found.pickle"
    data.write_bytes(pickle.dumps((detection, candidates)))
    make = (
        "rows = hw.plots.candidates_table(data[1])\n"
        "view = hw.DetectionView(*data, header=rows.header, rows=rows.rows)\n"
        "import ipywidgets\n"
        "echo = ipywidgets.Label(value='')\n"
        "ipywidgets.link((view, 'selected'), (echo, 'value'))\n"
        "ipywidgets.VBox([view, echo])"
    )
    page.goto(serve(write_notebook(cell(data, make))))
    page.wait_for_selector(".hcdc-viewer[data-drawn='map']")
    chosen = page.locator("tr[aria-selected='true'] td").first
    assert chosen.inner_text() == "a"
    page.get_by_role("button", name="Candidate b").click()
    page.locator(".jupyter-widgets.widget-label", has_text="b").wait_for()
    assert chosen.inner_text() == "b"
    page.get_by_role("button", name="Candidate a").focus()
    page.keyboard.press("Enter")
    assert chosen.inner_text() == "a"
    assert "400 mas" in page.locator(".hcdc-readout").inner_text()
    page.screenshot(path=tmp_path / "detection_view.png")
    assert page.watch.foreign == []
    assert page.watch.complaints == []


def test_viewers_leave_a_picture_for_print(make_cube, residual, detection):
    for view in (hw.CubeView(make_cube()), hw.CubeView(residual), hw.DetectionView(detection)):
        data, metadata = view._repr_mimebundle_()
        assert data["image/png"].startswith("iVBOR")
        assert "Étoile β Pictoris" in metadata["image/png"]["alt"]
