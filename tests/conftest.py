"""What all tests share: a small planet, the real data, a home of their own, no network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Threads of the linear algebra slow small matrices down and make timings drift.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from hcdc_kernel.datamodel import Cube, Sequence
from hcdc_kernel.synthetic import SyntheticScene, make_sequence, small_scene

REPOSITORY = Path(__file__).resolve().parents[1]

hypothesis.settings.register_profile("house", deadline=None, max_examples=25, derandomize=True)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _no_network():
    """Let tests talk to this machine only."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def _no_chance():
    """Start the global generator from the same place, should foreign code use it."""
    np.random.seed(0)  # noqa: NPY002


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def planet_scene() -> SyntheticScene:
    """One planet at 150 mas, 120 deg, contrast 8e-4; 24 frames of 41 x 41 px."""
    return small_scene()


@pytest.fixture(scope="session")
def planet_sequence(planet_scene: SyntheticScene) -> Sequence:
    """The sequence of `planet_scene`; frozen, so shared by all tests."""
    sequence = make_sequence(planet_scene)
    sequence.cube.data.setflags(write=False)
    sequence.psf.data.setflags(write=False)
    return sequence


@pytest.fixture(scope="session")
def planet_cube(planet_sequence: Sequence) -> Cube:
    """The cube of `planet_sequence`: the star is on the middle pixel."""
    return planet_sequence.cube


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real observations beside the repository."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real observations are not there: no folder {folder}")
    return folder


@pytest.fixture
def hcdc_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of this test's own, in the environment too."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HCDC_HOME", str(home))
    monkeypatch.delenv("HCDC_ARCHIVE_URL", raising=False)
    return home


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium: the machine's, else the one that Playwright has installed.

    One for all tests of a module: Playwright allows no second one at a time, and while it is
    there an event loop is running, which other modules' tests must not find.
    """
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, names)), None),
            args=["--no-sandbox", "--disable-gpu", *quiet],
        )
        yield launched
        launched.close()
