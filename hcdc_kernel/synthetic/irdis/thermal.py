"""Thermal light of the warm instrument and of the sky."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.detector import FIELD, SHAPE
from hcdc_kernel.synthetic.irdis.filters import nd_transmission
from hcdc_kernel.synthetic.irdis.scene import NightScene
from hcdc_kernel.synthetic.irdis.schedule import Shot

_DRIFT = 0.03  # how far the instrument's glow wanders in a night
_DRIFT_HOURS = 3.0


class Thermal:
    """Glow of optics behind the neutral density filter, which drifts, and of the sky before it.

    Parameters
    ----------
    scene : NightScene
        With filter and seed.
    begin_mjd : float
        Start of the night [d].
    """

    def __init__(self, scene: NightScene, begin_mjd: float) -> None:
        self._scene, self._begin = scene, begin_mjd
        rng = np.random.default_rng([scene.seed, 21])
        self._phase = 2 * np.pi * rng.random(2)

    def rates(self, shot: Shot, mjd: float) -> tuple[float, float]:
        """Tell the mean glow of the left and the right field.

        Parameters
        ----------
        shot : Shot
            The file: on sky or by day.
        mjd : float
            Time [d].

        Returns
        -------
        tuple of float
            Photoelectrons per second and pixel.
        """
        if shot.kind == "dark":
            return 0.0, 0.0
        hours = (mjd - self._begin) * 24.0
        wave = np.sin(2 * np.pi * hours / _DRIFT_HOURS / 2.7 + self._phase[0])
        wave += 0.4 * np.sin(2 * np.pi * hours / 0.9 + self._phase[1])
        warm = 1.0 + _DRIFT * float(wave)
        left, right = (
            band.thermal_rate * warm
            + (band.sky_rate * nd_transmission(band, shot.nd) if shot.on_sky else 0.0)
            for band in self._scene.bands
        )
        return left, right

    def light(self, shot: Shot, mjd: float) -> FloatArray:
        """Spread the glow over the detector.

        Parameters
        ----------
        shot : Shot
            The file.
        mjd : float
            Time [d].

        Returns
        -------
        ndarray, shape (1024, 2048), float32
            Photoelectrons per second and pixel.
        """
        light = self.pattern.copy()
        for i, rate in enumerate(self.rates(shot, mjd)):
            light[:, i * FIELD : (i + 1) * FIELD] *= np.float32(rate)
        return light

    @cached_property
    def pattern(self) -> FloatArray:
        """Unevenness of the glow, about 1: slopes, a bright rim, blobs."""
        rng = np.random.default_rng([self._scene.detector_seed, 22])
        y, x = np.mgrid[: SHAPE[0], :FIELD].astype(np.float32)
        halves = []
        for center in (489.0, 490.0):
            u, v = (x - center) / 450.0, (y - 514.0) / 500.0
            blobs = gaussian_filter(rng.standard_normal((64, 64)), 3.0)
            blobs = np.kron(blobs / blobs.std(), np.ones((16, 16)))
            half = 1.0 + 0.05 * u - 0.07 * v + 0.12 * np.hypot(u, v) ** 4
            halves.append(half + 0.02 * gaussian_filter(blobs, 16.0))
        return np.concatenate(halves, axis=1).astype(np.float32)
