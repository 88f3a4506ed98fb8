"""Cards of a FITS header, read with patience: nothing in them is an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

CARD = 80
_USUAL = "HIERARCH ESO "
_PREFIX = re.compile(r"^(?:HIERARCH\s+)?(?:ESO\s+)?")
_QUOTED = re.compile(r"'((?:[^']|'')*)('?)")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d{1,3})?", re.ASCII)
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f]")
_WITHOUT_KEY = ("COMMENT", "HISTORY", "CONTINUE")


def plain_key(key: str) -> str:
    """Reduce a keyword to the part that tells it from others.

    Parameters
    ----------
    key : str
        As in the header or as people say it.

    Returns
    -------
    str
        Upper case, without ``HIERARCH ESO``, with single blanks.

    Examples
    --------
    >>> plain_key("HIERARCH ESO  DPR TYPE ")
    'DPR TYPE'
    """
    if key.startswith(_USUAL):
        # Nearly all cards are such; a hundred thousand headers have a hundred million.
        rest = key[len(_USUAL) :].strip()
        if rest.isupper() and "  " not in rest:
            return rest
    return " ".join(_PREFIX.sub("", key.strip().upper()).split())


def split_cards(block: bytes, *, lines: bool = False) -> Iterator[bytes]:
    """Cut a header into its cards.

    Parameters
    ----------
    block : bytes
        The header, with or without its END.
    lines : bool
        Whether each card is a line of any length; else each has 80 bytes, as in FITS.

    Yields
    ------
    bytes
        One card, without END and what follows.
    """
    pieces: Iterable[bytes] = (
        block.splitlines() if lines else (block[i : i + CARD] for i in range(0, len(block), CARD))
    )
    for piece in pieces:
        if piece.startswith(b"END") and piece[:8].rstrip() == b"END":
            return
        yield piece


def read_cards(block: bytes, *, lines: bool = False) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read a header into keywords and what stands behind their equals signs.

    The values stay as they are written until somebody asks for them: of a thousand cards
    fifty are wanted. Of a keyword that stands twice the first counts.

    Parameters
    ----------
    block : bytes
        The header.
    lines : bool
        Whether each card is a line of its own.

    Returns
    -------
    cards : dict of str to str
        Value and comment by plain key.
    odd : tuple of str
        Keys whose cards hold characters that FITS does not allow.
    """
    cards: dict[str, str] = {}
    odd: list[str] = []
    last = ""
    for piece in split_cards(block, lines=lines):
        text = piece.decode("latin-1")
        is_odd = not (piece.isascii() and text.isprintable())
        if is_odd:
            text = _decode(piece)
        left, equals, right = text.partition("=")
        if left.startswith(_WITHOUT_KEY):
            if left.startswith("CONTINUE") and last:
                cards[last] = _joined(cards[last], text[8:])
            continue
        if not equals:
            continue
        key = plain_key(left)
        last = "" if key in cards else key
        if last:
            cards[key] = right
            odd += [key] if is_odd else []
    return cards, tuple(odd)


def text_of(value: str) -> str | None:
    """Read the text of a value.

    Parameters
    ----------
    value : str
        Value and comment as written.

    Returns
    -------
    str or None
        Without quotes; None if it is empty, unquoted or not there.
    """
    quoted = _QUOTED.match(value.lstrip())
    if quoted is None:
        return None
    inner = quoted[1]
    if not quoted[2]:  # the closing quote is missing: a comment may have been swallowed
        inner = inner.split(" / ")[0]
    return inner.replace("''", "'").strip()


def word_of(value: str) -> str:
    """Read what stands unquoted before the comment.

    Parameters
    ----------
    value : str
        Value and comment as written.

    Returns
    -------
    str
        Number, T, F or whatever is there; empty if nothing is.
    """
    return value.partition("/")[0].strip()


def number_of(word: str) -> float | None:
    """Read a number as FITS writes it.

    Parameters
    ----------
    word : str
        Nothing but the number; its exponent may begin with D.

    Returns
    -------
    float or None
        None if it is no finite number.

    Examples
    --------
    >>> number_of("1.5D3")
    1500.0
    """
    if _NUMBER.fullmatch(word) is None:
        return None
    number = float(word.upper().replace("D", "E"))
    return number if abs(number) < float("inf") else None


def _decode(piece: bytes) -> str:
    """Read a card that is not plain ASCII: UTF-8, else the old Latin letters."""
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError:
        text = piece.decode("latin-1")
    return _NO_TEXT.sub(" ", text)


def _joined(begin: str, more: str) -> str:
    """Join the continuation of a long text to its beginning."""
    first, second = text_of(begin), text_of(more)
    if first is None or second is None or not first.endswith("&"):
        return begin
    return "'" + (first[:-1] + second).replace("'", "''") + "'"
