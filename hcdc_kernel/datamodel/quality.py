"""How good a reduction is, in numbers and in traffic lights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity

Light = Literal["good", "fair", "poor"]


@dataclass(frozen=True, slots=True)
class QualityNote:
    """One figure of merit.

    Attributes
    ----------
    name : str
        Short name, such as ``"field-rotation"``.
    value : float
        The figure; NaN if it cannot be measured.
    unit : str
        Its unit; empty for plain numbers.
    light : {"good", "fair", "poor"}
        The verdict.
    text : str
        What it means, for someone who is no specialist.
    """

    name: str
    value: float
    unit: str
    light: Light
    text: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality summary of a reduction.

    Attributes
    ----------
    notes : tuple of QualityNote
        One a figure of merit.
    identity : Identity
        Star, camera, filter, night.
    history : tuple of StepRecord
        What was done, oldest first.
    """

    notes: tuple[QualityNote, ...]
    identity: Identity
    history: History = field(default=())

    @property
    def light(self) -> Light:
        """The worst verdict of all.

        Returns
        -------
        {"good", "fair", "poor"}
            ``"good"`` if there is nothing to say.
        """
        lights = {note.light for note in self.notes}
        return "poor" if "poor" in lights else "fair" if "fair" in lights else "good"
