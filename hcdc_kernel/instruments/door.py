"""The door that every instrument comes through."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from hcdc_kernel import plugins
from hcdc_kernel.datamodel import Identity, Sequence
from hcdc_kernel.errors import ConfigError, NotFoundError


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a sequence was read from.

    Attributes
    ----------
    path : Path
        Where it is.
    sha256 : str
        Of its content, in hexadecimal digits.
    size : int
        Its length in bytes.
    role : str
        What it is: ``"description"``, ``"cube"``, ``"angles"``, ``"psf"``, ...
    """

    path: Path
    sha256: str
    size: int
    role: str


@dataclass(frozen=True, slots=True)
class SequenceDescription:
    """What is known of a sequence before its images are read.

    Attributes
    ----------
    door : str
        Name of the instrument plug-in that wrote this, and that can load it.
    path : Path
        The file that describes the sequence.
    root : Path
        Folder that the other files are in.
    identity : Identity
        Star, camera, filter, night.
    fields : BaseModel
        The content of the description, checked.
    files : mapping of str to Path
        The other files, by role.
    """

    door: str
    path: Path
    root: Path
    identity: Identity
    fields: BaseModel
    files: Mapping[str, Path] = field(default_factory=dict)


class Instrument(ABC):
    """One way in which sequences arrive.

    Attributes
    ----------
    name : str
        Kebab-case name, that of its entry point.
    title : str
        What it reads, in a few words.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def recognizes(self, path: Path) -> bool:
        """Tell whether a file is the kind that this instrument starts from.

        Parameters
        ----------
        path : Path
            A file that may not exist.

        Returns
        -------
        bool
            True if `describe` is worth trying; never raises.
        """

    @abstractmethod
    def describe(self, path: Path, root: Path) -> SequenceDescription:
        """Read everything but the images, and check it.

        Parameters
        ----------
        path : Path
            A file that `recognizes` accepts.
        root : Path
            Folder that file names within `path` are relative to.

        Returns
        -------
        SequenceDescription
            For `load`.

        Raises
        ------
        InputError
            If something is missing or wrong; it says what and how to mend it.
        """

    @abstractmethod
    def load(self, description: SequenceDescription) -> Sequence:
        """Read the images.

        Parameters
        ----------
        description : SequenceDescription
            Made by `describe`.

        Returns
        -------
        Sequence
            Cube, PSF in the cube's units and, if there are any, reference frames.

        Raises
        ------
        InputError
            If a file is damaged, or the numbers in it do not agree with each other.
        """


def read_description(path: Path, root: Path | None = None) -> SequenceDescription:
    """Read the description of a sequence with the instrument that recognizes it.

    Parameters
    ----------
    path : Path
        The file, such as a YAML file in the format ``hcdc-sequence-1``.
    root : Path, optional
        Folder that the files it names are in; by default that of `path`.

    Returns
    -------
    SequenceDescription
        Checked, but for the images.

    Raises
    ------
    InputError
        If no instrument recognizes the file, or something in it is wrong.
    NotFoundError
        If there is no such file.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no description '{path}'", remedy="See that it is right")
    folder = path.parent if root is None else root
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder '{folder}'", remedy="Give another root")
    for name in plugins.names("instruments"):
        instrument: Instrument = plugins.load("instruments", name)()
        if instrument.recognizes(path):
            return instrument.describe(path, folder)
    raise ConfigError(
        f"'{path}' is nothing that an instrument recognizes",
        remedy="Describe the sequence in a YAML file that begins with 'format: hcdc-sequence-1'",
    )


def load_sequence(description: SequenceDescription) -> Sequence:
    """Read the images of a described sequence.

    Parameters
    ----------
    description : SequenceDescription
        From `read_description`.

    Returns
    -------
    Sequence
        Ready to be reduced.

    Raises
    ------
    InputError
        If a file is damaged, or the numbers in it do not agree with each other.
    """
    instrument: Instrument = plugins.load("instruments", description.door)()
    return instrument.load(description)


def source_files(description: SequenceDescription) -> tuple[SourceFile, ...]:
    """List the files of a sequence with their checksums.

    Parameters
    ----------
    description : SequenceDescription
        From `read_description`.

    Returns
    -------
    tuple of SourceFile
        The description itself first.
    """
    roles = {"description": description.path, **description.files}
    return tuple(_source(path, role) for role, path in roles.items())


def _source(path: Path, role: str) -> SourceFile:
    """Measure one file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceFile(path=path, sha256=digest, size=path.stat().st_size, role=role)
