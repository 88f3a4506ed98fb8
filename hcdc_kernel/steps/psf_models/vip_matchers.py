"""Signal matchers of VIP."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.rotate import shift
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import ConfigError
from hcdc_kernel.steps.base import StepConfig
from hcdc_kernel.steps.psf_models.plugin import SignalMaps
from hcdc_kernel.steps.psf_models.vip_call import FAST_ROTATION, call_vip, continuous


class AndromedaConfig(StepConfig):
    """Settings of `Andromeda`."""

    filtering_fraction: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="Spatial frequencies kept by the high-pass filter; 1 filters nothing.",
    )
    min_motion_fwhm: float = Field(
        default=0.5, gt=0, description="Least motion of a companion between paired frames [FWHM]."
    )
    annulus_width_fwhm: float = Field(default=1.0, gt=0.2, description="Width of a ring [FWHM].")
    inner_fwhm: float = Field(default=1.5, ge=0.5, description="First radius searched [FWHM].")


class Andromeda:
    """Matched filter on differences of pairs of frames (Cantalloube et al. 2015, A&A, 582, A89).

    Parameters
    ----------
    config : Andromeda.Config
        The settings.
    """

    Config = AndromedaConfig

    def __init__(self, config: AndromedaConfig) -> None:
        self.config = config

    def match(
        self, frames: FloatArray, derotation_deg: FloatArray, psf: FloatArray, fwhm_px: float
    ) -> SignalMaps:
        """Estimate the flux of a companion at each place.

        Parameters
        ----------
        frames : ndarray, shape (n_time, n_y, n_x)
            One channel of an aligned sequence, finite, star at ``(n_y // 2, n_x // 2)``.
        derotation_deg : ndarray, shape (n_time,)
            Angle that turns each frame north up, counter-clockwise with y up [deg].
        psf : ndarray, shape (n, n)
            Off-axis star in the unit of the frames.
        fwhm_px : float
            Its full width at half maximum [px].

        Returns
        -------
        SignalMaps
            S/N is normalized by its own radial scatter, as its authors do.
        """
        contrast, _, snr, *_ = call_vip(
            "invprob", "andromeda", frames.astype(float),
            # Taken as lambda / D: one FWHM. Twice the factor is the size of lambda / D in px.
            oversampling_fact=fwhm_px / 2, angle_list=continuous(derotation_deg),
            psf=cropped(psf, fwhm_px, frames.shape[-1]),
            filtering_fraction=self.config.filtering_fraction,
            min_sep=self.config.min_motion_fwhm, annuli_width=self.config.annulus_width_fwhm,
            iwa=self.config.inner_fwhm, verbose=False,
        )  # fmt: skip
        searched = np.asarray(contrast) != 0
        size = frames.shape[-1]
        return SignalMaps(
            contrast=_on_odd_grid(np.where(searched, contrast, np.nan), size),
            snr=_on_odd_grid(np.where(searched, snr, np.nan), size),
        )


def _on_odd_grid(even_map: FloatArray, size: int) -> FloatArray:
    """Bring a map centered between pixels of an even grid to the middle pixel of an odd one."""
    wide = np.full((1, size, size), np.nan)
    wide[0, : even_map.shape[0], : even_map.shape[1]] = even_map
    return np.asarray(shift(wide, np.array([[0.5, 0.5]]))[0])


class FmmfConfig(StepConfig):
    """Settings of `Fmmf`."""

    subtraction: Literal["KLIP", "LOCI"] = Field(
        default="LOCI", description="PSF subtraction that the companion is propagated through."
    )
    n_modes: int = Field(default=20, ge=1, description="Modes, for KLIP.")
    tolerance: float = Field(
        default=5e-3, gt=0, lt=1, description="Singular values below this share drop, for LOCI."
    )
    min_motion_fwhm: float = Field(
        default=0.5, gt=0, description="Least motion of a companion to a reference [FWHM]."
    )
    inner_fwhm: float = Field(default=2.0, ge=1.0, description="First radius searched [FWHM].")
    outer_fwhm: float = Field(
        default=4.0,
        description="Last radius searched [FWHM]. The time goes with the area: a quarter of a "
        "second for each pixel and ten thousand pixels of data.",
    )


class Fmmf:
    """Forward-model matched filter (Ruffio et al. 2017, ApJ, 842, 14; Dahlqvist et al. 2021).

    Slow: each pixel has a companion injected and followed through the whole subtraction. Only
    a ring is searched; its limits are settings.

    Parameters
    ----------
    config : Fmmf.Config
        The settings.
    """

    Config = FmmfConfig

    def __init__(self, config: FmmfConfig) -> None:
        self.config = config

    def match(
        self, frames: FloatArray, derotation_deg: FloatArray, psf: FloatArray, fwhm_px: float
    ) -> SignalMaps:
        """Estimate the flux of a companion at each place of the ring.

        Parameters
        ----------
        frames : ndarray, shape (n_time, n_y, n_x)
            One channel of an aligned sequence, finite, star at ``(n_y // 2, n_x // 2)``.
        derotation_deg : ndarray, shape (n_time,)
            Angle that turns each frame north up, counter-clockwise with y up [deg].
        psf : ndarray, shape (n, n)
            Off-axis star in the unit of the frames.
        fwhm_px : float
            Its full width at half maximum [px].

        Returns
        -------
        SignalMaps
            NaN outside the ring.

        Raises
        ------
        ConfigError
            If the ring is empty or does not fit the image.
        """
        half = frames.shape[-1] // 2
        first = max(3, round(self.config.inner_fwhm * fwhm_px))
        last = min(round(self.config.outer_fwhm * fwhm_px), half - round(1.5 * fwhm_px) - 1)
        if last <= first:
            raise ConfigError(
                "The ring that FMMF shall search is empty",
                found=f"{first} to {last} px in an image of {frames.shape[-1]} px",
                remedy="Set inner_fwhm and outer_fwhm to a ring within the image",
            )
        # Pixels further out are never looked at, but VIP would turn them for every position.
        keep = min(half, last + round(2.5 * fwhm_px) + 1)
        middle = slice(half - keep, half + keep + 1)
        contrast, snr = call_vip(
            "invprob", "fmmf", frames[:, middle, middle].astype(float),
            continuous(derotation_deg), cropped(psf, fwhm_px, 2 * keep + 1), fwhm_px,
            min_r=first, max_r=last + 1, model=self.config.subtraction, crop=5, var="FR",
            param={"ncomp": min(self.config.n_modes, frames.shape[0] - 1),
                   "tolerance": self.config.tolerance, "delta_rot": self.config.min_motion_fwhm},
            nproc=1, verbose=False, **FAST_ROTATION,
        )  # fmt: skip
        maps = np.full((2, *frames.shape[1:]), np.nan)
        maps[:, middle, middle] = np.where(np.asarray(contrast) != 0, [contrast, snr], np.nan)
        return SignalMaps(contrast=maps[0], snr=maps[1])


def cropped(psf: FloatArray, fwhm_px: float, limit_px: int) -> FloatArray:
    """Cut the middle out of a PSF image: what matters, and what fits.

    Parameters
    ----------
    psf : ndarray, shape (n, n)
        Odd-sized image, peak on the middle pixel.
    fwhm_px : float
        Full width at half maximum [px].
    limit_px : int
        Largest size allowed [px].

    Returns
    -------
    ndarray, shape (m, m)
        Odd-sized image of about 3 FWHM: a larger one costs field in ANDROMEDA.
    """
    half = min(round(1.5 * fwhm_px), psf.shape[0] // 2, (limit_px - 1) // 2)
    middle = psf.shape[0] // 2
    return psf[middle - half : middle + half + 1, middle - half : middle + half + 1].astype(float)
