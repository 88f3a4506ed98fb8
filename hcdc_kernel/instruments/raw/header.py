"""Headers of raw files, however they come, and never a crash."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import IO

from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.instruments.raw.cards import (
    CARD,
    number_of,
    plain_key,
    text_of,
    word_of,
)
from hcdc_kernel.instruments.raw.compressed import opened, packing_of
from hcdc_kernel.instruments.raw.units import RawUnit, describe_unit

BLOCK = 2880
_END = re.compile(rb"END {5,77}")
_MOST_HEADER = 4 * 1024 * 1024
_MOST_UNITS = 100
_SOME_PACKED = 1 << 18
_CHUNK = 25 * BLOCK
_MOST_NUMBER = 2**31 - 1


class RawHeader:
    """The header of a raw file: ask it for what you need, by the name ESO gives it.

    What is missing comes back as empty text, NaN, 0 or None. What is there but of a wrong kind
    comes back so too, and a note says so in words; nothing raises.

    Attributes
    ----------
    path : Path
        Where it was read.
    units : tuple of RawUnit
        Header-data units of the file; of a packed file those up to the first with data.
    holds_data : bool
        False if it is a header without its images.

    Examples
    --------
    >>> header = RawHeader.from_text("DPR TYPE = 'OBJECT,FLUX' / type")
    >>> header.text("HIERARCH ESO DPR TYPE")
    'OBJECT,FLUX'
    >>> header.number("EXPTIME")
    nan
    """

    def __init__(
        self,
        path: Path,
        units: tuple[RawUnit, ...],
        *,
        odd: tuple[str, ...] = (),
        holds_data: bool = True,
    ) -> None:
        self.path, self.units, self.holds_data = path, units, holds_data
        self._cards = units[0].cards
        self._odd = set(odd)
        self._notes: dict[str, None] = {}

    @classmethod
    def from_text(cls, text: str, path: Path = Path("header.txt")) -> RawHeader:
        """Read a header from its text.

        Parameters
        ----------
        text : str
            Its cards, one a line.
        path : Path
            Where it came from, for messages.

        Returns
        -------
        RawHeader
            Without data.
        """
        unit, odd = describe_unit(text.encode(), offset=0, lines=True)
        return cls(path, (unit,), odd=odd, holds_data=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was odd about what was asked for, in the order it was found.

        Returns
        -------
        tuple of str
            Sentences without full stops.
        """
        return tuple(self._notes)

    def note(self, text: str) -> None:
        """Add a note; the same note twice counts once.

        Parameters
        ----------
        text : str
            A sentence without its full stop.
        """
        self._notes[text] = None

    def __contains__(self, key: str) -> bool:
        return plain_key(key) in self._cards

    def keys(self) -> tuple[str, ...]:
        """List the keywords.

        Returns
        -------
        tuple of str
            Plain keys in the order of the file.
        """
        return tuple(self._cards)

    def text(self, *keys: str) -> str:
        """Fetch a text.

        Parameters
        ----------
        *keys : str
            Names under which it may stand; the first that is there and not empty counts.

        Returns
        -------
        str
            Without blanks around it; a number is given as it is written. Empty if missing.
        """
        for key in map(plain_key, keys):
            if key not in self._cards:
                continue
            if key in self._odd:
                self.note(f"{key} holds characters that are not allowed in FITS headers")
            quoted = text_of(self._cards[key])
            found = word_of(self._cards[key]) if quoted is None else quoted
            if found:
                return found
        return ""

    def number(self, *keys: str) -> float:
        """Fetch a number.

        Parameters
        ----------
        *keys : str
            Names under which it may stand; the first that is there and is a number counts.

        Returns
        -------
        float
            NaN if missing or no number.
        """
        for key in map(plain_key, keys):
            value = self._cards.get(key)
            if value is None:
                continue
            quoted = text_of(value)
            word = word_of(value) if quoted is None else quoted
            found = number_of(word)
            if found is not None:
                if quoted is not None:
                    self.note(f"{key} is a number written as a text")
                return found
            if word:
                self.note(f"{key} should be a number, but is '{word[:40]}'")
        return math.nan

    def integer(self, *keys: str) -> int:
        """Fetch a whole number.

        Parameters
        ----------
        *keys : str
            Names under which it may stand.

        Returns
        -------
        int
            0 if missing or no whole number.
        """
        found = self.number(*keys)
        if math.isnan(found):
            return 0
        if found != int(found) or abs(found) > _MOST_NUMBER:
            self.note(f"{plain_key(keys[0])} should be a whole number, but is {found:g}")
            return 0
        return int(found)

    def flag(self, *keys: str) -> bool | None:
        """Fetch a yes or no.

        Parameters
        ----------
        *keys : str
            Names under which it may stand.

        Returns
        -------
        bool or None
            None if missing or neither T nor F.
        """
        word = self.text(*keys).upper()
        if word in ("T", "TRUE", "1"):
            return True
        if word in ("F", "FALSE", "0"):
            return False
        if word:
            self.note(f"{plain_key(keys[0])} should be T or F, but is '{word[:40]}'")
        return None

    @property
    def image(self) -> RawUnit | None:
        """The first unit with images.

        Returns
        -------
        RawUnit or None
            None if there is none.
        """
        return next((unit for unit in self.units if unit.is_image), None)


def read_header(path: Path) -> RawHeader:
    """Read the header of a FITS file, or of a text file that holds a header.

    The data are not read. Packed files (``.gz``, ``.Z``) are unpacked only as far as needed.

    Parameters
    ----------
    path : Path
        FITS file, plain or packed, or text with one card a line.

    Returns
    -------
    RawHeader
        To be asked.

    Raises
    ------
    FileFormatError
        If there is no such file, or it begins with no FITS header.
    """
    is_packed = bool(packing_of(path))
    with opened(path, _SOME_PACKED) as file:
        begin = file.read(CARD)
        if not _begins_header(begin):
            raise FileFormatError(
                f"'{path}' is no FITS file and no text of a FITS header",
                found=_shown(begin),
                remedy="Name a raw file as the observatory delivers it",
            )
        # The text of a header has lines; a FITS header has none.
        if b"\n" in begin or b"\r" in begin or file.read(2).startswith((b"\n", b"\r")):
            file.seek(0)
            return _from_lines(path, file.read(_MOST_HEADER))
        file.seek(0)
        return _from_fits(path, file, is_packed=is_packed)


def _begins_header(begin: bytes) -> bool:
    """Tell whether bytes are the first card of a FITS file."""
    return begin[:6] == b"SIMPLE" and b"=" in begin[6:10]


def _from_lines(path: Path, block: bytes) -> RawHeader:
    """Read a header with one card a line."""
    unit, odd = describe_unit(block, offset=0, lines=True)
    return RawHeader(path, (unit,), odd=odd, holds_data=False)


def _from_fits(path: Path, file: IO[bytes], *, is_packed: bool) -> RawHeader:
    """Read the headers of a FITS file, jumping over the data."""
    units: list[RawUnit] = []
    odd: tuple[str, ...] = ()
    place, total = 0, None if is_packed else path.stat().st_size
    while len(units) < _MOST_UNITS:
        block = _header_block(path, file, place, first=not units)
        if block is None:
            break
        unit, odd_here = describe_unit(block, offset=place + len(block))
        odd = odd or odd_here
        units.append(unit)
        place = unit.offset + math.ceil(unit.size / BLOCK) * BLOCK
        if (is_packed and unit.size) or (total is not None and place >= total):
            break
    end = units[0].offset
    holds_data = is_packed or total is None or len(units) > 1 or total > end
    return RawHeader(path, tuple(units), odd=odd, holds_data=holds_data)


def _header_block(path: Path, file: IO[bytes], place: int, *, first: bool) -> bytes | None:
    """Read the bytes of one header up to its last block; None if none begins there."""
    file.seek(place)
    block = b""
    while len(block) < _MOST_HEADER:
        more = file.read(_CHUNK)
        block += more
        if not first and block[:8] != b"XTENSION":
            return None
        end = _end_of_header(block)
        if end:
            return block[:end]
        if len(more) < _CHUNK:
            break
    if not first:
        return None
    raise FileFormatError(
        f"The header of '{path}' has no end",
        found=f"{len(block)} bytes without the END card",
        remedy="Fetch the file again",
    )


def _end_of_header(block: bytes) -> int:
    """Find where the header's last block ends; 0 if its END is not there yet."""
    for found in _END.finditer(block):
        if found.start() % CARD == 0:
            return math.ceil((found.start() + CARD) / BLOCK) * BLOCK
    return 0


def _shown(begin: bytes) -> str:
    """Show the first bytes of a file that is something else."""
    if not begin:
        return "an empty file"
    text = begin[:40].decode("ascii", errors="replace")
    return repr(text) if text.isprintable() else f"bytes {begin[:8].hex(' ')}"
