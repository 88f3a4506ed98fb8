"""The archive's raw files: which there are, and where each one is now."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Table, func, select

from hcdc_kernel.archive.shared import ArchivePart
from hcdc_kernel.archive.tables import RawFile, now

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hcdc_kernel.datamodel import Exposure  # would import numpy

_BATCH = 500  # rows or values in one statement: databases limit them


def content_of(exposure: Exposure) -> str:
    """Name the content of a raw file.

    Parameters
    ----------
    exposure : Exposure
        The file.

    Returns
    -------
    str
        Its SHA-256; where that was not measured, the digest of its name and length.
    """
    if exposure.sha256:
        return exposure.sha256
    return hashlib.sha256(f"{exposure.name} {exposure.size}".encode()).hexdigest()


class RawFiles(ArchivePart):
    """The part of the archive that knows raw files."""

    def add_exposures(self, exposures: Iterable[Exposure]) -> int:
        """Enter raw files; one that has moved gets its new path, one known its new record.

        Parameters
        ----------
        exposures : iterable of Exposure
            Any number of them; all are entered, or none.

        Returns
        -------
        int
            How many were not known before.
        """
        rows = {row["content"]: row for row in map(_row, exposures)}
        with self._database.writing() as session:
            before = session.scalar(select(func.count()).select_from(RawFile)) or 0
            for batch in _batches(list(rows.values())):
                _upsert(session, batch)
            after = session.scalar(select(func.count()).select_from(RawFile)) or 0
        return after - before

    def exposures(
        self,
        *,
        cameras: Sequence[str] = (),
        kinds: Sequence[str] = (),
        first_night: str = "",
        last_night: str = "",
    ) -> list[Exposure]:
        """List raw files in the order of time.

        An exposure that is there twice, as a bare header or differently packed, is listed
        once: with its images if there is a file of them, else as it was entered last.

        Parameters
        ----------
        cameras, kinds : sequence of str
            Only those of these cameras and kinds, if given.
        first_night, last_night : str
            Only those of these nights and between, ``YYYY-MM-DD``, if given.

        Returns
        -------
        list of Exposure
            With the path at which each was seen last.
        """
        where: list[ColumnElement[bool]] = []
        if cameras:
            where.append(RawFile.camera.in_(cameras))
        if kinds:
            where.append(RawFile.kind.in_(kinds))
        if first_night:
            where.append(RawFile.night >= first_night)
        if last_night:
            where.append(RawFile.night <= last_night)
        query = select(RawFile.camera, RawFile.name, RawFile.start_mjd, RawFile.record)
        # The one to be listed comes last of its like, and takes the place of those before.
        order = (
            RawFile.start_mjd.nulls_last(),
            RawFile.name,
            RawFile.n_planes > 0,
            RawFile.entered,
        )
        with self._database.reading() as session:
            found = session.execute(query.where(*where).order_by(*order, RawFile.id))
            latest = {(camera, name, mjd): record for camera, name, mjd, record in found}
        return [_exposure(record) for record in latest.values()]

    def locate(self, contents: Iterable[str]) -> dict[str, Path]:
        """Tell where raw files were seen last.

        Parameters
        ----------
        contents : iterable of str
            What they hold, as `content_of` tells.

        Returns
        -------
        dict of str to Path
            Without those that are not known.
        """
        with self._database.reading() as session:
            return {
                content: Path(path)
                for batch in _batches(sorted(set(contents)))
                for content, path in session.execute(
                    select(RawFile.content, RawFile.path).where(RawFile.content.in_(batch))
                )
            }


def _row(exposure: Exposure) -> dict[str, Any]:
    """Lay out a raw file for the table."""
    path = str(exposure.path.absolute())
    return {
        "content": content_of(exposure),
        "name": exposure.name,
        "path": path,
        "size": exposure.size,
        "camera": exposure.camera,
        "kind": exposure.kind,
        "target": exposure.target,
        "night": exposure.night,
        "start_mjd": None if math.isnan(exposure.start_mjd) else exposure.start_mjd,
        "dit_s": None if math.isnan(exposure.dit_s) else exposure.dit_s,
        "filter": exposure.filter,
        "coronagraph": exposure.coronagraph,
        "n_planes": exposure.n_planes,
        "record": exposure.to_dict() | {"path": path},
        "entered": now(),
    }


def _exposure(record: Mapping[str, Any]) -> Exposure:
    """Read what `_row` wrote."""
    from hcdc_kernel.datamodel import Exposure

    x, y = (float(value) for value in record["dither_xy_px"])  # NaN is kept as text
    return Exposure.from_dict({**record, "dither_xy_px": (x, y)})


def _upsert(session: Session, rows: list[dict[str, Any]]) -> None:
    """Insert rows; of those that are there, replace all but number and content."""
    insert: Any
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    statement = insert(cast(Table, RawFile.__table__)).values(rows)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "content"}
    session.execute(statement.on_conflict_do_update(index_elements=["content"], set_=changed))


def _batches(values: Sequence[Any]) -> Iterator[Any]:
    """Cut a sequence into pieces that a database takes in one statement."""
    for first in range(0, len(values), _BATCH):
        yield values[first : first + _BATCH]
