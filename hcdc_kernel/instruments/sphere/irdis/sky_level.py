"""How strong the background of each frame is, far from the star."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hcdc_kernel.algorithms.background_scale import background_scale, sample_pixels
from hcdc_kernel.arrays import FloatArray, IntArray
from hcdc_kernel.instruments.raw.planes import RawPlanes
from hcdc_kernel.instruments.sphere.irdis.detector_setup import DetectorSetup
from hcdc_kernel.instruments.sphere.irdis.fields import FIELD_SIZE, FIELDS, N_FIELDS, illuminated

SkyMode = Literal["fit", "fixed", "level"]

# Rows that are looked at: a few all over the field are enough.
_ROWS = slice(20, 1010, 22)
_STAR_RADIUS_PX = 180.0
_N_PIXELS = 6000


@dataclass(frozen=True, slots=True)
class SkyLevel:
    """The background of one frame.

    Attributes
    ----------
    scale : float
        What to multiply the master background by.
    level : tuple of float
        What to subtract besides from the left and the right field [adu].
    """

    scale: float
    level: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SkyGauge:
    """Measures the background of frames in a few rows, away from the star.

    Attributes
    ----------
    mode : {"fit", "fixed", "level"}
        Fit the strength of the master background, take it as it is, or take the median of each
        field where there is no master.
    scale : float
        Strength of the master background if it is not fitted.
    background : ndarray, shape (n_rows, 2048)
        The master background in the rows looked at [adu].
    pixels : ndarray of int, shape (n,)
        Pixels to look at, as places in these rows, flattened.
    """

    mode: SkyMode
    scale: float
    background: FloatArray
    pixels: IntArray

    @classmethod
    def of(cls, setup: DetectorSetup, star_xy: FloatArray, *, is_fitted: bool) -> SkyGauge:
        """Choose pixels away from the star.

        Parameters
        ----------
        setup : DetectorSetup
            Masters and bad pixels.
        star_xy : ndarray, shape (2, 2)
            The star in the left and right field, x then y; NaN if it is not known [px].
        is_fitted : bool
            Whether the strength of the background is fitted to each frame.

        Returns
        -------
        SkyGauge
            For all frames with the star near that place.
        """
        usable = illuminated() & ~setup.is_bad
        rows = np.arange(FIELD_SIZE)[_ROWS]
        usable = usable[rows]
        for field, (x, y) in zip(FIELDS, star_xy, strict=True):
            if np.isfinite(x) and np.isfinite(y):
                away = np.hypot(rows[:, None] - y, np.arange(FIELD_SIZE) - x)
                usable[:, field.columns] &= away > _STAR_RADIUS_PX
        master = setup.background
        mode: SkyMode = "level" if master is None else "fit" if is_fitted else "fixed"
        background = np.zeros((0, 0)) if master is None else np.nan_to_num(master.data[rows])
        return cls(mode, setup.background_scale, background, sample_pixels(usable, _N_PIXELS))

    def measure(self, planes: RawPlanes, index: int) -> SkyLevel:
        """Measure the background of a frame.

        Parameters
        ----------
        planes : RawPlanes
            The raw file.
        index : int
            Which of its frames.

        Returns
        -------
        SkyLevel
            Scale and levels.
        """
        if self.mode == "fixed":
            return SkyLevel(self.scale, (0.0, 0.0))
        rows = planes.read(index, rows=_ROWS)
        if self.mode == "fit":
            if not np.isfinite(rows).any():
                return SkyLevel(self.scale, (0.0, 0.0))
            return SkyLevel(background_scale(rows, self.background, self.pixels).scale, (0.0, 0.0))
        values = rows.reshape(-1)[self.pixels]
        half = self.pixels % (N_FIELDS * FIELD_SIZE) // FIELD_SIZE
        left, right = (_median(values[half == field]) for field in range(N_FIELDS))
        return SkyLevel(self.scale, (left, right))


def _median(values: FloatArray) -> float:
    """Median of what is finite; 0 of nothing."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 0.0
