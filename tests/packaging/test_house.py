"""The house is in order: version told, parts load, names documented, nothing foreign in it."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import tomllib
from importlib.metadata import entry_points

import pytest

import hcdc_kernel
import hcdc_widgets

GROUPS = (
    "hcdc.instruments",
    "hcdc.cameras",
    "hcdc.steps",
    "hcdc.psf_models",
    "hcdc.signal_matchers",
)


def _entry_points(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return {(group, name) for group, parts in project["entry-points"].items() for name in parts}


def _modules(package):
    yield package.__name__
    prefix = f"{package.__name__}."
    for found in pkgutil.walk_packages(package.__path__, prefix):
        if ".migrations." not in found.name:  # Alembic imports those its own way
            yield found.name


MODULES = [*_modules(hcdc_kernel), *_modules(hcdc_widgets)]


def test_changelog_tells_of_the_current_version(root):
    text = (root / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[{re.escape(hcdc_kernel.__version__)}\]", text, flags=re.MULTILINE)


def test_every_announced_part_is_installed(root):
    wanted = {found for found in _entry_points(root) if found[0] in GROUPS}
    installed = {(group, found.name) for group in GROUPS for found in entry_points(group=group)}
    assert wanted <= installed


@pytest.mark.parametrize("group", [*GROUPS, "papermill.engine"])
def test_every_part_loads(root, group):
    ours = {name for kind, name in _entry_points(root) if kind == group}
    for found in entry_points(group=group):
        if found.name in ours:
            assert found.load() is not None


@pytest.mark.parametrize("name", MODULES)
def test_module_and_its_public_names_are_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} says nothing of itself"
    public = [
        (label, thing)
        for label, thing in vars(module).items()
        if not label.startswith("_")
        and (inspect.isclass(thing) or inspect.isfunction(thing))
        and thing.__module__ == name
    ]
    missing = [label for label, thing in public if not (thing.__doc__ or "").strip()]
    assert not missing


def test_public_face_is_complete():
    listed = hcdc_kernel.__all__
    assert len(listed) == len(set(listed))
    for name in listed:
        assert getattr(hcdc_kernel, name) is not None, name


# Written in pieces, so that this file does not find itself.
FOREIGN = re.compile(
    "|".join(
        [
            r"/" + r"work/",
            r"/" + r"root/",
            r"(?<![}\w])/" + r"home/[a-z]",
            r"pypi\." + r"org",
            r"registry\." + r"npmjs",
            r"deb\." + r"debian",
            r"files\." + r"pythonhosted",
            r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY",
        ]
    )
)
LEFT_OVER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b|To be " + r"written")


@pytest.fixture(scope="module")
def texts(root):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    files = [root / name for name in listed.stdout.decode().split("\0") if name]
    return {
        str(file.relative_to(root)): file.read_text(errors="replace")
        for file in files
        if file.exists() and file.stat().st_size < 2_000_000
    }


@pytest.mark.parametrize("pattern", [FOREIGN, LEFT_OVER], ids=["foreign", "left over"])
def test_nothing_foreign_or_unfinished_is_in_the_project(texts, pattern):
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_no_large_files_are_in_the_project(root, texts):
    large = [name for name in texts if (root / name).stat().st_size > 600_000]
    assert not large


def test_make_explains_itself(root):
    done = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "hub", "bench", "lock", "check", "clean"):
        assert f"make {target}" in done.stdout
