"""Start the hub: ``python -m hub_config``, which is what `make hub` does.

Accounts are looked after by ``hcdc users``.
"""

from __future__ import annotations

import os
import secrets
import sys

import typer

from hcdc_kernel.archive import Accounts
from hcdc_kernel.errors import HcdcError
from hcdc_kernel.settings import Settings, read_settings
from hub_config import launch


def main() -> None:
    """Start the hub, and stop it again on Ctrl-C; what is wrong goes to stderr in a sentence."""
    try:
        settings = read_settings()
        # Accounts and secrets go into files that only this user may read.
        os.umask(0o077)
        settings.home.mkdir(parents=True, exist_ok=True)
        _ensure_admin(settings)
        sys.exit(launch.serve(settings))
    except HcdcError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)


def _ensure_admin(settings: Settings) -> None:
    """Make the first account, and show its password this once."""
    accounts = Accounts.open(settings.database_url)
    if any(account.is_admin and account.active for account in accounts.users()):
        return
    password = secrets.token_urlsafe(15)
    accounts.add_user("admin", password, is_admin=True, groups=("expert", "staff"))
    typer.echo("There was no admin yet. Here is one; the password is shown this once:\n")
    typer.echo(f"    name      admin\n    password  {password}\n")


if __name__ == "__main__":
    main()
