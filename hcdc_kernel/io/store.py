"""Write any data object to one FITS file and read it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hcdc_kernel.datamodel import (
    Candidates,
    ContrastCurve,
    Cube,
    Data,
    DetectionMap,
    Exposures,
    Master,
    Psf,
    Quality,
    Residual,
    StarPositions,
)
from hcdc_kernel.errors import FileFormatError, HcdcError
from hcdc_kernel.io import images, raw_frames, tables
from hcdc_kernel.io.atomic import atomic_write
from hcdc_kernel.io.cards import KIND, add_history, history_table
from hcdc_kernel.io.fits_file import FitsPart, read_fits
from hcdc_kernel.io.stream import write_units

_WRITERS: dict[type, Callable[[Any], list[Any]]] = {
    Exposures: raw_frames.exposures_to_hdus,
    Master: raw_frames.master_to_hdus,
    StarPositions: raw_frames.positions_to_hdus,
    Cube: images.cube_to_hdus,
    Psf: images.psf_to_hdus,
    Residual: images.residual_to_hdus,
    DetectionMap: images.detection_to_hdus,
    ContrastCurve: tables.curve_to_hdus,
    Candidates: tables.candidates_to_hdus,
    Quality: tables.quality_to_hdus,
}
_READERS: dict[str, Callable[[Mapping[str, FitsPart]], Data]] = {
    "Exposures": raw_frames.exposures_from_parts,
    "Master": raw_frames.master_from_parts,
    "StarPositions": raw_frames.positions_from_parts,
    "Cube": images.cube_from_parts,
    "Psf": images.psf_from_parts,
    "Residual": images.residual_from_parts,
    "DetectionMap": images.detection_from_parts,
    "ContrastCurve": tables.curve_from_parts,
    "Candidates": tables.candidates_from_parts,
    "Quality": tables.quality_from_parts,
}


def write_data(path: Path, data: Data) -> None:
    """Write a data object to a FITS file.

    Images are float32, all other numbers float64. Nothing in the file depends on when or
    where it was written: equal objects give equal bytes. The file appears whole or not at all.
    Images are written piece by piece, not copied first.

    Parameters
    ----------
    path : Path
        The file to write; one that exists is replaced.
    data : data object
        Any of `Exposures`, `Master`, `StarPositions`, `Cube`, `Psf`, `Residual`,
        `DetectionMap`, `ContrastCurve`, `Candidates`, `Quality`.

    Raises
    ------
    StoreError
        If the disk is full, or the folder is missing or not writable.
    """
    hdus = _WRITERS[type(data)](data)
    header = hdus[0].header
    header[KIND] = (type(data).__name__, "kind of data object in this file")
    add_history(header, data.history)
    hdus.append(history_table(data.history))
    with atomic_write(path) as stream:
        write_units(stream, hdus)


def read_data(path: Path) -> Data:
    """Read a data object from a file that `write_data` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    data object
        Equal to what was written.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, or not written by this software.
    """
    parts = {part.name: part for part in read_fits(path, checked=True)}
    kind = parts["PRIMARY"].header.get(KIND) if "PRIMARY" in parts else None
    if kind not in _READERS:
        raise FileFormatError(
            f"'{path}' holds no data object of this software",
            found=f"{KIND} = {kind!r}",
            remedy="Describe other files in a sequence description and ingest them",
        )
    try:
        return _READERS[str(kind)](parts)
    except (HcdcError, KeyError, ValueError) as error:
        raise FileFormatError(
            f"'{path}' is not a complete {kind}", found=str(error), remedy="Write it again"
        ) from error
