"""Find the calibrations of an observation, the best there are."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from hcdc_kernel.datamodel.exposure import Exposure, ExposureKind
from hcdc_kernel.instruments.raw.rules import (
    CalibrationRule,
    Way,
    same_setup,
    setup_key,
    setup_value,
)
from hcdc_kernel.instruments.raw.spans import gap_days, in_order, span
from hcdc_kernel.instruments.raw.targets import plain_name

Accepts = Callable[[Exposure], bool]

_LONGEST_DAYS: Final = 0.5
_LONGEST_TELEMETRY_DAYS: Final = 0.5 / 24


@dataclass(frozen=True, slots=True)
class Association:
    """What was found for one rule.

    Attributes
    ----------
    rule : CalibrationRule
        What was asked.
    files : tuple of Exposure
        What serves, in the order of time; empty if there is nothing.
    level : int or None
        Quality level, 0 (as planned) to 3 (risky), the worst of all files; None if there are
        none.
    ways : tuple of Way
        How the rule was fulfilled, by part of the exposures served.
    unserved : tuple of Exposure
        One of each setup for which nothing was found.
    left_aside : int
        Files that would have served as well, but differ from those taken in setup.
    gap_days : tuple of float
        From the exposures served to each file, positive if it was taken later [d].
    """

    rule: CalibrationRule
    files: tuple[Exposure, ...] = ()
    level: int | None = None
    ways: tuple[Way, ...] = ()
    unserved: tuple[Exposure, ...] = ()
    left_aside: int = 0
    gap_days: tuple[float, ...] = ()

    @property
    def n_levels(self) -> int:
        """Count the values that must differ, such as exposure times of flats.

        Returns
        -------
        int
            0 if none need differ.
        """
        if not self.rule.levels_of:
            return 0
        return len({setup_key(one, (self.rule.levels_of,)) for one in self.files})

    @property
    def is_enough(self) -> bool:
        """Tell whether the files fulfill the rule at all.

        Returns
        -------
        bool
            False if there are too few, or they do not differ where they should.
        """
        rule = self.rule
        enough_levels = not rule.levels_of or self.n_levels >= rule.least_levels
        return len(self.files) >= rule.least and enough_levels


class ExposureIndex:
    """Exposures in drawers by camera, kind and setup, so that many nights are searched fast.

    Parameters
    ----------
    exposures : iterable of Exposure
        In any order. Those without a time are never found.
    """

    def __init__(self, exposures: Iterable[Exposure]) -> None:
        self._all: dict[tuple[str, ExposureKind], list[Exposure]] = defaultdict(list)
        for exposure in in_order(exposures):
            if math.isfinite(exposure.start_mjd):
                self._all[exposure.camera, exposure.kind].append(exposure)
        self._drawers: dict[object, dict[object, list[Exposure]]] = {}

    def find(
        self, what: tuple[str, Way], like: Exposure, from_mjd: float, to_mjd: float
    ) -> Iterator[Exposure]:
        """List exposures of the same setup that start within a span of time.

        Parameters
        ----------
        what : (str, Way)
            Camera, and the way to fulfill a rule, of one kind of exposure.
        like : Exposure
            They must agree with it in what the way demands.
        from_mjd, to_mjd : float
            Earliest and latest start [d].

        Yields
        ------
        Exposure
            In no order.
        """
        camera, way = what
        kind, match = way.kinds[0], way.match
        name = (camera, kind, match)
        if name not in self._drawers:
            drawers: dict[object, list[Exposure]] = defaultdict(list)
            for exposure in self._all.get((camera, kind), ()):
                drawers[setup_key(exposure, match)].append(exposure)
            self._drawers[name] = drawers
        # Numbers close to the edge of a drawer may agree with some of the next one.
        keys = product(
            *((v - 1, v, v + 1) if isinstance(v, int) else (v,) for v in setup_key(like, match))
        )
        for key in keys:
            drawer = self._drawers[name].get(key, [])
            low = bisect_left(drawer, from_mjd, key=_start)
            high = bisect_right(drawer, to_mjd, key=_start)
            yield from (one for one in drawer[low:high] if same_setup(one, like, match))


def associate(
    rule: CalibrationRule, served: tuple[Exposure, ...], index: ExposureIndex, accepts: Accepts
) -> Association:
    """Find what fulfills a rule best.

    The lowest quality level at which there is enough wins; at the same level the order of
    preference of the rule, then the time from the exposures served.

    Parameters
    ----------
    rule : CalibrationRule
        What is asked.
    served : tuple of Exposure
        The exposures to calibrate; calibrations are found for each of their setups.
    index : ExposureIndex
        What there is.
    accepts : callable
        Tells whether an exposure may serve at all, as of the same star.

    Returns
    -------
    Association
        Without files if nothing serves.
    """
    names = tuple(dict.fromkeys(name for way in rule.ways for name in way.match))
    setups: dict[object, list[Exposure]] = defaultdict(list)
    for exposure in in_order(served):
        setups[setup_key(exposure, names)].append(exposure)
    parts = {
        key: _Search(rule, tuple(same), index, accepts).best() for key, same in setups.items()
    }
    found = [part for part in parts.values() if part.files]
    files = {(one.camera, one.name): one for part in found for one in part.files}
    gaps = {
        one.name: gap for part in found for one, gap in zip(part.files, part.gap_days, strict=True)
    }
    ordered = in_order(files.values())
    return Association(
        rule,
        ordered,
        max((part.level for part in found if part.level is not None), default=None),
        tuple(way for part in found for way in part.ways),
        tuple(setups[key][0] for key, part in parts.items() if not part.files),
        sum(part.left_aside for part in found),
        tuple(gaps[one.name] for one in ordered),
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for calibrations of exposures of one setup."""

    rule: CalibrationRule
    served: tuple[Exposure, ...]
    index: ExposureIndex
    accepts: Accepts

    def best(self) -> Association:
        """Go from the best quality level to the worst until there is enough."""
        fallback = Association(self.rule)
        if not math.isfinite(self.served[0].start_mjd):
            return fallback
        for level, window in enumerate(self.rule.windows_days):
            # A relaxed setup and a distant night at once rank behind either alone.
            tries = [
                self._of_way(way, window, level)
                for way in self.rule.ways
                if way.level <= level and way.serves(self.served[0])
            ]
            tries = [one for one in tries if one.files]
            enough = [one for one in tries if one.is_enough]
            if enough:
                return min(enough, key=self._burden)
            if tries and not fallback.files:
                fallback = min(tries, key=self._burden)
        return fallback

    def _burden(self, found: Association) -> int:
        """Add what is lower in setup and in time."""
        return found.ways[0].level + self._time_level(found.gap_days)

    def _time_level(self, gaps: tuple[float, ...]) -> int:
        """Tell which window the nearest file is in."""
        nearest = min(abs(gap) for gap in gaps)
        return sum(nearest > window for window in self.rule.windows_days)

    def _of_way(self, way: Way, window_days: float, level: int) -> Association:
        """Find what one way gives within a time window."""
        gaps = self._candidates(way, window_days)
        sets = [part for same in self._alike(gaps) for part in _sessions(same, self.rule)]
        if not sets:
            return Association(self.rule)
        best = min(
            (self._association(one, way, gaps, level) for one in sets),
            key=lambda found: self._rank(found, way),
        )
        aside = len(gaps) - len(best.files) if self.rule.take == "most" else 0
        return Association(self.rule, best.files, best.level, best.ways, (), aside, best.gap_days)

    def _association(
        self, files: list[Exposure], way: Way, gaps: dict[str, tuple[float, Exposure]], level: int
    ) -> Association:
        """Wrap files of one session."""
        ordered = in_order(files)
        days = tuple(gaps[one.name][0] for one in ordered)
        return Association(self.rule, ordered, level, (way,), gap_days=days)

    def _rank(self, found: Association, way: Way) -> tuple[object, ...]:
        """Order sessions: enough of it, with images, near in setup, many or near in time."""
        unlike = 0.0
        if way.nearest_in:
            mine = float(setup_value(self.served[0], way.nearest_in))
            his = float(setup_value(found.files[0], way.nearest_in))
            unlike = abs(math.log(his / mine)) if mine > 0 and his > 0 else math.inf
        nearest = min(abs(gap) for gap in found.gap_days)
        many = (round(nearest), -len(found.files)) if self.rule.take == "most" else ()
        return (
            not found.is_enough,
            all(one.n_planes == 0 for one in found.files),
            round(unlike, 6),
            *many,
            nearest,
            found.files[0].start_mjd,
            found.files[0].name,
        )

    def _candidates(self, way: Way, window_days: float) -> dict[str, tuple[float, Exposure]]:
        """List what fits within a time window, with the time to the exposures served [d]."""
        spans = [span(one) for one in self.served if math.isfinite(one.start_mjd)]
        first, last = spans[0][0] - window_days - _LONGEST_DAYS, spans[-1][1] + window_days
        found: dict[str, tuple[float, Exposure]] = {}
        for camera in self.rule.from_cameras or (self.served[0].camera,):
            for one in self.index.find((camera, way), self.served[0], first, last):
                if not (way.takes(one) and self.accepts(one)):
                    continue
                gap = _nearest_gap(one, spans)
                if abs(gap) <= window_days:
                    found[one.name] = (gap, one)
        return found

    def _alike(self, gaps: dict[str, tuple[float, Exposure]]) -> list[list[Exposure]]:
        """Sort candidates by what all files chosen must have in common."""
        groups: dict[object, list[Exposure]] = defaultdict(list)
        for _, one in gaps.values():
            # Skies beside different stars were taken at different times and temperatures.
            place = plain_name(one.target) if one.kind == "sky" else ""
            groups[setup_key(one, self.rule.uniform), place].append(one)
        return list(groups.values())


def _start(one: Exposure) -> float:
    """Give what exposures are ordered by."""
    return one.start_mjd


def _nearest_gap(one: Exposure, spans: list[tuple[float, float]]) -> float:
    """Measure the time to the nearest of spans in the order of time [d]."""
    mine = span(one)
    if one.kind == "telemetry" and mine[0] == mine[1]:
        # Without an end in the header, it goes on to cover the exposures that follow.
        mine = mine[0], mine[0] + _LONGEST_TELEMETRY_DAYS
    low = max(0, bisect_left(spans, (mine[0] - _LONGEST_DAYS, 0.0)) - 1)
    high = bisect_right(spans, (mine[1], math.inf)) + 1
    near = spans[low:high] or spans[-1:]
    return min((gap_days(mine, other) for other in near), key=abs)


def _sessions(same: list[Exposure], rule: CalibrationRule) -> list[list[Exposure]]:
    """Split exposures where nothing follows for long."""
    sessions: list[list[Exposure]] = []
    end = -math.inf
    for one in in_order(same):
        start, stop = span(one)
        if start - end > rule.together_hours / 24:
            sessions.append([])
        sessions[-1].append(one)
        end = max(end, stop)
    return sessions
