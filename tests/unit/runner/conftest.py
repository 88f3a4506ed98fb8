"""A night of raw files, and quick steps that stand for their calibration."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hcdc_kernel as hcdc
from hcdc_kernel import plugins
from hcdc_kernel.datamodel import Exposure, Identity, Master, Psf, StarPositions
from hcdc_kernel.runner.raw_ingest import TakenIn, refresh_observations
from hcdc_kernel.steps.base import Step, StepConfig
from hcdc_kernel.synthetic import make_sequence, small_scene

MIDNIGHT_MJD = 58616.0  # 2019-05-13; the night is that of 2019-05-12
NIGHT = "2019-05-12"


class Night:
    """Raw files of IRDIS on disk, in name only: quick steps do not look inside."""

    def __init__(self, folder: Path, target: str = "HD 1234", ra_deg: float = 120.0) -> None:
        self.folder = folder
        self.star = {"target": target, "ra_deg": ra_deg, "dec_deg": -30.0}
        folder.mkdir(exist_ok=True)

    def file(self, kind: str, hours: float, dit_s: float = 64.0, **known: Any) -> Exposure:
        """One file of 4 frames."""
        start = MIDNIGHT_MJD + hours / 24
        on_star = kind in ("science", "center", "flux")
        name = f"{kind}-{hours:.4f}-{dit_s:g}-{self.star['target'] if on_star else ''}"
        facts: dict[str, Any] = {
            "name": name,
            "path": self.folder / f"{name}.fits",
            "camera": "vlt-irdis",
            "kind": kind,
            "sha256": hashlib.sha256(name.encode()).hexdigest(),
            "size": len(name),
            "mode": "dual-band",
            "filter": "DB_H23",
            "neutral_density": "OPEN",
            "read_mode": "Nondest",
            "night": NIGHT,
            "start_mjd": start,
            "end_mjd": start + 4 * (dit_s + 0.938) / 86400,
            "dit_s": dit_s,
            "dit_delay_s": 0.1,
            "n_dit": 4,
            "n_planes": 4,
            "latitude_deg": -24.6268,
            "longitude_deg": -70.4045,
        }
        if on_star:
            facts |= self.star | {
                "coronagraph": "N_ALC_YJH_S",
                "tracking": "pupil",
                "altitude_deg": 60.0,
                "template": "SPHERE_irdifs_obs",
            }
        facts |= known
        facts["path"].write_text(name)
        return Exposure(**facts)

    def science(self, hours: float = 1.0, n: int = 3, **known: Any) -> list[Exposure]:
        """Science files that follow one another."""
        return [self.file("science", hours + i / 12, **known) for i in range(n)]

    def flats(self) -> list[Exposure]:
        """Lamp exposures of five lengths, with their darks."""
        times = (1.0, 2.0, 3.0, 4.0, 5.0)
        lamps = [self.file("flat", 11 + dit_s / 60, dit_s) for dit_s in times]
        return lamps + [self.file("dark", 12 + dit_s / 60, dit_s) for dit_s in times]

    def backgrounds(self) -> list[Exposure]:
        """Backgrounds of the science frames."""
        return [self.file("background", 10.0 + i / 10) for i in range(2)]


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path / "raw")


@pytest.fixture
def workspace(hcdc_home: Path) -> hcdc.Workspace:
    return hcdc.Workspace.open()


@pytest.fixture
def take_in(workspace: hcdc.Workspace) -> Callable[[list[Exposure]], tuple[TakenIn, ...]]:
    """Enter files as if their headers had been read."""

    def enter(files: list[Exposure]) -> tuple[TakenIn, ...]:
        workspace._archive.add_exposures(files)
        return refresh_observations(workspace._archive, files)

    return enter


@pytest.fixture
def two_stars(tmp_path: Path) -> tuple[Night, Night]:
    """The same night, one star after the other."""
    return Night(tmp_path / "one"), Night(tmp_path / "other", "HD 99", 200.0)


class Nothing(StepConfig):
    level: float = 1.0


def master(kind: str, level: float, identity: Identity) -> Master:
    plane = np.full((4, 6), level, np.float32)
    flags = np.zeros(plane.shape, np.uint8)
    setup = {"dit_s": 64.0}
    return Master(kind, plane, plane, flags, setup, {"level_adu": level}, identity)


def background_step(which: str) -> type[Step]:
    class Background(Step):
        name, version, needed = f"make-{which}-background", 1, False
        inputs, outputs, Config = (f"{which}_backgrounds",), (f"{which}_background",), Nothing

        def run(self, data, config, progress=None):
            DONE[self.name] += 1
            (given,) = data.values()
            assert all(one.path.read_text() == one.name for one in given)
            level = config.level * len(given)
            return {self.outputs[0]: master("background", level, given.identity)}

    return Background


class Flat(Step):
    name, version, needed = "make-flat", 1, False
    inputs, optional_inputs = ("flats",), ("flat_backgrounds",)
    outputs, Config = ("flat",), Nothing

    def run(self, data, config, progress=None):
        DONE[self.name] += 1
        return {"flat": master("flat", config.level, data["flats"].identity)}


class Center(Step):
    name, version, needed = "measure-center", 1, False
    inputs, outputs, Config = ("center",), ("star_positions",), Nothing

    def run(self, data, config, progress=None):
        DONE[self.name] += 1
        one = np.zeros((1, 2, 2))
        return {
            "star_positions": StarPositions(
                one, one[..., 0], np.zeros(1), np.zeros((1, 2)), ("a",),
                np.zeros((1, 2, 4, 2)), np.zeros((2, 5, 5), np.float32), np.zeros((2, 2)),
                "satellite-spots", data["center"].identity,
            )
        }  # fmt: skip


def simulated(identity: Identity):
    """A calibrated sequence of the star: speckles that follow from its name."""
    seed = sum(identity.target.encode())
    scene = replace(small_scene(seed=seed), n_frames=8)
    sequence = make_sequence(scene)
    return (
        replace(sequence.cube, identity=identity),
        replace(sequence.psf, identity=identity),
    )


class Flux(Step):
    name, version = "calibrate-flux", 1
    inputs, optional_inputs = ("science",), ("flux", "flux_background", "flat")
    outputs, Config = ("psf",), Nothing

    def run(self, data, config, progress=None):
        DONE[self.name] += 1
        psf = simulated(data["science"].identity)[1]
        assert isinstance(psf, Psf)
        return {"psf": replace(psf, absolute="flux" in data)}


class Science(Step):
    name, version = "calibrate-science", 1
    inputs = ("science", "psf")
    optional_inputs = ("science_background", "flat", "star_positions", "telemetry")
    outputs, Config = ("cube",), Nothing

    def run(self, data, config, progress=None):
        DONE[self.name] += 1
        assert all(one.path.is_file() for one in data["science"])
        return {"cube": simulated(data["science"].identity)[0]}


DONE: Counter[str] = Counter()
STEPS = (
    *(background_step(which) for which in ("science", "center", "flux")),
    Flat, Center, Flux, Science,
)  # fmt: skip


@pytest.fixture
def quick_steps():
    """Stand-ins for the steps of irdis-imaging; counts how often each was done."""
    DONE.clear()
    with ExitStack() as stack:
        for step in STEPS:
            stack.enter_context(plugins.registered("steps", step.name, step))
        yield DONE
