"""The demonstration sets what was found beside the truth, and counts what was missed."""

from __future__ import annotations

import numpy as np
import pytest

from hcdc_kernel.cli.demo import compare
from hcdc_kernel.datamodel import Candidates, Identity
from hcdc_kernel.synthetic import TruePlanet

PLANETS = (TruePlanet(450.0, 60.0, (2e-4, 3e-4)), TruePlanet(800.0, 215.0, (8e-5, 6e-5)))


def found(*rows: tuple[str, float, float, float, float]) -> Candidates:
    """Candidates of label, separation, angle, contrast and wavelength."""
    labels = tuple(row[0] for row in rows)
    table = np.array([row[1:] for row in rows], dtype=float).reshape(len(rows), 4)
    unknown = np.full(len(rows), np.nan)
    return Candidates(
        label=labels,
        separation_mas=table[:, 0],
        separation_error_mas=unknown,
        position_angle_deg=table[:, 1],
        position_angle_error_deg=unknown,
        contrast=table[:, 2],
        contrast_error=unknown,
        snr=unknown,
        false_alarm=unknown,
        wavelength_um=table[:, 3],
        identity=Identity("star", "vlt-irdis", "DB_H23", "2018-11-05"),
    )


def test_contrasts_are_compared_channel_by_channel(capsys: pytest.CaptureFixture[str]) -> None:
    missed = compare(
        found(
            ("a", 450.0, 60.0, 2.5e-4, np.nan),
            ("a", 450.0, 60.0, 2.2e-4, 1.593),
            ("a", 450.0, 60.0, 3.0e-4, 1.667),
            ("b", 812.25, 215.0, 7e-5, np.nan),
            ("c", 600.0, 300.0, 7e-5, np.nan),
        ),
        PLANETS,
        12.25,
    )
    first, second, extra = capsys.readouterr().out.splitlines()[1:]
    assert missed == 0
    assert "+10.0 +0.0 %" in first
    assert "1.00 px" in second
    assert extra.endswith("no planets: c")


def test_planets_that_are_not_there_are_missed(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(found(("a", 450.0, 70.0, 2.5e-4, np.nan)), PLANETS, 12.25) == 2
    assert compare(found(), PLANETS, 12.25) == 2
    assert "missed" in capsys.readouterr().out
