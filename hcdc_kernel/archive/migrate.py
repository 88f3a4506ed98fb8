"""Bring the tables of a database to those of this software."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from hcdc_kernel.archive.migrations import HEAD
from hcdc_kernel.errors import ArchiveError


def alembic_config(connection: Connection) -> Config:
    """Tell Alembic where the scripts are and which connection to use.

    Parameters
    ----------
    connection : Connection
        Within a transaction that the caller commits.

    Returns
    -------
    Config
        For `alembic.command`.
    """
    config = Config()
    config.set_main_option("script_location", "hcdc_kernel.archive:migrations")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """Create the tables, or change those of an older release.

    Parameters
    ----------
    connection : Connection
        Within a transaction that the caller commits.
    revision : str
        Where to go; this software's own by default.

    Raises
    ------
    ArchiveError
        If the database belongs to a newer release; it is left as it is.
    """
    config = alembic_config(connection)
    found = MigrationContext.configure(connection).get_current_revision()
    _require_known(config, found)
    command.upgrade(config, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Go back to the tables of an older release.

    Parameters
    ----------
    connection : Connection
        Within a transaction that the caller commits.
    revision : str
        Where to go; ``"base"`` removes all tables.
    """
    command.downgrade(alembic_config(connection), revision)


def _require_known(config: Config, revision: str | None) -> None:
    """Refuse a revision that no script of ours leads to."""
    if revision is None:
        return
    try:
        ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError as error:
        raise ArchiveError(
            "The archive was made by a newer release of this software",
            found=f"revision {revision}, this release knows {HEAD}",
            remedy="Install the newer release, or choose another archive with HCDC_HOME",
        ) from error
