"""From raw files to a cube: time a frame, against reading the same bytes, and memory.

Run with ``pytest -m performance tests/performance/test_raw_to_cube.py -s``; the figures are
printed. The limits are far above what a quiet machine needs, so that they fail for a reason.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hcdc_kernel.synthetic.irdis import simulate_night, small_night

pytestmark = [pytest.mark.performance, pytest.mark.slow]

# A process of its own, so that its peak memory is that of the work alone.
_WORK = """
import json, resource, sys, time
from pathlib import Path
from threadpoolctl import threadpool_limits
from hcdc_kernel.instruments.raw import read_exposures
from hcdc_kernel.instruments.raw.observations import assemble_observations
from hcdc_kernel.steps.apply import apply_step
from hcdc_kernel.steps.base import load_step, make_config

def run(name, data):
    step = load_step(name)
    start = time.perf_counter()
    with threadpool_limits(1, user_api="blas"):
        data |= apply_step(step, make_config(step, {}), data)
    return time.perf_counter() - start

exposures, _ = read_exposures([Path(sys.argv[1])])
observation = next(o for o in assemble_observations(exposures) if "science" in o.roles)
data = dict(observation.roles)
masters = ("make-science-background", "make-flux-background", "make-flat", "measure-center")
seconds = {name: run(name, data) for name in (*masters, "calibrate-flux")}
first = dict(data)
run("calibrate-science", first)  # compiles
del first
start = time.perf_counter()
for exposure in data["science"]:
    exposure.path.read_bytes()
seconds["read"] = time.perf_counter() - start
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seconds["calibrate-science"] = run("calibrate-science", data)
cube = data["cube"]
print(json.dumps({
    "seconds": seconds, "frames": cube.n_time, "usable": int(cube.frames.usable.sum()),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "cube_mb": sum(a.nbytes for a in (cube.data, cube.variance, cube.flags)) / 2**20,
}))
"""


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A night of 16 files with 8 frames each: one gigabyte of science frames."""
    folder = tmp_path_factory.mktemp("night")
    return simulate_night(small_night(n_files=16, n_dit=8, gap_s=30.0, rotation_deg=30.0), folder)


@pytest.fixture(scope="module")
def figures(night):
    done = subprocess.run(
        [sys.executable, "-c", _WORK, str(night)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    for name, seconds in found["seconds"].items():
        print(f"{name:>24}: {seconds:7.2f} s")  # noqa: T201
    per_frame = found["seconds"]["calibrate-science"] / found["frames"]
    print(f"{'each science frame':>24}: {1000 * per_frame:7.1f} ms")  # noqa: T201
    print(f"{'peak memory':>24}: {found['peak_mb']:7.0f} MB, cube {found['cube_mb']:.0f} MB")  # noqa: T201
    return found


def test_a_science_frame_takes_a_small_part_of_a_second(figures):
    assert figures["usable"] == figures["frames"] == 128
    assert figures["seconds"]["calibrate-science"] / figures["frames"] < 0.15


def test_calibrating_takes_little_longer_than_reading(figures):
    """A disk that gives 0.5 GB/s needs two seconds for the same bytes."""
    bytes_of_disk = figures["frames"] * 1024 * 2048 * 4
    read = max(figures["seconds"]["read"], bytes_of_disk / 0.5e9)
    assert figures["seconds"]["calibrate-science"] < 5 * read


def test_memory_is_that_of_the_cube_and_little_more(figures):
    assert figures["peak_mb"] < figures["cube_mb"] * 2.5 + 900
