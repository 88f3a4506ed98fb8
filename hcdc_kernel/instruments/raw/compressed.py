"""Files packed by gzip or by compress, told by their first bytes and not by their names."""

from __future__ import annotations

import errno
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.io.atomic import disk_error

Packing = Literal["", "gzip", "compress"]

_SIGNS: tuple[tuple[bytes, Packing], ...] = ((b"\x1f\x8b", "gzip"), (b"\x1f\x9d", "compress"))
_BLOCK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FETCH_AGAIN = "Fetch the file again"


def packing_of(path: Path) -> Packing:
    """Tell how a file is packed.

    Archives deliver files named ``.fits.Z``, but browsers unpack some of them on the way and
    keep the name; so only the content counts.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    {"", "gzip", "compress"}
        Empty if it is not packed.

    Raises
    ------
    FileFormatError
        If there is no such file, or it cannot be read.
    """
    if path.exists() and not path.is_file():
        # Reading a pipe or a device might wait forever.
        raise FileFormatError(f"'{path}' is no file", remedy="Name a file, not a folder or device")
    with reading(path), path.open("rb") as file:
        begin = file.read(2)
    return next((packing for sign, packing in _SIGNS if begin == sign), "")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say clearly what went wrong while a file is opened, read or unpacked.

    Parameters
    ----------
    path : Path
        The file that the block reads.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    FileFormatError
        If the block fails on missing, forbidden or damaged files.
    """
    try:
        yield
    except FileNotFoundError:
        raise FileFormatError(
            f"There is no file '{path}'", remedy="See that the name is right"
        ) from None
    except OSError as error:
        # gzip reports damage as OSError without a number; disks give one.
        damaged = error.errno is None
        raise FileFormatError(
            f"'{path}' cannot be {'unpacked' if damaged else 'read'}",
            found=error.strerror or " ".join(str(error).split()),
            remedy=_FETCH_AGAIN if damaged else "See that it is a file and that you may read it",
        ) from error
    except (EOFError, zlib.error, ValueError) as error:
        raise FileFormatError(
            f"'{path}' cannot be unpacked: it is damaged or cut off",
            found=" ".join(str(error).split())[:120],
            remedy=_FETCH_AGAIN,
        ) from error


@contextmanager
def opened(path: Path, n_bytes: int = 0) -> Iterator[IO[bytes]]:
    """Open a file for reading from its beginning, unpacked.

    Parameters
    ----------
    path : Path
        The file.
    n_bytes : int
        How much of the packed file is enough; 0 for all. Files of ``compress`` cannot be read
        bit by bit, so this keeps headers cheap.

    Yields
    ------
    file
        Its content, unpacked.

    Raises
    ------
    FileFormatError
        If it cannot be read or unpacked.
    """
    packing = packing_of(path)
    with reading(path):
        if packing == "compress":
            import ncompress

            with path.open("rb") as packed:
                some = packed.read(n_bytes) if n_bytes else packed.read()
            yield io.BytesIO(ncompress.decompress(some))
        elif packing == "gzip":
            with gzip.open(path, "rb") as file:
                yield cast("IO[bytes]", file)
        else:
            with path.open("rb") as file:
                yield file


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give a plain file with the content of `path`.

    Parameters
    ----------
    path : Path
        The file, packed or not.

    Yields
    ------
    Path
        `path` itself if it is not packed; else a temporary file, gone after the block.

    Raises
    ------
    FileFormatError
        If it cannot be read or unpacked.
    StoreError
        If there is no room for the temporary file.
    """
    if not packing_of(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="hcdc-raw-") as folder:
        plain = Path(folder) / "plain.fits"
        try:
            with plain.open("wb") as file:
                _unpack(path, file)
        except FileFormatError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
                raise disk_error(error.__cause__, plain) from error
            raise
        yield plain


def unpacked_size(path: Path) -> int:
    """Count the bytes of a file, unpacked.

    Parameters
    ----------
    path : Path
        The file, packed or not.

    Returns
    -------
    int
        Length [byte]. A packed file is unpacked to know it, but not kept.

    Raises
    ------
    FileFormatError
        If it cannot be read or unpacked.
    """
    if not packing_of(path):
        with reading(path):
            return path.stat().st_size
    counter = _Counter()
    _unpack(path, counter)
    return counter.n_bytes


class _Counter(io.RawIOBase):
    """A file that forgets all but its length."""

    n_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        n = memoryview(cast("bytes", data)).nbytes
        self.n_bytes += n
        return n


def _unpack(path: Path, out: IO[bytes] | io.RawIOBase) -> None:
    """Write the unpacked content of a packed file."""
    packing = packing_of(path)
    with reading(path):
        if packing == "compress":
            import ncompress

            with path.open("rb") as packed:
                ncompress.decompress(packed, out)
            return
        with gzip.open(path, "rb") as file:
            while block := file.read(_BLOCK):
                out.write(block)
