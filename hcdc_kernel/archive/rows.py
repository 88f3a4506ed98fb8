"""From rows to records and back: what all operations of the archive share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Select, Table, select
from sqlalchemy.orm import Session

from hcdc_kernel.archive.info import Keep, ObservationInfo, ProductInfo, RunInfo, RunStatus
from hcdc_kernel.archive.tables import Base, Observation, Product, ProductInput, Run, Target
from hcdc_kernel.errors import NotFoundError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Ids = Select[Any]
"""A query that gives the numbers of rows."""


def insert_new(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless an equal one is there; safe against other processes.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    table : type
        Where to insert.
    values : mapping
        The row.

    Returns
    -------
    bool
        False if a row with the same key was there; that one is kept.
    """
    # Each is imported only where it is used: the other costs 0.1 s.
    target = cast(Table, table.__table__)
    insert: postgresql.Insert | sqlite.Insert
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        insert = postgresql.insert(target)
    else:
        from sqlalchemy.dialects import sqlite

        insert = sqlite.insert(target)
    statement = insert.values(dict(values)).on_conflict_do_nothing().inline()
    options = {"preserve_rowcount": True}  # not every driver tells it later
    result = cast(Any, session.execute(statement, execution_options=options))
    return bool(result.rowcount == 1)


def not_found(what: str, name: str, known: Iterable[str], hint: str) -> NotFoundError:
    """Say that a name is not known, and which ones are close.

    Parameters
    ----------
    what : str
        Kind of thing, such as ``"observation"``.
    name : str
        The name that was asked for.
    known : iterable of str
        The names there are.
    hint : str
        What to do if none is close.

    Returns
    -------
    NotFoundError
        To be raised.
    """
    by_lower = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    if not close:
        close = [lower for lower in by_lower if name and name.lower() in lower][:3]
    remedy = f"Did you mean {' or '.join(by_lower[c] for c in close)}?" if close else hint
    return NotFoundError(f"There is no {what} '{name}'", remedy=remedy)


def observation_id(session: Session, name: str) -> int:
    """Find the number of an observation.

    Parameters
    ----------
    session : Session
        Within a transaction.
    name : str
        Its name.

    Returns
    -------
    int
        Its number.

    Raises
    ------
    NotFoundError
        If there is none of that name; close names are told.
    """
    found = session.scalar(select(Observation.id).where(Observation.name == name))
    if found is None:
        known = session.scalars(select(Observation.name)).all()
        hint = "List them with 'hcdc observations', or add one with 'hcdc ingest'"
        raise not_found("observation", name, known, hint)
    return found


def run_id(session: Session, uid: str) -> int:
    """Find the number of a run by its uid or the beginning of it.

    Parameters
    ----------
    session : Session
        Within a transaction.
    uid : str
        Its uid or the beginning of it.

    Returns
    -------
    int
        Its number.

    Raises
    ------
    NotFoundError
        If there is none, or more than one.
    """
    found = session.scalar(select(Run.id).where(Run.uid == uid))
    if found is not None:
        return found
    matches = session.execute(
        select(Run.id, Run.uid).where(Run.uid.startswith(uid, autoescape=True)).limit(4)
    ).all()
    if len(matches) == 1 and uid:
        return int(matches[0][0])
    if uid and matches:
        raise _ambiguous("runs", uid, [str(other) for _, other in matches])
    known = session.scalars(select(Run.uid)).all()
    raise not_found("run", uid, known, "List them with 'hcdc runs'")


def product_id(session: Session, uid: str) -> int:
    """Find the number of a product by its uid, its content key or the beginning of either.

    Parameters
    ----------
    session : Session
        Within a transaction.
    uid : str
        Its uid, its content key or the beginning of either.

    Returns
    -------
    int
        Its number.

    Raises
    ------
    NotFoundError
        If there is none, or more than one.
    """
    if len(uid) >= 16:
        found = session.scalar(select(Product.id).where(Product.uid == uid[:16]))
        wanted = session.scalar(select(Product.key).where(Product.id == found))
        if found is not None and wanted is not None and wanted.startswith(uid):
            return found
    elif uid:
        matches = session.execute(
            select(Product.id, Product.uid)
            .where(Product.uid.startswith(uid, autoescape=True))
            .limit(4)
        ).all()
        if len(matches) == 1:
            return int(matches[0][0])
        if matches:
            raise _ambiguous("products", uid, [str(other) for _, other in matches])
    known = session.scalars(select(Product.uid)).all()
    raise not_found("product", uid, known, "List them with 'hcdc products OBSERVATION'")


def observation_infos(session: Session, *where: ColumnElement[bool]) -> list[ObservationInfo]:
    """Tell the observations that fulfil all conditions, by name.

    Parameters
    ----------
    session : Session
        Within a transaction.
    *where : conditions
        On the tables of observations and targets.

    Returns
    -------
    list of ObservationInfo
        Empty if there is none.
    """
    rows = session.execute(
        select(Observation, Target.name)
        .join(Target, Target.id == Observation.target_id)
        .where(*where)
        .order_by(Observation.name)
    )
    return [_observation_info(observation, target) for observation, target in rows]


def run_infos(
    session: Session, *where: ColumnElement[bool], limit: int | None = None
) -> list[RunInfo]:
    """Tell the runs that fulfil all conditions, newest first.

    Parameters
    ----------
    session : Session
        Within a transaction.
    *where : conditions
        On the tables of runs and observations.
    limit : int, optional
        How many at most.

    Returns
    -------
    list of RunInfo
        Empty if there is none.
    """
    rows = session.execute(
        select(Run, Observation.name)
        .join(Observation, Observation.id == Run.observation_id)
        .where(*where)
        .order_by(Run.id.desc())
        .limit(limit)
    )
    return [_run_info(run, observation) for run, observation in rows]


def product_infos(session: Session, ids: Ids) -> list[ProductInfo]:
    """Tell the products of these numbers, oldest first.

    Parameters
    ----------
    session : Session
        Within a transaction.
    ids : Select
        Query that gives the numbers.

    Returns
    -------
    list of ProductInfo
        Empty if there is none.
    """
    rows = session.execute(
        select(Product, Observation.name, Run.uid)
        .outerjoin(Observation, Observation.id == Product.observation_id)
        .outerjoin(Run, Run.id == Product.run_id)
        .where(Product.id.in_(ids))
        .order_by(Product.id)
    ).all()
    inputs: dict[int, list[str]] = {}
    links = session.execute(
        select(ProductInput.product_id, Product.uid)
        .join(Product, Product.id == ProductInput.input_id)
        .where(ProductInput.product_id.in_(ids))
        .order_by(ProductInput.input_id)
    )
    for owner, uid in links:
        inputs.setdefault(owner, []).append(uid)
    return [
        _product_info(product, observation or "", run or "", tuple(inputs.get(product.id, ())))
        for product, observation, run in rows
    ]


def _ambiguous(what: str, start: str, matches: list[str]) -> NotFoundError:
    """Say that the beginning of a uid fits more than one."""
    return NotFoundError(
        f"Several {what} begin with '{start}'",
        found=", ".join(matches[:3]) + (", ..." if len(matches) > 3 else ""),
        remedy="Give more digits",
    )


def _observation_info(row: Observation, target: str) -> ObservationInfo:
    """Make the record of an observation."""
    rotation = row.field_rotation_deg
    return ObservationInfo(
        name=row.name,
        target=target,
        instrument=row.instrument,
        filter=row.filter,
        night=row.night,
        n_frames=row.n_frames,
        n_wave=row.n_wave,
        field_rotation_deg=float("nan") if rotation is None else rotation,
        created=row.created,
        key=row.key,
        facts=row.facts,
    )


def _run_info(row: Run, observation: str) -> RunInfo:
    """Make the record of a run."""
    return RunInfo(
        uid=row.uid,
        observation=observation,
        recipe=row.recipe,
        settings=row.settings,
        key=row.key,
        status=cast(RunStatus, row.status),
        started=row.started,
        ended=row.ended,
        error=row.error,
        progress=row.progress,
        progress_text=row.progress_text,
        versions=row.versions,
        requested_by=row.requested_by,
        keep=cast(Keep, row.keep),
    )


def _product_info(
    row: Product, observation: str, run: str, inputs: tuple[str, ...]
) -> ProductInfo:
    """Make the record of a product."""
    return ProductInfo(
        uid=row.uid,
        kind=row.kind,
        name=row.name,
        key=row.key,
        sha256=row.sha256,
        size=row.size,
        format=row.format,
        observation=observation,
        run=run,
        step=row.step,
        config=row.config,
        created=row.created,
        inputs=inputs,
        dropped=row.dropped,
    )
