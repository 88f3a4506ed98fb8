"""What is known of an observation of raw frames, before it is reduced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from hcdc_kernel.archive import Archive, ObservationInfo
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import HcdcError
from hcdc_kernel.runner.shelves import read_exposures_product

if TYPE_CHECKING:
    from hcdc_kernel.instruments.raw import RawObservation

_LIGHTS = ("good", "fair", "poor")
_FITS = (".fits", ".fit", ".fts")


def is_raw(info: ObservationInfo) -> bool:
    """Tell whether an observation starts from raw frames.

    Parameters
    ----------
    info : ObservationInfo
        Any observation.

    Returns
    -------
    bool
        False for sequences that came calibrated.
    """
    return "calibration" in info.facts


def usable_items(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Leave out bare headers.

    Parameters
    ----------
    exposures : iterable of Exposure
        Any files.

    Returns
    -------
    tuple of Exposure
        Those with images, and telemetry, whose tables are no images.
    """
    return tuple(
        one
        for one in exposures
        if one.n_planes > 0
        or (one.kind == "telemetry" and set(_FITS) & set(PurePath(one.path).suffixes))
    )


def observation_facts(raw: RawObservation) -> dict[str, Any]:
    """Sum up an observation of raw frames.

    Parameters
    ----------
    raw : RawObservation
        The observation.

    Returns
    -------
    dict
        For the archive: frames, times, setup, field rotation, calibrations with their lights.
    """
    science = raw.roles["science"].items
    first = science[0]
    notes = [note.to_dict() for note in raw.calibrations]
    lacking = [role for role, files in raw.roles.items() if not usable_items(files)]
    wavelength_um = _wavelength_um(first)
    return {
        "n_frames": sum(one.n_planes for one in science),
        "n_wave": len(wavelength_um),
        "field_rotation_deg": _field_rotation_deg(science),
        "wavelength_um": list(wavelength_um),
        "calibration": raw.calibration,
        "calibrations": notes,
        "light": worst_light(notes),
        "notes": list(raw.notes),
        "without_images": lacking,
        "n_files": len(science),
        "mode": first.mode,
        "coronagraph": first.coronagraph,
        "neutral_density": first.neutral_density,
        "tracking": first.tracking,
        "dit_s": _known(first.dit_s),
        "start_mjd": _known(min(one.start_mjd for one in science)),
        "end_mjd": _known(max(one.end_mjd for one in science)),
        "ra_deg": _known(first.ra_deg),
        "dec_deg": _known(first.dec_deg),
        "program": first.program,
    }


def observation_detail(archive: Archive, info: ObservationInfo) -> dict[str, Any]:
    """Tell all that is known of an observation, file by file and frame by frame.

    Parameters
    ----------
    archive : Archive
        Where it is.
    info : ObservationInfo
        The observation.

    Returns
    -------
    dict
        Its record and facts; of raw frames also ``exposures`` (role, name, path, kind, and for
        science frames ``mjd``, ``parallactic_deg``, ``derotation_deg``, one value a frame) and
        ``files`` by role.
    """
    told = info.to_dict()
    facts = told.pop("facts")
    told |= facts
    if not is_raw(info):
        return told
    exposures = []
    for role, product in archive.inputs(info.name).items():
        listed = read_exposures_product(archive, product)
        exposures += [_exposure(role, one) for one in listed]
    told["files"] = {
        role: [one["name"] for one in exposures if one["role"] == role]
        for role in dict.fromkeys(one["role"] for one in exposures)
    }
    told["exposures"] = exposures
    return told


def worst_light(notes: Iterable[Mapping[str, Any]]) -> str:
    """Find the worst of the lights.

    Parameters
    ----------
    notes : iterable of mapping
        Each with its ``light``.

    Returns
    -------
    str
        ``"good"``, ``"fair"`` or ``"poor"``; good if there are none.
    """
    return max((str(note["light"]) for note in notes), key=_LIGHTS.index, default="good")


def _exposure(role: str, one: Exposure) -> dict[str, Any]:
    """Tell what there is to a file."""
    told: dict[str, Any] = {
        "role": role,
        "name": one.name,
        "path": str(one.path),
        "kind": one.kind,
        "sha256": one.sha256,
        "n_frames": one.n_planes,
        "dit_s": _known(one.dit_s),
        "start_mjd": _known(one.start_mjd),
        "end_mjd": _known(one.end_mjd),
    }
    if role == "science":
        told |= _angles(one)
    return told


def _angles(one: Exposure) -> dict[str, Any]:
    """Tell the times and angles of the frames; why not, if they are not known."""
    from hcdc_kernel.instruments.raw import camera_of

    try:
        angles = camera_of(one).frame_angles(_as_promised(one))
    except HcdcError as error:
        return {"angles_missing": str(error)}
    return {
        "mjd": angles.mjd.tolist(),
        "parallactic_deg": angles.parallactic_deg.tolist(),
        "derotation_deg": angles.derotation_deg.tolist(),
    }


def _field_rotation_deg(science: Iterable[Exposure]) -> float:
    """Measure how far the field turns from the first to the last frame; NaN if not known."""
    from hcdc_kernel.instruments.raw import camera_of

    angles = []
    for one in science:
        try:
            angles.append(camera_of(one).frame_angles(_as_promised(one)).derotation_deg)
        except HcdcError:
            return float("nan")  # the notes of the observation say what its headers lack
    turned = np.unwrap(np.concatenate(angles), period=360.0)
    return round(float(np.ptp(turned)), 3) if turned.size else float("nan")


def _as_promised(one: Exposure) -> Exposure:
    """Take a bare header for the file that it promises."""
    return one if one.n_planes else replace(one, n_planes=one.n_dit)


def _wavelength_um(science: Exposure) -> tuple[float, ...]:
    """Tell the wavelengths of the channels; none if they are not known."""
    from hcdc_kernel.instruments.raw import camera_of

    try:
        return camera_of(science).wavelength_um(science)
    except HcdcError:
        return ()


def _known(value: float) -> float | None:
    """Leave out what is not known."""
    return float(value) if np.isfinite(value) else None
