"""Files and folders that outlive a power cut."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from hcdc_kernel.errors import StoreError

_CHUNK = 1 << 20  # bytes read at a time


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be stored; what goes wrong later is the store's affair.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    binary file
        To be read.

    Raises
    ------
    StoreError
        If it cannot be opened.
    """
    try:
        source = path.open("rb")
    except OSError as error:
        raise _unreadable(str(path), error) from error
    with source:
        yield source


def copy_all(source: BinaryIO, part: FileIO, name: str) -> tuple[str, int]:
    """Copy all bytes, computing digest and length on the way.

    Parameters
    ----------
    source : binary file
        Gives the bytes.
    part : file without a buffer
        Receives the bytes.
    name : str
        What the source is called, for the message.

    Returns
    -------
    tuple of str and int
        SHA-256 as 64 hexadecimal digits, and length [byte].

    Raises
    ------
    StoreError
        If the source cannot be read.
    """
    digest = hashlib.sha256()
    size = 0
    while True:
        try:
            chunk = source.read(_CHUNK)
        except OSError as error:
            raise _unreadable(name, error) from error
        if not chunk:
            return digest.hexdigest(), size
        digest.update(chunk)
        size += len(chunk)
        rest = memoryview(chunk)
        while rest:  # a disk that is filling up takes only a part at first
            rest = rest[part.write(rest) :]


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they outlive a power cut.

    Parameters
    ----------
    folder : Path
        The folder; it may be there.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring the entries of a folder to disk.

    Parameters
    ----------
    folder : Path
        The folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_quietly(path: Path) -> None:
    """Remove a file, if it is there and can be removed.

    Parameters
    ----------
    path : Path
        The file.
    """
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _unreadable(name: str, error: OSError) -> StoreError:
    """Say that the file to be stored cannot be read."""
    return StoreError(
        f"The file to be stored cannot be read: {name}", found=error.strerror or str(error)
    )
