"""The hub's accounts."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hcdc_kernel.cli.screen import note, say, write_json, write_table

if TYPE_CHECKING:
    from hcdc_kernel.archive import Accounts

users = typer.Typer(no_args_is_help=True, help="Look after the hub's accounts.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="User name.")]


def accounts() -> Accounts:
    """Open the accounts of the archive that the environment names.

    Returns
    -------
    Accounts
        Of ``HCDC_HOME``.
    """
    from hcdc_kernel.archive import Accounts
    from hcdc_kernel.settings import read_settings

    settings = read_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    return Accounts.open(settings.database_url)


@users.command()
def add(
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="Looks after the hub.")] = False,  # noqa: FBT002
    group: Annotated[
        list[str] | None, typer.Option(help="expert, pi or staff; repeatable.")
    ] = None,
) -> None:
    """Add a user with a new password, which is shown once."""
    password = secrets.token_urlsafe(12)
    groups: Any = tuple(group or ())  # checked by the archive
    added = accounts().add_user(name, password, is_admin=admin, groups=groups)
    _tell(added.name, password)


@users.command(name="password")
def set_password(name: Name) -> None:
    """Give a user a new password, which is shown once."""
    password = secrets.token_urlsafe(12)
    accounts().set_password(name, password)
    _tell(name, password)


@users.command()
def deactivate(name: Name) -> None:
    """Bar a user from signing in."""
    accounts().deactivate(name)
    note(f"'{name}' cannot sign in any more.")


@users.command(name="list")
def list_users(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON for scripts.")] = False,  # noqa: FBT002
) -> None:
    """List the users."""
    found = accounts().users()
    if as_json:
        write_json(list(found))
        return
    header = ("user", "groups", "admin", "active")
    rows = (
        (user.name, " ".join(user.groups), _yes(user.is_admin), _yes(user.active))
        for user in found
    )
    write_table(header, rows)


def _tell(name: str, password: str) -> None:
    """Show a new password, once."""
    note(f"Password of '{name}', shown this once:")
    say(password)


def _yes(*answers: bool) -> str:
    """Write a yes or no."""
    return "yes" if all(answers) else "no"
