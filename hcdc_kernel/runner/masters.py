"""Master calibrations: listed with their figures of merit, handed out as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hcdc_kernel.archive import Archive
from hcdc_kernel.archive.info import Info
from hcdc_kernel.errors import StoreError
from hcdc_kernel.io import copy_file, make_folder, read_master_facts


@dataclass(frozen=True, slots=True)
class MasterRecord(Info):
    """What is known of a master calibration.

    Attributes
    ----------
    uid : str
        Of the product.
    kind : str
        ``"background"`` or ``"flat"``.
    name : str
        Its name among the data of a recipe, such as ``"science_background"``.
    camera, filter, night : str
        Of the frames it was made from.
    setup : mapping of str to str or float
        What a frame must have in common with it.
    quality : mapping of str to float
        Figures of merit, by name with unit.
    observation : str
        Observation that it was made for first.
    created : datetime
        UTC.
    stem : str
        What its file is called, without ending, when it is handed out.
    """

    uid: str
    kind: str
    name: str
    camera: str
    filter: str
    night: str
    setup: Mapping[str, str | float]
    quality: Mapping[str, float]
    observation: str
    created: datetime
    stem: str


def list_masters(archive: Archive, *, night: str = "", kind: str = "") -> list[MasterRecord]:
    """List the master calibrations whose files are there.

    Parameters
    ----------
    archive : Archive
        Where they are.
    night, kind : str
        Only those of this night and kind, if given.

    Returns
    -------
    list of MasterRecord
        By night, kind and time of making.
    """
    found = []
    for product in archive.products(kind="master"):
        try:
            told = read_master_facts(archive.path(product))
        except StoreError:
            continue  # lost bytes are made again when they are needed
        identity = told["identity"]
        found.append(
            MasterRecord(
                uid=product.uid,
                kind=told["kind"],
                name=product.name,
                camera=identity.instrument,
                filter=identity.filter,
                night=identity.night,
                setup=told["setup"],
                quality=told["quality"],
                observation=product.observation,
                created=product.created,
                stem=f"{identity.name}_{product.name}_{product.uid[:8]}",
            )
        )
    found.sort(key=lambda one: (one.night, one.kind, one.created))
    return [one for one in found if night in ("", one.night) and kind in ("", one.kind)]


def export_masters(archive: Archive, masters: Iterable[MasterRecord], folder: Path) -> list[Path]:
    """Copy master calibrations to a folder.

    Parameters
    ----------
    archive : Archive
        Where they are.
    masters : iterable of MasterRecord
        Which ones.
    folder : Path
        Where to; made if it does not exist.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    StoreError
        If the folder cannot be written to, or a file is lost.
    """
    make_folder(folder)
    written = []
    for one in masters:
        path = folder / f"{one.stem}.fits"
        copy_file(archive.path(archive.product(one.uid)), path)
        written.append(path)
    return written
