"""The Hawaii-2RG of IRDIS: response, dark current, read noise, faults."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter

from hcdc_kernel.arrays import BoolArray, FloatArray
from hcdc_kernel.synthetic.irdis.filters import GAIN

SHAPE = (1024, 2048)
FIELD = 1024
READ_NOISE_E = 4.4
SATURATION_ADU = 58000.0
_BEND_ADU = 30000.0  # where the response has fallen by the share below
_BEND_SHARE = 0.015
_DARK_E = 0.1  # electrons per second of a good pixel
# Columns of light in the left and right field, and rows: outside, the baffle is dark.
_COLUMNS = ((42.0, 936.0), (1066.0, 1962.0))
_ROWS = (15.0, 1013.0)
_N_AMPLIFIERS = 32
_STRIPE_E, _ROW_E = 1.5, 1.0
_COSMICS_PER_S = 2.5


@dataclass(frozen=True)
class Detector:
    """One realization of the detector, the same for all files of its seed.

    Attributes
    ----------
    seed : int
        Same seed, same detector.
    """

    seed: int

    @cached_property
    def illumination(self) -> FloatArray:
        """Share of the light that reaches each pixel: baffles and vignetting."""
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
        total = np.zeros(SHAPE, dtype=np.float32)
        for i, (first, last) in enumerate(_COLUMNS):
            edge = np.clip((x - first) / 4.0 + 0.5, 0, 1) * np.clip((last - x) / 4.0 + 0.5, 0, 1)
            u, v = (x - (first + last) / 2) / 450.0, (y - 514.0) / 500.0
            corner = np.clip(np.hypot(u, v) - 1.08, 0.0, None)
            slope = 1.0 + 0.012 * v - (0.012 if i else 0.008) * u + 0.01 * u * v
            total += edge * slope * np.clip(1.0 - 1.6 * corner, 0.3, 1.0) * (0.985 if i else 1.0)
        rows = np.clip((y - _ROWS[0]) / 3 + 0.5, 0, 1) * np.clip((_ROWS[1] - y) / 3 + 0.5, 0, 1)
        return np.asarray(total * rows, dtype=np.float32)

    @cached_property
    def response(self) -> FloatArray:
        """Sensitivity of each pixel, about 1."""
        rng = self._rng(1)
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
        pixel = 1.0 + 0.018 * rng.standard_normal(SHAPE).astype(np.float32)
        ripple = 0.005 * np.sin(2 * np.pi * x / 64.0 + 0.7) + 0.003 * np.sin(2 * np.pi * y / 90.0)
        broad = gaussian_filter(rng.standard_normal((128, 256)), 6.0)
        broad = np.kron(0.012 * broad / broad.std(), np.ones((8, 8)))
        smooth = gaussian_filter(broad, 6.0)
        response = pixel * (1.0 + ripple + smooth)
        response[self.dead] = 0.3 * rng.random(int(self.dead.sum()))
        border = np.ones(SHAPE, dtype=bool)
        border[4:-4, 4:-4] = False
        response[border] = 0.0  # reference pixels
        return np.asarray(response, dtype=np.float32)

    @cached_property
    def dead(self) -> BoolArray:
        """Pixels that hardly see light: single ones, clusters and a column."""
        rng = self._rng(2)
        dead = rng.random(SHAPE) < 0.004
        for _ in range(14):
            y, x = rng.integers(20, SHAPE[0] - 20), rng.integers(50, SHAPE[1] - 50)
            radius = 1.5 + 3.0 * rng.random()
            yy, xx = np.mgrid[y - 6 : y + 7, x - 6 : x + 7]
            dead[yy, xx] |= np.hypot(yy - y, xx - x) < radius
        dead[600:760, 300] = True
        return np.asarray(dead)

    @cached_property
    def dark_rate(self) -> FloatArray:
        """Dark current [electrons/s], with hot pixels."""
        rng = self._rng(3)
        rate = _DARK_E * (1.0 + 0.2 * rng.standard_normal(SHAPE))
        hot = rng.random(SHAPE) < 0.007
        rate[hot] += np.exp(rng.normal(3.2, 1.6, int(hot.sum())))
        # Glow of the amplifiers along the upper edge.
        rate += 0.25 * np.exp(-(SHAPE[0] - np.arange(SHAPE[0])[:, None]) / 12.0)
        return np.asarray(np.clip(rate, 0.0, 20000.0), dtype=np.float32)

    @cached_property
    def noise(self) -> FloatArray:
        """Read noise [electrons] of each pixel, some noisy."""
        rng = self._rng(4)
        noise = READ_NOISE_E * (1.0 + 0.04 * rng.standard_normal(SHAPE))
        noisy = rng.random(SHAPE) < 0.003
        noise[noisy] *= 3.0 + 6.0 * rng.random(int(noisy.sum()))
        return np.asarray(noise, dtype=np.float32)

    @cached_property
    def pedestal(self) -> FloatArray:
        """What a frame without light and time shows [electrons]: no bias, but a faint pattern."""
        rng = self._rng(5)
        columns = np.repeat(rng.normal(0.0, 2.0, _N_AMPLIFIERS), SHAPE[1] // _N_AMPLIFIERS)
        return np.asarray(columns[None, :] + rng.normal(0.0, 1.5, SHAPE) + 3.0, dtype=np.float32)

    @cached_property
    def curvature(self) -> FloatArray:
        """How much each pixel departs from linearity, 1 for a good one."""
        rng = self._rng(6)
        curvature = np.ones(SHAPE, dtype=np.float32)
        curved = rng.random(SHAPE) < 0.002
        curvature[curved] = 10.0 + 30.0 * rng.random(int(curved.sum()))
        return curvature

    @cached_property
    def is_bad(self) -> BoolArray:
        """Pixels that a reduction should not trust."""
        return np.asarray(
            self.dead
            | (self.dark_rate > 5.0)
            | (self.noise > 2.0 * READ_NOISE_E)
            | (self.curvature > 2.0)
        )

    def expose(
        self,
        light: FloatArray,
        dit_s: float,
        rng: np.random.Generator,
        latent: FloatArray | None = None,
    ) -> FloatArray:
        """Take a frame.

        Parameters
        ----------
        light : ndarray, shape (1024, 2048), float32
            Photoelectrons that a perfect pixel would collect [1/s].
        dit_s : float
            Integration time [s].
        rng : Generator
            For noise and cosmic rays.
        latent : ndarray, shape (1024, 2048), float32, or None
            What earlier frames left behind [electrons/s].

        Returns
        -------
        ndarray, shape (1024, 2048), float32
            Counts [ADU]. Photon noise is drawn as Gaussian of the same variance.
        """
        normal = rng.standard_normal(SHAPE, dtype=np.float32)
        per_amplifier = rng.normal(0.0, _STRIPE_E, _N_AMPLIFIERS)
        stripes = np.repeat(per_amplifier, SHAPE[1] // _N_AMPLIFIERS).astype(np.float32)
        rows = rng.normal(0.0, _ROW_E, SHAPE[0]).astype(np.float32)
        hits = _cosmic_rays(rng, dit_s)
        dark = self.dark_rate if latent is None else self.dark_rate + latent
        return np.asarray(
            _digitize(
                light, self._sensitivity, dark, normal, self.noise, self.pedestal,
                self.curvature, stripes, rows, hits, float(dit_s),
            )
        )  # fmt: skip

    @cached_property
    def _sensitivity(self) -> FloatArray:
        """Response where there is light."""
        return np.asarray(self.response * self.illumination, dtype=np.float32)

    def _rng(self, part: int) -> np.random.Generator:
        """Chance of one part of the detector."""
        return np.random.default_rng([self.seed, 7000 + part])


def _cosmic_rays(rng: np.random.Generator, dit_s: float) -> FloatArray:
    """Charge of cosmic rays: rows of y, x, electrons."""
    tracks = []
    for _ in range(rng.poisson(_COSMICS_PER_S * dit_s)):
        length = int(min(1 + rng.geometric(0.4), 12))
        angle = 2 * np.pi * rng.random()
        along = np.arange(length)
        y = rng.random() * SHAPE[0] + np.sin(angle) * along
        x = rng.random() * SHAPE[1] + np.cos(angle) * along
        charge = np.exp(rng.normal(6.8, 0.9)) * (0.5 + rng.random(length))
        tracks.append(np.stack([y, x, charge], axis=1))
    found = np.concatenate(tracks) if tracks else np.zeros((0, 3))
    inside = (found[:, 0] >= 0) & (found[:, 1] >= 0)
    inside &= (found[:, 0] < SHAPE[0]) & (found[:, 1] < SHAPE[1])
    return np.asarray(found[inside])


@njit(cache=True, nogil=True)
def _digitize(  # noqa: PLR0913
    light: FloatArray,
    sensitivity: FloatArray,
    dark: FloatArray,
    normal: FloatArray,
    noise: FloatArray,
    pedestal: FloatArray,
    curvature: FloatArray,
    stripes: FloatArray,
    rows: FloatArray,
    hits: FloatArray,
    dit_s: float,
) -> FloatArray:
    """Turn light into counts, pixel by pixel."""
    n_y, n_x = light.shape
    frame = np.empty((n_y, n_x), dtype=np.float32)
    for y in range(n_y):
        for x in range(n_x):
            charge = (light[y, x] * sensitivity[y, x] + dark[y, x]) * dit_s
            spread = np.sqrt(max(charge, 0.0) + noise[y, x] ** 2)
            frame[y, x] = charge + spread * normal[y, x]
    for i in range(hits.shape[0]):
        frame[int(hits[i, 0]), int(hits[i, 1])] += hits[i, 2]
    for y in range(n_y):
        for x in range(n_x):
            count = frame[y, x] / GAIN
            bend = _BEND_SHARE * curvature[y, x] * (count / _BEND_ADU) ** 2
            if count > 0.0:
                count *= 1.0 - min(bend, 0.3)
            count = min(count, SATURATION_ADU)
            frame[y, x] = count + (pedestal[y, x] + stripes[x] + rows[y]) / GAIN
    return frame
