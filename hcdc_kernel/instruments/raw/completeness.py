"""What the calibrations of an observation are worth, in words and traffic lights."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

from hcdc_kernel.datamodel.exposure import Exposure
from hcdc_kernel.datamodel.quality import Light
from hcdc_kernel.instruments.raw.association import Association
from hcdc_kernel.instruments.raw.rules import CalibrationRule, setup_value
from hcdc_kernel.instruments.raw.spans import date_of, night_of

_UNITS: Final = {"dit_s": "DIT {} s", "read_mode": "read mode {}"}
_POOR_LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class CalibrationNote:
    """How one role in a reduction is filled.

    Attributes
    ----------
    role : str
        Such as ``science_backgrounds``.
    title : str
        What it is, for people.
    light : {"good", "fair", "poor"}
        Good if it is as planned, poor if the result suffers.
    level : int or None
        0 (as the calibration plan asks) to 3 (risky); None if there is nothing.
    found : str
        What was found, such as ``"5 files, 2019-05-12, DIT 16 s, 0.4 d after"``.
    text : str
        What is lower or missing, what can still be done, and how to get better ones.
    """

    role: str
    title: str
    light: Light
    level: int | None
    found: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values.

        Returns
        -------
        dict
            For tables and JSON.
        """
        return asdict(self)


def judge(found: Association, served: tuple[Exposure, ...]) -> CalibrationNote:
    """Say what was found for a rule and what it is worth.

    Parameters
    ----------
    found : Association
        Of calibrations with the exposures they serve.
    served : tuple of Exposure
        Those exposures, in the order of time.

    Returns
    -------
    CalibrationNote
        For people.
    """
    rule = found.rule
    search = _where_to_search(rule, found.unserved or served)
    if not (found.files and found.is_enough):
        light: Light = "poor" if rule.weight == "required" else "fair"
        few = _too_few(found) if found.files else ""
        text = " ".join(part for part in (few, rule.without, search) if part)
        return CalibrationNote(rule.role, rule.title, light, None, _summary(found) or "none", text)
    remarks = _remarks(found)
    light = _light(found)
    if light != "good":
        remarks.append(search.replace("To get them", "To get better ones", 1))
    text = " ".join(remarks) or "As the calibration plan asks."
    return CalibrationNote(rule.role, rule.title, light, found.level, _summary(found), text)


def describe_setup(exposure: Exposure, names: tuple[str, ...]) -> str:
    """Write parts of a setup for people.

    Parameters
    ----------
    exposure : Exposure
        Any.
    names : tuple of str
        Parts of the setup.

    Returns
    -------
    str
        Such as ``"DIT 16 s, DB_H23, no neutral density"``.
    """
    return ", ".join(text for name in names if (text := _value_text(exposure, name)))


def _value_text(exposure: Exposure, name: str) -> str:
    """Write one part of a setup; empty if it is not known."""
    value = setup_value(exposure, name)
    if name == "neutral_density" and value == "OPEN":
        return "no neutral density"
    if isinstance(value, float):
        value = f"{value:.6g}" if math.isfinite(value) else ""
    return _UNITS.get(name, "{}").format(value) if value else ""


def _light(found: Association) -> Light:
    """Turn level and gaps into a traffic light."""
    if found.level is not None and found.level >= _POOR_LEVEL:
        return "poor"
    few_levels = bool(found.rule.levels_of) and 2 * found.n_levels <= found.rule.ideal_levels
    return "fair" if found.level or found.unserved or few_levels else "good"


def _remarks(found: Association) -> list[str]:
    """List what is lower than planned, a sentence each."""
    rule = found.rule
    remarks = list(dict.fromkeys(way.text for way in found.ways if way.text))
    nearest = min((abs(gap) for gap in found.gap_days), default=0.0)
    if nearest > rule.windows_days[0]:
        planned = _duration(rule.windows_days[0])
        remarks.append(
            f"They were taken {_duration(nearest)} from the frames they serve, planned is "
            f"{planned} at most: things may have changed meanwhile."
        )
    if found.unserved:
        lacking = "; ".join(describe_setup(one, rule.match) for one in found.unserved)
        remarks.append(f"There are none for {lacking}.")
    if rule.levels_of and found.n_levels < rule.ideal_levels:
        what = "exposure times" if rule.levels_of == "dit_s" else "settings"
        remarks.append(f"They have {found.n_levels} {what}, {rule.ideal_levels} are planned.")
    if found.left_aside:
        kept = describe_setup(found.files[0], rule.uniform)
        left = "1 file is" if found.left_aside == 1 else f"{found.left_aside} files are"
        remarks.append(f"Of several settings the one with {kept} is used; {left} left aside.")
    return remarks


def _too_few(found: Association) -> str:
    """Say how many files there would have to be."""
    rule = found.rule
    if len(found.files) < rule.least:
        return f"At least {rule.least} files are needed."
    what = "exposure times" if rule.levels_of == "dit_s" else "settings"
    return f"At least {rule.least_levels} different {what} are needed."


def _summary(found: Association) -> str:
    """Write what was found in a line; empty for nothing."""
    files = found.files
    if not files:
        return ""
    kinds = sorted({one.kind for one in files})
    several = len({kind for way in found.rule.ways for kind in way.kinds}) > 1
    what = f"{' and '.join(kinds)} " if several else ""
    count = f"{len(files)} {what}{'file' if len(files) == 1 else 'files'}"
    dates = sorted({date_of(one.start_mjd) for one in files})
    days = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    dits = sorted({f"{one.dit_s:.6g}" for one in files if math.isfinite(one.dit_s)}, key=float)
    dit = f"DIT {', '.join(dits)} s" if dits else ""
    return ", ".join(part for part in (count, days, dit, _when(found.gap_days)) if part)


def _when(gaps: tuple[float, ...]) -> str:
    """Say whether calibrations were taken before or after what they serve."""
    if min(gaps) < 0 < max(gaps):
        return "before and after"
    nearest = min(gaps, key=abs)
    if nearest == 0:
        return "meanwhile"
    return f"{_duration(abs(nearest))} {'after' if nearest > 0 else 'before'}"


def _duration(days: float) -> str:
    """Write a time in days or minutes."""
    return f"{days:.1f} d" if days >= 0.1 else f"{max(1, round(days * 1440))} min"


def _where_to_search(rule: CalibrationRule, served: tuple[Exposure, ...]) -> str:
    """Say what to ask the observatory's archive for."""
    first = served[0]
    setups = dict.fromkeys(describe_setup(one, rule.match) for one in served)
    setup = "; or ".join(one for one in setups if one)
    wanted = f"{rule.wanted} with {setup}" if setup else rule.wanted
    night = night_of(first)
    if not night:
        return f"To get them, search the observatory's archive for {wanted}."
    when = f"of the night {night}"
    if rule.windows_days[0] >= 1:
        next_day = date.fromisoformat(night) + timedelta(days=1)
        when = f"taken on {night} or {next_day}"
    return f"To get them, search the observatory's archive for {wanted}, {when}."
