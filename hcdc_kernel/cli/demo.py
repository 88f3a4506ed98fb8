"""The demonstration: hidden planets, found again."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hcdc_kernel.cli.screen import note, progress_bar, say, write_table

if TYPE_CHECKING:
    from hcdc_kernel.datamodel import Candidates
    from hcdc_kernel.synthetic import TruePlanet
    from hcdc_kernel.workspace import Workspace

# How far a candidate may lie from a planet to be taken for it [px].
_NEAR_PX = 1.5


def run_demo(folder: Path | None) -> int:
    """Make a synthetic sequence, reduce it through Papermill, compare with the truth.

    Parameters
    ----------
    folder : Path or None
        Where its state goes; ``HCDC_HOME`` by default.

    Returns
    -------
    int
        Exit status: 1 if a planet was missed.
    """
    from hcdc_kernel.synthetic import demo_scene
    from hcdc_kernel.workspace import Workspace

    begin = time.monotonic()
    workspace = Workspace.open(folder)
    note("Simulating a night: speckles, halo, photon noise, field rotation, hidden planets ...")
    observation = workspace.make_example()
    note(f"Reducing {observation.name} with the recipe adi-pca, in a notebook ...")
    with progress_bar("adi-pca") as progress:
        run = workspace.reduce(observation.name, progress=progress)
    files = workspace.export(run.uid, workspace.settings.home / "demo")
    found = cast("Candidates", workspace.read(latest_products(workspace, run.uid)["candidates"]))
    scale_mas = float(observation.facts["pixel_scale_mas"])
    n_missed = compare(found, demo_scene().planets, scale_mas)
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
        truth = float(np.mean(planet.contrast_at(_n_wave(found))))
        contrast = float(found.contrast[row])
        rows.append(
            (
                name,
                found.label[row],
                _place(planet),
                f"{found.separation_mas[row]:.1f} mas {found.position_angle_deg[row]:.2f} deg",
                f"{off_px[row]:.2f} px",
                f"{truth:.2e} / {contrast:.2e}",
                f"{100 * (contrast / truth - 1):+.1f} %",
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


def _n_wave(found: Candidates) -> int:
    """Count the channels that candidates were measured in."""
    return max(1, len({wavelength for wavelength in found.wavelength_um if wavelength > 0}))
