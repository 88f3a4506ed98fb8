"""The batch notebook on raw frames: every step of the calibration has its figure."""

import re
from html import unescape

import pytest

import hcdc_kernel as hcdc
from hcdc_kernel.synthetic import small_scene, write_sequence
from hcdc_kernel.synthetic.irdis import simulate_night, small_night

pytestmark = pytest.mark.slow

FAST = {"calibrate-science.radius": "600 mas"}
FIGURES = (
    "Master background", "Master flat field", "Star of", "off the coronagraph",
    "Calibrated sequence", "before and after centering", "Frame selection", "Residual image",
    "Signal-to-noise map", "Contrast curve",
)  # fmt: skip


def report_of(workspace, run):
    (report,) = (made for made in workspace.products(run=run.uid) if made.kind == "report")
    return workspace.path(report.uid).read_text(encoding="utf-8")


def descriptions(html):
    return [unescape(text) for text in re.findall(r'<img[^>]*alt="([^"]+)"', html)]


def test_the_report_of_raw_frames_shows_each_step(tmp_path):
    workspace = hcdc.Workspace.open(tmp_path / "home")
    folder = simulate_night(small_night(target="A <b> Star"), tmp_path / "night")
    (taken,) = workspace.ingest_files([folder]).observations
    run = workspace.reduce(taken.observation.name, "adi-pca", FAST)
    html = report_of(workspace, run)
    told = " ".join(descriptions(html))
    assert [words for words in FIGURES if words not in told] == []
    assert "Calibrations: good" in html
    assert "A &lt;b&gt; Star" in html
    assert "A <b> Star" not in html
    assert html.count("Master background") >= 2


def test_the_report_of_a_calibrated_sequence_has_no_figures_of_a_calibration(tmp_path):
    workspace = hcdc.Workspace.open(tmp_path / "home")
    name = workspace.ingest(write_sequence(small_scene(), tmp_path / "night")).name
    recipe = tmp_path / "short.yaml"
    recipe.write_text("name: short\ntitle: Short\nsteps: [center-star, select-frames]\n")
    html = report_of(workspace, workspace.reduce(name, str(recipe)))
    assert len(descriptions(html)) == 2
    assert "Calibrations:" not in html
