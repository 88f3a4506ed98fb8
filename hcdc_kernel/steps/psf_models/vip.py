"""Methods of VIP under our door: three PSF models, two signal matchers.

VIP (Gomez Gonzalez et al. 2017, AJ, 154, 7; Christiaens et al. 2023, JOSS, 8, 4774) takes
seconds to import, prints, and is slowed by BLAS threads: it is imported when first used, kept
quiet, and given one thread. Its ``angle_list`` is our derotation angle.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.steps.base import StepConfig
from hcdc_kernel.steps.psf_models.vip_call import FAST_ROTATION, call_vip, continuous
from hcdc_kernel.steps.psf_models.vip_matchers import Andromeda, Fmmf

__all__ = ["Andromeda", "Fmmf", "Llsg", "Loci", "Nmf"]


class LlsgConfig(StepConfig):
    """Settings of `Llsg`."""

    rank: int = Field(default=5, ge=1, description="Rank of the low-rank part, the star.")
    threshold: float = Field(
        default=1.0, ge=0, description="Factor on the threshold of the sparse part, the planets."
    )
    n_iterations: int = Field(default=10, ge=1, description="Alternations between the parts.")
    n_sectors: int = Field(default=4, ge=1, description="Parts that each ring is cut into.")
    annulus_width_fwhm: float = Field(default=2.0, gt=0.5, description="Width of a ring [FWHM].")


class Llsg:
    """Local low-rank plus sparse plus Gaussian noise decomposition.

    The sparse part holds the companions. Its noise is not Gaussian, being mostly zero: its
    S/N does not compare with that of other models (Gomez Gonzalez et al. 2016, A&A, 589, A54).

    Parameters
    ----------
    config : Llsg.Config
        The settings.
    """

    Config = LlsgConfig

    def __init__(self, config: LlsgConfig) -> None:
        self.config = config

    def residuals(
        self, frames: FloatArray, derotation_deg: FloatArray, fwhm_px: float
    ) -> FloatArray:
        """Take the sparse part of each frame.

        Parameters
        ----------
        frames : ndarray, shape (n_time, n_y, n_x)
            One channel of an aligned sequence, finite, star at ``(n_y // 2, n_x // 2)``.
        derotation_deg : ndarray, shape (n_time,)
            Not used: the decomposition knows no angles.
        fwhm_px : float
            Full width at half maximum of a point source [px].

        Returns
        -------
        ndarray, shape (n_time, n_y, n_x)
            The sparse part, not turned; NaN beyond the last ring.
        """
        width = max(2, int(np.ceil(self.config.annulus_width_fwhm * fwhm_px)))
        _, sparse, *_ = call_vip(
            "psfsub", "llsg", frames.astype(float), np.zeros_like(derotation_deg), fwhm_px,
            rank=self.config.rank, thresh=self.config.threshold,
            max_iter=self.config.n_iterations, n_segments=self.config.n_sectors, asize=width,
            random_seed=0, full_output=True, verbose=False, **FAST_ROTATION,
        )  # fmt: skip
        n_rings = int(frames.shape[1] / 2 / width)
        return _only_within(np.asarray(sparse[0]), n_rings * width)


class NmfConfig(StepConfig):
    """Settings of `Nmf`."""

    n_modes: int = Field(default=5, ge=1, description="Non-negative components.")
    n_iterations: int = Field(default=200, ge=1, description="Iterations of the factorization.")


class Nmf:
    """Non-negative matrix factorization over the full frame (Ren et al. 2018, ApJ, 852, 104).

    Parameters
    ----------
    config : Nmf.Config
        The settings.
    """

    Config = NmfConfig

    def __init__(self, config: NmfConfig) -> None:
        self.config = config

    def residuals(
        self, frames: FloatArray, derotation_deg: FloatArray, fwhm_px: float
    ) -> FloatArray:
        """Subtract the sum of non-negative components from each frame.

        Parameters
        ----------
        frames : ndarray, shape (n_time, n_y, n_x)
            One channel of an aligned sequence, finite, star at ``(n_y // 2, n_x // 2)``.
        derotation_deg : ndarray, shape (n_time,)
            Not used: all frames share their components.
        fwhm_px : float
            Not used.

        Returns
        -------
        ndarray, shape (n_time, n_y, n_x)
            Residuals, not turned.
        """
        del fwhm_px
        _, _, residuals, *_ = call_vip(
            "psfsub", "nmf", frames.astype(float), np.zeros_like(derotation_deg),
            ncomp=min(self.config.n_modes, frames.shape[0] - 1),
            max_iter=self.config.n_iterations, random_state=0, handle_neg="subtr_min",
            init_svd="nndsvda", full_output=True, verbose=False, **FAST_ROTATION,
        )  # fmt: skip
        return np.asarray(residuals)


class LociConfig(StepConfig):
    """Settings of `Loci`."""

    annulus_width_fwhm: float = Field(default=1.0, gt=0.2, description="Width of a ring [FWHM].")
    n_sectors: int = Field(default=4, ge=1, description="Parts that each ring is cut into.")
    min_motion_fwhm: float = Field(
        default=0.3, ge=0, description="Least motion of a companion along its circle [FWHM]."
    )
    tolerance: float = Field(
        default=0.01, gt=0, lt=1, description="Singular values below this share are dropped."
    )
    optimization_area: float = Field(
        default=2.0, ge=1, description="Size of the part that is fitted over that subtracted."
    )


class Loci:
    """Locally optimized combination of images (Lafreniere et al. 2007, ApJ, 660, 770).

    Parameters
    ----------
    config : Loci.Config
        The settings.
    """

    Config = LociConfig

    def __init__(self, config: LociConfig) -> None:
        self.config = config

    def residuals(
        self, frames: FloatArray, derotation_deg: FloatArray, fwhm_px: float
    ) -> FloatArray:
        """Subtract the best combination of rotated frames, part by part.

        Parameters
        ----------
        frames : ndarray, shape (n_time, n_y, n_x)
            One channel of an aligned sequence, finite, star at ``(n_y // 2, n_x // 2)``.
        derotation_deg : ndarray, shape (n_time,)
            Angle that turns each frame north up, counter-clockwise with y up [deg].
        fwhm_px : float
            Full width at half maximum of a point source [px].

        Returns
        -------
        ndarray, shape (n_time, n_y, n_x)
            Residuals, not turned; NaN beyond the last ring.
        """
        width = max(2, round(self.config.annulus_width_fwhm * fwhm_px))
        residuals, *_ = call_vip(
            "psfsub", "xloci", frames.astype(float), continuous(derotation_deg), fwhm=fwhm_px,
            asize=width, n_segments=self.config.n_sectors, tol=self.config.tolerance,
            delta_rot=float(self.config.min_motion_fwhm),
            optim_scale_fact=self.config.optimization_area, full_output=True, verbose=False,
            **FAST_ROTATION,
        )  # fmt: skip
        n_rings = int(frames.shape[1] / 2 / width)
        return _only_within(np.asarray(residuals), n_rings * width)


def _only_within(images: FloatArray, outer_px: float) -> FloatArray:
    """Mark as missing what a method of rings leaves at zero beyond its last ring."""
    n_y, n_x = images.shape[-2:]
    y, x = np.mgrid[:n_y, :n_x]
    return np.where(np.hypot(y - n_y // 2, x - n_x // 2) < outer_px, images, np.nan)
