"""What is missing or late in each night, over many observations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hcdc_kernel.datamodel.quality import Light


@dataclass(frozen=True, slots=True)
class MissingCalibration:
    """A kind of calibration that a night lacks, or has only in lower quality.

    Attributes
    ----------
    night : str
        Date of the evening, ``YYYY-MM-DD``.
    camera : str
        As ``facility-camera``.
    role : str
        Such as ``flux_backgrounds``.
    title : str
        What it is, for people.
    state : {"missing", "lower"}
        Whether there is nothing, or something not as planned.
    light : {"fair", "poor"}
        The worst of the observations concerned.
    observations : tuple of str
        Names of the observations concerned.
    texts : tuple of str
        What it means and what to search for, each once.
    """

    night: str
    camera: str
    role: str
    title: str
    state: Literal["missing", "lower"]
    light: Light
    observations: tuple[str, ...]
    texts: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values.

        Returns
        -------
        dict
            For tables and JSON.
        """
        return asdict(self)


def missing_calibrations(reports: Iterable[Mapping[str, Any]]) -> tuple[MissingCalibration, ...]:
    """List by night what the observations lack, for those who plan or order calibrations.

    Parameters
    ----------
    reports : iterable of mapping
        Of observations: ``name``, ``night``, ``camera`` (or ``instrument``) and
        ``calibrations``, a list of notes with ``role``, ``title``, ``light``, ``level`` and
        ``text``, as `RawObservation.to_dict` and the archive's facts have them.

    Returns
    -------
    tuple of MissingCalibration
        Ordered by night, camera, role. What is as planned is not listed.
    """
    rows: dict[tuple[str, str, str, bool], list[tuple[str, Mapping[str, Any]]]]
    rows = defaultdict(list)
    for report in reports:
        camera = report.get("camera") or report.get("instrument", "")
        for note in report.get("calibrations", ()):
            if note["light"] != "good":
                key = (report["night"], camera, note["role"], note["level"] is not None)
                rows[key].append((report["name"], note))
    return tuple(_row(key, rows[key]) for key in sorted(rows))


def _row(
    key: tuple[str, str, str, bool], notes: list[tuple[str, Mapping[str, Any]]]
) -> MissingCalibration:
    """Sum up the notes on one role in one night."""
    night, camera, role, is_there = key
    return MissingCalibration(
        night,
        camera,
        role,
        notes[0][1]["title"],
        "lower" if is_there else "missing",
        "poor" if any(note["light"] == "poor" for _, note in notes) else "fair",
        tuple(sorted({name for name, _ in notes})),
        tuple(sorted({note["text"] for _, note in notes})),
    )
