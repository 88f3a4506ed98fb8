"""What was done to the data, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step that has been done.

    The time is not part of it: the same step on the same data gives the same record, bit by
    bit. When it ran is written in the archive, with the run.

    Attributes
    ----------
    step : str
        Name of the step, such as ``"subtract-psf"``.
    version : int
        Version of its numbers.
    config : mapping
        Its settings, as plain values in canonical units.
    inputs : mapping of str to str
        Content key of each input, by name; empty outside the runner.
    software : mapping of str to str
        Versions of the packages that did the work.
    """

    step: str
    version: int
    config: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)


History = tuple[StepRecord, ...]
