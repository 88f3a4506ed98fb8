"""How many frames of a long sequence are averaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hcdc_kernel.datamodel import Exposure, Exposures, Identity
from hcdc_kernel.instruments.sphere.astrometry import DEFAULT_ASTROMETRY
from hcdc_kernel.instruments.sphere.geometry import derotation
from hcdc_kernel.instruments.sphere.irdis.frame_table import group_planes, planes_to_average

DAY_S = 86400.0


def _sequence(n_files: int, n_dit: int, dit_s: float, dec_deg: float = 10.0) -> Exposures:
    """A star near the meridian, one file after the other."""
    period = dit_s + 0.938
    one = Exposure(
        name="0", path=Path("0.fits"), camera="vlt-irdis", kind="science", start_mjd=58226.2,
        dit_s=dit_s, n_dit=n_dit, n_planes=n_dit, tracking="pupil", apparent_dec_deg=dec_deg,
        apparent_ra_deg=217.0, altitude_deg=55.0, latitude_deg=-24.6268, longitude_deg=-70.4045,
    )  # fmt: skip
    starts = one.start_mjd + np.arange(n_files) * (n_dit * period + 3) / DAY_S
    items = tuple(
        replace(one, name=str(k), start_mjd=float(t), end_mjd=float(t + n_dit * period / DAY_S))
        for k, t in enumerate(starts)
    )
    return Exposures(items, Identity("S", "vlt-irdis", "DB_H23", "2018-04-18"))


@pytest.mark.parametrize(("n_files", "n_dit"), [(16, 8), (1, 1), (25, 8)])
def test_usual_sequences_stay_as_they_are(n_files, n_dit):
    sequence = _sequence(n_files, n_dit, 16.0)
    assert planes_to_average(sequence, 163.0, DEFAULT_ASTROMETRY) == 1


def test_very_many_frames_become_about_two_hundred():
    sequence = _sequence(64, 15, 4.0)
    together = planes_to_average(sequence, 163.0, DEFAULT_ASTROMETRY)
    assert together == 5
    assert len(group_planes(sequence, together)) == 192


def test_the_sky_turns_by_less_than_a_pixel_meanwhile():
    # Almost through the zenith: the sky turns fast.
    sequence = _sequence(64, 15, 8.0, dec_deg=-24.0)
    together = planes_to_average(sequence, 163.0, DEFAULT_ASTROMETRY)
    fastest = max(np.abs(np.diff(derotation(one))).max() for one in sequence)
    assert 1 <= together < 5
    assert together == 1 or np.deg2rad(fastest) * 163.0 * together <= 1.0
