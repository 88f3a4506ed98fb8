"""Numbers and images out of files of many kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import DataError, FileFormatError
from hcdc_kernel.instruments.fields import CubeFile, Numbers
from hcdc_kernel.io import FitsPart, read_fits
from hcdc_kernel.units import parse_quantity

_AXES = ("wave", "time", "y", "x")


def read_images(path: Path, described: CubeFile) -> FloatArray:
    """Read images into the order that the whole library uses.

    Parameters
    ----------
    path : Path
        The FITS file.
    described : CubeFile
        HDU and axes.

    Returns
    -------
    ndarray of float32, shape (n_wave, n_time, n_y, n_x)
        NaN where the file has no finite number.

    Raises
    ------
    FileFormatError
        If there is no image, or it has another number of axes than described.
    """
    image = _image(path, described.hdu)
    axes = described.axes
    if image.ndim != len(axes):
        raise FileFormatError(
            f"'{path}' has {image.ndim} axes, and its description names {len(axes)}",
            found=f"shape {image.shape} for axes [{', '.join(axes)}]",
            remedy="Correct 'axes', slowest axis first, or 'hdu'",
        )
    kept = [axis for axis in _AXES if axis in axes]
    ordered = np.transpose(image, [axes.index(axis) for axis in kept])
    missing = tuple(i for i, axis in enumerate(_AXES) if axis not in axes)
    data = np.ascontiguousarray(np.expand_dims(ordered, missing), dtype=np.float32)
    if not np.isfinite(data).all():
        data[~np.isfinite(data)] = np.nan
    return data


def read_numbers(path: Path | None, described: Numbers, unit: str, name: str) -> FloatArray:
    """Read a list of numbers, wherever the description keeps them.

    Parameters
    ----------
    path : Path or None
        The file, if there is one.
    described : Numbers
        The numbers, or where they are in the file.
    unit : str
        Unit of the result; empty if it has none.
    name : str
        What they are, for messages.

    Returns
    -------
    ndarray, shape (n,)
        In `unit`.

    Raises
    ------
    FileFormatError
        If the file cannot be read, or holds no list.
    DataError
        If a number is not finite; it says which.
    """
    values: FloatArray
    if path is None:
        values = np.array(described.values, dtype=np.float64)
    else:
        values = _from_file(path, described, name)
        if unit and described.unit:
            values = values * parse_quantity(f"1 {described.unit}", unit, name=name)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        shown = ", ".join(str(i) for i in bad[:8]) + (", ..." if bad.size > 8 else "")
        raise DataError(
            f"The {name} must be finite" + (f": '{path}'" if path else ""),
            found=f"no number at {shown} (counted from 0) of {values.size}",
            remedy="Give them all, or take the frames without out of all files",
        )
    return values


def _from_file(path: Path, described: Numbers, name: str) -> FloatArray:
    """Read numbers by the kind of file."""
    kind = path.name.lower().removesuffix(".gz")
    if kind.endswith((".fits", ".fit", ".fts")):
        column = described.column
        values = (
            _image(path, described.hdu) if column is None else _column(path, described.hdu, column)
        )
    else:
        values = _from_text(path, described.column, table=kind.endswith((".ecsv", ".csv")))
    flat = np.asarray(values, dtype=np.float64)
    if max(flat.shape, default=1) != flat.size:
        raise FileFormatError(
            f"'{path}' should hold a plain list of {name}",
            found=f"shape {flat.shape}",
            remedy="Name the right 'hdu' or 'column'",
        )
    return flat.ravel()


def _from_text(path: Path, column: int | str | None, *, table: bool) -> NDArray[Any]:
    """Read one column of a text file."""
    try:
        if table:
            from astropy.table import Table

            ecsv = path.name.endswith(".ecsv")
            read = Table.read(path, format="ascii.ecsv" if ecsv else "ascii.csv")
            return np.asarray(read[read.colnames[0] if column is None else column], dtype=float)
        rows = np.loadtxt(path, ndmin=2)
        return np.asarray(rows[:, int(column or 0)] if rows.shape[0] > 1 else rows[0])
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise FileFormatError(
            f"No numbers could be read from '{path}'",
            found=" ".join(str(error).split())[:200],
            remedy="Name the right 'column', and see that nothing but numbers is in it",
        ) from error


def _image(path: Path, hdu: int | str | None) -> NDArray[Any]:
    """Fetch the image asked for, or the first there is."""
    parts = read_fits(path, hdu)
    for part in parts:
        if part.image is not None:
            return part.image
    raise FileFormatError(
        f"'{path}' holds no image" + ("" if hdu is None else f" in HDU {hdu!r}"),
        found="; ".join(_summary(part) for part in parts) or "no HDU",
        remedy="Is it the right file? Its data may lie outside any HDU",
    )


def _column(path: Path, hdu: int | str | None, column: int | str) -> NDArray[Any]:
    """Fetch the column asked for from the first table that has it."""
    parts = read_fits(path, hdu)
    for part in parts:
        names = list(part.columns)
        name = names[column] if isinstance(column, int) and column < len(names) else column
        if name in part.columns:
            return part.columns[str(name)]
    raise FileFormatError(
        f"'{path}' has no column {column!r}", found="; ".join(_summary(part) for part in parts)
    )


def _summary(part: FitsPart) -> str:
    """Describe one HDU in a few words."""
    if part.columns:
        return f"{part.name}: table with {', '.join(part.columns)}"
    return f"{part.name}: " + ("no data" if part.image is None else f"image {part.image.shape}")
