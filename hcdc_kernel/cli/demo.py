"""The demonstration: hidden planets, found again."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hcdc_kernel.cli.screen import note, progress_bar, say, write_table

if TYPE_CHECKING:
    from hcdc_kernel.datamodel import Candidates
    from hcdc_kernel.synthetic import TruePlanet
    from hcdc_kernel.workspace import Workspace

# How far a candidate may lie from a planet to be taken for it [px].
_NEAR_PX = 1.5
# A small field is enough for the planets, and fast.
_SETTINGS = {"calibrate-science.radius": "1100 mas"}
_PIXEL_MAS = 12.25
_EXAMPLE = "practice-night"


def run_demo(folder: Path | None) -> int:
    """Simulate raw frames of a night, reduce them through Papermill, compare with the truth.

    Parameters
    ----------
    folder : Path or None
        Where its state goes; ``HCDC_HOME`` by default.

    Returns
    -------
    int
        Exit status: 1 if a planet was missed.
    """
    from hcdc_kernel.synthetic.irdis import Truth
    from hcdc_kernel.workspace import Workspace

    begin = time.monotonic()
    workspace = Workspace.open(folder)
    note("Simulating a night of SPHERE/IRDIS: raw frames, calibrations, hidden planets ...")
    with progress_bar("simulate") as progress:
        taken = workspace.make_raw_example(_EXAMPLE, progress=progress)
    observation = taken.observations[0].observation
    note(
        f"Reducing {observation.name}, from raw frames with the recipe adi-pca, in a notebook ..."
    )
    with progress_bar("adi-pca") as progress:
        run = workspace.reduce(observation.name, settings=_SETTINGS, progress=progress)
    files = workspace.export(run.uid, workspace.settings.home / "demo")
    made = latest_products(workspace, run.uid)
    found = cast("Candidates", workspace.read(made["candidates"]))
    truth = Truth.read(workspace.settings.home / "examples" / _EXAMPLE)
    n_missed = compare(found, truth.planets, _PIXEL_MAS)
    say("")
    for path in files:
        if path.suffix == ".html":
            say(f"Report: {path}")
    say("Open the hub with: make hub")
    note(f"Done in {time.monotonic() - begin:.0f} s.")
    return 1 if n_missed else 0


def compare(found: Candidates, planets: Sequence[TruePlanet], scale_mas: float) -> int:
    """Write the candidates beside the truth.

    Parameters
    ----------
    found : Candidates
        What the reduction found.
    planets : sequence of TruePlanet
        What was hidden.
    scale_mas : float
        Size of a pixel [mas].

    Returns
    -------
    int
        How many planets were missed.
    """
    import numpy as np

    rows, n_missed = [], 0
    whole = np.flatnonzero(np.isnan(found.wavelength_um))
    places = whole if whole.size else np.arange(len(found))
    for name, planet in zip("123456789", planets, strict=False):
        off_px = {int(row): _distance_px(found, int(row), planet, scale_mas) for row in places}
        row = min(off_px, key=off_px.__getitem__, default=None)
        if row is None or off_px[row] > _NEAR_PX:
            n_missed += 1
            rows.append((name, "missed", _place(planet), "", "", "", ""))
            continue
        wavelengths = _wavelengths(found)
        contrast = _contrasts(found, found.label[row], wavelengths) or [float(found.contrast[row])]
        truth = planet.contrast_at(len(wavelengths) or 1)
        off = 100.0 * (np.array(contrast) / truth - 1.0)
        rows.append(
            (
                name,
                found.label[row],
                _place(planet),
                f"{found.separation_mas[row]:.1f} mas {found.position_angle_deg[row]:.2f} deg",
                f"{off_px[row]:.2f} px",
                f"{_list(truth, '.2e')} / {_list(contrast, '.2e')}",
                f"{_list(off, '+.1f')} %",
            )
        )
    write_table(
        ("planet", "found as", "truth", "found", "off by", "contrast true / found", "off by"), rows
    )
    claimed = {row[1] for row in rows}
    extra = sorted(set(found.label) - claimed)
    if extra:
        say(f"Besides, candidates that are no planets: {', '.join(extra)}")
    return n_missed


def latest_products(workspace: Workspace, run: str) -> dict[str, str]:
    """Name the final product of each name of a run.

    Parameters
    ----------
    workspace : Workspace
        Where the run is.
    run : str
        Its uid.

    Returns
    -------
    dict of str to str
        Uid by name.
    """
    from hcdc_kernel.runner.delivery import latest_of_each_name

    latest = latest_of_each_name(workspace.products(run=run))
    return {name: product.uid for name, product in latest.items()}


def _distance_px(found: Candidates, row: int, planet: TruePlanet, scale_mas: float) -> float:
    """Measure how far a candidate lies from a planet."""
    angle = math.radians(planet.position_angle_deg)
    there = math.radians(float(found.position_angle_deg[row]))
    separation = float(found.separation_mas[row])
    return (
        math.hypot(
            separation * math.cos(there) - planet.separation_mas * math.cos(angle),
            separation * math.sin(there) - planet.separation_mas * math.sin(angle),
        )
        / scale_mas
    )


def _place(planet: TruePlanet) -> str:
    """Write where a planet is."""
    return f"{planet.separation_mas:.1f} mas {planet.position_angle_deg:.2f} deg"


def _wavelengths(found: Candidates) -> list[float]:
    """List the channels that candidates were measured in, by rising wavelength [um]."""
    return sorted({float(one) for one in found.wavelength_um if one > 0})


def _contrasts(found: Candidates, label: str, wavelengths: Sequence[float]) -> list[float]:
    """List the contrast of a candidate in each channel; empty if one was not measured."""
    measured = {
        float(wavelength): float(contrast)
        for name, wavelength, contrast in zip(
            found.label, found.wavelength_um, found.contrast, strict=True
        )
        if name == label
    }
    whole = all(one in measured for one in wavelengths)
    return [measured[one] for one in wavelengths] if whole else []


def _list(values: Iterable[float], form: str) -> str:
    """Write numbers beside each other."""
    return " ".join(format(value, form) for value in values)
