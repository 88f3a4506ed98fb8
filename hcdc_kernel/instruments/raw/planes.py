"""Images of raw files, read plane by plane and only where they are wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.errors import DataError, FileFormatError
from hcdc_kernel.instruments.raw.cards import number_of, word_of
from hcdc_kernel.instruments.raw.compressed import reading, unpacked
from hcdc_kernel.instruments.raw.header import read_header
from hcdc_kernel.instruments.raw.units import RawUnit

_DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_ALL = slice(None)
_FETCH_AGAIN = "Fetch the file again"


@dataclass(frozen=True, slots=True)
class RawPlanes:
    """Images of one raw file, on disk until they are read.

    Several threads may read at the same time.

    Attributes
    ----------
    shape : tuple of int
        Number of images, rows, columns.
    """

    shape: tuple[int, int, int]
    _data: NDArray[np.generic]
    _scale: float
    _zero: float
    _blank: int | None

    def read(self, index: int, rows: slice = _ALL, columns: slice = _ALL) -> NDArray[np.float32]:
        """Read one image, or a part of it; the rest of the file is not touched.

        Parameters
        ----------
        index : int
            Which image, from 0.
        rows, columns : slice
            The part wanted, in pixels from 0.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_columns)
            A copy in the machine's byte order [ADU]; undefined pixels of whole-number images
            (BLANK) are NaN.

        Raises
        ------
        DataError
            If there is no such image.
        """
        if not 0 <= index < self.shape[0]:
            raise DataError(
                f"There is no image {index}", found=f"{self.shape[0]} images, counted from 0"
            )
        part = self._data[index, rows, columns]
        values = part.astype(np.float32)
        if self._scale != 1.0 or self._zero != 0.0:
            # In double precision: 16-bit numbers with a zero of 32768 must come out exact.
            values = (part.astype(np.float64) * self._scale + self._zero).astype(np.float32)
        if self._blank is not None:
            values[part == self._blank] = np.nan
        return values


@contextmanager
def open_planes(path: Path, unit: int | None = None) -> Iterator[RawPlanes]:
    """Open the images of a raw file.

    A plain file is mapped into memory, so that only what is read leaves the disk; a packed one
    is unpacked into a temporary file, which is removed afterwards.

    Parameters
    ----------
    path : Path
        FITS file, plain or packed.
    unit : int, optional
        Which header-data unit, from 0; by default the first with images.

    Yields
    ------
    RawPlanes
        To read from, inside the block.

    Raises
    ------
    FileFormatError
        If there is no such file, it is no FITS file, it holds no images, or it is truncated;
        then it says how many whole images there are.
    """
    with unpacked(path) as plain:
        found = _wanted(path, plain, unit)
        _require_whole(path, plain, found)
        with reading(path):
            mapped = np.memmap(
                plain,
                dtype=_DTYPES[found.bitpix],
                mode="r",
                offset=found.offset,
                shape=(found.n_planes, *found.shape[-2:]),
            )
        planes = RawPlanes(
            shape=(found.n_planes, found.shape[-2], found.shape[-1]),
            _data=mapped.view(np.ndarray),
            _scale=_number(found, "BSCALE", 1.0),
            _zero=_number(found, "BZERO", 0.0),
            _blank=_blank(found),
        )
        del mapped
        yield planes


def whole_planes(unit: RawUnit, n_bytes: int) -> int:
    """Count the images of a unit that are complete on disk.

    Parameters
    ----------
    unit : RawUnit
        The unit.
    n_bytes : int
        Length of the unpacked file.

    Returns
    -------
    int
        At most what the header promises.
    """
    if not unit.is_image or not unit.bitpix:
        return 0
    plane = math.prod(unit.shape[-2:]) * abs(unit.bitpix) // 8
    return max(0, min(unit.n_planes, (n_bytes - unit.offset) // plane))


def truncated(path: Path, unit: RawUnit, n_bytes: int) -> FileFormatError:
    """Say how much of a truncated file is there.

    Parameters
    ----------
    path : Path
        The file.
    unit : RawUnit
        The unit that is not complete.
    n_bytes : int
        Length of the unpacked file.

    Returns
    -------
    FileFormatError
        To be raised.
    """
    found, promised = whole_planes(unit, n_bytes), unit.n_planes
    return FileFormatError(
        f"The file is truncated: '{path}'",
        found=f"{found} whole images of {promised}",
        remedy=_FETCH_AGAIN,
    )


def _wanted(path: Path, plain: Path, unit: int | None) -> RawUnit:
    """Find the unit to read."""
    header = read_header(plain)
    if unit is None:
        found = header.image
    else:
        found = header.units[unit] if 0 <= unit < len(header.units) else None
    if found is None or not found.is_image or not header.holds_data:
        missing = "images" if unit is None else f"images in unit {unit}"
        raise FileFormatError(
            f"'{path}' holds no {missing}",
            found="a header only" if not header.holds_data else f"{len(header.units)} units",
            remedy="Is it the right file?",
        )
    if not found.bitpix:
        raise FileFormatError(
            f"The images of '{path}' cannot be read",
            found=f"BITPIX = {word_of(found.cards.get('BITPIX', '')) or 'missing'}",
            remedy=_FETCH_AGAIN,
        )
    return found


def _require_whole(path: Path, plain: Path, unit: RawUnit) -> None:
    """Refuse a truncated file."""
    n_bytes = plain.stat().st_size
    if n_bytes < unit.offset + unit.size:
        raise truncated(path, unit, n_bytes)


def _number(unit: RawUnit, key: str, default: float) -> float:
    """Fetch a number from the header of the unit."""
    number = number_of(word_of(unit.cards.get(key, "")))
    return default if number is None else number


def _blank(unit: RawUnit) -> int | None:
    """Fetch the number that stands for undefined pixels."""
    if unit.bitpix < 0 or "BLANK" not in unit.cards:
        return None
    number = number_of(word_of(unit.cards["BLANK"]))
    return None if number is None else int(number)
