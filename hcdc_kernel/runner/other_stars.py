"""Which observations of other stars may serve as references."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date

from hcdc_kernel.archive import Archive, ObservationInfo
from hcdc_kernel.errors import InputError, NotFoundError
from hcdc_kernel.runner.raw_facts import is_raw

AUTO = "auto"
"""Stands for all fitting observations of other stars, the nearest in time first."""

MAX_FRAMES = 400
"""Most frames that are gathered of observations found by themselves."""

_SAME_STAR_ARCSEC = 15.0
_MJD_EPOCH = date(1858, 11, 17)


def reference_observations(
    archive: Archive, observation: str, names: Sequence[str]
) -> tuple[ObservationInfo, ...]:
    """Find the observations of other stars that are asked for.

    Parameters
    ----------
    archive : Archive
        Knows the observations.
    observation : str
        What is reduced.
    names : sequence of str
        Observations of other stars; ``auto`` alone for all that fit.

    Returns
    -------
    tuple of ObservationInfo
        In the order given; those found by themselves nearest in time first, no more than it
        takes for `MAX_FRAMES` frames.

    Raises
    ------
    InputError
        If one of the observations does not fit.
    NotFoundError
        If there is no such observation, or none that fits.
    """
    target = archive.observation(observation)
    if list(names) != [AUTO]:
        found = tuple(archive.observation(name) for name in dict.fromkeys(names))
        for one in found:
            _require_fit(target, one)
        return found
    found = tuple(_fitting(archive, target))
    if not found:
        raise NotFoundError(
            f"There are no other stars to serve as references for '{target.name}'",
            remedy="Ingest observations of other stars in the same camera, filter and "
            "coronagraph, or take a recipe without references",
        )
    return found


def _require_fit(target: ObservationInfo, one: ObservationInfo) -> None:
    """Refuse frames that cannot model the star of another observation."""
    if one.name == target.name or _is_same_star(target, one):
        raise InputError(
            f"'{one.name}' shows the same star as '{target.name}'",
            remedy="Choose other stars: a companion would be subtracted from itself",
        )
    for what in ("instrument", "filter"):
        if getattr(one, what) != getattr(target, what):
            raise InputError(
                f"'{one.name}' cannot serve as a reference: another {what}",
                found=f"{getattr(one, what)} and {getattr(target, what)}",
                remedy="Choose observations of the same camera and filter",
            )


def _fitting(archive: Archive, target: ObservationInfo) -> list[ObservationInfo]:
    """List observations of other stars in the same setup, nearest in time first."""
    fits = [
        one
        for one in archive.observations(instrument=target.instrument)
        if one.filter == target.filter
        and one.facts.get("coronagraph") == target.facts.get("coronagraph")
        and is_raw(one) == is_raw(target)
        and _is_reducible(one)
        and not _is_same_star(target, one)
    ]
    fits.sort(key=lambda one: (abs(_mjd(one) - _mjd(target)), one.name))
    taken: list[ObservationInfo] = []
    for one in fits:
        if sum(other.n_frames for other in taken) >= MAX_FRAMES:
            break
        taken.append(one)
    return taken


def _is_reducible(info: ObservationInfo) -> bool:
    """Tell whether there are images and a way to calibrate them."""
    facts = info.facts
    return not is_raw(info) or (
        bool(facts["calibration"]) and "science" not in facts.get("without_images", ())
    )


def _is_same_star(one: ObservationInfo, other: ObservationInfo) -> bool:
    """Tell whether two observations show the same star, by name or place."""
    if _plain(one.target) == _plain(other.target):
        return True
    mine, its = _place(one), _place(other)
    if mine is None or its is None:
        return False
    (ra_deg, dec_deg), (other_ra_deg, other_dec_deg) = mine, its
    east_deg = math.remainder(ra_deg - other_ra_deg, 360.0) * math.cos(math.radians(dec_deg))
    return math.hypot(east_deg, dec_deg - other_dec_deg) * 3600 < _SAME_STAR_ARCSEC


def _place(info: ObservationInfo) -> tuple[float, float] | None:
    """Give the place of the star on the sky [deg], if it is known."""
    ra_deg, dec_deg = info.facts.get("ra_deg"), info.facts.get("dec_deg")
    return None if ra_deg is None or dec_deg is None else (float(ra_deg), float(dec_deg))


def _plain(name: str) -> str:
    """Reduce a name to what tells stars apart."""
    return re.sub(r"[^a-z0-9+]", "", name.lower())


def _mjd(info: ObservationInfo) -> float:
    """Date an observation [d]."""
    start = info.facts.get("start_mjd")
    if start is not None:
        return float(start)
    try:
        return (date.fromisoformat(info.night) - _MJD_EPOCH).days + 1.2
    except ValueError:
        return 0.0
