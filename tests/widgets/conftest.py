"""Small data objects made by hand: what they should show is known."""

import numpy as np
import pytest

from hcdc_kernel.datamodel import (
    Candidates,
    ContrastCurve,
    Cube,
    DetectionMap,
    Frames,
    Identity,
    Quality,
    QualityNote,
    Residual,
    StepRecord,
)

SCALE_MAS = 25.0
PLANET = (400.0, 120.0)  # separation [mas], position angle [deg]


@pytest.fixture
def identity():
    return Identity("Étoile β Pictoris <b>", "test-camera", "L'", "2026-01-31")


@pytest.fixture
def history():
    return (
        StepRecord("center-star", 1, {}, {}, {"numpy": "2.4"}),
        StepRecord("subtract-psf", 2, {"model": "pca", "n_modes": 5}),
    )


def spot(n, x, y, width=1.8):
    row, column = np.mgrid[:n, :n]
    return np.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * width**2))


@pytest.fixture
def make_cube(identity):
    def make(n_wave=1, n_time=12, star=(22.4, 25.1), n=49):
        rng = np.random.default_rng(1)
        image = 1000 * spot(n, *star) + 30 * spot(n, *star, width=9)
        data = (image + rng.normal(0, 2, (n_wave, n_time, n, n))).astype(np.float32)
        usable = np.arange(n_time) % 5 != 3
        frames = Frames(
            mjd=np.linspace(61000, 61000.1, n_time),
            parallactic_deg=np.full(n_time, np.nan),
            derotation_deg=np.linspace(-30, 30, n_time),
            usable=usable,
            reason=tuple("" if u else "too faint" for u in usable),
            exposure=("a.fits",) * n_time,
            dit_index=np.arange(n_time),
        )
        drift = rng.normal(0, 0.3, (n_wave, n_time, 2))
        return Cube(
            data=data,
            frames=frames,
            wavelength_um=np.linspace(1.2, 3.8, n_wave),
            star_xy_px=np.broadcast_to(star, (n_wave, n_time, 2)) + drift,
            pixel_scale_mas=SCALE_MAS,
            identity=identity,
        )

    return make


def planet_xy(n):
    r, angle = PLANET[0] / SCALE_MAS, np.deg2rad(PLANET[1])
    return n // 2 - r * np.sin(angle), n // 2 + r * np.cos(angle)


@pytest.fixture
def residual(identity, history):
    rng = np.random.default_rng(2)
    data = rng.normal(0, 1, (2, 61, 61)) + 15 * spot(61, *planet_xy(61))
    data[:, np.hypot(*(np.mgrid[:61, :61] - 30)) < 3] = np.nan
    return Residual(data, np.array([1.2, 3.8]), SCALE_MAS, identity, history=history)


@pytest.fixture
def detection(identity, history):
    rng = np.random.default_rng(3)
    snr = rng.normal(0, 1, (1, 61, 61)) + 12 * spot(61, *planet_xy(61))
    return DetectionMap(snr, np.array([3.8]), 4.2, SCALE_MAS, identity, history)


@pytest.fixture
def candidates(identity, history):
    return Candidates(
        label=("a", "b"),
        separation_mas=np.array([PLANET[0], 620.0]),
        separation_error_mas=np.array([3.2, np.nan]),
        position_angle_deg=np.array([PLANET[1], 300.0]),
        position_angle_error_deg=np.array([0.4, np.nan]),
        contrast=np.array([6.3e-4, np.nan]),
        contrast_error=np.array([4e-5, np.nan]),
        snr=np.array([12.1, 5.2]),
        false_alarm=np.array([1e-9, 2e-4]),
        wavelength_um=np.array([np.nan, np.nan]),
        identity=identity,
        history=history,
    )


@pytest.fixture
def curve(identity):
    separation = np.linspace(120, 740, 30)
    limit = 2e-3 * (100 / separation) ** 2 + 3e-5
    limit[0] = np.nan
    return ContrastCurve(
        separation_mas=separation,
        contrast=np.vstack([limit, 1.4 * limit]),
        throughput=np.vstack([np.linspace(0.3, 0.95, 30)] * 2),
        wavelength_um=np.array([1.2, 3.8]),
        n_sigma=5.0,
        method="injection",
        identity=identity,
    )


@pytest.fixture
def quality(identity):
    notes = (
        QualityNote("field-rotation", 61.2, "deg", "good", "The sky turned enough."),
        QualityNote("frames-used", 0.62, "", "fair", "Many frames were rejected."),
        QualityNote("throughput", float("nan"), "", "poor", "Could not be measured."),
    )
    return Quality(notes, identity)
