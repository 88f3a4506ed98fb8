"""What a reduction hands out: data by name, and what each step did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hcdc_kernel.datamodel import Data
from hcdc_kernel.steps.base import StepConfig


class Results(Mapping[str, Data]):
    """Data by name, read only when asked for.

    Attributes
    ----------
    keys_by_name : mapping of str to str
        Content key of each name.
    """

    def __init__(self, read: Callable[[str], Data], keys: Mapping[str, str]) -> None:
        self._read = read
        self.keys_by_name = dict(keys)

    def __getitem__(self, name: str) -> Data:
        return self._read(self.keys_by_name[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys_by_name)

    def __len__(self) -> int:
        return len(self.keys_by_name)

    def __repr__(self) -> str:
        return f"Results({', '.join(self.keys_by_name)})"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step did.

    Attributes
    ----------
    name : str
        Name of the step.
    version : int
        Version of its numbers.
    config : StepConfig
        Its settings.
    outputs : Results
        What it made, by name.
    seconds : float
        How long it took [s]; the time to look it up, if it was reused.
    reused : bool
        True if the outputs had been made before.
    """

    name: str
    version: int
    config: StepConfig
    outputs: Results
    seconds: float
    reused: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Stands where a recipe makes nothing to show.

    Attributes
    ----------
    text : str
        Says so.
    """

    text: str

    def __repr__(self) -> str:
        return self.text
