"""Raw files of IRDIS with a known scene, drawn without the code that reduces them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.datamodel import (
    Exposure,
    Exposures,
    Identity,
    Master,
    StarPositions,
)

STARS_XY = ((485.3, 523.8), (487.6, 514.2))
IDENTITY = Identity("Test Star", "vlt-irdis", "DB_H23", "2019-03-01")
FWHM = 3.6
STRETCH = 1.0062  # distances along y are smaller on the detector by this
SCALES = (12.255, 12.250)  # DB_H23 [mas]


@dataclass
class RawMaker:
    """Writes raw files and the masters that go with them."""

    folder: Path
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))

    def gaussian(self, x, y, flux, fwhm=FWHM, half=60):
        """Draw a point of light, round on the sky, on the squeezed detector."""
        rows, columns = np.mgrid[int(y) - half : int(y) + half, int(x) - half : int(x) + half]
        square = (columns - x) ** 2 + ((rows - y) * STRETCH) ** 2
        peak = flux * 4 * np.log(2) / np.pi / fwhm**2 * STRETCH
        return rows[:, 0], columns[0], peak * np.exp(-4 * np.log(2) * square / fwhm**2)

    def scene(self, points=(), stars=STARS_XY, dither=(0.0, 0.0)):
        """Light on the detector: per point (dx, dy on the sky in 12.25 mas, flux, fwhm)."""
        light = np.zeros((1024, 2048))
        for number, (x, y) in enumerate(stars):
            for dx, dy, flux, fwhm in points:
                ratio = 12.25 / SCALES[number]
                rows, columns, image = self.gaussian(
                    x + dither[0] + dx * ratio, y + dither[1] + dy * ratio / STRETCH, flux,
                    fwhm * ratio,
                )  # fmt: skip
                light[np.ix_(rows, columns + 1024 * number)] += image
        return light

    def write(self, name, planes):
        """Write planes as the observatory does."""
        path = self.folder / f"{name}.fits"
        fits.PrimaryHDU(np.asarray(planes, dtype=">f4")).writeto(path, overwrite=True)
        return path

    def exposure(self, name, planes, **given):
        """Write planes and describe them."""
        path = self.write(name, planes)
        start = given.pop("start_mjd", 58543.1)
        described = {
            "camera": "vlt-irdis", "kind": "science", "mode": "dual-band", "target": "Test Star",
            "ra_deg": 85.0, "dec_deg": -51.0, "apparent_ra_deg": 85.1, "apparent_dec_deg": -51.0,
            "start_mjd": start, "end_mjd": start + len(planes) * 10 / 86400, "night": "2019-03-01",
            "dit_s": 8.0, "dit_delay_s": 0.1, "n_dit": len(planes), "n_planes": len(planes),
            "filter": "DB_H23", "neutral_density": "OPEN", "coronagraph": "N_ALC_YJH_S",
            "tracking": "pupil", "latitude_deg": -24.6268, "longitude_deg": -70.4045,
            "loops_closed": True,
        }  # fmt: skip
        return Exposure(name=name, path=path, **(described | given))

    def exposures(self, *items):
        """Put raw files together."""
        return Exposures(tuple(items), IDENTITY)

    def positions(self, stars=STARS_XY, times=(58543.05,), names=("center",), dither=None):
        """Positions of the star as `measure-center` gives them, at rest unless dithered."""
        n = len(times)
        xy = np.broadcast_to(np.asarray(stars, float), (n, 2, 2)).copy()
        dithers = np.zeros((n, 2)) if dither is None else np.asarray(dither, float)
        return StarPositions(
            xy_px=xy + dithers[:, None],
            error_px=np.full((n, 2), 0.03),
            mjd=np.asarray(times, float),
            dither_xy_px=dithers,
            exposure=tuple(names),
            spots_xy_px=np.full((n, 2, 4, 2), np.nan),
            image=np.zeros((2, 5, 5)),
            image_corner_xy_px=np.zeros((2, 2)),
            method="satellite-spots",
            identity=IDENTITY,
        )

    def master(self, kind, data, bad=None, variance=None, **setup):
        """Describe a master calibration."""
        flags = np.zeros((1024, 2048), np.uint8)
        if bad is not None:
            flags[bad] = 1
        data = np.broadcast_to(np.asarray(data, np.float32), flags.shape)
        noise = (
            np.zeros(flags.shape) if variance is None else np.broadcast_to(variance, flags.shape)
        )
        return Master(
            kind=kind, data=data, variance=noise.astype(np.float32), flags=flags, setup=setup,
            quality={}, identity=IDENTITY,
        )  # fmt: skip


@pytest.fixture
def raw(tmp_path):
    """A place to make raw files in."""
    return RawMaker(tmp_path)


@pytest.fixture
def run_step():
    """Run a step by its name with settings."""
    from hcdc_kernel.steps.apply import apply_step
    from hcdc_kernel.steps.base import load_step, make_config

    def run(name, data, **settings):
        step = load_step(name)
        return apply_step(step, make_config(step, settings), data)

    return run
