"""Write FITS units piece by piece, checksums included: cubes are large."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_BLOCK = 2880  # a FITS file is made of blocks of this many bytes
_PIECE = 1 << 20  # values that are brought into the byte order of FITS at a time
ALL_ONES = 0xFFFFFFFF
"""What the bytes of a unit with a valid checksum add up to."""
# Between the digits, capital and small letters of ASCII stand signs that a checksum avoids.
_AVOIDED = {*range(0x3A, 0x41), *range(0x5B, 0x61)}


@dataclass(frozen=True, slots=True)
class ImageUnit:
    """An image HDU whose pixels stay where they are until they are written.

    Attributes
    ----------
    hdu : astropy HDU
        Has the header; its own data only stand for size and type.
    values : ndarray
        The pixels, in any byte order.
    """

    hdu: Any
    values: NDArray[Any]

    @property
    def header(self) -> Any:
        """The header of the unit.

        Returns
        -------
        astropy.io.fits.Header
            To add cards to.
        """
        return self.hdu.header


def image_unit(
    values: NDArray[Any], kind: type[np.generic], *, name: str = "", primary: bool = False
) -> ImageUnit:
    """Make an image HDU without copying its pixels.

    Parameters
    ----------
    values : ndarray
        The pixels.
    kind : type
        Number type in the file, such as ``np.float32``.
    name : str
        Name of an extension.
    primary : bool
        Whether it is the first HDU of a file.

    Returns
    -------
    ImageUnit
        Ready to be written.
    """
    from astropy.io import fits

    one = np.zeros((), dtype=np.dtype(kind).newbyteorder(">"))
    stand_in = np.broadcast_to(one, values.shape)  # says size and type and takes no memory
    made = fits.PrimaryHDU(stand_in) if primary else fits.ImageHDU(stand_in, name=name)
    return ImageUnit(made, values)


def write_units(stream: BinaryIO, units: Iterable[Any]) -> None:
    """Write the units of a FITS file with valid checksums.

    Parameters
    ----------
    stream : binary file
        To write to; it can be wound back.
    units : iterable of ImageUnit or astropy HDU
        The primary unit first. Tables are small and are written by astropy.
    """
    from astropy.io import fits

    given = list(units)
    headed = [unit.hdu if isinstance(unit, ImageUnit) else unit for unit in given]
    fits.HDUList(headed).update_extend()
    for place, unit in enumerate(given):
        if isinstance(unit, ImageUnit):
            _write_image(stream, unit)
        else:
            _write_small(stream, unit, is_first=place == 0)


def _write_small(stream: BinaryIO, hdu: Any, *, is_first: bool) -> None:
    """Let astropy write a unit."""
    from astropy.io import fits

    # The usual comment of these cards is the time of writing.
    hdu.add_checksum(when="checksum")
    hdus = [hdu] if is_first else [fits.PrimaryHDU(), hdu]
    file = io.BytesIO()
    fits.HDUList(hdus).writeto(file, output_verify="exception")
    stream.write(file.getvalue()[0 if is_first else _BLOCK :])


def _write_image(stream: BinaryIO, unit: ImageUnit) -> None:
    """Write an image, and its header once the sum of its pixels is known."""
    unit.hdu.verify("exception")
    header = unit.header
    header["CHECKSUM"] = ("0" * 16, "checksum")
    header["DATASUM"] = ("0", "checksum")
    start = stream.tell()
    stream.write(header.tostring().encode("ascii"))
    sum32 = Sum32()
    for piece in _pieces(unit.values, unit.hdu.data.dtype):
        bytes_ = piece.reshape(-1).view(np.uint8)
        sum32.add(bytes_)
        stream.write(bytes_.data)
    stream.write(bytes(-sum32.n_bytes % _BLOCK))
    end = stream.tell()
    header["DATASUM"] = (str(sum32.value), "checksum")
    whole = Sum32(sum32.value)
    whole.add(np.frombuffer(header.tostring().encode("ascii"), np.uint8))
    header["CHECKSUM"] = (_encoded(ALL_ONES ^ whole.value), "checksum")
    stream.seek(start)
    stream.write(header.tostring().encode("ascii"))
    stream.seek(end)


def _pieces(values: NDArray[Any], kind: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """Bring an array into the type and byte order of the file, a piece at a time."""
    if values.flags.c_contiguous:
        flat = values.reshape(-1)
        for first in range(0, flat.size, _PIECE):
            yield flat[first : first + _PIECE].astype(kind)
    else:
        for place in np.ndindex(values.shape[:-2]):
            yield np.ascontiguousarray(values[place], dtype=kind)


class Sum32:
    """The sum of FITS checksums: of 32-bit words, carries added at the low end.

    Parameters
    ----------
    value : int
        Sum of what went before.

    Attributes
    ----------
    value : int
        The sum so far.
    n_bytes : int
        How many bytes were added.

    References
    ----------
    .. [1] FITS Standard 4.0, Appendix J.
    """

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self.n_bytes = 0

    def add(self, values: NDArray[np.uint8]) -> None:
        """Add bytes that follow those added before.

        Parameters
        ----------
        values : ndarray of uint8, shape (n,)
            The bytes.
        """
        before, after = self.n_bytes % 4, -(self.n_bytes + values.size) % 4
        self.n_bytes += values.size
        if before or after:
            values = np.pad(values, (before, after))
        total = self.value + int(values.view(">u4").sum(dtype=np.uint64))
        while total > ALL_ONES:
            total = (total & ALL_ONES) + (total >> 32)
        self.value = total


def _encoded(value: int) -> str:
    """Write a sum as 16 letters and digits that add up to it (FITS Standard, Appendix J)."""
    columns = []
    for byte in value.to_bytes(4, "big"):
        quarter, rest = divmod(byte, 4)
        four = [quarter + rest + 0x30, *[quarter + 0x30] * 3]
        while any(letter in _AVOIDED for letter in four):
            for i in (0, 2):
                if four[i] in _AVOIDED or four[i + 1] in _AVOIDED:
                    four[i] += 1
                    four[i + 1] -= 1
        columns.append(four)
    letters = "".join(chr(columns[byte][i]) for i in range(4) for byte in range(4))
    return letters[-1] + letters[:-1]
