"""What a product was made from, and what from it, in the words of W3C PROV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hcdc_kernel.archive.info import plain

Relation = tuple[str, str]
"""Two identifiers, in the order in which PROV reads them aloud."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing: a product or a source file.

    Attributes
    ----------
    id : str
        Its identifier in the graph.
    kind : {"product", "file"}
        Which of the two.
    label : str
        Its name for people.
    attributes : mapping
        What else is known.
    """

    id: str
    kind: Literal["product", "file"]
    label: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that was done: a step, a run, an ingest.

    Attributes
    ----------
    id : str
        Its identifier in the graph.
    kind : {"step", "run", "ingest"}
        Which of the three.
    label : str
        Its name for people.
    started, ended : datetime or None
        UTC; None where only the run as a whole was timed.
    attributes : mapping
        What else is known, such as the settings.
    """

    id: str
    kind: Literal["step", "run", "ingest"]
    label: str
    started: datetime | None = None
    ended: datetime | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agent:
    """Who or what did it: software or a person.

    Attributes
    ----------
    id : str
        Its identifier in the graph.
    kind : {"software", "person"}
        Which of the two.
    label : str
        Its name for people.
    """

    id: str
    kind: Literal["software", "person"]
    label: str


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a tree of products, with those below it.

    Attributes
    ----------
    entity : Entity
        What stands here.
    activity : str
        Label of what generated it; empty for source files.
    branches : tuple of Branch
        What it was derived from, or what was derived from it.
    repeated : bool
        Whether it stands elsewhere in the tree already; its branches are told only there.
    """

    entity: Entity
    activity: str
    branches: tuple[Branch, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Provenance:
    """The graph around one product: back to the source files, and forward.

    Attributes
    ----------
    root : str
        Identifier of the product that was asked for.
    entities : tuple of Entity
        Products and source files.
    activities : tuple of Activity
        Steps, runs, ingests.
    agents : tuple of Agent
        Software and people.
    used : tuple of (activity, entity)
        What an activity started from.
    was_generated_by : tuple of (entity, activity)
        Where a product comes from.
    was_derived_from : tuple of (entity, entity)
        The later one first.
    was_associated_with : tuple of (activity, agent)
        Who did it.
    """

    root: str
    entities: tuple[Entity, ...]
    activities: tuple[Activity, ...]
    agents: tuple[Agent, ...]
    used: tuple[Relation, ...]
    was_generated_by: tuple[Relation, ...]
    was_derived_from: tuple[Relation, ...]
    was_associated_with: tuple[Relation, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the graph as PROV-JSON.

        Returns
        -------
        dict
            Sections ``entity``, ``activity``, ``agent``, ``used``, ``wasGeneratedBy``,
            ``wasDerivedFrom``, ``wasAssociatedWith``, as the W3C note says.

        References
        ----------
        .. [1] The PROV-JSON Serialization, W3C Member Submission, 24 April 2013.
        """
        return {
            "prefix": {"hcdc": "urn:hcdc:"},
            "entity": {thing.id: _described(thing, thing.attributes) for thing in self.entities},
            "activity": {deed.id: _activity(deed) for deed in self.activities},
            "agent": {agent.id: _agent(agent) for agent in self.agents},
            "used": _relations("u", "activity", "entity", self.used),
            "wasGeneratedBy": _relations("g", "entity", "activity", self.was_generated_by),
            "wasDerivedFrom": _relations(
                "d", "generatedEntity", "usedEntity", self.was_derived_from
            ),
            "wasAssociatedWith": _relations("a", "activity", "agent", self.was_associated_with),
        }

    def tree(self) -> Branch:
        """Tell what the product was made from, as a tree.

        Returns
        -------
        Branch
            The product, with what it was derived from below it, down to the source files.
        """
        return self._grow(self.was_derived_from)

    def tree_forward(self) -> Branch:
        """Tell what was made from the product, as a tree.

        Returns
        -------
        Branch
            The product, with what was derived from it below it.
        """
        return self._grow((old, new) for new, old in self.was_derived_from)

    def _grow(self, relations: Iterable[Relation]) -> Branch:
        """Grow a tree along relations, each entity with its branches once."""
        below: dict[str, list[str]] = {}
        for upper, lower in relations:
            below.setdefault(upper, []).append(lower)
        entities = {entity.id: entity for entity in self.entities}
        labels = {activity.id: activity.label for activity in self.activities}
        made_by = {entity: labels[activity] for entity, activity in self.was_generated_by}
        seen: set[str] = set()

        def grow(entity: str) -> Branch:
            repeated = entity in seen and entity in below
            seen.add(entity)
            lower = () if repeated else tuple(grow(other) for other in below.get(entity, ()))
            return Branch(entities[entity], made_by.get(entity, ""), lower, repeated)

        return grow(self.root)


def _described(thing: Entity | Activity | Agent, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Write label, type and our own attributes, without those that are not known."""
    told = {f"hcdc:{name}": plain(value) for name, value in attributes.items()}
    known = {name: value for name, value in told.items() if value not in (None, "")}
    return {"prov:label": thing.label, "prov:type": f"hcdc:{thing.kind}", **known}


def _activity(deed: Activity) -> dict[str, Any]:
    """Write an activity with its times."""
    times = {"prov:startTime": plain(deed.started), "prov:endTime": plain(deed.ended)}
    known = {name: value for name, value in times.items() if value is not None}
    return _described(deed, deed.attributes) | known


def _agent(agent: Agent) -> dict[str, Any]:
    """Write an agent with PROV's own type."""
    kind = "prov:SoftwareAgent" if agent.kind == "software" else "prov:Person"
    return {"prov:label": agent.label, "prov:type": kind}


def _relations(
    letter: str, first: str, second: str, pairs: Iterable[Relation]
) -> dict[str, dict[str, str]]:
    """Give numbers to relations, and names to their two ends."""
    return {
        f"_:{letter}{number}": {f"prov:{first}": a, f"prov:{second}": b}
        for number, (a, b) in enumerate(pairs, start=1)
    }
