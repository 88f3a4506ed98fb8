"""Whatever is wrong with the database is said in words, without the password."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import traceback

import pytest
from sqlalchemy import exc, text

from hcdc_kernel.archive import Archive
from hcdc_kernel.archive import database as database_module
from hcdc_kernel.archive.columns import clean_text
from hcdc_kernel.archive.database import Database
from hcdc_kernel.archive.tables import ProductInput
from hcdc_kernel.errors import ArchiveError

SECRET = "hush-hush"


@pytest.mark.parametrize(
    "url",
    [
        f"no url with {SECRET}",
        f"mysql://ana:{SECRET}@localhost/archive",
        "sqlite://",
        "sqlite:///:memory:",
        f"postgresql://ana:{SECRET}@localhost:port/archive",
        f"postgresql://ana:{SECRET}@127.0.0.1:1/archive",
        f"postgresql://ana@127.0.0.1:1/archive?password={SECRET}",
        f"postgresql://ana:{SECRET}@/archive?host=/nowhere",
    ],
)
def test_a_bad_url_is_refused_without_telling_the_password(url, tmp_path):
    with pytest.raises(ArchiveError) as caught:
        Archive.open(url, tmp_path / "store")

    assert SECRET not in str(caught.value)
    assert caught.value.remedy
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.postgresql
def test_a_database_that_does_not_exist_is_named(postgresql, tmp_path):
    with pytest.raises(ArchiveError, match=r"lacks something.*Create the database"):
        Archive.open(f"postgresql://hcdc@/none?host={postgresql}", tmp_path / "store")


def test_a_file_that_is_no_archive_is_left_alone(tmp_path):
    (tmp_path / "archive.sqlite").write_bytes(b"a letter home\n" * 500)
    with pytest.raises(ArchiveError, match="no archive"):
        Archive.open(f"sqlite:///{tmp_path}/archive.sqlite", tmp_path / "store")
    assert (tmp_path / "archive.sqlite").read_bytes() == b"a letter home\n" * 500


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="HCDC_HOME"):
        Archive.open(f"sqlite:///{tmp_path}/file/archive.sqlite", tmp_path / "store")


def test_tables_of_someone_else_are_left_alone(tmp_path):
    path = tmp_path / "archive.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE products (name TEXT)")
    other.close()

    with pytest.raises(ArchiveError, match="someone else"):
        Archive.open(f"sqlite:///{path}", tmp_path / "store")
    with sqlite3.connect(path) as other:
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    other.close()
    assert tables == [("products",)]


def test_a_busy_archive_says_so(sqlite_template, given, tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "_BUSY_S", 0.05)
    path = shutil.copy(sqlite_template, tmp_path / "archive.sqlite")
    with Archive.open(f"sqlite:///{path}", tmp_path / "store") as archive:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ArchiveError, match=r"busy.*Wait for the other process"):
            archive.add_product(given.residual("r"))
        assert archive.products() == []  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        assert archive.add_product(given.residual("r")).name == "residual"


def test_sqlite_is_set_up_for_many_processes(light_archive):
    with light_archive._database.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_foreign_keys_are_enforced(url):
    database = Database(url)
    with pytest.raises(ArchiveError), database.writing() as session:
        session.add(ProductInput(product_id=1, input_id=2))
    database.close()


def test_a_transaction_that_fails_leaves_nothing(archive, given, tmp_path, monkeypatch):
    from hcdc_kernel.archive import entering

    def fail(*_arguments):
        raise exc.OperationalError("INSERT", {"password": SECRET}, Exception("disk is full"))

    monkeypatch.setattr(entering, "enter_input", fail)
    with pytest.raises(ArchiveError, match="disk of the archive is full") as caught:
        given.ingest(archive, tmp_path)
    assert SECRET not in str(caught.value)
    assert archive.observations() == archive.products() == []


def _count(archive: Archive, answers) -> None:
    answers.put((os.getpid(), len(archive.products())))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_opens_connections_of_its_own(url, tmp_path, given):
    context = multiprocessing.get_context("fork")
    with Archive.open(url, tmp_path / "store") as archive:
        archive.add_product(given.residual("forked"))
        before = len(archive.products())
        answers = context.SimpleQueue()
        child = context.Process(target=_count, args=(archive, answers))
        child.start()
        child.join(30)
        assert child.exitcode == 0
        assert answers.get() == (child.pid, before)
        assert len(archive.products()) == before


def test_text_that_no_database_holds_is_escaped():
    assert clean_text("plain β") == "plain β"
    assert clean_text("a\x00\udce9") == "a\\x00\\udce9"


def test_a_new_sqlite_file_is_closed_to_others(tmp_path):
    """It holds the password hashes of the hub."""
    file = tmp_path / "archive.sqlite"
    database_module.Database(f"sqlite:///{file}").close()
    assert file.stat().st_mode & 0o077 == 0
