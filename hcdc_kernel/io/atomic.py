"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from hcdc_kernel.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under its name only when it is complete.

    The bytes go to a neighbor that ends in ``.part``; on leaving the block they are flushed
    to the disk and the neighbor is renamed. If anything fails it is removed.

    Parameters
    ----------
    path : Path
        The file to write; one that exists is replaced.

    Yields
    ------
    binary file
        To write to.

    Raises
    ------
    StoreError
        If the disk is full, or the folder is missing or not writable.
    """
    # A name of its own for each writer: two processes may write the same product at once.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def disk_error(error: OSError, path: Path) -> StoreError:
    """Say in plain words why a file could not be written.

    Parameters
    ----------
    error : OSError
        What the system said.
    path : Path
        The file that was to be written.

    Returns
    -------
    StoreError
        To be raised instead.
    """
    # astropy may wrap the system's error in one that has lost its number.
    number = error.errno or getattr(error.__context__, "errno", None)
    said = error.strerror or str(error)
    if number in _FULL:
        return StoreError(
            f"The disk is full: '{path}' could not be written",
            found=said,
            remedy=f"Free space on the disk that holds {path.parent}, then run again",
        )
    if number in _FORBIDDEN:
        return StoreError(
            f"The folder of '{path}' cannot be written to",
            found=said,
            remedy=f"Allow writing in {path.parent}, or choose another folder",
        )
    return StoreError(
        f"'{path}' could not be written",
        found=said,
        remedy=f"See that the folder {path.parent} exists and its disk is sound",
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
