"""Which calibrations a raw observation has, and what to do about those it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hcdc_widgets import theme
from hcdc_widgets.plots.tables import NOTHING, Html, HtmlTable, table

_ORDER = ("good", "fair", "poor")


def completeness(facts: Mapping[str, Any]) -> HtmlTable | None:
    """Show which calibrations there are, as traffic lights in color, sign and word.

    Parameters
    ----------
    facts : mapping
        Facts of an observation; ``calibrations`` lists the notes, each with ``title``,
        ``light``, ``found`` and ``text``.

    Returns
    -------
    HtmlTable or None
        One row a calibration; None for a sequence that came calibrated.
    """
    notes = facts.get("calibrations")
    if not notes:
        return None
    rows = [
        (
            Html(theme.badge(note["light"]), note["light"]),
            note["title"],
            note["found"] or NOTHING,
            note["text"] or NOTHING,
        )
        for note in notes
    ]
    caption = f"Calibrations: {worst_light(notes)}"
    return table(caption, ("verdict", "calibration", "found", "what it means"), rows)


def worst_light(notes: Sequence[Mapping[str, Any]]) -> str:
    """Find the worst of the lights.

    Parameters
    ----------
    notes : sequence of mapping
        Each with its ``light``.

    Returns
    -------
    str
        ``"good"``, ``"fair"`` or ``"poor"``; good if there are no notes.
    """
    return max((note["light"] for note in notes), key=_ORDER.index, default="good")
