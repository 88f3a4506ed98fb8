"""What screens read of the archive's records, without knowing the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


class ObservationRecord(Protocol):
    """One observation."""

    @property
    def name(self) -> str:
        """Name in archive, commands and files."""

    @property
    def target(self) -> str:
        """Name of the star."""

    @property
    def instrument(self) -> str:
        """Camera."""

    @property
    def filter(self) -> str:
        """Filter or band."""

    @property
    def night(self) -> str:
        """Date of the evening."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""

    @property
    def n_wave(self) -> int:
        """Number of spectral channels."""

    @property
    def field_rotation_deg(self) -> float:
        """How far the field turned [deg]."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What else is known, by name."""


class TakenInRecord(Protocol):
    """An observation after files were taken in."""

    @property
    def observation(self) -> ObservationRecord:
        """The observation."""

    @property
    def state(self) -> str:
        """New, changed, known or described."""


class IngestRecord(Protocol):
    """What became of files that were handed in."""

    @property
    def n_files(self) -> int:
        """Files that were taken in."""

    @property
    def n_new(self) -> int:
        """Those that the archive did not know."""

    @property
    def refused(self) -> tuple[tuple[Path, str], ...]:
        """Files that were passed over, with the reason."""

    @property
    def observations(self) -> Sequence[TakenInRecord]:
        """Observations that have any of the files."""


class RunRecord(Protocol):
    """One run."""

    @property
    def uid(self) -> str:
        """Its name in the archive."""

    @property
    def observation(self) -> str:
        """Name of the observation."""

    @property
    def recipe(self) -> str:
        """Name of the recipe."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings that differ from the recipe."""

    @property
    def status(self) -> str:
        """Running, finished, failed or interrupted."""

    @property
    def started(self) -> datetime:
        """When it started, UTC."""

    @property
    def ended(self) -> datetime | None:
        """When it ended, UTC; None before."""

    @property
    def progress(self) -> float:
        """Share done, 0 to 1."""

    @property
    def error(self) -> str:
        """Why it failed; empty if it did not."""
