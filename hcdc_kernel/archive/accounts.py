"""Who may sign in, and what they may see."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable
from typing import Literal, Self, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hcdc_kernel.archive.database import Database
from hcdc_kernel.archive.info import AccountInfo
from hcdc_kernel.archive.passwords import Work, hash_password, matches, require_good
from hcdc_kernel.archive.rows import insert_new, not_found
from hcdc_kernel.archive.tables import Account, now
from hcdc_kernel.errors import ConfigError, NotFoundError

Group = Literal["expert", "pi", "staff"]

# A name becomes a folder and a part of addresses: no slash, no leading dot or dash, no name
# longer than file systems take.
_EXTRA = ". _ @ + -"
_MAX_BYTES = 128


def normalize_name(name: str) -> str:
    """Give a user name its one spelling.

    Parameters
    ----------
    name : str
        As it was typed.

    Returns
    -------
    str
        Without blanks around it, in small letters, composed (NFKC).

    Raises
    ------
    ConfigError
        If it is empty, longer than 128 bytes, holds others than letters, digits and
        ``. _ @ + -``, or begins with one of these.

    Examples
    --------
    >>> normalize_name(" Ana ")
    'ana'
    """
    # Folding may decompose, composing may yield capitals: twice is stable.
    plain = unicodedata.normalize("NFKC", name.strip()).casefold()
    plain = unicodedata.normalize("NFKC", plain)
    if not _is_usable(plain):
        raise ConfigError(
            "This user name cannot be used",
            found=repr(name[:80]),
            remedy=f"Take letters, digits or {_EXTRA}, with a letter or digit first",
        )
    return plain


def _is_usable(name: str) -> bool:
    """Tell whether a normalized name may stand for a user, in any script."""
    kinds = [unicodedata.category(letter)[0] for letter in name]  # L, M, N: what words are of
    return (
        0 < len(name.encode("utf-8", "replace")) <= _MAX_BYTES
        and kinds[0] in "LN"
        and all(
            kind in "LMN" or letter in _EXTRA.split()
            for kind, letter in zip(kinds, name, strict=True)
        )
    )


class Accounts:
    """The users of the hub, in the same database as the archive.

    Parameters
    ----------
    database : Database
        Where they are kept.
    work : Work
        How much work a new password hash takes.
    """

    def __init__(self, database: Database, work: Work | None = None) -> None:
        self._database = database
        self._work = work or Work()
        self._decoy = ""

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the accounts of an archive, without its store.

        Parameters
        ----------
        url : str
            As for `Archive.open`.

        Returns
        -------
        Accounts
            To be closed after use.

        Raises
        ------
        ArchiveError
            If the database cannot be reached.
        """
        return cls(Database(url))

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def add_user(
        self,
        name: str,
        password: str,
        *,
        groups: Iterable[Group] = (),
        is_admin: bool = False,
    ) -> AccountInfo:
        """Let someone sign in.

        Parameters
        ----------
        name : str
            User name; it is normalized.
        password : str
            At least ten characters.
        groups : iterable of {"expert", "pi", "staff"}
            What they may see.
        is_admin : bool
            Whether they look after the hub.

        Returns
        -------
        AccountInfo
            The new account.

        Raises
        ------
        ConfigError
            If name, password or groups cannot be used, or the name is taken.
        """
        plain = normalize_name(name)
        require_good(password)
        row = {
            "name": plain,
            "password_hash": hash_password(password, self._work),
            "active": True,
            "is_admin": is_admin,
            "groups": _checked(groups),
            "created": now(),
        }
        with self._database.writing() as session:
            if not insert_new(session, Account, row):
                raise ConfigError(f"The user name '{plain}' is taken", remedy="Choose another one")
            return _info(_find(session, plain))

    def set_password(self, name: str, password: str) -> None:
        """Change a password.

        Parameters
        ----------
        name : str
            User name.
        password : str
            At least ten characters.

        Raises
        ------
        ConfigError
            If the password is too short.
        NotFoundError
            If there is no such user.
        """
        require_good(password)
        hashed = hash_password(password, self._work)
        with self._database.writing() as session:
            _find(session, name).password_hash = hashed

    def set_groups(self, name: str, groups: Iterable[Group]) -> AccountInfo:
        """Change what someone may see.

        Parameters
        ----------
        name : str
            User name.
        groups : iterable of {"expert", "pi", "staff"}
            All groups they shall be in.

        Returns
        -------
        AccountInfo
            The changed account.
        """
        wanted = _checked(groups)
        with self._database.writing() as session:
            account = _find(session, name)
            account.groups = wanted
            return _info(account)

    def set_admin(self, name: str, *, is_admin: bool) -> AccountInfo:
        """Say whether someone looks after the hub.

        Parameters
        ----------
        name : str
            User name.
        is_admin : bool
            Whether they do.

        Returns
        -------
        AccountInfo
            The changed account.

        Raises
        ------
        ConfigError
            If nobody would be left to look after the hub.
        """
        with self._database.writing() as session:
            account = _find(session, name)
            if not is_admin:
                _require_other_admin(session, account)
            account.is_admin = is_admin
            return _info(account)

    def deactivate(self, name: str) -> AccountInfo:
        """Keep someone from signing in; the account and all its traces stay.

        Parameters
        ----------
        name : str
            User name.

        Returns
        -------
        AccountInfo
            The changed account.

        Raises
        ------
        ConfigError
            If nobody would be left to look after the hub.
        """
        with self._database.writing() as session:
            account = _find(session, name)
            _require_other_admin(session, account)
            account.active = False
            return _info(account)

    def activate(self, name: str) -> AccountInfo:
        """Let someone sign in again.

        Parameters
        ----------
        name : str
            User name.

        Returns
        -------
        AccountInfo
            The changed account.
        """
        with self._database.writing() as session:
            account = _find(session, name)
            account.active = True
            return _info(account)

    def verify(self, name: str, password: str) -> AccountInfo | None:
        """Check a user name and a password.

        An unknown user, one who may not sign in and a wrong password take the same work.

        Parameters
        ----------
        name, password : str
            What someone typed.

        Returns
        -------
        AccountInfo or None
            The account, or None if they may not sign in.
        """
        account, hashed = self._credentials(name)
        fits = matches(password, hashed)
        return account if fits and account is not None and account.active else None

    def user(self, name: str) -> AccountInfo:
        """Find an account.

        Parameters
        ----------
        name : str
            User name.

        Returns
        -------
        AccountInfo
            Its record.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        with self._database.reading() as session:
            return _info(_find(session, name))

    def users(self) -> list[AccountInfo]:
        """List the accounts by name.

        Returns
        -------
        list of AccountInfo
            Those who may not sign in included.
        """
        with self._database.reading() as session:
            return [_info(row) for row in session.scalars(select(Account).order_by(Account.name))]

    def _credentials(self, name: str) -> tuple[AccountInfo | None, str]:
        """Fetch an account and its hash; for an unknown name, a hash that nothing fits."""
        # Made for known names too, so that the first unknown one takes no longer.
        if not self._decoy:
            self._decoy = hash_password(secrets.token_hex(), self._work)
        try:
            with self._database.reading() as session:
                account = _find(session, name)
                return _info(account), account.password_hash
        except (NotFoundError, ConfigError):
            return None, self._decoy


def _find(session: Session, name: str) -> Account:
    """Find the row of a user."""
    plain = normalize_name(name)
    account = session.scalar(select(Account).where(Account.name == plain))
    if account is None:
        known = session.scalars(select(Account.name)).all()
        raise not_found("user", plain, known, "Add one first")
    return account


def _require_other_admin(session: Session, account: Account) -> None:
    """Refuse to lose the last active administrator."""
    if not (account.is_admin and account.active):
        return
    others = session.scalar(
        select(func.count())
        .select_from(Account)
        .where(Account.is_admin, Account.active, Account.id != account.id)
    )
    if not others:
        raise ConfigError(
            f"'{account.name}' is the only active administrator",
            remedy="Make someone else an administrator first",
        )


def _checked(groups: Iterable[Group]) -> list[str]:
    """Refuse unknown groups; give the others in order, each once."""
    given = {groups} if isinstance(groups, str) else set(groups)
    unknown = given - set(get_args(Group))
    if unknown:
        raise ConfigError(
            "There is no such group",
            found=", ".join(sorted(map(str, unknown))),
            remedy=f"Choose from {', '.join(get_args(Group))}",
        )
    return sorted(given)


def _info(row: Account) -> AccountInfo:
    """Make the record of an account."""
    return AccountInfo(row.name, tuple(row.groups), row.is_admin, row.active, row.created)
