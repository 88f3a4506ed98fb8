"""Measure position, contrast and errors of each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.companion import CompanionFit, first_guess, measure_companion
from hcdc_kernel.algorithms.experiment import PointSource
from hcdc_kernel.algorithms.snr import (
    false_alarm_probability,
    gaussian_significance,
    n_apertures,
    snr_map,
)
from hcdc_kernel.datamodel import Candidates, Cube, Data, Psf, Residual
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.steps.candidate_table import CandidateTable, SystematicErrors
from hcdc_kernel.steps.experiments import known_sources, make_experiment
from hcdc_kernel.steps.map_snr import all_channels
from hcdc_kernel.units import Degree, Pixel

# Error of the star's position where nothing is said of it [px].
_USUAL_STAR_ERROR_PX = 0.1


class CharacterizeCandidatesConfig(StepConfig):
    """Settings of `CharacterizeCandidates`."""

    radius_fwhm: float = Field(
        default=1.5,
        ge=0.5,
        le=5,
        description="Radius of the circle around the candidate that must be left empty when "
        "it has been taken out of the frames [FWHM].",
    )
    n_azimuths: int = Field(
        default=12,
        ge=4,
        le=72,
        description="Places around the star at which the candidate is tried to find its errors.",
    )
    max_candidates: int = Field(
        default=10,
        ge=0,
        le=100,
        description="Only the brightest are measured; the others keep their first estimate.",
    )
    min_sigma: float = Field(
        default=4.0,
        ge=0,
        le=20,
        description="A candidate is dropped if its significance falls below this once brighter "
        "ones are taken out of the frames: then it was part of their image. 0 keeps all.",
    )
    star_error: Annotated[Pixel, Field(ge=0, le=5)] | Literal["auto"] = Field(
        default="auto",
        description="Error of the star's position, part of the error of separation and "
        "position angle [px]; 'auto' takes what the calibration says, or 0.1.",
    )
    true_north_error: Degree = Field(
        default=0.0,
        ge=0,
        le=10,
        description="Error of the camera's orientation, part of the error of the position "
        "angle [deg].",
    )
    star_flux_error: float = Field(
        default=0.03,
        ge=0,
        le=1,
        description="Relative error of the star's flux, part of the error of the contrast: the "
        "star was not measured at the same time as the companion.",
    )


class CharacterizeCandidates(Step):
    """Measure where and how bright each candidate is, by taking it out of the raw frames.

    A negative copy of the star is put into the frames at the candidate's track; place and
    contrast are right when the reduction of these frames leaves nothing there. This undoes what
    the reduction and the coronagraph do to a companion. Errors come from fits at other position
    angles, plus those of the star's place and of the orientation. Brighter candidates are taken
    out before fainter ones are measured; what vanishes with them is dropped. The residual with
    all candidates taken out shows that it worked: nothing is left at their places, neither bright
    nor dark.
    """

    name: ClassVar[str] = "characterize-candidates"
    version: ClassVar[int] = 3
    inputs: ClassVar[tuple[str, ...]] = ("cube", "psf", "residual", "candidates")
    optional_inputs: ClassVar[tuple[str, ...]] = ("references",)
    outputs: ClassVar[tuple[str, ...]] = ("candidates",)
    Config = CharacterizeCandidatesConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: CharacterizeCandidatesConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Measure the candidates.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube`` (aligned), ``psf``, ``residual``, ``candidates`` and, if the reduction
            used them, ``references``.
        config : CharacterizeCandidatesConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``candidates``: one row each for one channel; for several, a row of all together
            (wavelength NaN) and, unless channels were subtracted from each other, one of each
            channel.

        Raises
        ------
        DataError
            If the residual was not made by subtracting the PSF.
        """
        cube, psf = data["cube"], data["psf"]
        residual, candidates = data["residual"], data["candidates"]
        assert isinstance(cube, Cube)
        assert isinstance(psf, Psf)
        assert isinstance(residual, Residual)
        assert isinstance(candidates, Candidates)
        if len(candidates) == 0 or config.max_candidates == 0:
            return {"candidates": candidates}
        experiment = make_experiment(data)
        sources = known_sources(candidates, cube, characterized=False)
        star_error = cube.star_error_px if config.star_error == "auto" else config.star_error
        errors = SystematicErrors(
            star_error if np.isfinite(star_error) else _USUAL_STAR_ERROR_PX,
            config.true_north_error,
            config.star_flux_error,
        )
        table = CandidateTable(candidates, residual, psf, errors)
        for rank, (label, source) in enumerate(sources.items()):
            if rank >= config.max_candidates:
                table.keep(label)
                continue
            progress(rank / len(sources), f"candidate {label}")
            if rank > 0:
                left = replace(residual, data=experiment.residual())
                if significance(left, psf, source) < config.min_sigma:
                    continue
            fit = measure_companion(
                experiment,
                first_guess(experiment, source.offset_xy),
                radius_fwhm=config.radius_fwhm,
                n_azimuths=config.n_azimuths,
                avoid_xy=[s.offset_xy for name, s in sources.items() if name != label],
            )
            if not is_measured(fit, float(psf.fwhm_px.max())):
                table.keep(label)
                continue
            table.add(label, fit)
            experiment = experiment.without([fit.source])
        if not psf.absolute:
            return {"candidates": without_contrast(table.candidates())}
        return {"candidates": table.candidates()}


def is_measured(fit: CompanionFit, fwhm_px: float) -> bool:
    """Tell whether a fit says anything about a candidate.

    Where the reduction leaves nothing of a companion, as without rotation of the sky, every
    place and brightness fits as well.

    Parameters
    ----------
    fit : CompanionFit
        What was measured.
    fwhm_px : float
        Width of the star's image [px].

    Returns
    -------
    bool
        False if the place is uncertain by more than that width. Errors that could not be told
        (NaN) are no reason to doubt the fit.
    """
    return not max(fit.separation_error_px, fit.tangential_error_px) > fwhm_px


def without_contrast(candidates: Candidates) -> Candidates:
    """Leave out contrasts that are relative to a star whose flux is not known.

    Parameters
    ----------
    candidates : Candidates
        The table.

    Returns
    -------
    Candidates
        The same places, every contrast and its error NaN.
    """
    unknown = np.full(len(candidates), np.nan)
    return replace(candidates, contrast=unknown, contrast_error=unknown)


def significance(residual: Residual, psf: Psf, source: PointSource) -> float:
    """Measure how significant a source is in a residual.

    Parameters
    ----------
    residual : Residual
        One image a channel, north up.
    psf : Psf
        Gives width and flux of the star.
    source : PointSource
        Where to look.

    Returns
    -------
    float
        Gaussian-equivalent significance of the highest S/N within half a FWHM; -inf if it
        cannot be measured.
    """
    image, fwhm_px = all_channels(residual, psf), float(psf.fwhm_px.mean())
    rows, columns = np.indices(image.shape)
    x, y = np.add(source.offset_xy, (image.shape[1] // 2, image.shape[0] // 2))
    near = np.hypot(columns - x, rows - y) <= max(0.5 * fwhm_px, 1.0)
    snr = snr_map(image, fwhm_px, where=near)
    if not np.isfinite(snr).any():
        return float("-inf")
    count = n_apertures(np.array(source.separation_px), fwhm_px)
    return float(gaussian_significance(false_alarm_probability(float(np.nanmax(snr)), count)))
