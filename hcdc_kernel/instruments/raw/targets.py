"""Which exposures show the same star, however its name is written."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from hcdc_kernel.datamodel.exposure import Exposure

SAME_PLACE_ARCSEC: Final = 15.0
"""Exposures that point at places as close as this show the same star [arcsec]."""

SAME_NAME_ARCSEC: Final = 300.0
"""Exposures of one name show the same star if they are as close as this [arcsec].

Wide enough for proper motion and for solar system bodies within a night.
"""

_PLACE_STEP_DEG: Final = 1e-4
_UNNAMED: Final = frozenset({"", "objectnamenotset", "noname", "none", "unknown"})

_Place = tuple[str, int, int]


def plain_name(name: str) -> str:
    """Reduce a star's name to what does not depend on who wrote it.

    Parameters
    ----------
    name : str
        As the observer wrote it.

    Returns
    -------
    str
        Small letters, digits, and signs of coordinates: ``HD  1234`` and ``hd_1234`` give
        ``hd1234``. Empty if it is no name.

    Examples
    --------
    >>> plain_name("HD  1234"), plain_name("hd_1234"), plain_name("2M J0122-2439")
    ('hd1234', 'hd1234', '2mj0122-2439')
    """
    plain = unicodedata.normalize("NFKD", name.replace("\N{MINUS SIGN}", "-")).casefold()
    # A hyphen between digits tells a southern declination; elsewhere it is a blank.
    plain = re.sub(r"(?<!\d)-|-(?!\d)", "", plain)
    plain = "".join(letter for letter in plain if letter.isalnum() or letter in "+-")
    return "" if plain in _UNNAMED else plain


def separation_arcsec(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Measure the angle between two places on the sky.

    Parameters
    ----------
    one, other : tuple of float
        Right ascension and declination [deg].

    Returns
    -------
    float
        Great-circle distance by the haversine formula [arcsec].
    """
    ra_1, dec_1, ra_2, dec_2 = map(math.radians, (*one, *other))
    half = (
        math.sin((dec_2 - dec_1) / 2) ** 2
        + math.cos(dec_1) * math.cos(dec_2) * math.sin((ra_2 - ra_1) / 2) ** 2
    )
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(half)))) * 3600


class Targets:
    """Stars of a set of exposures, by place and name.

    Exposures show the same star if they point at places within `SAME_PLACE_ARCSEC`, or have
    the same name and point at places within `SAME_NAME_ARCSEC`. Without a place the name
    decides, without a name too the observing block.

    Parameters
    ----------
    exposures : iterable of Exposure
        On sky.
    """

    def __init__(self, exposures: Iterable[Exposure]) -> None:
        exposures = tuple(exposures)
        places = {place for exposure in exposures if (place := _place(exposure))}
        self._star = _join(sorted(places))
        self._by_name: dict[str, set[tuple[float, _Place]]] = defaultdict(set)
        for exposure in exposures:
            place = _place(exposure)
            if place:
                self._by_name[place[0]].add((exposure.start_mjd, self._star[place]))

    def of(self, exposure: Exposure) -> tuple[object, ...]:
        """Tell which star an exposure shows.

        Parameters
        ----------
        exposure : Exposure
            One of those known, or any other.

        Returns
        -------
        tuple
            Equal for exposures of the same star.
        """
        place = _place(exposure)
        if place:
            return self._star.get(place, place)
        name = plain_name(exposure.target)
        if not name:
            return ("", exposure.program, exposure.block_id or exposure.block, exposure.template)
        stars = self._by_name.get(name)
        if not stars:
            return (name,)
        # One name may stand for two stars: the one observed closest in time is meant.
        return min(stars, key=lambda known: (_apart(known[0], exposure.start_mjd), known[1]))[1]


def _apart(one: float, other: float) -> float:
    """Measure the time between two dates; unknown is far."""
    gap = abs(one - other)
    return math.inf if math.isnan(gap) else gap


def _place(exposure: Exposure) -> _Place | None:
    """Name and place of an exposure, rounded far below what matters; None without a place."""
    if not (math.isfinite(exposure.ra_deg) and math.isfinite(exposure.dec_deg)):
        return None
    ra, dec = (round(angle / _PLACE_STEP_DEG) for angle in (exposure.ra_deg, exposure.dec_deg))
    return plain_name(exposure.target), ra, dec


def _join(places: list[_Place]) -> dict[_Place, _Place]:
    """Join places to stars, each named by its first place."""
    root = {place: place for place in places}

    def find(place: _Place) -> _Place:
        while root[place] != place:
            root[place] = place = root[root[place]]
        return place

    by_declination = sorted(places, key=lambda place: (place[2], place))
    reach = math.ceil(SAME_NAME_ARCSEC / 3600 / _PLACE_STEP_DEG)
    for i, one in enumerate(by_declination):
        for other in by_declination[i + 1 :]:
            if other[2] - one[2] > reach:
                break
            if _same_star(one, other):
                first, second = sorted((find(one), find(other)))
                root[second] = first
    return {place: find(place) for place in places}


def _same_star(one: _Place, other: _Place) -> bool:
    """Compare two places and names."""
    degrees = [(p[1] * _PLACE_STEP_DEG, p[2] * _PLACE_STEP_DEG) for p in (one, other)]
    apart = separation_arcsec(*degrees)
    same_name = bool(one[0]) and one[0] == other[0]
    return apart <= (SAME_NAME_ARCSEC if same_name else SAME_PLACE_ARCSEC)
