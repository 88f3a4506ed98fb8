"""The product store: bytes found by the digest of their content."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from io import BytesIO, FileIO
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from hcdc_kernel.archive.disk import (
    copy_all,
    make_folder,
    open_source,
    remove_quietly,
    sync_folder,
)
from hcdc_kernel.errors import StoreError

_NEWBORN_S = 60.0  # a part file younger than this may not have been locked yet
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_REMEDIES = {
    errno.ENOSPC: "The disk is full: free some space, or move the store to a larger disk",
    errno.EDQUOT: "Your quota is used up: free some space, or ask for more",
    errno.EFBIG: "Files may not grow that large here: raise the limit, or move the store",
    errno.EROFS: "The file system is read-only: mount it for writing, or move the store",
    errno.EACCES: "Let this user write to the folder, or choose another one with HCDC_HOME",
    errno.EPERM: "Let this user write to the folder, or choose another one with HCDC_HOME",
    errno.ENAMETOOLONG: "Choose a store with a shorter path with HCDC_HOME",
    errno.ENOTDIR: "A file stands where a folder should be: choose another one with HCDC_HOME",
    errno.EEXIST: "A file stands where a folder should be: choose another one with HCDC_HOME",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A file that is being written."""

    file: FileIO
    path: Path
    address: str = ""
    size: int = 0

    def filled(self, address: str, size: int) -> _Part:
        """Tell what was written to it."""
        return replace(self, address=address, size=size)


class ProductStore:
    """Files named by the SHA-256 digest of their content, never changed once there.

    Equal content is kept once. A file appears under its name only when all its bytes are on
    disk: they are written to a ``.part`` file first, flushed, then renamed.

    Parameters
    ----------
    folder : Path
        Where the store is to be.

    Attributes
    ----------
    folder : Path
        Where the store is; made when the first product comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()
        self._incoming = self.folder / "incoming"

    def put(self, content: Path | bytes) -> str:
        """Store bytes or a copy of a file.

        Parameters
        ----------
        content : Path or bytes
            What to store.

        Returns
        -------
        str
            The digest of the content: its address.

        Raises
        ------
        StoreError
            If the file cannot be read, or the store cannot be written; nothing is left behind.
        """
        return self.put_all([content])[0]

    def put_all(self, contents: Iterable[Path | bytes], *, scratch: bool = False) -> list[str]:
        """Store several contents, or none of them if one cannot be written.

        Parameters
        ----------
        contents : iterable of Path or bytes
            What to store.
        scratch : bool
            Whether files are nobody's but ours: then they become part of the store as they are,
            if they are on its disk, and must not be written to any more.

        Returns
        -------
        list of str
            Their addresses, in that order.

        Raises
        ------
        StoreError
            As for `put`.
        """
        with ExitStack() as stack:
            write = self._take_over if scratch else self._write
            written = [write(content, stack) for content in contents]
            try:
                return [self._settle(part) for part in written]
            except OSError as error:
                raise self._error("The product cannot be stored", error) from error

    def path(self, address: str, *, size: int | None = None) -> Path:
        """Find stored bytes.

        Parameters
        ----------
        address : str
            What `put` returned.
        size : int, optional
            Length that the file must have [byte].

        Returns
        -------
        Path
            A file to read, never to write.

        Raises
        ------
        StoreError
            If the file is lost, unreadable or has another length.
        """
        path = self._place(address)
        try:
            found = path.stat().st_size
        except FileNotFoundError as error:
            raise StoreError(
                "A product is lost from the store",
                found=f"no file {path}" if self.folder.is_dir() else f"no folder {self.folder}",
                remedy="Make it again with 'hcdc rerun', or restore the store from a backup",
            ) from error
        except OSError as error:
            raise self._error("The product store cannot be read", error) from error
        if size is not None and found != size:
            raise _damaged(path, f"{found} bytes instead of {size}")
        return path

    def verify(self, address: str) -> None:
        """Read stored bytes again and compare their digest with their address.

        Parameters
        ----------
        address : str
            What `put` returned.

        Raises
        ------
        StoreError
            If the file is lost or its content has changed.
        """
        path = self.path(address)
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise self._error("The product store cannot be read", error) from error
        if digest != address:
            raise _damaged(path, f"digest {digest[:16]}... instead of {address[:16]}...")

    def holds(self, address: str, size: int) -> bool:
        """Tell whether the bytes are there, judged by their length.

        Parameters
        ----------
        address : str
            Digest of the content.
        size : int
            Its length [byte].

        Returns
        -------
        bool
            False if the file is lost, unreadable or cut short.
        """
        try:
            return self._place(address).stat().st_size == size
        except OSError:
            return False

    def remove(self, address: str) -> None:
        """Remove stored bytes, if they are there.

        Parameters
        ----------
        address : str
            What `put` returned.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        try:
            self._place(address).unlink(missing_ok=True)
        except OSError as error:
            raise self._error("A product cannot be removed", error) from error

    def clean(self) -> int:
        """Remove the ``.part`` files of writers that died.

        A living writer holds a lock on its file, on whatever machine or container it runs.

        Returns
        -------
        int
            How many files were removed.
        """
        removed = 0
        # A store that cannot be read or written has nothing that we could clean.
        with suppress(OSError):
            for part in self._incoming.glob("*.part"):
                removed += _remove_if_stale(part)
        return removed

    def _place(self, address: str) -> Path:
        """Say where the file of an address stands."""
        if not _ADDRESS.fullmatch(address):
            raise StoreError("Not the address of a product", found=repr(address))
        return self.folder / address[:2] / address[2:4] / address

    def _write(self, content: Path | bytes, stack: ExitStack) -> _Part:
        """Write a content to a part file that lasts as long as the stack."""
        source: BinaryIO
        if isinstance(content, bytes):
            source, name = BytesIO(content), "content"
        else:
            source, name = stack.enter_context(open_source(content)), str(content)
        part = stack.enter_context(self._part())
        return part.filled(*copy_all(source, part.file, name))

    def _take_over(self, content: Path | bytes, stack: ExitStack) -> _Part:
        """Make a file a part file without a copy; copy what cannot be linked."""
        if isinstance(content, bytes):
            return self._write(content, stack)
        path = self._incoming / f"{secrets.token_hex(8)}.part"
        stack.callback(remove_quietly, path)
        try:
            make_folder(self._incoming)
            path.hardlink_to(content)
            file = stack.enter_context(path.open("rb", buffering=0))
            fcntl.flock(file, fcntl.LOCK_EX)
            address = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:  # another disk, or one that cannot do this
            return self._write(content, stack)
        return _Part(file, path, address, os.fstat(file.fileno()).st_size)

    @contextmanager
    def _part(self) -> Iterator[_Part]:
        """Open a new locked part file; it is gone at the end unless it was settled."""
        path = None
        try:
            make_folder(self._incoming)
            descriptor, name = mkstemp(suffix=".part", dir=self._incoming)
            path = Path(name)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield _Part(file, path)
        except OSError as error:
            raise self._error("The product cannot be stored", error) from error
        finally:
            if path is not None:
                path.unlink(missing_ok=True)

    def _settle(self, part: _Part) -> str:
        """Bring the bytes to disk and give the file its name, unless it is there already."""
        if self.holds(part.address, part.size):
            return part.address
        os.fchmod(part.file.fileno(), 0o444)
        os.fsync(part.file.fileno())
        place = self._place(part.address)
        make_folder(place.parent)
        part.path.replace(place)
        sync_folder(place.parent)
        return part.address

    def _error(self, problem: str, error: OSError) -> StoreError:
        """Say what the operating system complained about and what to do."""
        code = error.errno or 0
        return StoreError(
            f"{problem} in {self.folder}",
            found=error.strerror or str(error),
            remedy=_REMEDIES.get(code, "Check the disk and its permissions"),
        )


def _damaged(path: Path, found: str) -> StoreError:
    """Say that stored bytes have changed."""
    return StoreError(
        f"A product in the store is damaged: {path}",
        found=found,
        remedy="Delete that file and make it again with 'hcdc rerun'; check the disk",
    )


def _remove_if_stale(part: Path) -> int:
    """Remove a part file that nobody has locked; return how many files were removed."""
    with part.open("rb") as file:
        if time.time() - os.fstat(file.fileno()).st_mtime < _NEWBORN_S:
            return 0
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        part.unlink(missing_ok=True)
        return 1
