"""Notebooks come into homes, and what users changed stays theirs."""

import pytest

from hub_config.homes import deliver


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source" / "guided"
    folder.mkdir(parents=True)
    (folder / "one.ipynb").write_text("first")
    return folder.parent


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_notebooks_are_delivered_once(source, home):
    assert deliver(source, home, ("guided",)) == [home / "guided" / "one.ipynb"]
    assert deliver(source, home, ("guided",)) == []


def test_an_untouched_notebook_follows_the_new_version(source, home):
    deliver(source, home, ("guided",))
    (source / "guided" / "one.ipynb").write_text("second")
    deliver(source, home, ("guided",))
    assert (home / "guided" / "one.ipynb").read_text() == "second"


def test_a_changed_notebook_stays_and_the_new_version_lies_beside_it(source, home):
    deliver(source, home, ("guided",))
    (home / "guided" / "one.ipynb").write_text("mine")
    assert deliver(source, home, ("guided",)) == []
    (source / "guided" / "one.ipynb").write_text("second")
    assert deliver(source, home, ("guided",)) == [home / "guided" / "one (new).ipynb"]
    assert (home / "guided" / "one.ipynb").read_text() == "mine"
    assert (home / "guided" / "one (new).ipynb").read_text() == "second"
    assert deliver(source, home, ("guided",)) == []


def test_a_deleted_notebook_comes_back(source, home):
    deliver(source, home, ("guided",))
    (home / "guided" / "one.ipynb").unlink()
    deliver(source, home, ("guided",))
    assert (home / "guided" / "one.ipynb").read_text() == "first"


def test_a_damaged_record_costs_no_notebook(source, home):
    deliver(source, home, ("guided",))
    (home / ".hcdc-delivered.json").write_text("{")
    (home / "guided" / "one.ipynb").write_text("mine")
    deliver(source, home, ("guided",))
    assert (home / "guided" / "one.ipynb").read_text() == "mine"
