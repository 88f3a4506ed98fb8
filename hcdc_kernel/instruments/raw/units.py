"""Header-data units of a FITS file, as their headers describe them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hcdc_kernel.instruments.raw.cards import number_of, read_cards, text_of, word_of


@dataclass(frozen=True, slots=True)
class RawUnit:
    """One header-data unit, as its header describes it.

    Attributes
    ----------
    name : str
        ``EXTNAME``; empty if it has none.
    kind : str
        ``IMAGE`` for images, else the type of the extension, such as ``BINTABLE``.
    cards : mapping of str to str
        Its cards, by plain key.
    shape : tuple of int
        Promised dimensions, slowest first; empty if it holds no data.
    bitpix : int
        Kind of numbers as FITS says it; 0 if it cannot be told.
    offset : int
        Where the data begin in the unpacked file [byte].
    size : int
        Promised length of the data, without padding [byte].
    """

    name: str
    kind: str
    cards: Mapping[str, str]
    shape: tuple[int, ...]
    bitpix: int
    offset: int
    size: int

    @property
    def is_image(self) -> bool:
        """Whether it promises images of two dimensions or more.

        Returns
        -------
        bool
            False for tables and for empty units.
        """
        return self.kind == "IMAGE" and len(self.shape) >= 2 and self.size > 0

    @property
    def n_planes(self) -> int:
        """Promised number of images.

        Returns
        -------
        int
            One for an image of two dimensions; 0 if there are none.
        """
        return math.prod(self.shape[:-2]) if self.is_image else 0


def describe_unit(
    block: bytes, offset: int, *, lines: bool = False
) -> tuple[RawUnit, tuple[str, ...]]:
    """Describe one unit from its header.

    Parameters
    ----------
    block : bytes
        The header.
    offset : int
        Where its data begin in the unpacked file [byte].
    lines : bool
        Whether each card is a line of its own.

    Returns
    -------
    unit : RawUnit
        Whatever the cards say; a number of dimensions or bits that is none counts as zero.
    odd : tuple of str
        Keys whose cards hold characters that FITS does not allow.
    """
    cards, odd = read_cards(block, lines=lines)

    def whole(key: str, default: int) -> int:
        number = number_of(word_of(cards.get(key, "")))
        return default if number is None or abs(number) > 2**53 else int(number)

    n_axes = max(0, min(whole("NAXIS", 0), 999))
    shape = tuple(max(0, whole(f"NAXIS{i}", 0)) for i in range(n_axes, 0, -1))
    bitpix = whole("BITPIX", 0)
    if bitpix not in (8, 16, 32, 64, -32, -64):
        bitpix = 0
    kind = text_of(cards.get("XTENSION", "")) or "IMAGE"
    n = math.prod(shape) if shape else 0
    groups = max(1, whole("GCOUNT", 1)), max(0, whole("PCOUNT", 0))
    size = abs(bitpix) // 8 * groups[0] * (n + groups[1]) if n else 0
    name = text_of(cards.get("EXTNAME", "")) or ""
    return RawUnit(name, kind.upper(), cards, shape if n else (), bitpix, offset, size), odd
