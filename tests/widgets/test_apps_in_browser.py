"""The notebooks as pages: driven to their end by widgets alone, in headless Chromium."""

import pytest

from hcdc_kernel import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# The practice sequence is made and reduced for real, on whatever machine this is.
RUN_MS = 300_000


UNNAMED = """
[...document.querySelectorAll('input, select, textarea, button, [role=slider], canvas, img')]
  .filter((e) => e.offsetParent !== null && !e.closest('[aria-hidden=true]'))
  .filter((e) => e.getAttribute('aria-hidden') !== 'true')
  .filter((e) => !(e.labels && [...e.labels].some((l) => l.textContent.trim())) &&
    !e.getAttribute('aria-label') && !e.title && !e.alt && !e.textContent.trim())
  .map((e) => e.outerHTML.slice(0, 200))
"""


def shot(page, folder, name):
    """Keep a picture of the whole page, which scrolls within the window."""
    window = page.viewport_size
    height = page.evaluate("document.querySelector('#rendered_cells').scrollHeight") + 80
    page.set_viewport_size({"width": window["width"], "height": max(900, height)})
    page.wait_for_timeout(200)
    page.screenshot(path=folder / f"{name}.png")
    page.set_viewport_size(window)


def test_guided_notebook_runs_to_its_result(serve, page, repository, tmp_path):
    notebook = repository / "notebooks" / "guided" / "reduce_a_sequence.ipynb"
    page.goto(serve(notebook))
    assert page.title() == "Reduce a sequence"
    page.get_by_role("button", name="Make a practice sequence").click()
    use = page.get_by_role("button", name="Use this observation")
    page.get_by_text("is ready").wait_for(timeout=RUN_MS)
    shot(page, tmp_path, "1_choose")
    use.click()
    page.wait_for_selector(".hcdc-viewer[data-drawn='0/0']")
    shot(page, tmp_path, "2_check")

    page.get_by_text("Subtract PSF", exact=True).click()
    modes = page.get_by_label("Number of modes")
    modes.fill("-1")
    modes.press("Tab")
    page.get_by_text("needs attention").wait_for()
    shot(page, tmp_path, "3_wrong_setting")
    assert page.evaluate(UNNAMED) == []
    assert page.get_by_role("button", name="Run the reduction").is_disabled()
    modes.fill("8")
    modes.press("Tab")
    page.get_by_text("1 setting differs").wait_for()

    page.get_by_role("button", name="Run the reduction").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.wait_for_timeout(1500)
    shot(page, tmp_path, "4_running")
    page.get_by_text("Done. The result is below.").wait_for(timeout=RUN_MS)
    page.wait_for_selector(".hcdc-viewer[data-drawn='map']")
    shot(page, tmp_path, "5_detection")
    page.get_by_role("button", name="Candidate b").click()
    assert page.locator("tr[aria-selected='true'] td").first.inner_text() == "b"
    for number, tab in enumerate(
        ("Contrast", "Candidates", "Quality", "Images", "Frames", "What was done", "Export"), 6
    ):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(400)
        shot(page, tmp_path, f"{number}_{tab.lower().replace(' ', '_')}")
        assert page.evaluate(UNNAMED) == []
    page.get_by_role("button", name="Show the report").click()
    report = page.frame_locator("iframe[title='Report of the run']")
    report.get_by_text("candidate").first.wait_for()
    shot(page, tmp_path, "13_report")
    assert page.watch.foreign == []
    assert page.watch.complaints == []


def test_raw_frames_become_a_result_with_a_picture_at_each_step(serve, page, repository, tmp_path):
    page.goto(serve(repository / "notebooks" / "guided" / "irdis_from_raw_frames.ipynb"))
    assert page.title() == "IRDIS from raw frames"
    page.get_by_text("Take in a folder of raw frames").click()
    page.get_by_label("Folder").fill(str(tmp_path / "nowhere"))
    page.get_by_role("button", name="Bring it in").click()
    page.locator(".hcdc-warning", has_text="nowhere").first.wait_for()
    shot(page, tmp_path, "raw_1_nowhere")

    page.get_by_role("button", name="Make a practice night").click()
    page.get_by_role("progressbar", name="progress").wait_for()
    page.get_by_text("is ready").wait_for(timeout=RUN_MS)
    use = page.get_by_role("button", name="Use this observation")
    use.focus()
    page.keyboard.press("Enter")
    page.get_by_text("All calibrations are there").wait_for()
    shot(page, tmp_path, "raw_2_complete")
    assert page.evaluate(UNNAMED) == []

    page.get_by_text("Settings of the calibration").click()
    page.get_by_text("Calibrate science", exact=True).click()
    radius = page.get_by_label("Radius").and_(page.locator(":visible"))
    radius.fill("1.2 arcsec")
    radius.press("Tab")
    page.get_by_text("1 setting differs").wait_for()
    page.get_by_role("button", name="Calibrate the frames").click()
    page.get_by_role("heading", name="Flat field").wait_for(timeout=RUN_MS)
    page.get_by_text("Calibrated. The frames are below").wait_for(timeout=RUN_MS)
    page.wait_for_selector(".hcdc-viewer[data-drawn='0/0']")
    shot(page, tmp_path, "raw_3_calibrated")
    pictures = page.locator(".hcdc-figure img")
    assert pictures.count() == 6
    assert all(picture.get_attribute("alt") for picture in pictures.all())
    assert page.evaluate(UNNAMED) == []

    page.get_by_role("button", name="Run the reduction").click()
    page.get_by_text("Done. The result is below.").wait_for(timeout=RUN_MS)
    page.wait_for_selector(".hcdc-viewer[data-drawn='map']")
    page.get_by_role("button", name="Candidate b").click()
    shot(page, tmp_path, "raw_4_result")
    page.get_by_role("tab", name="Quality").click()
    page.wait_for_timeout(400)
    shot(page, tmp_path, "raw_5_quality")
    assert page.watch.foreign == []
    assert page.watch.complaints == []


def test_dashboard_lists_runs_and_shows_a_result(
    serve, page, repository, workspace, hcdc_home, tmp_path
):
    (info,) = workspace.observations()
    run = workspace.reduce(info.name, settings={"subtract-psf.n_modes": 5})
    page.goto(serve(repository / "notebooks" / "dashboards" / "runs.ipynb", home=hcdc_home))
    row = page.locator(f"tr[data-key='{run.uid}']")
    row.wait_for()
    assert "finished" in row.inner_text()
    page.get_by_label("Search").fill("no such star")
    row.wait_for(state="detached")
    page.get_by_label("Search").fill("pca")
    row.wait_for()
    page.get_by_role("button", name="started").click()
    shot(page, tmp_path, "1_list")
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".hcdc-viewer[data-drawn='map']")
    shot(page, tmp_path, "2_result")
    assert page.get_by_role("button", name="Candidate a").is_visible()
    assert page.evaluate(UNNAMED) == []
    assert page.watch.foreign == []
    assert page.watch.complaints == []


def test_dashboard_of_an_empty_archive_says_so(serve, page, repository, tmp_path):
    home = tmp_path / "empty"
    Workspace.open(home)
    page.goto(serve(repository / "notebooks" / "dashboards" / "runs.ipynb", home=home))
    page.get_by_text("0 runs").wait_for()
    page.get_by_text("Choose a run to see its result").wait_for()
    assert page.watch.complaints == []
