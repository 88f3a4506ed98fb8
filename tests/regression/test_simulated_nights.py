"""Whole raw nights of IRDIS, from files to planets, against the truth they were made with.

The simulation knows nothing of the reduction. What is asked here is what a night must show:
angles, center, planets with honest errors, bad frames, and limits like those of real nights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hcdc_kernel as hcdc
from hcdc_kernel.synthetic.irdis import NightScene, TruePlanet, Truth, simulate_night

pytestmark = pytest.mark.slow

CONTRAST = 1e-5
RADIUS = {"calibrate-science.radius": "850 mas"}
WAVELENGTH_UM = {"DB_H23": [1.593, 1.667], "DB_K12": [2.11, 2.251], "BB_H": [1.625]}
NIGHTS: dict[str, dict[str, Any]] = {
    "DB_H23": {"waffle": "x", "rotation_deg": 40.0, "seed": 11},
    "DB_K12": {"waffle": "+", "rotation_deg": 30.0, "seed": 12, "dither": True},
    "BB_H": {"waffle": "+", "rotation_deg": 55.0, "seed": 13, "date": "2017-09-03"},
}


class Night:
    """A simulated night, reduced."""

    def __init__(self, folder: Path, name: str) -> None:
        rng = np.random.default_rng(NIGHTS[name]["seed"])
        turns = rng.uniform(0, 120) + np.array([0.0, 120.0, 240.0])
        planets = tuple(TruePlanet(500.0, float(turn % 360), CONTRAST) for turn in turns)
        scene = NightScene(
            filter=name, planets=planets, n_files=6, n_dit=8, dit_s=32.0, n_bad_frames=4,
            **NIGHTS[name],
        )  # fmt: skip
        simulate_night(scene, folder / "raw", n_threads=2)
        self.truth = Truth.read(folder / "raw")
        recipe = hcdc.load_recipe("adi-pca").model_dump(mode="json")
        recipe["steps"] = [
            step for step in recipe["steps"]
            if step["step"] not in ("measure-contrast", "assess-quality")
        ]  # fmt: skip
        path = folder / "adi-without-limits.yaml"
        path.write_text(json.dumps(recipe | {"name": "adi-without-limits"}))
        self.workspace = hcdc.Workspace.open(folder / "home")
        self.workspace.ingest_files([folder / "raw"])
        (self.observation,) = self.workspace.observations()
        self.reduction = self.workspace.start(self.observation.name, str(path), RADIUS).run()

    def science(self, what: str) -> Any:
        """One truth of all science frames; time is the axis before x and y, or the last."""
        parts = [np.asarray(getattr(one, what)) for one in self.truth.of_kind("science")]
        return np.concatenate(parts, axis=1 if what == "star_xy_px" else -1)


@pytest.fixture(scope="module", params=list(NIGHTS))
def night(request: Any, tmp_path_factory: Any) -> Night:
    return Night(tmp_path_factory.mktemp(request.param), request.param)


def test_files_become_one_observation_with_all_it_needs(night: Night) -> None:
    facts = night.observation.facts
    assert facts["light"] == "good"
    assert facts["calibration"] == "irdis-imaging"
    assert night.observation.n_frames == 48


def test_angles_and_wavelengths(night: Night) -> None:
    cube = night.reduction.result("cube")
    off = (cube.frames.derotation_deg - night.science("derotation_deg") + 180) % 360 - 180
    assert np.abs(off).max() < 0.005
    assert cube.wavelength_um.tolist() == WAVELENGTH_UM[night.observation.filter]


def test_star_behind_the_coronagraph(night: Night) -> None:
    # Speckles interfere with the spots, in the simulation as on the sky, so some nights are
    # off by more than the few hundredths of a pixel that noise alone would leave.
    found = night.reduction.result("star_positions")
    true = np.concatenate(
        [np.asarray(one.star_xy_px) for one in night.truth.of_kind("center")], axis=1
    ).mean(axis=1)
    off = found.xy_px.mean(axis=0) - true
    assert np.sqrt(np.mean(off**2)) < 0.05
    assert np.abs(off).max() < 0.08


def test_bad_frames_are_found_and_good_ones_kept(night: Night) -> None:
    usable = night.reduction.result("cube").frames.usable
    is_bad = night.science("is_bad")
    assert is_bad.sum() == 4
    assert not usable[is_bad].any()
    assert (~usable[~is_bad]).sum() <= 0.03 * (~is_bad).sum()


def _found(night: Night) -> list[tuple[float, ...]]:
    """Radial and tangential error [mas] and contrast ratio of each planet, with their sigmas."""
    table = night.reduction.result("candidates")
    rows = np.flatnonzero(np.isnan(table.wavelength_um))
    rows = rows if rows.size else np.arange(len(table))
    place = table.separation_mas * np.exp(1j * np.deg2rad(table.position_angle_deg))
    found = []
    for planet in night.truth.planets:
        there = planet.separation_mas * np.exp(1j * np.deg2rad(planet.position_angle_deg))
        row = rows[np.argmin(np.abs(place[rows] - there))]
        away = (place[row] - there) / (there / abs(there))
        assert abs(away) < 12.0, f"planet at {planet.position_angle_deg:.0f} deg is missed"
        turn_mas = np.deg2rad(table.position_angle_error_deg[row]) * planet.separation_mas
        found.append(
            (
                away.real, table.separation_error_mas[row], away.imag, turn_mas,
                table.contrast[row] / CONTRAST - 1, table.contrast_error[row] / CONTRAST,
            )
        )  # fmt: skip
    return found


def test_planets_of_1e_5_at_half_an_arcsec_with_honest_errors(night: Night) -> None:
    radial, s_radial, across, s_across, ratio, s_ratio = np.array(_found(night)).T
    assert np.hypot(radial.mean(), across.mean()) < 2.0
    assert abs(ratio.mean()) < 0.05 + s_ratio.mean() / np.sqrt(3)
    pulls = np.concatenate([radial / s_radial, across / s_across, ratio / s_ratio])
    assert 0.2 < np.sqrt(np.mean(pulls**2)) < 1.9


def test_limits_lie_among_those_of_real_nights(night: Night, real_data: Path) -> None:
    if night.observation.filter != "DB_H23":
        pytest.skip("the real curves are of DB_H23")
    table = pytest.importorskip("astropy.table").Table.read(
        real_data / "sphere_dc_contrast_curves" / "split_shared.fits"
    )
    column = {
        name: np.ma.filled(np.ma.asarray(table[name], dtype=float), np.nan)
        for name in ("field_rotation_deg", "seeing_median_arcsec", "mag_H")
    }
    alike = (np.abs(column["field_rotation_deg"] - 40) < 20) & (np.abs(column["mag_H"] - 5) < 1.5)
    alike &= np.abs(column["seeing_median_arcsec"] - 0.8) < 0.3
    assert alike.sum() > 50
    # The real curves are of classical ADI: the median over time as the model of the star.
    # Towards the control radius (0.8 arcsec) they flatten, which the simulation lacks.
    reduction = night.workspace.start(night.observation.name, "adi-median", RADIUS)
    curve = reduction.make("contrast").result("contrast")
    for separation in (200.0, 300.0, 500.0):
        real = [
            np.interp(separation / 1000, row["separation_arcsec_lin"], row["contrast_5sig_lin"])
            for row in table[alike]
        ]
        low, high = np.nanpercentile(real, [1, 99])
        ours = [np.interp(separation, curve.separation_mas, one) for one in curve.contrast]
        assert low < np.min(ours), separation
        assert np.max(ours) < high, separation
