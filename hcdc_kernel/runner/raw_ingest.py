"""Raw files into the archive, and observations out of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from hcdc_kernel.archive import Archive, NewRawInput, ObservationInfo, content_of
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.io import write_data
from hcdc_kernel.runner.plan import digest
from hcdc_kernel.runner.raw_facts import observation_facts, usable_items
from hcdc_kernel.steps.base import Progress, no_progress

if TYPE_CHECKING:
    from hcdc_kernel.instruments.raw import RawObservation

REACH_DAYS = 100
"""How far from a night its calibrations may be, so that new files may matter to it [d]."""

State = Literal["new", "changed", "known", "described"]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """An observation after files were taken in.

    Attributes
    ----------
    observation : ObservationInfo
        The observation.
    state : {"new", "changed", "known", "described"}
        Whether raw files made it, changed what is known of it, or neither; ``"described"`` for
        a sequence that came calibrated, with a description.
    """

    observation: ObservationInfo
    state: State


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of files that were handed in.

    Attributes
    ----------
    n_files : int
        Files that were taken in.
    n_new : int
        Those of them that the archive did not know.
    n_without_images : int
        Those that are bare headers: listed, but not to be reduced.
    refused : tuple of (Path, str)
        Files that were passed over, with the reason.
    observations : tuple of TakenIn
        Observations that have any of these files, or were changed by them.
    """

    n_files: int = 0
    n_new: int = 0
    n_without_images: int = 0
    refused: tuple[tuple[Path, str], ...] = ()
    observations: tuple[TakenIn, ...] = ()

    def __add__(self, other: IngestReport) -> IngestReport:
        return IngestReport(
            self.n_files + other.n_files,
            self.n_new + other.n_new,
            self.n_without_images + other.n_without_images,
            self.refused + other.refused,
            self.observations + other.observations,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the report as plain values for JSON.

        Returns
        -------
        dict
            One entry a field.
        """
        return {
            "n_files": self.n_files,
            "n_new": self.n_new,
            "n_without_images": self.n_without_images,
            "refused": [{"path": str(path), "reason": why} for path, why in self.refused],
            "observations": [
                {"state": one.state, **one.observation.to_dict()} for one in self.observations
            ],
        }


def ingest_raw_files(
    archive: Archive, paths: Iterable[Path], progress: Progress = no_progress
) -> IngestReport:
    """Take in raw files and see which observations they make or complete.

    Parameters
    ----------
    archive : Archive
        Where to.
    paths : iterable of Path
        Files and folders; folders are searched at any depth.
    progress : callable
        Told the share done and what is being done.

    Returns
    -------
    IngestReport
        Files that cannot be used are listed there, with the reason.

    Raises
    ------
    ArchiveError
        If the archive cannot be written; then no file is entered.
    """
    from hcdc_kernel.instruments.raw import read_exposures

    exposures, refused = read_exposures(
        paths, lambda done, text: progress(0.9 * done, f"reading {text}")
    )
    n_new = archive.add_exposures(exposures)
    taken = refresh_observations(
        archive, exposures, lambda done, text: progress(0.9 + 0.1 * done, text)
    )
    progress(1.0, "done")
    n_bare = sum(not usable_items((one,)) for one in exposures)
    return IngestReport(len(exposures), n_new, n_bare, tuple(refused), taken)


def refresh_observations(
    archive: Archive, exposures: Iterable[Exposure], progress: Progress = no_progress
) -> tuple[TakenIn, ...]:
    """Group raw files anew wherever some of them may matter.

    Calibrations may have come before or after the frames that need them: all observations
    within reach of the files are looked at, with all the files within reach of these.

    Parameters
    ----------
    archive : Archive
        Holds the files already.
    exposures : iterable of Exposure
        Files that are new or have changed.
    progress : callable
        Told the share done and what is being done.

    Returns
    -------
    tuple of TakenIn
        Observations that have any of the files or were changed, by name.
    """
    from hcdc_kernel.instruments.raw import assemble_observations

    given = [exposure for exposure in exposures if exposure.night]
    if not given:
        return ()
    progress(0.0, "looking for observations and their calibrations")
    first, last = min(one.night for one in given), max(one.night for one in given)
    near = archive.exposures(
        first_night=_shifted(first, -2 * REACH_DAYS), last_night=_shifted(last, 2 * REACH_DAYS)
    )
    start, end = _shifted(first, -REACH_DAYS), _shifted(last, REACH_DAYS)
    found = [one for one in assemble_observations(near) if start <= one.identity.night <= end]
    known = {info.key: info for info in archive.observations()}
    contents = {content_of(one) for one in given}
    taken = []
    for place, raw in enumerate(found):
        if raw.key in known and not contents & _contents(raw):
            continue  # none of the files has come to serve it
        progress(place / len(found), raw.identity.name)
        one = _enter(archive, raw, known.get(raw.key))
        if one.state != "known" or contents & _contents(raw, "science"):
            taken.append(one)
    _forget_superseded(archive, found, list(known.values()), (start, end))
    return tuple(sorted(taken, key=lambda one: one.observation.name))


def _enter(archive: Archive, raw: RawObservation, known: ObservationInfo | None) -> TakenIn:
    """Enter an observation, unless all is known of it."""
    items = {role: usable_items(listed) or tuple(listed) for role, listed in raw.roles.items()}
    keys = {role: files_key(role, files) for role, files in items.items()}
    if known is not None and _is_unchanged(archive, known, raw, keys):
        return TakenIn(known, "known")
    with TemporaryDirectory(prefix="hcdc-") as folder:
        inputs = {}
        for role, files in items.items():
            path = None
            if archive.find_product(keys[role]) is None:
                path = Path(folder) / f"{role}.fits"
                write_data(path, replace(raw.roles[role], items=files))
            contents = tuple(content_of(one) for one in files)
            inputs[role] = NewRawInput(keys[role], path, contents)
        info = archive.set_raw_observation(raw.identity, raw.key, inputs, observation_facts(raw))
    return TakenIn(info, "new" if known is None else "changed")


def _is_unchanged(
    archive: Archive, known: ObservationInfo, raw: RawObservation, keys: Mapping[str, str]
) -> bool:
    """Compare what is known of an observation with what was found now."""
    inputs = {name: made.key for name, made in archive.inputs(known.name).items()}
    notes = [note.to_dict() for note in raw.calibrations]
    return inputs == dict(keys) and known.facts.get("calibrations") == notes


def files_key(role: str, files: Iterable[Exposure]) -> str:
    """Name a list of raw files by what it depends on.

    Parameters
    ----------
    role : str
        What the files serve for.
    files : iterable of Exposure
        The files.

    Returns
    -------
    str
        Content key: equal for equal files, wherever they are, whatever else an observation
        has. What was understood of their headers counts, so that results are made anew once
        it is understood better.
    """
    told = []
    for one in files:
        record = one.to_dict()
        del record["path"]
        told.append([content_of(one), digest(record)])
    return digest({"role": role, "files": sorted(told)})


def _contents(raw: RawObservation, *roles: str) -> set[str]:
    """List the files of an observation, all of them or those of some roles."""
    return {content_of(one) for role in roles or raw.roles for one in raw.roles[role]}


def _forget_superseded(
    archive: Archive,
    found: list[RawObservation],
    known: list[ObservationInfo],
    nights: tuple[str, str],
) -> None:
    """Take out observations whose frames now belong to another one, if nothing was made of them.

    A part of a night that was taken in first may have looked like an observation of its own.
    """
    keys = {raw.key for raw in found}
    for info in known:
        is_raw = "calibration" in info.facts
        if is_raw and nights[0] <= info.night <= nights[1] and info.key not in keys:
            archive.remove_observation(info.name)


def _shifted(night: str, days: int) -> str:
    """Name the night some days later."""
    return (date.fromisoformat(night) + timedelta(days=days)).isoformat()
