"""Methods of VIP under our door: three PSF models, two signal matchers.

VIP (Gomez Gonzalez et al. 2017, AJ, 154, 7; Christiaens et al. 2023, JOSS, 8, 4774) takes
seconds to import, prints, and is slowed by BLAS threads: it is imported when first used, kept
quiet, and given one thread. Its ``angle_list`` is our derotation angle.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from hcdc_kernel.algorithms.rotate import shift
from hcdc_kernel.datamodel.arrays import FloatArray
from hcdc_kernel.errors import ConfigError, DataError, NotFoundError
from hcdc_kernel.steps.base import StepConfig
from hcdc_kernel.steps.psf_models.plugin import SignalMaps

# Rotation that VIP does besides: residuals are taken before it, so the fastest will do.
_ROTATION = {"imlib": "opencv", "interpolation": "lanczos4"}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let VIP work in silence on one thread; its prints and warnings are not for our users."""
    with (
        threadpool_limits(1),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def _call(module: str, function: str, *args: Any, **settings: Any) -> Any:
    """Call a function of VIP by name."""
    with _quiet():
        try:
            method = getattr(import_module(f"vip_hci.{module}"), function)
        except ImportError as error:
            raise NotFoundError(
                "The package vip-hci is not installed",
                found=str(error),
                remedy="Install it with: pip install 'hcdc-kernel[vip]'",
            ) from error
        try:
            return method(*args, **settings)
        except (ValueError, TypeError, RuntimeError, IndexError) as error:
            raise DataError(
                f"VIP's {function} cannot work on this sequence with these settings",
                found=str(error),
                remedy="Change the settings of the model, or choose another",
            ) from error


def _radius_px(shape: tuple[int, ...]) -> FloatArray:
    """Give the distance of each pixel from the star [px]."""
    y, x = np.mgrid[: shape[-2], : shape[-1]]
    return np.hypot(y - shape[-2] // 2, x - shape[-1] // 2)


def _only_within(images: FloatArray, outer_px: float) -> FloatArray:
    """Mark as missing what a method of rings leaves at zero beyond its last ring."""
    return np.where(_radius_px(images.shape) < outer_px, images, np.nan)


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
        _, sparse, *_ = _call(
            "psfsub", "llsg", frames.astype(float), np.zeros_like(derotation_deg), fwhm_px,
            rank=self.config.rank, thresh=self.config.threshold,
            max_iter=self.config.n_iterations, n_segments=self.config.n_sectors, asize=width,
            random_seed=0, full_output=True, verbose=False, **_ROTATION,
        )  # fmt: skip
        n_rings = int(frames.shape[1] / 2 / width)
        return _only_within(np.asarray(sparse[0]), n_rings * width)


class NmfConfig(StepConfig):
    """Settings of `Nmf`."""

    n_modes: int = Field(default=10, ge=1, description="Non-negative components.")
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
        _, _, residuals, *_ = _call(
            "psfsub", "nmf", frames.astype(float), np.zeros_like(derotation_deg),
            ncomp=min(self.config.n_modes, frames.shape[0] - 1),
            max_iter=self.config.n_iterations, random_state=0, handle_neg="subtr_min",
            init_svd="nndsvda", full_output=True, verbose=False, **_ROTATION,
        )  # fmt: skip
        return np.asarray(residuals)


class LociConfig(StepConfig):
    """Settings of `Loci`."""

    annulus_width_fwhm: float = Field(default=1.0, gt=0.2, description="Width of a ring [FWHM].")
    n_sectors: int = Field(default=4, ge=1, description="Parts that each ring is cut into.")
    min_motion_fwhm: float = Field(
        default=0.5, ge=0, description="Least motion of a companion along its circle [FWHM]."
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
        residuals, *_ = _call(
            "psfsub", "xloci", frames.astype(float), continuous(derotation_deg), fwhm=fwhm_px,
            asize=width, n_segments=self.config.n_sectors, tol=self.config.tolerance,
            delta_rot=float(self.config.min_motion_fwhm),
            optim_scale_fact=self.config.optimization_area, full_output=True, verbose=False,
            **_ROTATION,
        )  # fmt: skip
        n_rings = int(frames.shape[1] / 2 / width)
        return _only_within(np.asarray(residuals), n_rings * width)


def continuous(angles_deg: FloatArray) -> FloatArray:
    """Free angles from jumps by 360 deg and bring them to 0 to 360 where they fit.

    Parameters
    ----------
    angles_deg : ndarray, shape (n_time,)
        Angles in order of time [deg].

    Returns
    -------
    ndarray, shape (n_time,)
        The same directions, without jumps [deg].
    """
    smooth = np.unwrap(np.asarray(angles_deg, dtype=float), period=360)
    return np.asarray(smooth - 360 * np.floor(smooth.min() / 360))


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
    inner_fwhm: float = Field(default=1.0, ge=0.5, description="First radius searched [FWHM].")


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
        contrast, _, snr, *_ = _call(
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
    return shift(wide, np.array([[0.5, 0.5]]))[0]


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
        contrast, snr = _call(
            "invprob", "fmmf", frames[:, middle, middle].astype(float),
            continuous(derotation_deg), cropped(psf, fwhm_px, 2 * keep + 1), fwhm_px,
            min_r=first, max_r=last + 1, model=self.config.subtraction, crop=5,
            param={"ncomp": min(self.config.n_modes, frames.shape[0] - 1),
                   "tolerance": self.config.tolerance, "delta_rot": self.config.min_motion_fwhm},
            nproc=1, verbose=False, **_ROTATION,
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
        Odd-sized image of about 4 FWHM.
    """
    half = min(round(2 * fwhm_px) + 1, psf.shape[0] // 2, (limit_px - 1) // 2)
    middle = psf.shape[0] // 2
    return psf[middle - half : middle + half + 1, middle - half : middle + half + 1].astype(float)
