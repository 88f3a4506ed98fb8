"""A night of raw files, as their headers tell."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hcdc_kernel.datamodel import Exposure


class RawNight:
    """Raw files of IRDIS as their headers tell, placed in time by hours from midnight UTC."""

    midnight_mjd = 58616.0  # 2019-05-13; the night is that of 2019-05-12
    star: ClassVar[dict[str, Any]] = {"target": "HD 1234", "ra_deg": 120.0, "dec_deg": -30.0}
    setup: ClassVar[dict[str, Any]] = {
        "mode": "dual-band",
        "filter": "DB_H23",
        "neutral_density": "OPEN",
        "read_mode": "Nondest",
    }
    on_star: ClassVar[dict[str, Any]] = {
        "coronagraph": "N_ALC_YJH_S",
        "tracking": "pupil",
        "template": "SPHERE_irdifs_obs",
        "program": "1100.C-0481(D)",
    }

    def file(self, kind: str, hours: float, dit_s: float = 64.0, **known: Any) -> Exposure:
        """One file of 4 frames; what is not given is as in the science frames."""
        n_dit = known.pop("n_dit", 4)
        start = self.midnight_mjd + hours / 24
        given = dict(self.setup)
        if kind in ("science", "center", "flux", "sky"):
            given |= self.star | self.on_star
        given |= {
            "camera": "vlt-irdis",
            "n_dit": n_dit,
            "n_planes": n_dit,
            "dit_s": dit_s,
            "start_mjd": start,
            "end_mjd": start + n_dit * (dit_s + 0.938) / 86400,
            "night": (date(1858, 11, 17) + timedelta(days=math.floor(start - 0.5))).isoformat(),
        }
        given |= known
        name = given.pop("name", f"{given['camera']}-{kind}-{start:.6f}-{dit_s:g}")
        return Exposure(name=name, path=Path(f"{name}.fits"), kind=kind, **given)

    def science(self, hours: float = 1.0, n: int = 6, **known: Any) -> list[Exposure]:
        """Science files that follow one another every 5 minutes."""
        return [self.file("science", hours + i / 12, **known) for i in range(n)]

    def complete(self) -> list[Exposure]:
        """An observation with all that the calibration plan asks for."""
        flats = [self.file("flat", 11 + dit_s / 60, dit_s) for dit_s in (1, 2, 3, 4, 5)]
        darks = [self.file("dark", 12 + dit_s / 60, dit_s) for dit_s in (1, 2, 3, 4, 5)]
        return [
            *self.science(),
            *(self.file("center", hours) for hours in (0.9, 1.6)),
            *(
                self.file("flux", hours, 2.0, neutral_density="ND_1.0")
                for hours in (0.8, 1.7)
            ),
            *(self.file("background", 10.0 + i / 10) for i in range(3)),
            self.file("background", 10.5, 2.0, neutral_density="ND_1.0"),
            *flats,
            *darks,
            self.file(
                "telemetry", 0.95, math.nan, camera="vlt-sparta",
                end_mjd=self.midnight_mjd + 1.6 / 24, n_planes=0,
            ),
        ]  # fmt: skip


@pytest.fixture(scope="session")
def night() -> RawNight:
    return RawNight()
