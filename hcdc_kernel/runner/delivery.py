"""Sequences into the archive, products of a run out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Several
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hcdc_kernel.archive import Archive, ObservationInfo, ProductInfo
from hcdc_kernel.datamodel import Cube, Data, Psf, Sequence
from hcdc_kernel.errors import RunError
from hcdc_kernel.io import (
    EXPORT_SUFFIXES,
    atomic_write,
    export_products,
    read_data,
    write_data,
    write_table,
)
from hcdc_kernel.runner.compose import require_reducible
from hcdc_kernel.runner.in_memory import inputs_of
from hcdc_kernel.runner.raw_facts import is_raw
from hcdc_kernel.runner.shelves import scratch_folder
from hcdc_kernel.runner.starting import start_reduction

# What the files of a run are called when they leave the house.
_EXTRA = {"report": "report", "notebook": "executed"}
_CALIBRATIONS = ("master", "star-positions")


def enter_sequence(archive: Archive, sequence: Sequence, sources: Several[Any]) -> ObservationInfo:
    """Store a sequence and enter it in the archive, whole or not at all.

    Parameters
    ----------
    archive : Archive
        Where to.
    sequence : Sequence
        The data.
    sources : sequence of SourceFile
        The files they were read from.

    Returns
    -------
    ObservationInfo
        The observation; equal data give the same one.

    Raises
    ------
    ArchiveError
        If it cannot be stored.
    """
    with scratch_folder(archive) as folder:
        paths, keys = {}, {}
        for part, data in inputs_of(sequence).items():
            paths[part] = folder / f"{part}.fits"
            write_data(paths[part], data)
            # The bytes of our files depend on their content only, so they name it.
            with paths[part].open("rb") as written:
                keys[part] = hashlib.file_digest(written, "sha256").hexdigest()
        cube = sequence.cube
        return archive.add_observation(cube.identity, sources, paths, keys, facts(sequence))


def load_observation(archive: Archive, observation: str) -> Sequence:
    """Read the calibrated data of an observation; calibrate its raw frames if need be.

    Parameters
    ----------
    archive : Archive
        Where it is.
    observation : str
        Its name.

    Returns
    -------
    Sequence
        Cube, PSF and, if it brought any, reference frames.

    Raises
    ------
    InputError
        If its raw frames cannot be calibrated.
    """
    info = archive.observation(observation)
    if is_raw(info):
        require_reducible(info)
        made = start_reduction(archive, info.name, str(info.facts["calibration"]), {}).run()
        data: dict[str, Any] = {name: made.result(name) for name in ("cube", "psf")}
        return Sequence(**data)
    inputs = archive.inputs(info.name)
    data = {name: read_data(archive.path(product)) for name, product in inputs.items()}
    return Sequence(**data)


def facts(sequence: Sequence) -> dict[str, Any]:
    """Sum up a sequence in a few numbers.

    Parameters
    ----------
    sequence : Sequence
        The data.

    Returns
    -------
    dict
        Frames, channels, field rotation, image size, pixel scale, PSF width.
    """
    cube: Cube = sequence.cube
    psf: Psf = sequence.psf
    turned = np.unwrap(cube.frames.derotation_deg, period=360.0)
    return {
        "n_frames": cube.n_time,
        "n_wave": cube.n_wave,
        "field_rotation_deg": round(float(np.ptp(turned)), 3),
        "n_y": int(cube.data.shape[2]),
        "n_x": int(cube.data.shape[3]),
        "pixel_scale_mas": cube.pixel_scale_mas,
        "wavelength_um": [float(value) for value in cube.wavelength_um],
        "fwhm_px": [round(float(value), 3) for value in psf.fwhm_px],
        "n_references": 0 if sequence.references is None else sequence.references.n_time,
    }


class _Stored(Mapping[str, Data]):
    """Data of products by name, read each time they are asked for."""

    def __init__(self, archive: Archive, products: Mapping[str, ProductInfo]) -> None:
        self._archive, self._products = archive, products

    def __getitem__(self, name: str) -> Data:
        return read_data(self._archive.path(self._products[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._products)

    def __len__(self) -> int:
        return len(self._products)


def export_run(archive: Archive, uid: str, folder: Path, *, masters: bool = False) -> list[Path]:
    """Copy the products of a run to a folder in the documented format.

    Parameters
    ----------
    archive : Archive
        Where from.
    uid : str
        A finished run.
    folder : Path
        Where to; made if it does not exist.
    masters : bool
        Whether to copy the master calibrations too.

    Returns
    -------
    list of Path
        The files written; of raw frames also a table of their calibrations.

    Raises
    ------
    RunError
        If the run has not finished.
    StoreError
        If the folder cannot be written to.
    """
    run = archive.run(uid)
    if run.status != "finished":
        raise RunError(f"Run {run.uid} has no products to export", found=run.status)
    inputs = list(archive.inputs(run.observation).values())
    products = archive.products(run=run.uid)
    latest = latest_of_each_name([*inputs, *products])
    wanted = {name: product for name, product in latest.items() if name in EXPORT_SUFFIXES}
    with TemporaryDirectory(prefix="hcdc-") as name:
        extra = {}
        for product in products:
            what = _EXTRA.get(product.kind, "")
            if masters and product.kind in _CALIBRATIONS:
                what = product.name
            if what:
                # The store names files by content alone; the suffix is told by the link.
                extra[what] = Path(name) / f"{what}.{product.format}"
                extra[what].symlink_to(archive.path(product))
        info = archive.observation(run.observation)
        if is_raw(info):
            extra["calibrations"] = Path(name) / "calibrations.ecsv"
            write_completeness(info, extra["calibrations"])
        return export_products(_Stored(archive, wanted), folder, extra=extra)


def write_completeness(info: ObservationInfo, path: Path) -> None:
    """Write which calibrations an observation of raw frames has.

    Parameters
    ----------
    info : ObservationInfo
        The observation.
    path : Path
        Table to write, as ECSV.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    notes = info.facts["calibrations"]
    columns: dict[str, list[str] | list[float]] = {
        name: [str(note[name]) for note in notes]
        for name in ("role", "title", "light", "found", "text")
    }
    levels = [note["level"] for note in notes]
    columns["level"] = [float("nan") if level is None else float(level) for level in levels]
    meta = {
        "target": info.target,
        "instrument": info.instrument,
        "filter": info.filter,
        "night": info.night,
        "calibration": info.facts["calibration"],
        "notes": list(info.facts.get("notes", ())),
        "origin": "High Contrast Data Centre",
    }
    write_table(path, columns, meta)


def latest_of_each_name(products: Several[ProductInfo]) -> dict[str, ProductInfo]:
    """Choose, of products of one name, the one that no other of them was made from.

    Parameters
    ----------
    products : sequence of ProductInfo
        Products of one run and its inputs.

    Returns
    -------
    dict of str to ProductInfo
        The final product of each name: ``cube`` is the aligned, selected one.
    """
    latest: dict[str, ProductInfo] = {}
    for name in {product.name for product in products}:
        same = [product for product in products if product.name == name]
        used = {uid for product in same for uid in product.inputs}
        last = [product for product in same if product.uid not in used]
        latest[name] = (last or same)[-1]
    return latest


def named_copy(stored: Path, path: Path) -> Path:
    """Lay a stored file under a name of its own, without using space twice if possible.

    Parameters
    ----------
    stored : Path
        A file of the product store.
    path : Path
        The name; its folder is made if it does not exist.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    StoreError
        If the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(stored)
    except FileExistsError:
        return path
    except OSError:  # another disk, or one without links: its bytes then
        with atomic_write(path) as stream:
            stream.write(stored.read_bytes())
    return path
