"""From raw files to observations with all their calibrations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hcdc_kernel import plugins
from hcdc_kernel.datamodel.exposure import Exposure, Exposures
from hcdc_kernel.datamodel.identity import Identity
from hcdc_kernel.datamodel.quality import Light
from hcdc_kernel.instruments.raw.association import ExposureIndex, associate
from hcdc_kernel.instruments.raw.camera import Camera, load_camera
from hcdc_kernel.instruments.raw.completeness import CalibrationNote, judge
from hcdc_kernel.instruments.raw.grouping import SETUP, ScienceGroup, group_science
from hcdc_kernel.instruments.raw.oddities import Templates, by_template, oddities
from hcdc_kernel.instruments.raw.rules import CalibrationRule, same_setup, setup_key
from hcdc_kernel.instruments.raw.spans import in_order, night_of
from hcdc_kernel.instruments.raw.targets import Targets, plain_name

_ON_STAR = ("science", "center", "flux")
_UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class RawObservation:
    """Raw files that are reduced together, and what is known of their calibrations.

    Attributes
    ----------
    identity : Identity
        Star, camera, filter, night.
    key : str
        Names the observation for good: it stays the same when calibrations arrive later.
    roles : mapping of str to Exposures
        Inputs of the reduction, ``science`` first. What was not found is not there.
    calibrations : tuple of CalibrationNote
        One for each role that the observation should have, in the order of the rules.
    calibration : str
        Recipe that turns the raw frames into a calibrated cube; empty if there is none.
    notes : tuple of str
        What is odd, for people.
    """

    identity: Identity
    key: str
    roles: Mapping[str, Exposures]
    calibrations: tuple[CalibrationNote, ...]
    calibration: str
    notes: tuple[str, ...]

    @property
    def science(self) -> Exposures:
        """Give the frames to reduce.

        Returns
        -------
        Exposures
            Never empty.
        """
        return self.roles["science"]

    @property
    def light(self) -> Light:
        """Sum up the calibrations.

        Returns
        -------
        {"good", "fair", "poor"}
            The worst of all.
        """
        lights: dict[str, Light] = {note.light: note.light for note in self.calibrations}
        return lights.get("poor") or lights.get("fair") or "good"

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values, files by name.

        Returns
        -------
        dict
            For tables and JSON.
        """
        return {
            "name": self.identity.name,
            "key": self.key,
            "target": self.identity.target,
            "camera": self.identity.instrument,
            "filter": self.identity.filter,
            "night": self.identity.night,
            "calibration": self.calibration,
            "light": self.light,
            "roles": {role: [one.name for one in files] for role, files in self.roles.items()},
            "calibrations": [note.to_dict() for note in self.calibrations],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class _Everything:
    """All exposures, sorted for the search."""

    targets: Targets
    index: ExposureIndex
    templates: Templates
    cameras: tuple[Camera, ...]


def assemble_observations(
    exposures: Iterable[Exposure], cameras: Iterable[Camera] | None = None
) -> tuple[RawObservation, ...]:
    """Group raw files into observations and find the calibrations of each.

    Parameters
    ----------
    exposures : iterable of Exposure
        Of any cameras and nights, in any order. An exposure that is there twice counts once.
    cameras : iterable of Camera, optional
        What knows the rules; all that are installed by default.

    Returns
    -------
    tuple of RawObservation
        In the order of time. Each science exposure is in exactly one; where some of its files
        hold only headers, these are not among its science frames.
    """
    kept = _once_each(exposures)
    if cameras is None:
        cameras = (load_camera(name) for name in plugins.names("cameras"))
    known = _Everything(
        Targets(one for one in kept if one.kind in _ON_STAR),
        ExposureIndex(kept),
        by_template(kept),
        tuple(cameras),
    )
    return tuple(_assemble(group, known) for group in group_science(kept, known.targets))


def _once_each(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Keep one file of each exposure, the one with most images."""
    best: dict[tuple[str, str], Exposure] = {}
    for one in sorted(in_order(exposures), key=lambda one: -one.n_planes):
        best.setdefault((one.camera, one.name), one)
    return in_order(best.values())


def _assemble(group: ScienceGroup, known: _Everything) -> RawObservation:
    """Make an observation of a group of science exposures."""
    first = group.science[0]
    rules = tuple(
        rule for camera in known.cameras for rule in camera.rules() if first.camera in rule.cameras
    )
    files, notes = _calibrate(group, rules, known)
    identity = Identity(_name(group, files), first.camera, first.filter, night_of(first))
    products = {rule.role: rule.product for rule in rules}
    calibration = _calibration(files["science"], known.cameras)
    return RawObservation(
        identity,
        _key(first),
        {
            role: Exposures(chosen, _identity(products.get(role, ""), chosen[0], identity))
            for role, chosen in files.items()
        },
        notes,
        calibration,
        (
            *_group_notes(group, calibration),
            *oddities(group.science, _others(files), known.templates),
        ),
    )


def _calibrate(
    group: ScienceGroup, rules: tuple[CalibrationRule, ...], known: _Everything
) -> tuple[dict[str, tuple[Exposure, ...]], tuple[CalibrationNote, ...]]:
    """Fill the roles of an observation."""
    has_images = any(one.n_planes for one in group.science)

    def usable(one: Exposure) -> bool:
        # Where there are images to reduce, a calibration without images is of no use.
        return bool(one.n_planes) or not has_images or one.kind == "telemetry"

    def of_the_star(one: Exposure) -> bool:
        return usable(one) and known.targets.of(one) == group.star

    files = {"science": tuple(one for one in group.science if one.n_planes) or group.science}
    notes = []
    for rule in rules:
        served = _served(rule, files)
        if not served:
            continue
        if rule.role == "center" and group.is_waffle:
            files["center"] = files["science"]
            notes.append(_own_spots(rule, len(served)))
            continue
        accepts = of_the_star if rule.scope == "target" else usable
        found = associate(rule, served, known.index, accepts)
        notes.append(judge(found, served))
        if found.files and found.is_enough:
            files[rule.role] = found.files
    return files, tuple(notes)


def _served(
    rule: CalibrationRule, files: Mapping[str, tuple[Exposure, ...]]
) -> tuple[Exposure, ...]:
    """List the exposures that a rule finds calibrations for; none if it asks nothing."""
    served = tuple(one for one in files.get(rule.serves, ()) if rule.holds_for(one))
    if rule.unlike and rule.unlike in files:
        like = files[rule.unlike][0]
        served = tuple(one for one in served if not same_setup(one, like, rule.match))
    return served


def _own_spots(rule: CalibrationRule, n_files: int) -> CalibrationNote:
    """Say that the science frames serve for centering, too."""
    found = f"{n_files} {'file' if n_files == 1 else 'files'}, the science frames themselves"
    text = "Satellite spots are on all the time: the star is measured in every frame."
    return CalibrationNote(rule.role, rule.title, "good", 0, found, text)


def _name(group: ScienceGroup, files: Mapping[str, tuple[Exposure, ...]]) -> str:
    """Take the star's name as the first exposure that has one gives it."""
    for one in (*group.science, *files.get("center", ()), *files.get("flux", ())):
        if plain_name(one.target):
            return one.target.strip()
    return _UNNAMED


def _identity(product: str, first: Exposure, observation: Identity) -> Identity:
    """Name the files of a role: those on the star as the observation, others for themselves."""
    if not product:
        return observation
    return Identity(product, first.camera, first.filter, night_of(first))


def _others(files: Mapping[str, tuple[Exposure, ...]]) -> tuple[Exposure, ...]:
    """List the calibrations, each file once."""
    science = {one.name for one in files["science"]}
    others = {
        (one.camera, one.name): one
        for chosen in files.values()
        for one in chosen
        if one.name not in science
    }
    return in_order(others.values())


def _key(first: Exposure) -> str:
    """Digest what identifies an observation, which no calibration is part of."""
    setup = setup_key(first, (*SETUP, "dit_s"))
    named = [first.camera, plain_name(first.target), first.name, *setup]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _calibration(science: tuple[Exposure, ...], cameras: tuple[Camera, ...]) -> str:
    """Name the recipe that calibrates the frames; empty if they cannot be reduced."""
    if not science[0].n_planes:
        return ""
    return next((name for one in cameras if (name := one.calibration(science[0]))), "")


def _group_notes(group: ScienceGroup, calibration: str) -> list[str]:
    """Say what is special about the sequence as a whole."""
    notes = []
    first = group.science[0]
    if not calibration and any(one.n_planes for one in group.science):
        mode = " ".join(part for part in (first.camera, first.mode) if part)
        notes.append(f"Raw frames of this mode ({mode}) cannot be reduced here yet.")
    if group.is_waffle:
        notes.append(
            "Satellite spots were on all the time (continuous waffle): the CENTER frames are "
            "the science frames."
        )
    if first.tracking == "field":
        notes.append(
            "The sky stood still on the detector (field tracking): without references of other "
            "stars, companions are subtracted together with the star. Choose a recipe of RDI."
        )
    if group.in_turns_with:
        stars = ", ".join(group.in_turns_with)
        notes.append(f"Taken in turns with {stars} (star hopping), which can serve as reference.")
    return notes
