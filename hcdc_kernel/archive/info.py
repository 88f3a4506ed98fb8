"""What the archive tells: frozen records, apart from the tables."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

RunStatus = Literal["running", "finished", "failed", "interrupted"]
Role = Literal["generated", "reused", "input"]
Keep = Literal["all", "final"]


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold: times as ISO text, NaN and infinity as null.

    Parameters
    ----------
    value : object
        A record, a container or a scalar.

    Returns
    -------
    object
        Made of dict, list, str, int, float, bool and None only.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Source(Protocol):
    """A file that data were read from, as the instruments hand it in.

    Attributes
    ----------
    path : Path
        Where it is.
    sha256 : str
        Digest of its content.
    size : int
        Its length [byte].
    role : str
        What it served for, such as ``"cube"``.
    """

    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Info:
    """Base of the records."""

    def to_dict(self) -> dict[str, Any]:
        """Give the record as plain values for JSON.

        Returns
        -------
        dict
            One entry a field; times as ISO text in UTC, NaN as None.
        """
        told: dict[str, Any] = plain(self)
        return told


@dataclass(frozen=True, slots=True)
class SourceInfo(Info):
    """A source file of an observation.

    Attributes
    ----------
    path : str
        Where the file was when it was ingested last.
    sha256 : str
        Digest of its content.
    size : int
        Its length [byte].
    role : str
        What it served for, such as ``"cube"``.
    observation : str
        Name of the observation.
    """

    path: str
    sha256: str
    size: int
    role: str
    observation: str


@dataclass(frozen=True, slots=True)
class ObservationInfo(Info):
    """One pupil-tracking sequence of one star in one filter and night.

    Attributes
    ----------
    name : str
        Its name in commands and files.
    target, instrument, filter, night : str
        Star, camera, filter, date of the evening ``YYYY-MM-DD``.
    n_frames, n_wave : int
        Number of frames and of spectral channels.
    field_rotation_deg : float
        Field rotation over the sequence [deg]; NaN if it is not known.
    created : datetime
        When it was ingested, UTC.
    key : str
        Content key of the observation.
    facts : mapping
        Whatever else is known.
    """

    name: str
    target: str
    instrument: str
    filter: str
    night: str
    n_frames: int
    n_wave: int
    field_rotation_deg: float
    created: datetime
    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductInfo(Info):
    """A product: bytes in the store and where they come from.

    Attributes
    ----------
    uid : str
        The first 16 digits of its content key.
    kind : str
        What it is, such as ``"cube"``, ``"residual"``, ``"report"``.
    name : str
        Its name among the data of a recipe, or its file name.
    key : str
        Content key: says what was done to which inputs.
    sha256 : str
        Digest of its bytes; its address in the store.
    size : int
        Its length [byte].
    format : str
        ``"fits"``, ``"ecsv"``, ``"html"``, ``"ipynb"``, ...
    observation : str
        Name of the observation it was made for first; empty if none.
    run : str
        Run that made it; empty for the inputs of an observation.
    step : str
        Step that made it; empty if none did.
    config : mapping
        Settings of that step.
    created : datetime
        When it was stored, UTC.
    inputs : tuple of str
        Products that it was made from, by uid.
    dropped : bool
        Whether its bytes were let go after a run; they can be made again.
    """

    uid: str
    kind: str
    name: str
    key: str
    sha256: str
    size: int
    format: str
    observation: str
    run: str
    step: str
    config: Mapping[str, Any]
    created: datetime
    inputs: tuple[str, ...] = ()
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class RunInfo(Info):
    """One reduction, running or done.

    Attributes
    ----------
    uid : str
        Its random name.
    observation, recipe : str
        What is reduced, and how.
    settings : mapping
        Settings that differ from the recipe's.
    key : str
        Content key: equal for equal work.
    status : {"running", "finished", "failed", "interrupted"}
        Interrupted: its process died before the end.
    started : datetime
        UTC.
    ended : datetime or None
        UTC; None while it runs. For an interrupted run, when that was noticed.
    error : str
        Why it failed; empty otherwise.
    progress : float
        Share of the work done, 0 to 1.
    progress_text : str
        What is being done.
    versions : mapping of str to str
        Versions of the software.
    requested_by : str
        Who asked for it; empty if that is not known.
    keep : {"all", "final"}
        What it keeps once it has finished: everything, or its results only.
    """

    uid: str
    observation: str
    recipe: str
    settings: Mapping[str, Any]
    key: str
    status: RunStatus
    started: datetime
    ended: datetime | None
    error: str
    progress: float
    progress_text: str
    versions: Mapping[str, str]
    requested_by: str = ""
    keep: Keep = "all"


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to be added.

    Attributes
    ----------
    key : str
        Content key, at least 16 hexadecimal digits.
    kind, name, format : str
        As in `ProductInfo`.
    content : Path or bytes
        The bytes themselves, or the file that holds them; it is copied, unless it is scratch.
    observation, run, step : str
        As in `ProductInfo`; empty if there is none.
    config : mapping
        Settings of the step.
    inputs : tuple of str
        Products that it was made from, by uid or content key.
    is_scratch : bool
        Whether the file was written for the store alone: then it is taken over.
    """

    key: str
    kind: str
    name: str
    format: str
    content: Path | bytes
    observation: str = ""
    run: str = ""
    step: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    is_scratch: bool = False


@dataclass(frozen=True, slots=True)
class NewRawInput:
    """A list of raw files that an observation starts from.

    Attributes
    ----------
    key : str
        Content key: equal for equal files in an equal role.
    content : Path or None
        File that holds the list; None if the archive has it already.
    files : tuple of str
        The raw files, by their content.
    """

    key: str
    content: Path | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be started.

    Attributes
    ----------
    observation, recipe, key : str
        As in `RunInfo`.
    settings, versions : mapping
        As in `RunInfo`.
    requested_by, keep : str
        As in `RunInfo`.
    """

    observation: str
    recipe: str
    key: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    requested_by: str = ""
    keep: Keep = "all"


@dataclass(frozen=True, slots=True)
class AccountInfo(Info):
    """Someone who may sign in; never holds the password.

    Attributes
    ----------
    name : str
        Normalized user name.
    groups : tuple of str
        Any of ``"expert"``, ``"pi"``, ``"staff"``.
    is_admin : bool
        Whether they look after the hub.
    active : bool
        Whether they may sign in.
    created : datetime
        UTC.
    """

    name: str
    groups: tuple[str, ...]
    is_admin: bool
    active: bool
    created: datetime
