"""The tables: created, brought up to date, never taken from a newer release."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from hcdc_kernel.archive import Archive
from hcdc_kernel.archive.database import Database
from hcdc_kernel.archive.migrate import alembic_config, downgrade, upgrade
from hcdc_kernel.archive.migrations import HEAD
from hcdc_kernel.archive.tables import Base
from hcdc_kernel.errors import ArchiveError


@pytest.fixture
def database(empty_url):
    opened = Database(empty_url)
    yield opened
    opened.close()


def test_the_revision_in_the_code_is_the_last_script(database):
    with database.engine.connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
    assert scripts.get_heads() == [HEAD]


def test_migrations_make_exactly_the_tables_of_the_models(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_tables_are_removed_and_made_again(database):
    with database.engine.begin() as connection:
        downgrade(connection, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    with database.engine.begin() as connection:
        upgrade(connection)
        assert set(Base.metadata.tables) < set(inspect(connection).get_table_names())
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_newer_archive_is_refused_and_left_alone(database, empty_url, tmp_path):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ArchiveError, match=r"newer release.*9999.*Install the newer"):
        Archive.open(empty_url, tmp_path / "store")

    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_failed_migration_leaves_an_empty_database(empty_url, monkeypatch, tmp_path):
    from hcdc_kernel.archive import migrate

    def stop(*_arguments):
        upgrade_whole(*_arguments)
        raise KeyboardInterrupt

    upgrade_whole = migrate.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "upgrade", stop)
        with pytest.raises(KeyboardInterrupt):
            Archive.open(empty_url, tmp_path / "store")

    with Archive.open(empty_url, tmp_path / "store") as archive:
        assert archive.observations() == []


_OPENER = """
import sys, pathlib
from hcdc_kernel.archive import Archive
print("ready", flush=True)
sys.stdin.readline()
with Archive.open(sys.argv[1], pathlib.Path(sys.argv[2])) as archive:
    print(archive.observations())
"""


def test_processes_that_create_the_same_archive_agree(empty_url, tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _OPENER, empty_url, tmp_path / "store"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]

    assert answers == ["[]\n"] * 3
    assert [process.returncode for process in processes] == [0] * 3


def test_alembic_is_not_imported_for_an_archive_that_is_up_to_date(sqlite_template, tmp_path):
    program = (
        "import sys, pathlib; from hcdc_kernel.archive import Archive;"
        "Archive.open(sys.argv[1], pathlib.Path(sys.argv[2])).observations();"
        "print([name for name in ('alembic', 'numpy', 'pydantic') if name in sys.modules])"
    )
    url = f"sqlite:///{sqlite_template}"
    command = [sys.executable, "-c", program, url, tmp_path / "store"]
    assert subprocess.check_output(command, text=True) == "[]\n"
