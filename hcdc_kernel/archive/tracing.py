"""Walk the tables from a product to all that it came from and all that came from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CTE, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hcdc_kernel.archive.info import ProductInfo, RunInfo
from hcdc_kernel.archive.provenance import Activity, Agent, Entity, Provenance, Relation
from hcdc_kernel.archive.rows import Ids, product_infos, run_infos
from hcdc_kernel.archive.tables import (
    Exposure,
    Observation,
    ObservationInput,
    Product,
    ProductFile,
    ProductInput,
    RawFile,
    Run,
)

_SOFTWARE = "hcdc-kernel"


def trace(session: Session, product: int) -> Provenance:
    """Make the graph around a product.

    Parameters
    ----------
    session : Session
        Within a transaction.
    product : int
        Number of the product.

    Returns
    -------
    Provenance
        All its ancestors and descendants, with the source files of all of them.
    """
    ids = _walk(product, ProductInput.product_id, ProductInput.input_id).union(
        _walk(product, ProductInput.input_id, ProductInput.product_id)
    )
    infos = product_infos(session, select(ids.subquery().c[0]))
    graph = _Graph()
    runs = _runs(session, infos)
    known = {info.uid for info in infos}
    for info in infos:
        _add_product(graph, info, runs.get(info.run), known)
    starts = [info for info in infos if not info.step]
    _add_raw_files(session, graph, [info for info in starts if info.kind == "exposures"])
    _add_sources(session, graph, {info.uid for info in starts if info.kind != "exposures"})
    root = session.get_one(Product, product).uid
    return graph.finished(_product_name(root))


@dataclass
class _Graph:
    """A graph that grows; dictionaries keep each part once and in order."""

    entities: dict[str, Entity] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    used: dict[Relation, None] = field(default_factory=dict)
    generated: dict[Relation, None] = field(default_factory=dict)
    derived: dict[Relation, None] = field(default_factory=dict)
    associated: dict[Relation, None] = field(default_factory=dict)

    def add_activity(self, activity: Activity, agents: Iterable[Agent]) -> None:
        """Add an activity and who did it."""
        self.activities.setdefault(activity.id, activity)
        for agent in agents:
            self.agents[agent.id] = agent
            self.associated[activity.id, agent.id] = None

    def connect(self, activity: str, new: str, olds: Iterable[str]) -> None:
        """Say that an activity made a new entity from old ones."""
        self.generated[new, activity] = None
        for old in olds:
            self.used[activity, old] = None
            self.derived[new, old] = None

    def finished(self, root: str) -> Provenance:
        """Freeze the graph."""
        return Provenance(
            root,
            tuple(self.entities.values()),
            tuple(self.activities.values()),
            tuple(self.agents.values()),
            tuple(self.used),
            tuple(self.generated),
            tuple(self.derived),
            tuple(self.associated),
        )


def _walk(start: int, here: InstrumentedAttribute[int], there: InstrumentedAttribute[int]) -> Ids:
    """Select a product and all that can be reached from it, in one direction."""
    reached: CTE = (
        select(Product.id.label("id"))
        .where(Product.id == start)
        .cte(f"reached_{there.key}", recursive=True)
    )
    reached = reached.union(select(there).join(reached, here == reached.c.id))
    return select(reached.c.id)


def _runs(session: Session, infos: Iterable[ProductInfo]) -> dict[str, RunInfo]:
    """Fetch the runs that made these products."""
    uids = sorted({info.run for info in infos if info.run})
    runs: dict[str, RunInfo] = {}
    for first in range(0, len(uids), 500):  # databases limit the parameters of a query
        for run in run_infos(session, Run.uid.in_(uids[first : first + 500])):
            runs[run.uid] = run
    return runs


def _add_product(graph: _Graph, info: ProductInfo, run: RunInfo | None, known: set[str]) -> None:
    """Add a product with the step or run that made it."""
    name = _product_name(info.uid)
    graph.entities[name] = Entity(
        name,
        "product",
        info.name,
        {
            "uid": info.uid,
            "kind": info.kind,
            "format": info.format,
            "sha256": info.sha256,
            "size": info.size,
            "observation": info.observation,
            "created": info.created,
        },
    )
    olds = [_product_name(uid) for uid in info.inputs if uid in known]
    activity = None
    if run is not None:
        activity = _run_activity(run)
        graph.add_activity(activity, _agents(run))
    if info.step:
        activity = _step_activity(info)
        graph.add_activity(activity, _agents(run))
    if activity is not None:
        graph.connect(activity.id, name, olds)
    else:
        graph.derived |= {(name, old): None for old in olds}


def _run_activity(run: RunInfo) -> Activity:
    """Describe a run."""
    facts = {
        "uid": run.uid,
        "observation": run.observation,
        "recipe": run.recipe,
        "settings": json.dumps(run.settings),
        "status": run.status,
    }
    return Activity(f"hcdc:run-{run.uid}", "run", run.recipe, run.started, run.ended, facts)


def _step_activity(info: ProductInfo) -> Activity:
    """Describe the step that made a product; outputs of one call share it."""
    config = json.dumps(info.config)
    call = json.dumps([info.run, info.step, config, sorted(info.inputs)])
    digest = hashlib.sha256(call.encode()).hexdigest()[:16]
    part_of = f"hcdc:run-{info.run}" if info.run else ""
    facts = {"config": config, "partOf": part_of}
    return Activity(f"hcdc:step-{digest}", "step", info.step, attributes=facts)


def _agents(run: RunInfo | None) -> list[Agent]:
    """Tell the software, and the person if that is known."""
    version = run.versions.get(_SOFTWARE, "") if run is not None else ""
    label = f"{_SOFTWARE} {version}".strip()
    agents = [Agent(f"hcdc:{label.replace(' ', '-')}", "software", label)]
    if run is not None and run.requested_by:
        person = hashlib.sha256(run.requested_by.encode()).hexdigest()[:16]
        agents.append(Agent(f"hcdc:person-{person}", "person", run.requested_by))
    return agents


def _add_raw_files(session: Session, graph: _Graph, lists: Iterable[ProductInfo]) -> None:
    """Add the raw files that lists of them name."""
    for info in lists:
        name = f"hcdc:ingest-{info.uid}"
        label = f"ingest {info.name} of {info.observation}".removesuffix(" of ")
        ingest = Activity(name, "ingest", label, info.created, info.created)
        graph.add_activity(ingest, _agents(None))
        found = session.scalars(
            select(RawFile)
            .join(ProductFile, ProductFile.file_id == RawFile.id)
            .join(Product, Product.id == ProductFile.product_id)
            .where(Product.uid == info.uid)
            .order_by(RawFile.start_mjd, RawFile.name)
        )
        files = [
            _file(file.path, file.content, {"size": file.size, "role": info.name})
            for file in found
        ]
        graph.entities |= {file.id: file for file in files}
        graph.connect(name, _product_name(info.uid), [file.id for file in files])


def _file(path: str, sha256: str, facts: Mapping[str, Any]) -> Entity:
    """Describe a file of the observer."""
    return Entity(f"hcdc:file-{sha256[:16]}", "file", path, {"sha256": sha256, **facts})


def _add_sources(session: Session, graph: _Graph, uids: set[str]) -> None:
    """Add the source files of those products that observations start from."""
    starts = session.execute(
        select(Observation, ObservationInput.name, Product.uid)
        .join(ObservationInput, ObservationInput.observation_id == Observation.id)
        .join(Product, Product.id == ObservationInput.product_id)
        .where(Product.uid.in_(sorted(uids)))
        .order_by(Observation.id, Product.id)
    )
    for observation, name, uid in starts.all():
        ingest = Activity(
            f"hcdc:ingest-{observation.key[:16]}",
            "ingest",
            f"ingest {observation.name}",
            observation.created,
            observation.created,
            {"observation": observation.name},
        )
        graph.add_activity(ingest, _agents(None))
        files = _files(session, observation.id, name)
        graph.entities |= {file.id: file for file in files}
        graph.connect(ingest.id, _product_name(uid), [file.id for file in files])


def _files(session: Session, observation: int, name: str) -> list[Entity]:
    """List the source files of one input: all but those that served another one."""
    others = set(
        session.scalars(
            select(ObservationInput.name).where(
                ObservationInput.observation_id == observation, ObservationInput.name != name
            )
        )
    )
    files = session.scalars(
        select(Exposure).where(Exposure.observation_id == observation).order_by(Exposure.id)
    )
    return [
        _file(file.path, file.sha256, {"size": file.size, "role": file.role})
        for file in files
        if file.role not in others
    ]


def _product_name(uid: str) -> str:
    """Name a product in the graph."""
    return f"hcdc:product-{uid}"
