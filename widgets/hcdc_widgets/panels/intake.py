"""Ways to bring observations in: described sequences, or folders of raw frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hcdc_kernel import Workspace
    from hcdc_widgets.panels.records import IngestRecord, ObservationRecord

Tell = Callable[[float, str], None]
"""Takes the share done, 0 to 1, and what is being done."""

_MOST_REFUSED = 3


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came in.

    Attributes
    ----------
    names : tuple of str
        Names of the observations, the one to point at first.
    remarks : str
        What else people should know; empty if nothing.
    """

    names: tuple[str, ...]
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """What a picker of observations offers, and in which words.

    Attributes
    ----------
    accepts : callable
        Whether an observation is of the kind that is offered.
    nothing : str
        What to say when there is none.
    others : str
        What to say of those that are not offered; ``{n}`` is their number.
    practice : str
        What the button says that makes something to practice on.
    making : str
        What to say while it does.
    make_example : callable
        Makes it.
    heading, explanation : str
        Title and words of the part that brings in what people have.
    field, placeholder, missing : str
        Label of the path, an example of it, and what to say without one.
    bring : callable
        Takes a path in.
    """

    accepts: Callable[[ObservationRecord], bool]
    nothing: str
    others: str
    practice: str
    making: str
    make_example: Callable[[Tell], Arrival]
    heading: str
    explanation: str
    field: str
    placeholder: str
    missing: str
    bring: Callable[[Path, Tell], Arrival]


def is_raw(info: ObservationRecord) -> bool:
    """Tell raw frames from a sequence that came calibrated.

    Parameters
    ----------
    info : ObservationRecord
        The observation.

    Returns
    -------
    bool
        True for raw frames.
    """
    return "calibration" in info.facts


def sequences(workspace: Workspace) -> Intake:
    """Offer sequences that are calibrated already.

    Parameters
    ----------
    workspace : Workspace
        Where they are.

    Returns
    -------
    Intake
        For a picker.
    """
    return Intake(
        accepts=lambda info: not is_raw(info),
        nothing=(
            "There is no observation in the archive yet: make a practice sequence, or bring one "
            "in."
        ),
        others=(
            "{n} more in the archive: raw frames. The notebook 'IRDIS from raw frames' leads "
            "through their reduction."
        ),
        practice="Make a practice sequence",
        making="Making a practice sequence: a star with planets that we know of \u2026",
        make_example=lambda _tell: Arrival((workspace.make_example().name,)),
        heading="Bring in a sequence of your own",
        explanation=(
            "A calibrated sequence is a cube, its angles and an off-axis image of the star, "
            "as FITS files, with a small YAML file beside them that says what is what."
        ),
        field="Description",
        placeholder="path of the YAML file that describes the sequence",
        missing="Write the path of the description first.",
        bring=lambda path, _tell: Arrival((workspace.ingest(path).name,)),
    )


def raw_frames(workspace: Workspace) -> Intake:
    """Offer observations of raw frames.

    Parameters
    ----------
    workspace : Workspace
        Where they are.

    Returns
    -------
    Intake
        For a picker.
    """
    return Intake(
        accepts=is_raw,
        nothing="There are no raw frames in the archive yet: make a practice night, or take in a "
        "folder.",
        others=(
            "{n} more in the archive: sequences that came calibrated. The notebook 'Reduce a "
            "sequence' leads through their reduction."
        ),
        practice="Make a practice night",
        making="Simulating a night with planets that we know of, file by file \u2026",
        make_example=lambda tell: _arrival(workspace.make_raw_example(progress=tell)),
        heading="Take in a folder of raw frames",
        explanation=(
            "The folder as it came from the observatory's archive, with the calibrations beside "
            "the science frames; folders within it are searched too, compressed files are fine. "
            "Only headers are read now. Files are not moved, changed or copied, so leave them "
            "where they are."
        ),
        field="Folder",
        placeholder="path of the folder with the raw frames",
        missing="Write the path of the folder first.",
        bring=lambda path, tell: _arrival(workspace.ingest_files([path], progress=tell)),
    )


def _arrival(report: IngestRecord) -> Arrival:
    """Say what became of the files; those that nobody would take for frames go unmentioned."""
    # What is new stands before what was known, so that the list points at it.
    found = sorted(report.observations, key=lambda one: one.state == "known")
    words = f"{report.n_files} raw files, {report.n_new} of them new." if report.n_files else ""
    refused = [
        (path, why)
        for path, why in report.refused
        if ".fit" in path.name.lower() or not report.n_files
    ]
    if refused:
        told = "; ".join(f"{path.name}: {why}" for path, why in refused[:_MOST_REFUSED])
        more = "; ..." if len(refused) > _MOST_REFUSED else ""
        words += f" {len(refused)} passed over: {told}{more}"
    return Arrival(tuple(one.observation.name for one in found), words.strip())
