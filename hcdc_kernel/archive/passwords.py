"""Turn passwords into hashes that cannot be turned back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass

from hcdc_kernel.errors import ArchiveError, ConfigError

MIN_LENGTH = 10
_MAX_LENGTH = 1024  # hashing a longer text would only cost time


@dataclass(frozen=True, slots=True)
class Work:
    """How much work one hash takes (scrypt).

    Attributes
    ----------
    n : int
        Cost, a power of two; memory is ``128 * n * r`` bytes.
    r : int
        Block size.
    p : int
        Repetitions.

    References
    ----------
    .. [1] Percival & Josefsson 2016, RFC 7914.
    """

    n: int = 2**15
    r: int = 8
    p: int = 1


def require_good(password: str) -> None:
    """Refuse a password that is too short or too long.

    Parameters
    ----------
    password : str
        What the user wants; never told again, not even here.

    Raises
    ------
    ConfigError
        If it has fewer than `MIN_LENGTH` characters, or far too many.
    """
    if len(_normalized(password)) < MIN_LENGTH:
        raise ConfigError(
            "The password is too short",
            remedy=f"Take at least {MIN_LENGTH} characters, such as three or four words",
        )
    if len(password) > _MAX_LENGTH:
        raise ConfigError("The password is too long", remedy=f"Take at most {_MAX_LENGTH}")


def hash_password(password: str, work: Work) -> str:
    """Hash a password with a new salt.

    Parameters
    ----------
    password : str
        The password.
    work : Work
        How much work it shall take.

    Returns
    -------
    str
        ``scrypt$n$r$p$salt$hash``: all that `matches` needs.
    """
    salt = secrets.token_bytes(16)
    parts = (salt, _scrypt(password, salt, work))
    texts = (base64.b64encode(part).decode() for part in parts)
    return "$".join(("scrypt", str(work.n), str(work.r), str(work.p), *texts))


def matches(password: str, hashed: str) -> bool:
    """Compare a password with a hash, in a time that tells nothing.

    Parameters
    ----------
    password : str
        What someone typed.
    hashed : str
        What `hash_password` gave.

    Returns
    -------
    bool
        True if it is the one.

    Raises
    ------
    ArchiveError
        If the hash is damaged.
    """
    try:
        scheme, n, r, p, salt, digest = hashed.split("$")
        work = Work(int(n), int(r), int(p))
        raw_salt, wanted = base64.b64decode(salt), base64.b64decode(digest)
    except (ValueError, binascii.Error):
        raise ArchiveError("A password hash in the archive is damaged") from None
    if scheme != "scrypt":
        raise ArchiveError("A password hash is of an unknown kind", found=scheme)
    found = _scrypt(password[:_MAX_LENGTH], raw_salt, work)
    return hmac.compare_digest(found, wanted) and len(password) <= _MAX_LENGTH


def _scrypt(password: str, salt: bytes, work: Work) -> bytes:
    """Do the work."""
    text = _normalized(password).encode("utf-8", "surrogatepass")
    memory = 132 * work.n * work.r + (1 << 20)  # OpenSSL refuses more than 32 MiB unasked
    return hashlib.scrypt(text, salt=salt, n=work.n, r=work.r, p=work.p, maxmem=memory, dklen=32)


def _normalized(password: str) -> str:
    """Make equal what looks equal, whatever keyboard it was typed on."""
    return unicodedata.normalize("NFKC", password)
