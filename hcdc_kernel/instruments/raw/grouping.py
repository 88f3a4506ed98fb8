"""From single exposures to observations: what was taken in one go of one star."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from hcdc_kernel.datamodel.exposure import Exposure, ExposureKind
from hcdc_kernel.instruments.raw.rules import SAME_S, setup_key
from hcdc_kernel.instruments.raw.spans import in_order, night_of, span
from hcdc_kernel.instruments.raw.targets import Targets

SETUP: Final = (
    "template",
    "mode",
    "filter",
    "elements.prism",
    "coronagraph",
    "neutral_density",
    "tracking",
    "read_mode",
)
"""What all science exposures of an observation have in common, besides the exposure time."""

GAP_HOURS: Final = 1.0
"""An observation ends where nothing follows for longer than this [h]."""

WAFFLE_FRAMES: Final = 32
"""As many CENTER frames without any OBJECT frame are a sequence of their own."""

WAFFLE_FILES: Final = 4
"""As many CENTER files without any OBJECT frame are a sequence of their own."""

_ON_STAR: Final = frozenset[ExposureKind]({"science", "center", "flux"})
_Star = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ScienceGroup:
    """Science exposures of one star, one camera and one setup without a long break.

    Attributes
    ----------
    science : tuple of Exposure
        In the order of time.
    star : tuple
        Which star it is, as `Targets` names it.
    is_waffle : bool
        Whether all of them have satellite spots, which then serve for centering, too.
    in_turns_with : tuple of str
        Names of the other star, if two were observed in turns through the same setup.
    """

    science: tuple[Exposure, ...]
    star: tuple[object, ...]
    is_waffle: bool = False
    in_turns_with: tuple[str, ...] = ()


def group_science(exposures: Iterable[Exposure], targets: Targets) -> tuple[ScienceGroup, ...]:
    """Group science exposures into observations.

    Those belong together that show the same star in the same night through the same setup,
    with no break longer than `GAP_HOURS`. In star hopping, where two stars take turns, the
    frames of the other star fill the break. A sequence that has satellite spots all the time
    has no science frames by name: its CENTER frames are taken for science.

    Parameters
    ----------
    exposures : iterable of Exposure
        All kinds, in any order, each exposure once.
    targets : Targets
        Made from them.

    Returns
    -------
    tuple of ScienceGroup
        Each science exposure is in exactly one. In the order of time.
    """
    on_star = [exposure for exposure in in_order(exposures) if exposure.kind in _ON_STAR]
    times = _exposure_times(on_star)
    nights: dict[tuple[str, str], list[Exposure]] = defaultdict(list)
    for exposure in on_star:
        nights[exposure.camera, night_of(exposure)].append(exposure)
    groups = [group for night in nights.values() for group in _one_night(night, targets, times)]
    by_first = {(group.science[0].camera, group.science[0].name): group for group in groups}
    first = in_order(group.science[0] for group in groups)
    return tuple(by_first[exposure.camera, exposure.name] for exposure in first)


def _one_night(
    night: list[Exposure], targets: Targets, times: dict[float, int]
) -> list[ScienceGroup]:
    """Group the exposures of one camera and night."""
    stars = {exposure.name: targets.of(exposure) for exposure in night}
    science = [exposure for exposure in night if exposure.kind == "science"]
    waffle = _continuous_waffle(night, stars)
    groups = []
    for frames, is_waffle in ((science, False), (waffle, True)):
        setups: dict[object, list[Exposure]] = defaultdict(list)
        for exposure in frames:
            key = (*setup_key(exposure, SETUP), times.get(exposure.dit_s))
            setups[key].append(exposure)
        for same in setups.values():
            aside = [other for other in night if _aside(other, same[0])]
            groups += [
                ScienceGroup(piece, star, is_waffle, _in_turns(piece, same, stars))
                for star, piece in _pieces(same, aside, stars)
            ]
    return groups


def _in_turns(
    piece: tuple[Exposure, ...], same: list[Exposure], stars: dict[str, _Star]
) -> tuple[str, ...]:
    """Name the star whose frames come between and beside those of a piece, if it is one."""
    first, last = piece[0].start_mjd, piece[-1].start_mjd
    between = [one for one in same if first < one.start_mjd < last]
    others = {stars[one.name] for one in between} - {stars[piece[0].name]}
    if len(others) != 1:
        return ()
    return tuple(dict.fromkeys(one.target for one in between if stars[one.name] in others))


def _aside(exposure: Exposure, science: Exposure) -> bool:
    """Tell whether an exposure is a CENTER or FLUX of the same filter."""
    return exposure.kind != "science" and exposure.filter == science.filter


def _pieces(
    same: list[Exposure], aside: list[Exposure], stars: dict[str, _Star]
) -> list[tuple[_Star, tuple[Exposure, ...]]]:
    """Split exposures of one setup by star and where there is a long break."""
    timeline = in_order({exposure.name: exposure for exposure in (*same, *aside)}.values())
    by_star: dict[_Star, list[Exposure]] = defaultdict(list)
    for exposure in same:
        by_star[stars[exposure.name]].append(exposure)
    pieces: list[tuple[_Star, tuple[Exposure, ...]]] = []
    for star, frames in by_star.items():
        piece = [frames[0]]
        for before, after in pairwise(frames):
            if _is_break(before, after, timeline, stars):
                pieces.append((star, tuple(piece)))
                piece = []
            piece.append(after)
        pieces.append((star, tuple(piece)))
    return pieces


def _is_break(
    before: Exposure, after: Exposure, timeline: tuple[Exposure, ...], stars: dict[str, _Star]
) -> bool:
    """Tell whether nothing of the sequence was taken for too long between two frames."""
    start, end = span(before)[1], span(after)[0]
    limit = GAP_HOURS / 24
    if not end - start > limit:
        return False
    between = [one for one in timeline if start <= one.start_mjd < end]
    others = {stars[one.name] for one in between} - {stars[before.name]}
    if len(others) > 1:  # Two stars that take turns are a sequence, three are a survey.
        between = [one for one in between if stars[one.name] == stars[before.name]]
    for one in between:
        if one.start_mjd - start > limit:
            return True
        start = max(start, span(one)[1])
    return end - start > limit


def _continuous_waffle(night: list[Exposure], stars: dict[str, _Star]) -> list[Exposure]:
    """Find the CENTER exposures of stars that have many of them but no science exposure."""

    def what(exposure: Exposure) -> tuple[object, ...]:
        return stars[exposure.name], exposure.filter, exposure.elements.get("prism", "")

    has_science = {what(exposure) for exposure in night if exposure.kind == "science"}
    centers: dict[object, list[Exposure]] = defaultdict(list)
    for exposure in night:
        if exposure.kind == "center" and what(exposure) not in has_science:
            centers[what(exposure)].append(exposure)
    return [
        exposure
        for frames in centers.values()
        if len(frames) >= WAFFLE_FILES
        or sum(max(one.n_planes, one.n_dit) for one in frames) >= WAFFLE_FRAMES
        for exposure in frames
    ]


def _exposure_times(exposures: list[Exposure]) -> dict[float, int]:
    """Give each exposure time a number, the same one if they differ by less than 0.01 s."""
    numbers: dict[float, int] = {}
    last = -float("inf")
    for dit_s in sorted({one.dit_s for one in exposures if one.dit_s == one.dit_s}):
        numbers[dit_s] = len(numbers) if dit_s - last >= SAME_S else numbers[last]
        last = dit_s
    return numbers
