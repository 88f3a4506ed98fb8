"""Runs: what was asked, how far it is, how it ended, even if nobody said so."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hcdc_kernel.archive import process
from hcdc_kernel.errors import ArchiveError, NotFoundError


@pytest.fixture
def observation(archive, given, tmp_path) -> str:
    return given.ingest(archive, tmp_path).name


def test_a_run_tells_what_was_asked(archive, given, observation):
    run = given.run(archive, observation)

    assert (run.status, run.ended, run.progress) == ("running", None, 0.0)
    assert run.settings == {"subtract-psf.n_modes": 10}
    assert run.versions["numpy"] == "2.0"
    assert run.requested_by == "ana"
    assert archive.run(run.uid) == archive.run(run.uid[:5]) == run


def test_progress_is_noted_within_bounds(archive, given, observation):
    run = given.run(archive, observation)
    archive.set_progress(run.uid, 0.4, "subtract-psf")
    assert (archive.run(run.uid).progress, archive.run(run.uid).progress_text) == (
        0.4,
        "subtract-psf",
    )
    archive.set_progress(run.uid, 1.7)
    assert archive.run(run.uid).progress == 1.0


def test_a_failed_run_says_why(archive, given, observation):
    run = given.run(archive, observation)
    ended = archive.finish_run(run.uid, "failed", "it rained \x00 into \udcff the dome")

    assert (ended.status, ended.error) == ("failed", "it rained \\x00 into \\udcff the dome")
    assert ended.ended >= ended.started
    assert archive.runs(status="failed") == [ended]


def test_a_run_ends_once(archive, given, observation):
    run = given.run(archive, observation)
    archive.finish_run(run.uid, "finished")

    with pytest.raises(ArchiveError, match="ended before"):
        archive.finish_run(run.uid, "failed")
    with pytest.raises(ArchiveError, match="cannot end like that"):
        archive.finish_run(run.uid, "running")
    assert archive.run(run.uid).status == "finished"


def test_runs_are_listed_newest_first(archive, given, observation, tmp_path):
    runs = [given.run(archive, observation, key) for key in "abc"]
    other = given.ingest(archive, tmp_path, version="other")

    assert archive.runs() == runs[::-1]
    assert archive.runs(limit=2) == runs[:0:-1]
    assert archive.runs(observation, limit=None) == runs[::-1]
    assert archive.runs(other.name) == []


def test_a_finished_run_is_found_by_its_key_while_its_products_last(archive, given, observation):
    failed, run = (given.run(archive, observation) for _ in range(2))
    product = archive.add_product(given.residual("r", observation, run.uid))
    archive.finish_run(failed.uid, "failed")
    assert archive.find_finished_run(run.key) is None

    finished = archive.finish_run(run.uid, "finished")
    assert archive.find_finished_run(run.key) == finished
    assert finished.progress == 1.0
    assert archive.find_finished_run(given.key("other")) is None

    archive.path(product).unlink()
    assert archive.find_finished_run(run.key) is None


def test_a_product_of_an_earlier_run_counts_as_reused(archive, given, observation):
    first, second = (given.run(archive, observation) for _ in range(2))
    product = archive.add_product(given.residual("r", observation, first.uid))
    archive.add_product(given.residual("r", observation, second.uid))

    assert product.run == first.uid
    assert archive.products(run=first.uid, role="generated") == [product]
    assert archive.products(run=second.uid, role="reused") == [product]


def test_the_first_word_on_a_product_stands(archive, given, observation):
    run = given.run(archive, observation)
    product = archive.add_product(given.residual("r", observation, run.uid))
    archive.link_product(run.uid, product.uid, role="reused")

    assert archive.products(run=run.uid, role="generated") == [product]
    with pytest.raises(ArchiveError, match="role"):
        archive.link_product(run.uid, product.uid, role="stolen")


@pytest.mark.parametrize("uid", ["", "none"])
def test_an_unknown_run_is_not_found(archive, given, observation, uid):
    given.run(archive, observation)
    with pytest.raises(NotFoundError):
        archive.run(uid)
    with pytest.raises(NotFoundError):
        archive.finish_run(uid, "finished")


_STARTER = """
import sys, pathlib, time
from hcdc_kernel.archive import Archive, NewRun
archive = Archive.open(sys.argv[1], pathlib.Path(sys.argv[2]))
print(archive.start_run(NewRun(sys.argv[3], "adi-pca", "ab" * 32)).uid, flush=True)
time.sleep(60)
"""


def test_a_run_whose_process_was_killed_is_interrupted(archive, url, observation, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER, url, tmp_path / "store", observation],
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        uid = starter.stdout.readline().strip()
        assert archive.run(uid).status == "running"
        starter.kill()

    run = archive.run(uid)
    assert run.status == "interrupted"
    assert run.ended is not None
    assert archive.runs(status="interrupted") == [run]
    assert archive.finish_run(uid, "finished").status == "finished"


def test_a_process_is_known_by_host_boot_space_number_and_start():
    mine = process.this_process()

    assert not process.is_dead(mine)
    assert process.is_dead(mine | {"started": mine["started"] - 1})
    assert process.is_dead(mine | {"boot": "before"})
    assert process.is_dead(mine | {"pid": 0})
    assert not process.is_dead(mine | {"host": "elsewhere", "pid": 0})
    assert not process.is_dead(mine | {"space": "another container", "pid": 0})


def test_a_process_that_nobody_has_waited_for_counts_as_dead():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = process.this_process() | {"pid": child.pid, "started": process._started(child.pid)}
    assert not process.is_dead(mark)

    child.kill()
    while process._started(child.pid) != -1:  # until the kernel has ended it
        pass
    assert process.is_dead(mark)
    child.communicate()
    assert process.is_dead(mark)
