"""Rows for the tables of a report: facts, files, steps, software."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hcdc_kernel.steps.base import software_versions

if TYPE_CHECKING:
    from hcdc_kernel.archive import ObservationInfo, SourceInfo
    from hcdc_kernel.runner.results import StepResult

Rows = tuple[tuple[str, ...], ...]


def observation_rows(info: ObservationInfo) -> Rows:
    """Sum up an observation.

    Parameters
    ----------
    info : ObservationInfo
        What the archive knows of it.

    Returns
    -------
    tuple of tuple of str
        Name and value of each fact.
    """
    facts = info.facts
    if "calibration" in facts:
        return _raw_rows(info)
    return (
        ("star", info.target),
        ("camera", info.instrument),
        ("filter", info.filter),
        ("night", info.night),
        ("wavelength", _join(facts.get("wavelength_um", ()), "um", digits=4)),
        ("frames", str(info.n_frames)),
        ("image size", f"{facts.get('n_x')} x {facts.get('n_y')} px"),
        ("field rotation", f"{info.field_rotation_deg:.1f} deg"),
        ("pixel scale", f"{float(facts.get('pixel_scale_mas', 'nan')):.3f} mas"),
        ("width of the PSF", _join(facts.get("fwhm_px", ()), "px", digits=3)),
        ("frames of other stars", str(facts.get("n_references", 0))),
    )


def _raw_rows(info: ObservationInfo) -> Rows:
    """Sum up an observation of raw frames, of which sizes and widths are not known yet."""
    facts = info.facts
    turned_deg = info.field_rotation_deg
    rows = (
        ("star", info.target),
        ("camera", info.instrument),
        ("mode", _word(facts.get("mode"))),
        ("filter", info.filter),
        ("coronagraph", _word(facts.get("coronagraph"))),
        ("tracking", _word(facts.get("tracking"))),
        ("night", info.night),
        ("wavelength", _join(facts.get("wavelength_um", ()), "um", digits=4)),
        ("raw files", str(facts.get("n_files", 0))),
        ("frames", str(info.n_frames)),
        ("exposure time", "not known" if facts.get("dit_s") is None else f"{facts['dit_s']:g} s"),
        ("field rotation", "not known" if math.isnan(turned_deg) else f"{turned_deg:.1f} deg"),
        ("calibration", _word(facts.get("calibration"))),
    )
    return rows + tuple(("note", str(text)) for text in facts.get("notes", ()))


def _word(value: object) -> str:
    """Write a fact, or that it is not known."""
    return str(value) if value else "not known"


def source_rows(sources: Iterable[SourceInfo]) -> Rows:
    """List the files that an observation was read from.

    Parameters
    ----------
    sources : iterable of SourceInfo
        The files.

    Returns
    -------
    tuple of tuple of str
        Role, file name, size and SHA-256 of each; folders are left out.
    """
    return tuple(
        (file.role, file.path.rpartition("/")[2], f"{file.size / 1e6:.3f} MB", file.sha256)
        for file in sources
    )


def step_rows(done: Iterable[StepResult]) -> Rows:
    """List the steps of a reduction.

    Parameters
    ----------
    done : iterable of StepResult
        What was done.

    Returns
    -------
    tuple of tuple of str
        Step, version, settings, time of each.
    """
    return tuple(
        (
            step.name,
            str(step.version),
            ", ".join(
                f"{k} = {_plain(v)}" for k, v in step.config.model_dump(mode="json").items()
            ),
            "made before" if step.reused else f"{step.seconds:.1f} s",
        )
        for step in done
    )


def software_rows() -> Rows:
    """List the software that did the work.

    Returns
    -------
    tuple of tuple of str
        Name and version of each.
    """
    system = (("Python", platform.python_version()), ("system", platform.platform(terse=True)))
    return (*software_versions().items(), *system)


def _plain(value: object) -> str:
    """Write a setting as in YAML."""
    return "none" if value is None else str(value)


def _join(values: Iterable[float], unit: str, *, digits: int) -> str:
    """Write several numbers with their unit."""
    return f"{', '.join(f'{value:.{digits}g}' for value in values)} {unit}"
