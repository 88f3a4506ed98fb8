"""Which calibrations a science exposure needs, said as declarations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal

from hcdc_kernel.datamodel.exposure import Exposure, ExposureKind
from hcdc_kernel.errors import ConfigError

Weight = Literal["required", "recommended", "optional"]
Take = Literal["nearest", "most"]
Patterns = Mapping[str, tuple[str, ...]]

SAME_S = 0.01
"""Two exposure times are the same if they differ by less than this [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to fulfill a rule, the best one or one of lower quality.

    Attributes
    ----------
    kinds : tuple of ExposureKind
        What serves, in order of preference; empty for the kinds of the rule.
    match : tuple of str
        What a calibration must have in common with the exposures it serves: attributes of
        `Exposure`, or ``elements.<name>``.
    level : int
        Best quality level that this way reaches, 0 (as planned) to 3 (risky).
    text : str
        What is lower about it, as a sentence; empty for the best way.
    nearest_in : str
        A number in which the calibration should be as near as possible; empty for none.
    only, never : mapping of str to tuple of str
        Names, with wildcards, that the exposures served must have, or must not have, by
        attribute.
    refused : mapping of str to tuple of str
        Names that the calibration must not have.
    """

    match: tuple[str, ...]
    kinds: tuple[ExposureKind, ...] = ()
    level: int = 0
    text: str = ""
    nearest_in: str = ""
    only: Patterns = field(default_factory=dict)
    never: Patterns = field(default_factory=dict)
    refused: Patterns = field(default_factory=dict)

    def serves(self, exposure: Exposure) -> bool:
        """Tell whether an exposure may be calibrated this way.

        Parameters
        ----------
        exposure : Exposure
            One of those to be served.

        Returns
        -------
        bool
            True if it may.
        """
        return _allowed(exposure, self.only, self.never)

    def takes(self, calibration: Exposure) -> bool:
        """Tell whether a calibration may be used this way.

        Parameters
        ----------
        calibration : Exposure
            With the setup that must match.

        Returns
        -------
        bool
            True if it may.
        """
        return _allowed(calibration, {}, self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRule:
    """What one role in a reduction is filled with, how well, and what happens without it.

    Attributes
    ----------
    role : str
        Name of the input of a reduction, such as ``science_backgrounds``.
    title : str
        What it is, for people.
    cameras : tuple of str
        Cameras whose science exposures the rule is for.
    kinds : tuple of ExposureKind
        What serves, in order of preference.
    match : tuple of str
        What a calibration must have in common with the exposures it serves.
    windows_days : tuple of float
        How far from the exposures it serves a calibration of quality level 0, 1, ... may be
        taken, before or after [d]. Beyond the last, it is not associated.
    without : str
        What happens if there is none, as sentences for people.
    wanted : str
        What to look for in the observatory's archive.
    serves : str
        Role of the exposures that are calibrated by it.
    alternatives : tuple of Way
        Ways of lower quality, in order of preference.
    weight : {"required", "recommended", "optional"}
        How much is lost without it.
    scope : {"any", "target"}
        Whether it must be of the same star.
    take : {"nearest", "most"}
        Among sessions of the same level, the nearest in time, or the one with most files.
    together_hours : float
        Files that follow one another within this time make a session [h].
    uniform : tuple of str
        What all files that are chosen must have in common with each other.
    unlike : str
        The rule holds only for exposures that differ, in what must match, from those of this
        role; empty if it always holds.
    least : int
        Fewest files.
    levels_of : str
        Attribute that must take several values, such as the exposure times of flats.
    least_levels, ideal_levels : int
        Fewest values of it that serve at all, and how many are planned.
    from_cameras : tuple of str
        Cameras whose exposures serve; empty for the camera of the science exposures.
    product : str
        What the calibration is called in names of products: ``background``, ``flat``, ...
    only, never : mapping of str to tuple of str
        Names, with wildcards, that the exposures served must have, or must not have, for the
        rule to hold, by attribute.

    Raises
    ------
    ConfigError
        If the windows do not grow from level to level.
    """

    role: str
    title: str
    cameras: tuple[str, ...]
    kinds: tuple[ExposureKind, ...]
    match: tuple[str, ...]
    windows_days: tuple[float, ...]
    without: str
    wanted: str
    serves: str = "science"
    alternatives: tuple[Way, ...] = ()
    weight: Weight = "recommended"
    scope: Literal["any", "target"] = "any"
    take: Take = "nearest"
    together_hours: float = 6.0
    uniform: tuple[str, ...] = ()
    unlike: str = ""
    least: int = 1
    levels_of: str = ""
    least_levels: int = 1
    ideal_levels: int = 1
    from_cameras: tuple[str, ...] = ()
    product: str = ""
    only: Patterns = field(default_factory=dict)
    never: Patterns = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.windows_days or list(self.windows_days) != sorted(self.windows_days):
            raise ConfigError(
                f"The time windows of the rule '{self.role}' do not grow from level to level",
                found=str(self.windows_days),
                remedy="List them from the best quality level to the worst",
            )

    @property
    def ways(self) -> tuple[Way, ...]:
        """List all ways to fulfill the rule, one kind of exposure each.

        Returns
        -------
        tuple of Way
            In order of preference.
        """
        best = Way(kinds=self.kinds, match=self.match)
        return tuple(
            replace(way, kinds=(kind,))
            for way in (best, *self.alternatives)
            for kind in way.kinds or self.kinds
        )

    def holds_for(self, exposure: Exposure) -> bool:
        """Tell whether the rule asks anything for an exposure.

        Parameters
        ----------
        exposure : Exposure
            One of those to be served.

        Returns
        -------
        bool
            False if it needs no such calibration.
        """
        return _allowed(exposure, self.only, self.never)


def setup_value(exposure: Exposure, name: str) -> str | float:
    """Read one part of an exposure's setup.

    Parameters
    ----------
    exposure : Exposure
        Any.
    name : str
        Attribute of `Exposure`, or ``elements.<name>``.

    Returns
    -------
    str or float
        Its value; empty or NaN if it is not known.
    """
    owner, _, element = name.partition(".")
    value: str | float
    value = exposure.elements.get(element, "") if element else getattr(exposure, owner)
    return value


def setup_key(exposure: Exposure, names: tuple[str, ...]) -> tuple[str | int | None, ...]:
    """Reduce a setup to values that can be compared and sorted into drawers.

    Parameters
    ----------
    exposure : Exposure
        Any.
    names : tuple of str
        Parts of the setup.

    Returns
    -------
    tuple
        Texts as they are; numbers counted in steps of 0.01, None if not known.
    """
    return tuple(_step(setup_value(exposure, name)) for name in names)


def same_setup(one: Exposure, other: Exposure, names: tuple[str, ...]) -> bool:
    """Compare two exposures.

    Parameters
    ----------
    one, other : Exposure
        Any.
    names : tuple of str
        Parts of the setup that must agree.

    Returns
    -------
    bool
        True if all agree. A number that is not known agrees with none.
    """
    return all(_agree(setup_value(one, name), setup_value(other, name)) for name in names)


def _agree(one: str | float, other: str | float) -> bool:
    """Compare texts exactly and numbers to 0.01, but for the rounding of that difference."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return abs(one - other) < SAME_S * (1 - 1e-6)


def _step(value: str | float) -> str | int | None:
    """Count a number in steps of 0.01."""
    if isinstance(value, str):
        return value
    return round(value / SAME_S) if math.isfinite(value) else None


def _allowed(exposure: Exposure, only: Patterns, never: Patterns) -> bool:
    """Compare names with patterns; upper and lower case differ."""

    def fits(name: str, patterns: tuple[str, ...]) -> bool:
        value = str(setup_value(exposure, name))
        return any(fnmatchcase(value, pattern) for pattern in patterns)

    return all(fits(*item) for item in only.items()) and not any(
        fits(*item) for item in never.items()
    )
