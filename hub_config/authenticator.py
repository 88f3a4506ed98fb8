"""Sign in with an account of the archive; there is no sign-up."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Integer, Unicode

from hcdc_kernel.archive import AccountInfo, Accounts
from hcdc_kernel.errors import NotFoundError

_MOST_NAMES = 10_000  # a flood of made-up names must not fill the memory


class Lockout:
    """Counts failed sign-ins by name, whether or not such an account exists.

    Attributes
    ----------
    max_failures : int
        How many are allowed before a name is locked.
    duration_s : float
        How long it stays locked after the last failure [s].
    """

    def __init__(self, max_failures: int, duration_s: float) -> None:
        self.max_failures, self.duration_s = max_failures, duration_s
        self._failures: dict[str, tuple[int, float]] = {}

    def admit(self, name: str) -> bool:
        """Count an attempt, and tell whether it may go ahead.

        Counted before the password is looked at, so that many attempts at once do not all slip
        through while the first is still being checked.
        """
        count, last = self._failures.pop(name, (0, 0.0))
        now = time.monotonic()
        if now - last > self.duration_s:
            count = 0
        if count >= self.max_failures:
            self._failures[name] = (count, last)
            return False
        self._failures[name] = (count + 1, now)
        if len(self._failures) > _MOST_NAMES:
            del self._failures[next(iter(self._failures))]
        return True

    def forgive(self, name: str) -> None:
        """Forget the failures of a name that has signed in."""
        self._failures.pop(name, None)


class ArchiveAuthenticator(Authenticator):
    """Checks name and password against the accounts; groups and deactivation follow at once.

    Attributes
    ----------
    archive_url : str
        SQLAlchemy URL of the archive that holds the accounts.
    max_failures : int
        Wrong passwords in a row before a name is locked.
    lockout_s : int
        How long it stays locked [s].
    """

    archive_url = Unicode(config=True, help="SQLAlchemy URL of the archive with the accounts")
    max_failures = Integer(5, config=True, help="Wrong passwords before a name is locked")
    lockout_s = Integer(300, config=True, help="How long a name stays locked [s]")

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._accounts = Accounts.open(self.archive_url)
        self._lockout = Lockout(self.max_failures, self.lockout_s)
        # A check takes some 30 MB and a tenth of a second of one core, by design.
        self._checks = asyncio.Semaphore(2)

    async def authenticate(
        self,
        handler: Any,  # noqa: ARG002 - JupyterHub's signature
        data: dict[str, str],
    ) -> dict[str, Any] | None:
        """Check a sign-in.

        Parameters
        ----------
        handler : RequestHandler
            The request; unused.
        data : dict
            ``username`` and ``password``.

        Returns
        -------
        dict or None
            Name, groups and whether an admin; None if refused.

        Raises
        ------
        HTTPError
            429, if there were too many failures.
        """
        name = self.normalize_username(data["username"])
        if not self._lockout.admit(name):
            self.log.warning("Sign-in refused: too many failures for one name")
            minutes = round(self.lockout_s / 60)
            raise HTTPError(429, f"Too many failed sign-ins. Try again in {minutes} minutes.")
        async with self._checks:
            account = await asyncio.to_thread(self._accounts.verify, name, data["password"])
        if account is None:
            return None
        self._lockout.forgive(name)
        return _describe(account)

    async def refresh_user(
        self,
        user: Any,
        handler: Any = None,  # noqa: ARG002 - JupyterHub's signature
    ) -> dict[str, Any] | bool:
        """Ask the archive whether a signed-in user is still welcome, and in which groups.

        Parameters
        ----------
        user : User
            JupyterHub's user.
        handler : RequestHandler, optional
            The request; unused.

        Returns
        -------
        dict or bool
            Name, groups and whether an admin; False if the account is gone or not active.
        """
        try:
            account = await asyncio.to_thread(self._accounts.user, user.name)
        except NotFoundError:
            return False
        return _describe(account) if account.active else False


def _describe(account: AccountInfo) -> dict[str, Any]:
    """Say of an account what JupyterHub wants to know."""
    return {"name": account.name, "admin": account.is_admin, "groups": list(account.groups)}
