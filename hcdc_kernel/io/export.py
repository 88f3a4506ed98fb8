"""The documented export format: plain FITS and ECSV files that others rely on."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hcdc_kernel.datamodel import Candidates, ContrastCurve, Data, Identity
from hcdc_kernel.datamodel.detections import CANDIDATE_COLUMNS
from hcdc_kernel.errors import DataError
from hcdc_kernel.io.atomic import atomic_write, disk_error
from hcdc_kernel.io.store import write_data
from hcdc_kernel.io.tables import CURVE_UNITS, curve_columns

EXPORT_SUFFIXES = {
    "cube": "cube.fits",
    "psf": "psf.fits",
    "residual": "residual.fits",
    "detection": "snr.fits",
    "contrast": "contrast.ecsv",
    "candidates": "candidates.ecsv",
}
"""What the files of a reduction are called, by the name of the data in a recipe."""


def export_products(
    data: Mapping[str, Data], folder: Path, *, extra: Mapping[str, Path] | None = None
) -> list[Path]:
    """Write the products of a reduction in the documented format.

    Each file is named ``<target>_<instrument>_<filter>_<night>_<what>`` and appears whole or
    not at all. Data that the format does not know (``residual_cube``, ``references``,
    ``quality``) are left out.

    Parameters
    ----------
    data : mapping of str to data object
        Data by their name in a recipe: ``cube``, ``psf``, ``residual``, ``detection``,
        ``contrast``, ``candidates``. Each is asked for once, and let go before the next.
    folder : Path
        Where to write; made if it does not exist.
    extra : mapping of str to Path, optional
        Files to copy, by what they are: ``report``, ``executed``.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    StoreError
        If the folder cannot be written to.
    DataError
        If there are no data to export.

    Notes
    -----
    ``_cube.fits``: primary HDU (wave, time, y, x); tables FRAMES, WAVELENGTH and HISTORY;
    image STAR (wave, time, 2), the star in each image counted from 0. ``_residual.fits``
    and ``_snr.fits``: (wave, y, x), north up, east left.
    """
    known = [name for name in EXPORT_SUFFIXES if name in data]
    if not known:
        raise DataError("There is nothing to export", found=", ".join(data) or "no data")
    make_folder(folder)
    written = []
    start = ""
    for name in known:
        product = data[name]
        start = start or product.identity.name
        written.append(folder / f"{start}_{EXPORT_SUFFIXES[name]}")
        _write(written[-1], product)
    for name, source in (extra or {}).items():
        written.append(folder / f"{start}_{name}{source.suffix}")
        copy_file(source, written[-1])
    return written


def make_folder(folder: Path) -> None:
    """Make a folder to export to, unless it is there.

    Parameters
    ----------
    folder : Path
        Where to write.

    Raises
    ------
    StoreError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from error


def copy_file(source: Path, path: Path) -> None:
    """Copy a file, whole or not at all.

    Parameters
    ----------
    source, path : Path
        From where to where.

    Raises
    ------
    StoreError
        If the disk is full, or the folder is missing or not writable.
    """
    with source.open("rb") as given, atomic_write(path) as stream:
        shutil.copyfileobj(given, stream)


def write_table(
    path: Path, columns: Mapping[str, list[str] | list[float]], meta: Mapping[str, Any]
) -> None:
    """Write a table of plain values as ECSV.

    Parameters
    ----------
    path : Path
        The file to write.
    columns : mapping of str to list
        The columns, all of one length.
    meta : mapping
        What the table is about.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    from astropy.table import Table

    filled = {name: np.array(list(values)) for name, values in columns.items()}
    _write_ecsv(path, Table(filled, meta=dict(meta)))


def _write(path: Path, product: Data) -> None:
    """Write one product in the format of its kind."""
    if isinstance(product, ContrastCurve):
        _write_ecsv(path, _curve_table(product))
    elif isinstance(product, Candidates):
        _write_ecsv(path, _candidates_table(product))
    else:
        write_data(path, product)


def _curve_table(curve: ContrastCurve) -> Any:
    """Make the table of a contrast curve."""
    from astropy.table import Table

    table = Table(curve_columns(curve), units=CURVE_UNITS, meta=_meta(curve.identity))
    table.meta |= {"n_sigma": float(curve.n_sigma), "method": curve.method}
    table["contrast"].description = "flux ratio to the star at the detection limit"
    table["throughput"].description = "share of a companion's flux that survives the reduction"
    return table


def _candidates_table(candidates: Candidates) -> Any:
    """Make the table of candidates."""
    from astropy.table import Table

    columns: dict[str, Any] = {"label": np.array(candidates.label, dtype=str)}
    columns |= {name: np.asarray(getattr(candidates, name)) for name in CANDIDATE_COLUMNS}
    table = Table(columns, units=CANDIDATE_COLUMNS, meta=_meta(candidates.identity))
    table["position_angle_deg"].description = "east of north"
    table["contrast"].description = "flux ratio to the star"
    table["snr"].description = "with small-sample statistics (Mawet et al. 2014)"
    table["wavelength_um"].description = "nan: all channels together"
    return table


def _meta(identity: Identity) -> dict[str, Any]:
    """Say what a table is about."""
    return {
        "target": identity.target,
        "instrument": identity.instrument,
        "filter": identity.filter,
        "night": identity.night,
        "origin": "High Contrast Data Centre",
    }


def _write_ecsv(path: Path, table: Any) -> None:
    """Write a table as ECSV."""
    text = io.StringIO()
    table.write(text, format="ascii.ecsv", delimiter=",")
    with atomic_write(path) as stream:
        stream.write(text.getvalue().encode("utf-8"))
