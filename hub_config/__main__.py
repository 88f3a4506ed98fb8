"""The hub's command: ``python -m hub_config``. `make hub` and `make user` call it."""

from __future__ import annotations

import os
import secrets
import sys
from typing import Annotated

import typer

from hcdc_kernel.archive.accounts import Accounts
from hcdc_kernel.errors import HcdcError
from hcdc_kernel.settings import read_settings
from hub_config import launch
from hub_config.roles import GROUPS

app = typer.Typer(
    help="Start the hub, and say who may sign in.", add_completion=False, no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Name to sign in with: lower-case letters and digits.")]


@app.command()
def start() -> None:
    """Start the hub, and stop it again on Ctrl-C."""
    with _accounts() as accounts:
        if not any(account.is_admin and account.active for account in accounts.users()):
            password = _new_password()
            accounts.add_user("admin", password, is_admin=True, groups=("expert", "staff"))
            typer.echo("There was no admin yet. Here is one; the password is shown this once:\n")
            typer.echo(f"    name      admin\n    password  {password}\n")
    raise typer.Exit(launch.serve(read_settings()))


@app.command()
def add_user(
    name: Name,
    group: Annotated[
        list[str], typer.Option(help=f"May be given more than once: {', '.join(GROUPS)}.")
    ] = [],  # noqa: B006 - typer's way to say "none"
    *,
    admin: Annotated[bool, typer.Option(help="May manage the hub and enter servers.")] = False,
) -> None:
    """Add an account and print its first password, once."""
    unknown = set(group) - set(GROUPS)
    if unknown:
        raise HcdcError(
            f"There is no group '{unknown.pop()}'", remedy=f"Choose from {', '.join(GROUPS)}"
        )
    password = _new_password()
    with _accounts() as accounts:
        accounts.add_user(name, password, is_admin=admin, groups=tuple(group))
    typer.echo(f"{name} may sign in with the password {password}")


@app.command()
def set_password(name: Name) -> None:
    """Give an account a new password and print it, once."""
    password = _new_password()
    with _accounts() as accounts:
        accounts.set_password(name, password)
    typer.echo(f"{name} may sign in with the password {password}")


@app.command()
def deactivate(name: Name) -> None:
    """Close an account; whoever is signed in with it is out within seconds."""
    with _accounts() as accounts:
        accounts.deactivate(name)
    typer.echo(f"{name} may no longer sign in.")


@app.command()
def users() -> None:
    """List the accounts."""
    with _accounts() as accounts:
        for account in accounts.users():
            rights = [*account.groups, *(["admin"] if account.is_admin else [])]
            state = "" if account.active else "   (closed)"
            typer.echo(f"{account.name:20} {', '.join(rights)}{state}")


def _accounts() -> Accounts:
    """Open the accounts of the center, in files that only this user may read."""
    os.umask(0o077)
    return Accounts.open(read_settings().database_url)


def _new_password() -> str:
    """Make a password of 120 random bits."""
    return secrets.token_urlsafe(15)


def main() -> None:
    """Run the command; what is wrong goes to stderr in a sentence or two."""
    try:
        app(prog_name="python -m hub_config")
    except HcdcError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
