"""A small sequence with a reduction of its own: median subtraction, derotation, mean."""

import numpy as np
import pytest

from hcdc_kernel.algorithms.experiment import Experiment
from hcdc_kernel.algorithms.photometry import aperture_flux
from hcdc_kernel.algorithms.rotate import derotate

FWHM = 4.0


@pytest.fixture(scope="session")
def make_experiment():
    """Make sequences of a frozen halo with noise; `n_wave` channels of different flux."""

    def make(seed=0, n_wave=1, noise=1.0, size=61, reduce=None):
        rng = np.random.default_rng(seed)
        rows, columns = np.indices((size, size)) - size // 2
        square = rows**2 + columns**2
        angles = np.linspace(0, 70, 14)
        halo = 500 / (1 + square / 20) + 5 * rng.normal(size=(size, size))
        frames = halo + noise * rng.normal(size=(n_wave, 14, size, size))
        core = np.exp(-4 * np.log(2) * square[14:-14, 14:-14] / FWHM**2)
        psf = np.array([1e4 * (1 + wave) * core for wave in range(n_wave)])

        def median_adi(cube):
            left = cube - np.median(cube, axis=1, keepdims=True)
            return np.array([derotate(images, angles).mean(axis=0) for images in left])

        return Experiment(
            cube=frames.astype(np.float32),
            derotation_deg=angles,
            psf=psf.astype(np.float32),
            fwhm_px=np.full(n_wave, FWHM),
            star_flux=np.array([aperture_flux(image, FWHM / 2) for image in psf]),
            reduce=reduce or median_adi,
        )

    return make
