"""Turn the complaints of a database into errors that a user understands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from hcdc_kernel.errors import ArchiveError

_COMPLAINTS = (
    ("database is locked", "The archive is busy", "Wait for the other process, then try again"),
    (
        "unable to open database file",
        "The archive cannot be opened",
        "Check that its folder exists and that this user may write to it",
    ),
    (
        "readonly database",
        "The archive cannot be written",
        "Let this user write to the file and its folder",
    ),
    ("disk is full", "The disk of the archive is full", "Free some space, then try again"),
    ("disk i/o error", "The disk of the archive fails", "Check the disk and its free space"),
    ("malformed", "The archive is damaged", "Restore it from a backup"),
    ("not a database", "The file is no archive", "Restore it from a backup, or move it away"),
    (
        "authentication failed",
        "The database refuses this user",
        "Check user and password in HCDC_ARCHIVE_URL",
    ),
    (
        "no password supplied",
        "The database asks for a password",
        "Put user and password in HCDC_ARCHIVE_URL",
    ),
    (
        "does not exist",
        "The database lacks something",
        "Create the database and its role, and check HCDC_ARCHIVE_URL",
    ),
    ("already exists", "The database holds tables of someone else", "Use a database of its own"),
    (
        "permission denied",
        "The database does not let this user do that",
        "Grant the role all rights on its own database",
    ),
)


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn complaints of the database into an `ArchiveError`.

    Parameters
    ----------
    place : str
        Where the database is, without user and password.

    Raises
    ------
    ArchiveError
        For whatever SQLAlchemy raises.
    """
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise _explain(place, error) from error


def _explain(place: str, error: exc.SQLAlchemyError) -> ArchiveError:
    """Find the words for a complaint."""
    said = str(getattr(error, "orig", None) or error).strip()
    brief = said.splitlines()[0] if said else type(error).__name__
    for sign, problem, remedy in _COMPLAINTS:
        if sign in said.lower():
            return ArchiveError(f"{problem}: {place}", found=brief, remedy=remedy)
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        return ArchiveError(
            f"The archive cannot be reached: {place}",
            found=brief,
            remedy="Start the database server, or check HCDC_ARCHIVE_URL",
        )
    return ArchiveError(
        f"The archive refused an operation: {place}",
        found=brief,
        remedy="This is a fault of the software: please report it with this message",
    )
