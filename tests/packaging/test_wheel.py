"""The wheel holds what git holds."""

import subprocess
import sys
import zipfile
from pathlib import PurePosixPath

import pytest

SHARED = {
    "templates/jupyter/": "share/jupyter/",
    "templates/jupyterhub/": "share/hcdc/jupyterhub/",
    "hub_config/": "share/hcdc/hub_config/",
    "notebooks/": "share/hcdc/notebooks/",
}
PACKAGES = {"hcdc_kernel/": "hcdc_kernel/", "widgets/hcdc_widgets/": "hcdc_widgets/"}


@pytest.fixture(scope="module")
def tracked(root):
    found = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    return [name for name in found.stdout.decode().split("\0") if name and (root / name).exists()]


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _moved(tracked, places):
    return {
        new + name.removeprefix(old)
        for name in tracked
        for old, new in places.items()
        if name.startswith(old) and not PurePosixPath(name).name.startswith(".")
    }


def test_every_file_of_the_packages_is_in_the_wheel(wheel, tracked):
    assert _moved(tracked, PACKAGES) <= set(wheel)


def test_templates_notebooks_and_hub_are_in_the_wheel(wheel, tracked):
    data = {name.split(".data/data/")[1] for name in wheel if ".data/data/" in name}
    wanted = _moved(tracked, SHARED)
    assert wanted <= data
    assert {"share/jupyter/kernels/hcdc/kernel.json"} <= wanted


def test_the_wheel_holds_nothing_but_the_project(wheel):
    tops = {name.split("/")[0].split("-")[0] for name in wheel}
    assert tops == {"hcdc_kernel", "hcdc_widgets"}
    assert not [name for name in wheel if "__pycache__" in name or name.endswith(".pyc")]


def test_the_wheel_carries_its_licence(wheel):
    (text,) = [content for name, content in wheel.items() if name.endswith("licenses/LICENSE")]
    assert text.startswith(b"BSD 3-Clause License")
