"""Enter observations, products and runs: each within one transaction."""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hcdc_kernel.archive.info import NewProduct, NewRun, Role, Source
from hcdc_kernel.archive.process import this_process
from hcdc_kernel.archive.rows import insert_new, observation_id, product_id, run_id
from hcdc_kernel.archive.tables import (
    Exposure,
    Observation,
    ObservationInput,
    Product,
    ProductFile,
    ProductInput,
    RawFile,
    Run,
    RunProduct,
    Target,
    now,
)
from hcdc_kernel.errors import ArchiveError

if TYPE_CHECKING:
    from hcdc_kernel.datamodel import Identity  # would import numpy

_KEY = re.compile(r"[0-9a-f]{16,128}")


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are in the store already."""

    sha256: str
    size: int


def require_key(key: str) -> None:
    """Refuse a content key that is none.

    Parameters
    ----------
    key : str
        What is to be one.

    Raises
    ------
    ArchiveError
        If it is not 16 to 128 hexadecimal digits.
    """
    if not _KEY.fullmatch(key):
        raise ArchiveError("Not a content key: it takes 16 to 128 digits 0-9a-f", found=repr(key))


def observation_key(identity: Identity, keys: Mapping[str, str]) -> str:
    """Make the content key of an observation from its identity and its inputs.

    Parameters
    ----------
    identity : Identity
        Star, camera, filter, night.
    keys : mapping of str to str
        Content keys of the inputs.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    parts = [identity.target, identity.instrument, identity.filter, identity.night]
    text = json.dumps([parts, sorted(keys.items())])
    return hashlib.sha256(text.encode()).hexdigest()


def enter_observation(
    session: Session, identity: Identity, key: str, facts: Mapping[str, Any]
) -> int:
    """Enter an observation unless it is known; another content gets another name.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    identity : Identity
        Star, camera, filter, night.
    key : str
        Says what it holds.
    facts : mapping
        What else is known.

    Returns
    -------
    int
        Number of the new or the known observation.
    """
    insert_new(session, Target, {"name": identity.target})
    row = {
        "key": key,
        "target_id": session.scalar(select(Target.id).where(Target.name == identity.target)),
        "instrument": identity.instrument,
        "filter": identity.filter,
        "night": identity.night,
        "created": now(),
        **_fact_columns(facts),
    }
    number = 1
    while True:
        name = identity.name if number == 1 else f"{identity.name}_{number}"
        insert_new(session, Observation, row | {"name": name})
        found = session.scalar(select(Observation.id).where(Observation.key == key))
        if found is not None:
            return found
        number += 1  # the name belongs to another content


def update_facts(session: Session, observation: int, facts: Mapping[str, Any]) -> None:
    """Say anew what is known of an observation.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    observation : int
        Number of the observation.
    facts : mapping
        All that is known.
    """
    columns = _fact_columns(facts)
    session.execute(update(Observation).where(Observation.id == observation).values(columns))


def _fact_columns(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Put facts into the columns that there are for some of them."""
    rest = dict(facts)
    rotation = float(rest.pop("field_rotation_deg", math.nan))
    return {
        "n_frames": int(rest.pop("n_frames", 0)),
        "n_wave": int(rest.pop("n_wave", 1)),
        "field_rotation_deg": rotation if math.isfinite(rotation) else None,
        "facts": rest,
    }


def enter_sources(session: Session, observation: int, sources: Iterable[Source]) -> None:
    """Enter the source files of an observation; one that has moved gets its new path.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    observation : int
        Number of the observation.
    sources : iterable of Source
        Its files.
    """
    for source in sources:
        row = {
            "observation_id": observation,
            "role": source.role,
            "sha256": source.sha256,
            "size": source.size,
            "path": str(Path(source.path).absolute()),
        }
        if not insert_new(session, Exposure, row):
            session.execute(
                update(Exposure)
                .where(
                    Exposure.observation_id == observation,
                    Exposure.role == source.role,
                    Exposure.sha256 == source.sha256,
                )
                .values(path=row["path"])
            )


def enter_input(session: Session, observation: int, name: str, product: int) -> None:
    """Say that a reduction of an observation starts from a product.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    observation : int
        Number of the observation.
    name : str
        Name of the input, such as ``"cube"``.
    product : int
        Number of the product.
    """
    row = {"observation_id": observation, "name": name, "product_id": product}
    insert_new(session, ObservationInput, row)


def replace_inputs(session: Session, observation: int, products: Mapping[str, int]) -> None:
    """Say anew what a reduction of an observation starts from.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    observation : int
        Number of the observation.
    products : mapping of str to int
        Numbers of the products, by name; other inputs than these it has no longer.
    """
    mine = ObservationInput.observation_id == observation
    session.execute(delete(ObservationInput).where(mine))
    for name, product in products.items():
        enter_input(session, observation, name, product)


def enter_files(session: Session, product: int, contents: Sequence[str]) -> None:
    """Say which raw files a product lists.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    product : int
        Number of the product.
    contents : sequence of str
        What the files hold; they have been entered before.
    """
    found = session.scalars(select(RawFile.id).where(RawFile.content.in_(contents)))
    for file in found.all():
        insert_new(session, ProductFile, {"product_id": product, "file_id": file})


def enter_product(session: Session, new: NewProduct, stored: Stored) -> int:
    """Enter a product whose bytes are in the store, or take the one with the same key.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    new : NewProduct
        The product.
    stored : Stored
        Its bytes.

    Returns
    -------
    int
        Number of the new or the known product.
    """
    run = run_id(session, new.run) if new.run else None
    row = {
        "uid": new.key[:16],
        "key": new.key,
        "kind": new.kind,
        "name": new.name,
        "format": new.format,
        "sha256": stored.sha256,
        "size": stored.size,
        "observation_id": observation_id(session, new.observation) if new.observation else None,
        "run_id": run,
        "step": new.step,
        "config": dict(new.config),
        "created": now(),
    }
    is_new = insert_new(session, Product, row)
    product = session.scalar(select(Product.id).where(Product.key == new.key))
    if product is None:
        raise ArchiveError(
            "Two content keys begin with the same 16 digits", found=f"{new.key[:16]}..."
        )
    if is_new:
        for start in dict.fromkeys(new.inputs):
            link = {"product_id": product, "input_id": product_id(session, start)}
            insert_new(session, ProductInput, link)
    if run is not None:
        enter_link(session, run, product, "generated" if is_new else "reused")
    return product


def replace_bytes(session: Session, product: int, stored: Stored) -> None:
    """Say that a product whose bytes were dropped or lost has been made again.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    product : int
        Number of the product.
    stored : Stored
        Its new bytes.
    """
    columns = {"sha256": stored.sha256, "size": stored.size, "dropped": False}
    session.execute(update(Product).where(Product.id == product).values(columns))


def enter_link(session: Session, run: int, product: int, role: Role) -> None:
    """Say what a run had to do with a product; the first word stands.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    run, product : int
        Numbers of both.
    role : {"generated", "reused", "input"}
        What the run had to do with it.
    """
    insert_new(session, RunProduct, {"run_id": run, "product_id": product, "role": role})


def enter_run(session: Session, new: NewRun) -> int:
    """Enter a run of this process.

    Parameters
    ----------
    session : Session
        Within a writing transaction.
    new : NewRun
        What is reduced, and how.

    Returns
    -------
    int
        Number of the run.
    """
    row = Run(
        uid=secrets.token_hex(8),
        observation_id=observation_id(session, new.observation),
        recipe=new.recipe,
        settings=dict(new.settings),
        key=new.key,
        status="running",
        started=now(),
        ended=None,
        error="",
        progress=0.0,
        progress_text="",
        versions=dict(new.versions),
        requested_by=new.requested_by,
        keep=new.keep,
        process=this_process(),
    )
    session.add(row)
    session.flush()
    session.expire(row)  # tell what the database holds, not what was handed in
    return row.id
