"""Measure the faintest companion that would have been found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.contrast import measure_limits
from hcdc_kernel.algorithms.throughput import InjectionTests
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Candidates, ContrastCurve, Cube, Data, Psf, Residual
from hcdc_kernel.errors import ConfigError
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.steps.experiments import known_sources, make_experiment
from hcdc_kernel.units import Milliarcsec


class MeasureContrastConfig(StepConfig):
    """Settings of `MeasureContrast`."""

    n_sigma: float = Field(
        default=5.0, ge=1, le=20, description="Gaussian-equivalent significance of the limit."
    )
    n_azimuths: int = Field(
        default=4,
        ge=1,
        le=36,
        description="Position angles at which test companions are injected, at each separation.",
    )
    n_at_once: int = Field(
        default=1,
        ge=1,
        le=8,
        description="Test companions injected together. More is faster, but they take flux "
        "from each other and make the limit up to 0.2 mag too bright.",
    )
    inner: Milliarcsec = Field(
        default=0.0, ge=0, description="Innermost separation; 0 for one FWHM [mas]."
    )
    outer: Milliarcsec = Field(
        default=0.0, ge=0, description="Outermost separation; 0 for all of the image [mas]."
    )
    step: Milliarcsec = Field(
        default=0.0, ge=0, description="Distance between separations; 0 for one pixel [mas]."
    )


class MeasureContrast(Step):
    """Measure the contrast limit by separation, calibrated by injected companions.

    Candidates are taken out of the frames, and what they may leave is masked. Noise is the
    scatter between circles side by side at each separation; test companions at the limit,
    injected into the raw frames, tell which share of their flux survives. The limit has the
    false-alarm rate of `n_sigma` in Gaussian noise (Mawet et al. 2014). The contrast curve
    shows that it worked: it falls with separation, smoothly, and so the throughput rises.
    """

    name: ClassVar[str] = "measure-contrast"
    version: ClassVar[int] = 3
    inputs: ClassVar[tuple[str, ...]] = ("cube", "psf", "residual", "candidates")
    optional_inputs: ClassVar[tuple[str, ...]] = ("references",)
    outputs: ClassVar[tuple[str, ...]] = ("contrast",)
    Config = MeasureContrastConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: MeasureContrastConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Measure the limits.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube`` (aligned), ``psf``, ``residual``, ``candidates`` and, if the reduction
            used them, ``references``.
        config : MeasureContrastConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``contrast``.

        Raises
        ------
        DataError
            If the residual was not made by subtracting the PSF.
        ConfigError
            If no separation is left between the inner and the outer limit.
        """
        cube, psf = data["cube"], data["psf"]
        residual, candidates = data["residual"], data["candidates"]
        assert isinstance(cube, Cube)
        assert isinstance(psf, Psf)
        assert isinstance(residual, Residual)
        assert isinstance(candidates, Candidates)
        if not psf.absolute:
            return {"contrast": _unknown_limits(config, residual, psf)}
        known = known_sources(candidates, cube, characterized=True)
        everything = known_sources(candidates, cube, characterized=False)
        limits = measure_limits(
            make_experiment(data).without(list(known.values())),
            _separations_px(config, residual, float(psf.fwhm_px.max())),
            n_sigma=config.n_sigma,
            tests=InjectionTests(
                config.n_azimuths,
                config.n_at_once,
                lambda done: progress(done, "injecting test companions"),
            ),
            hidden=[source.offset_xy for source in everything.values()],
        )
        return {
            "contrast": ContrastCurve(
                separation_mas=limits.separation_px * residual.pixel_scale_mas,
                contrast=limits.contrast,
                throughput=limits.throughput,
                wavelength_um=residual.wavelength_um,
                n_sigma=config.n_sigma,
                method=_method(config, len(known), psf),
                identity=residual.identity,
                history=residual.history,
            )
        }


def _separations_px(
    config: MeasureContrastConfig, residual: Residual, fwhm_px: float
) -> FloatArray:
    """Separations to report [px]."""
    scale = residual.pixel_scale_mas
    edge = min(residual.data.shape[1:]) // 2 + 0.5 - fwhm_px / 2
    inner = config.inner / scale or fwhm_px
    outer = min(config.outer / scale or edge, edge)
    step = config.step / scale or 1.0
    if outer < inner:
        raise ConfigError(
            "There is no separation between measure-contrast.inner and outer",
            found=f"{inner * scale:.0f} and {outer * scale:.0f} mas",
            remedy="Choose inner below outer, and both within the image",
        )
    return np.asarray(np.arange(inner, outer + 1e-6, step))


def _unknown_limits(config: MeasureContrastConfig, residual: Residual, psf: Psf) -> ContrastCurve:
    """Give a curve without numbers, and say why there are none."""
    separation_px = _separations_px(config, residual, float(psf.fwhm_px.max()))
    unknown = np.full((residual.wavelength_um.size, separation_px.size), np.nan)
    return ContrastCurve(
        separation_mas=separation_px * residual.pixel_scale_mas,
        contrast=unknown,
        throughput=unknown,
        wavelength_um=residual.wavelength_um,
        n_sigma=config.n_sigma,
        method="no limit can be given: there is no usable exposure of the star beside the "
        "coronagraph, so that its flux is not known",
        identity=residual.identity,
        history=residual.history,
    )


def _method(config: MeasureContrastConfig, n_known: int, psf: Psf) -> str:
    """Say in words how the limit was found."""
    dimmed = "; transmission of the coronagraph corrected" if psf.transmission.size else ""
    return (
        f"noise between circles of one FWHM at each separation, {n_known} candidates taken out "
        "of the frames and masked; Student's t for few circles (Mawet et al. 2014); throughput "
        f"by injection at the limit through the same reduction at {config.n_azimuths} "
        f"position angles{dimmed}"
    )
