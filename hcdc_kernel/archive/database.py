"""Open the database, bring it up to date, and hold transactions."""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.orm import Session

from hcdc_kernel.archive.complaints import explained
from hcdc_kernel.archive.migrations import HEAD
from hcdc_kernel.errors import ArchiveError

_BUSY_S = 30.0  # how long a writer waits for another
_CONNECT_S = 10
_inherited: list[Any] = []  # after a fork: closing them would disturb the parent
_ADVISORY_LOCK = 0x48434443  # "HCDC"; any number that all our processes agree on


class Database:
    """A database whose tables are those of this software.

    Parameters
    ----------
    url : str
        SQLAlchemy URL.

    Attributes
    ----------
    place : str
        Where it is, for messages: without user and password.
    engine : Engine
        SQLAlchemy's door to it.
    """

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.place = _place(parsed)
        with self._explained():
            self.engine = _make_engine(parsed)
            _prepare_folder(parsed)
            try:
                self._bring_up_to_date(parsed)
            except BaseException:
                self.engine.dispose()
                raise
        # Connections are closed even if nobody says close().
        weakref.finalize(self, self.engine.dispose)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Hold a transaction that only reads.

        Yields
        ------
        Session
            To select with.

        Raises
        ------
        ArchiveError
            If the database complains.
        """
        with self._explained(), Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Hold a transaction that is committed at its end, or not at all.

        Yields
        ------
        Session
            To select, insert and update with.

        Raises
        ------
        ArchiveError
            If the database complains.
        """
        engine = self.engine.execution_options(hcdc_writing=True)
        with self._explained(), Session(engine) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _explained(self) -> Any:
        """Turn complaints of the database into errors that a user understands."""
        return explained(self.place)

    def _bring_up_to_date(self, url: URL) -> None:
        """Create or migrate the tables unless they are those of this software."""
        if self._revision() == HEAD:
            return
        if self.engine.dialect.name == "sqlite":
            with _file_lock(Path(f"{url.database}.lock")):
                # Kept in the file; cannot be changed within a transaction.
                with self.engine.connect() as connection:
                    connection.exec_driver_sql("COMMIT")
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                self._migrate()
        else:
            self._migrate()

    def _revision(self) -> str | None:
        """Ask the database for its revision; None if it is empty."""
        with self.engine.connect() as connection:
            try:
                found = connection.execute(text("SELECT version_num FROM alembic_version"))
            except (exc.OperationalError, exc.ProgrammingError) as error:
                if _is_missing_table(error):
                    return None
                raise
            row = found.first()
            return str(row[0]) if row else None

    def _migrate(self) -> None:
        """Upgrade within one transaction that no other process can enter."""
        from hcdc_kernel.archive import migrate  # Alembic: 0.3 s that an up-to-date one saves

        engine = self.engine.execution_options(hcdc_writing=True)
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK}
                )
            migrate.upgrade(connection)


def _parse(url: str) -> URL:
    """Read an URL; choose our driver for PostgreSQL."""
    remedy = "Write it as sqlite:////folder/archive.sqlite or postgresql://user@host/name"
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        # Not chained: the text may hold a password.
        raise ArchiveError("The URL of the archive cannot be read", remedy=remedy) from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ArchiveError("The archive needs SQLite or PostgreSQL", found=backend, remedy=remedy)
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ArchiveError("The archive needs a file to live in", found=url, remedy=remedy)
    return parsed


def _place(url: URL) -> str:
    """Say where a database is, without user and password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = url.host or str(url.query.get("host", "localhost"))
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"


def _prepare_folder(url: URL) -> None:
    """Make the folder of an SQLite file, and the file itself, closed to others.

    The archive holds the accounts of the hub.
    """
    if url.get_backend_name() != "sqlite" or url.database is None:
        return
    folder = Path(url.database).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not Path(url.database).exists():
            Path(url.database).touch(mode=0o600)
    except OSError as error:
        raise ArchiveError(
            f"The folder of the archive cannot be made: {folder}",
            found=error.strerror or str(error),
            remedy="Choose another folder with HCDC_HOME, or let this user write to it",
        ) from error


def _make_engine(url: URL) -> Engine:
    """Make SQLAlchemy's engine with our manners for the kind of database."""
    # A pool for SQLite too: closing the last connection would write the log back each time.
    # Parameters stay out of messages: they hold password hashes.
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(
        url,
        pool_size=2,
        pool_pre_ping=not is_sqlite,
        hide_parameters=True,
        connect_args=(
            {"timeout": _BUSY_S}
            if is_sqlite
            else {"connect_timeout": _CONNECT_S, "application_name": "hcdc"}
        ),
    )
    event.listen(engine, "connect", _note_process)
    event.listen(engine, "checkout", _refuse_inherited)
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    """Have SQLite enforce foreign keys, and leave transactions to us."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Any) -> None:
    """Begin; a writer takes its lock at once, as waiting is impossible after a read."""
    writing = connection.get_execution_options().get("hcdc_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _note_process(_connection: Any, record: Any) -> None:
    """Remember which process a connection belongs to."""
    record.info["pid"] = os.getpid()


def _refuse_inherited(_connection: Any, record: Any, proxy: Any) -> None:
    """After a fork, leave the parent's connections alone and open new ones."""
    if record.info["pid"] != os.getpid():
        _inherited.append(record.dbapi_connection)
        record.dbapi_connection = proxy.dbapi_connection = None
        raise exc.DisconnectionError("connection of the parent process")


def _is_missing_table(error: exc.DBAPIError) -> bool:
    """Tell whether the database is simply empty."""
    return "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", None) == "42P01"


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    """Hold a lock that the system gives back should this process die."""
    try:
        file = path.open("w")
    except OSError as error:
        raise ArchiveError(
            f"The archive cannot be created beside {path}",
            found=error.strerror or str(error),
            remedy="Choose another folder with HCDC_HOME, or let this user write to it",
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
