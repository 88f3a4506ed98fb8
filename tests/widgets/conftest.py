"""Small data objects made by hand: what they should show is known."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from hcdc_kernel.datamodel import (
    Candidates,
    ContrastCurve,
    Cube,
    DetectionMap,
    Frames,
    Identity,
    Master,
    Psf,
    Quality,
    QualityNote,
    Residual,
    StarPositions,
    StepRecord,
)
from hcdc_kernel.synthetic import small_scene, write_sequence

SCALE_MAS = 25.0
PLANET = (400.0, 120.0)  # separation [mas], position angle [deg]


@pytest.fixture
def identity():
    return Identity("Étoile β Pictoris <b>", "test-camera", "L'", "2026-01-31")


@pytest.fixture
def history():
    return (
        StepRecord("center-star", 1, {}, {}, {"numpy": "2.4"}),
        StepRecord("subtract-psf", 2, {"model": "pca", "n_modes": 5}),
    )


def spot(n, x, y, width=1.8):
    row, column = np.mgrid[:n, :n]
    return np.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * width**2))


@pytest.fixture
def make_cube(identity):
    def make(n_wave=1, n_time=12, star=(22.4, 25.1), n=49):
        rng = np.random.default_rng(1)
        image = 1000 * spot(n, *star) + 30 * spot(n, *star, width=9)
        data = (image + rng.normal(0, 2, (n_wave, n_time, n, n))).astype(np.float32)
        usable = np.arange(n_time) % 5 != 3
        frames = Frames(
            mjd=np.linspace(61000, 61000.1, n_time),
            parallactic_deg=np.full(n_time, np.nan),
            derotation_deg=np.linspace(-30, 30, n_time),
            usable=usable,
            reason=tuple("" if u else "too faint" for u in usable),
            exposure=("a.fits",) * n_time,
            dit_index=np.arange(n_time),
        )
        drift = rng.normal(0, 0.3, (n_wave, n_time, 2))
        return Cube(
            data=data,
            frames=frames,
            wavelength_um=np.linspace(1.2, 3.8, n_wave),
            star_xy_px=np.broadcast_to(star, (n_wave, n_time, 2)) + drift,
            pixel_scale_mas=SCALE_MAS,
            identity=identity,
        )

    return make


def planet_xy(n):
    r, angle = PLANET[0] / SCALE_MAS, np.deg2rad(PLANET[1])
    return n // 2 - r * np.sin(angle), n // 2 + r * np.cos(angle)


@pytest.fixture
def residual(identity, history):
    rng = np.random.default_rng(2)
    data = rng.normal(0, 1, (2, 61, 61)) + 15 * spot(61, *planet_xy(61))
    data[:, np.hypot(*(np.mgrid[:61, :61] - 30)) < 3] = np.nan
    return Residual(data, np.array([1.2, 3.8]), SCALE_MAS, identity, history=history)


@pytest.fixture
def detection(identity, history):
    rng = np.random.default_rng(3)
    snr = rng.normal(0, 1, (1, 61, 61)) + 12 * spot(61, *planet_xy(61))
    return DetectionMap(snr, np.array([3.8]), 4.2, SCALE_MAS, identity, history)


@pytest.fixture
def candidates(identity, history):
    return Candidates(
        label=("a", "b"),
        separation_mas=np.array([PLANET[0], 620.0]),
        separation_error_mas=np.array([3.2, np.nan]),
        position_angle_deg=np.array([PLANET[1], 300.0]),
        position_angle_error_deg=np.array([0.4, np.nan]),
        contrast=np.array([6.3e-4, np.nan]),
        contrast_error=np.array([4e-5, np.nan]),
        snr=np.array([12.1, 5.2]),
        false_alarm=np.array([1e-9, 2e-4]),
        wavelength_um=np.array([np.nan, np.nan]),
        identity=identity,
        history=history,
    )


@pytest.fixture
def curve(identity):
    separation = np.linspace(120, 740, 30)
    limit = 2e-3 * (100 / separation) ** 2 + 3e-5
    limit[0] = np.nan
    return ContrastCurve(
        separation_mas=separation,
        contrast=np.vstack([limit, 1.4 * limit]),
        throughput=np.vstack([np.linspace(0.3, 0.95, 30)] * 2),
        wavelength_um=np.array([1.2, 3.8]),
        n_sigma=5.0,
        method="injection",
        identity=identity,
    )


@pytest.fixture
def quality(identity):
    notes = (
        QualityNote("field-rotation", 61.2, "deg", "good", "The sky turned enough."),
        QualityNote("frames-used", 0.62, "", "fair", "Many frames were rejected."),
        QualityNote("throughput", float("nan"), "", "poor", "Could not be measured."),
    )
    return Quality(notes, identity)


# What the calibration of raw frames makes -------------------------------------------------------


@pytest.fixture
def make_master(identity):
    """A master of 128 x 256 px: a margin without light, twenty hot pixels in the left field."""

    def make(kind="background"):
        rng = np.random.default_rng(4)
        level, noise = (40.0, 3.0) if kind == "background" else (1.0, 0.02)
        data = rng.normal(level, noise, (128, 256)).astype(np.float32)
        flags = np.zeros(data.shape, np.uint8)
        flags[:4] = flags[-4:] = 8
        flags[30:34, 20:25] = 1
        data[30:34, 20:25] *= 30
        data[flags == 8] = np.nan
        return Master(
            kind=kind,
            data=data,
            variance=np.full_like(data, noise**2 / 10),
            flags=flags,
            setup={"dit_s": 16.0, "filter": "DB_H23", "neutral_density": "OPEN"},
            quality={"read_noise_adu": 4.4, "n_bad": 20.0},
            identity=identity,
            unit="adu" if kind == "background" else "",
        )

    return make


@pytest.fixture
def star_positions(identity):
    """Two fields, eight frames in two visits; the star at (480, 525) and (486, 511)."""
    rng = np.random.default_rng(5)
    star = np.array([(480.2, 525.4), (486.1, 511.3)])
    dither = np.repeat([(0.0, 0.0), (2.0, 0.0)], 4, axis=0)
    xy = star + rng.normal(0, 0.05, (8, 2, 2)) + dither[:, None]
    turn = np.deg2rad([45, 135, 225, 315])
    reach = 40 * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    corner = np.round(star) - 60
    image = np.array([
        1000 * spot(121, *(s - c), width=12)
        + sum(400 * spot(121, *(s - c + r), width=2.5) for r in reach)
        for s, c in zip(star, corner, strict=True)
    ])  # fmt: skip
    return StarPositions(
        xy_px=xy,
        error_px=np.full((8, 2), 0.06),
        mjd=61000 + np.repeat([0.0, 0.05], 4) + np.tile(np.arange(4) / 1440, 2),
        dither_xy_px=dither,
        exposure=("center.fits",) * 8,
        spots_xy_px=xy[:, :, None] + reach,
        image=image + rng.normal(0, 3, image.shape),
        image_corner_xy_px=corner,
        method="satellite-spots",
        identity=identity,
    )


@pytest.fixture
def star_psf(identity):
    """Two channels; the coronagraph lets half of the light pass at 100 mas."""
    return Psf(
        data=np.array([1e6 * spot(41, 20, 20, width=w) for w in (1.8, 1.95)]),
        fwhm_px=np.array([4.2, 4.6]),
        star_flux=np.array([1.1e7, 1.3e7]),
        wavelength_um=np.array([1.593, 1.667]),
        pixel_scale_mas=12.25,
        identity=identity,
        transmission_mas=np.array([0.0, 50.0, 150.0, 400.0]),
        transmission=np.array([0.0, 0.25, 0.75, 1.0]),
    )


@pytest.fixture
def calibration_facts():
    """Facts of a raw observation with one good, one doubtful and one missing calibration."""
    notes = [
        ("flux", "Star beside the coronagraph", "good", 0, "2 files, 10 min before", ""),
        ("flats", "Lamp", "fair", 2, "5 files, 3 days away", "Pixels may have changed <b>."),
        ("center", "Satellite spots", "poor", None, "", "The star is found by its halo."),
    ]
    names = ("role", "title", "light", "level", "found", "text")
    return {
        "calibrations": [dict(zip(names, note, strict=True)) for note in notes],
        "calibration": "irdis-imaging",
    }


# Pages in a real browser ---------------------------------------------------------------------

REPOSITORY = Path(__file__).parents[2]

# The rest of what is installed for the laboratory throws in Voila's page, or is not needed.
PAGE_EXTENSIONS = [
    "@voila-dashboards/widgets-manager8",
    "@jupyter-widgets/jupyterlab-manager",
    "anywidget",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, server, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"Voila ended with {server.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"nothing answers at {url}")


@pytest.fixture
def serve(tmp_path):
    """Start Voila on a notebook, as the centre's page server does; give its address."""
    servers = []

    def start(notebook, home=tmp_path / "home"):
        port = free_port()
        runtime = Path(tempfile.mkdtemp(prefix="hcdc-", dir="/tmp"))
        environment = os.environ | {
            "HCDC_HOME": str(home),
            "JUPYTER_PATH": str(REPOSITORY / "templates" / "jupyter"),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(REPOSITORY / "tests" / "widgets"),
        }
        command = [
            sys.executable,
            "-m",
            "voila",
            str(notebook),
            "--no-browser",
            "--Voila.ip=127.0.0.1",
            f"--port={port}",
            "--template=hcdc",
            "--show_tracebacks=True",
            f"--VoilaConfiguration.extension_allowlist={PAGE_EXTENSIONS}",
            "--KernelManager.transport=ipc",
        ]
        log = (tmp_path / f"voila-{port}.log").open("wb")
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        servers.append((server, log, runtime))
        address = f"http://127.0.0.1:{port}/"
        wait_for(f"{address}voila/static/voila-style.js", server)
        return address

    yield start
    for server, log, runtime in servers:
        server.terminate()
        server.wait(20)
        log.close()
        shutil.rmtree(runtime, ignore_errors=True)


class Watch:
    """Everything a page asked for, and everything it complained about."""

    def __init__(self, page):
        self.requests, self.complaints = [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("response", self._response)

    def _console(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def _response(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    @property
    def foreign(self):
        hosts = {urllib.parse.urlsplit(url) for url in self.requests}
        return sorted(
            url.geturl()
            for url in hosts
            if url.scheme not in ("data", "blob") and url.hostname != "127.0.0.1"
        )


@pytest.fixture
def page(browser):
    """A page in headless Chromium; `page.watch` records what it asks for."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.watch = Watch(page)
    page.set_default_timeout(30_000)
    yield page
    context.close()


@pytest.fixture
def write_notebook(tmp_path):
    """Write a notebook of the given cells and return its path."""

    def write(*cells, title="A test"):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={
                "title": title,
                "kernelspec": {"name": "hcdc", "display_name": "HC-DC", "language": "python"},
            },
        )
        path = tmp_path / "page.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


# A workspace with something in it -------------------------------------------------------------


@pytest.fixture(scope="session")
def written_scene(tmp_path_factory):
    """A small sequence on disk, of a star whose name needs care; its description's path."""
    scene = replace(small_scene(), target="Étoile β Pictoris")
    return write_sequence(scene, tmp_path_factory.mktemp("scene"))


@pytest.fixture
def empty_workspace(hcdc_home):
    from hcdc_kernel import Workspace

    return Workspace.open()


@pytest.fixture
def workspace(empty_workspace, written_scene):
    empty_workspace.ingest(written_scene)
    return empty_workspace
