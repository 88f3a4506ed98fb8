"""Cards of a raw header: names, comments, and the values that never change."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

Value = str | int | float | bool
_CARD, _BLOCK = 80, 2880


@dataclass
class Cards:
    """Cards of one file, in two groups.

    Attributes
    ----------
    standard : list of tuple
        Name, value and comment of the cards at the top, in their order.
    hierarch : dict
        Value and comment by name without ``HIERARCH ESO``; written in alphabetical order.
    """

    standard: list[tuple[str, Value, str]] = field(default_factory=list)
    hierarch: dict[str, tuple[Value, str]] = field(default_factory=dict)

    def add(self, name: str, value: Value, comment: str) -> None:
        """Add a card of the second group.

        Parameters
        ----------
        name : str
            Such as ``DET NDIT``.
        value : str, int, float or bool
            Its value.
        comment : str
            What it is.
        """
        self.hierarch[name] = (value, comment)

    def to_bytes(self) -> bytes:
        """Write the header, filled up to whole blocks.

        Returns
        -------
        bytes
            ASCII.
        """
        from astropy.io.fits import Card

        images = [Card(*card).image for card in self.standard]
        for name in sorted(self.hierarch):
            value, comment = self.hierarch[name]
            images.append(_long_card(name, value, comment))
        text = "".join([*images, "END".ljust(_CARD)])
        return text.ljust(-(-len(text) // _BLOCK) * _BLOCK).encode("ascii")


@cache
def fixed_cards() -> tuple[tuple[str, Value, str], ...]:
    """Read the cards whose values are the same in all files.

    Returns
    -------
    tuple of tuple
        Name without ``HIERARCH ESO``, value, comment.
    """
    text = files("hcdc_kernel.synthetic.irdis").joinpath("cards.txt").read_text(encoding="ascii")
    cards = []
    for line in text.splitlines():
        name, rest = line.split(" = ", 1)
        value, comment = rest.split(" / ", 1)
        cards.append((name, _value(value), comment))
    return tuple(cards)


def _value(text: str) -> Value:
    """Read a value as FITS writes it."""
    if text.startswith("'"):
        return text[1:-1]
    if text in ("T", "F"):
        return text == "T"
    return float(text) if "." in text else int(text)


def _long_card(name: str, value: Any, comment: str) -> str:
    """Write a card by ESO's convention for long names, its comment cut at the end."""
    if isinstance(value, bool):
        shown = "T" if value else "F"
    elif isinstance(value, str):
        shown = f"'{value}'"
    else:
        shown = repr(value).upper()
    return f"HIERARCH ESO {name} = {shown} / {comment}"[:_CARD].ljust(_CARD)
