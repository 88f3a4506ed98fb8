"""Read FITS files, saying clearly what is wrong with a bad one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.io.stream import ALL_ONES, Sum32

BITPIX_TYPES = {8: "u1", 16: "i2", 32: "i4", 64: "i8", -32: "f4", -64: "f8"}
"""Number type of the pixels by the keyword BITPIX."""

_PIECE = 1 << 22  # bytes added up at a time
_FATAL = {
    "truncated": "The file is truncated",
    "validating header": "The file is malformed: bytes after its last HDU that are no HDU",
}
_FETCH_AGAIN = "Fetch or write the file again"


@dataclass(frozen=True, slots=True)
class FitsPart:
    """One header-data unit, read into memory in the machine's own byte order.

    Attributes
    ----------
    name : str
        ``EXTNAME``, or ``"PRIMARY"``.
    header : mapping
        Its keywords.
    image : ndarray or None
        The pixels, if it is an image that holds any.
    columns : mapping of str to ndarray
        The columns, if it is a table.
    """

    name: str
    header: Mapping[str, Any]
    image: NDArray[Any] | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def read_fits(
    path: Path, hdu: int | str | None = None, *, checked: bool = False
) -> tuple[FitsPart, ...]:
    """Read a FITS file, plain or gzipped.

    Parameters
    ----------
    path : Path
        The file.
    hdu : int or str, optional
        Number or name of the only unit wanted; all by default.
    checked : bool
        Whether to compare the checksums in the file, as for files of our own; those of
        others are often out of date.

    Returns
    -------
    tuple of FitsPart
        The units, in the order of the file.

    Raises
    ------
    FileFormatError
        If there is no such file, it is no FITS file, or it is truncated or malformed.
    """
    if not path.is_file():
        raise FileFormatError(f"There is no file '{path}'", remedy="See that the name is right")
    from astropy.io import fits  # 0.2 s, not needed to start up

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            with fits.open(path, lazy_load_hdus=False) as hdus:
                _refuse(path, said)
                wanted = _wanted(path, hdus, hdu)
                if checked:
                    _verify(path, wanted)
                parts = tuple(_part(path, unit) for unit in wanted)
        except (OSError, TypeError, ValueError, EOFError, fits.VerifyError) as error:
            raise FileFormatError(
                f"'{path}' cannot be read as a FITS file",
                found=_one_line(error),
                remedy=_FETCH_AGAIN,
            ) from error
    return parts


def _refuse(path: Path, said: list[warnings.WarningMessage]) -> None:
    """Raise for those warnings of astropy that mean that data are wrong.

    Others are about the style of header cards that nobody here reads.
    """
    for warning in said:
        text = _one_line(warning.message)
        for sign, problem in _FATAL.items():
            if sign in text:
                raise FileFormatError(f"{problem}: '{path}'", found=text, remedy=_FETCH_AGAIN)


def _one_line(message: object) -> str:
    """Shorten what astropy said to its first sentence or so."""
    text = " ".join(str(message).split()).rstrip(".")
    return text if len(text) <= 200 else text[:197] + "..."


def _wanted(path: Path, hdus: Any, hdu: int | str | None) -> list[Any]:
    """Pick the units to read."""
    if hdu is None:
        return list(hdus)
    try:
        return [hdus[hdu]]
    except (KeyError, IndexError):
        names = ", ".join(f"{i}: {unit.name or '(no name)'}" for i, unit in enumerate(hdus))
        raise FileFormatError(
            f"'{path}' has no HDU {hdu!r}", found=names, remedy="Name one that is there"
        ) from None


def _verify(path: Path, units: list[Any]) -> None:
    """Compare the checksums of units with their bytes; those without a checksum pass."""
    import gzip

    with path.open("rb") as file:
        is_gzipped = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if is_gzipped else path.open("rb", buffering=0) as stream:
        for unit in units:
            place = unit.fileinfo()
            n_bytes = place["datLoc"] + place["datSpan"] - place["hdrLoc"]
            if "CHECKSUM" in unit.header and _sum(stream, place["hdrLoc"], n_bytes) != ALL_ONES:
                raise FileFormatError(
                    f"The file is damaged: its checksum does not agree: '{path}'",
                    found=f"HDU {unit.name or 'PRIMARY'}",
                    remedy=_FETCH_AGAIN,
                )


def _sum(stream: Any, first: int, n_bytes: int) -> int:
    """Add up the bytes of a unit, checksum included: sound ones give all ones."""
    stream.seek(first)
    sum32, rest = Sum32(), n_bytes
    while rest:
        piece = stream.read(min(rest, _PIECE))
        if not piece:
            break
        sum32.add(np.frombuffer(piece, np.uint8))
        rest -= len(piece)
    return sum32.value


def _part(path: Path, unit: Any) -> FitsPart:
    """Copy one unit into memory."""
    header = dict(unit.header)
    if unit.is_image:
        return FitsPart(unit.name, header, image=_image(path, unit))
    columns = {name: _native(unit.data[name]) for name in unit.columns.names}
    return FitsPart(unit.name, header, columns=columns)


def _image(path: Path, unit: Any) -> NDArray[Any] | None:
    """Copy an image into memory, once if it stands in the file as it is."""
    if not _is_plain(path, unit):
        return None if unit.data is None else _native(unit.data)
    kind = np.dtype(BITPIX_TYPES[unit.header["BITPIX"]]).newbyteorder(">")
    count = int(np.prod(unit.shape, dtype=np.int64))
    # Not through astropy's memory map: the pages of the file would count twice.
    image = np.fromfile(path, dtype=kind, count=count, offset=unit.fileinfo()["datLoc"])
    if not kind.isnative:
        image = image.byteswap(inplace=True).view(kind.newbyteorder("="))
    return image.reshape(unit.shape)


def _is_plain(path: Path, unit: Any) -> bool:
    """Tell whether the bytes in the file are the pixels."""
    scaled = {"BSCALE", "BZERO", "BLANK", "ZIMAGE"} & set(unit.header)
    return not scaled and bool(unit.shape) and path.suffix not in (".gz", ".Z", ".bz2", ".xz")


def _native(values: Any) -> NDArray[Any]:
    """Copy an array into the machine's byte order, out of the memory map."""
    array = np.asarray(values)
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
