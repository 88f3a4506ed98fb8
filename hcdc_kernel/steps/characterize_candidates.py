"""Measure position, contrast and errors of each candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.companion import CompanionFit, first_guess, measure_companion
from hcdc_kernel.algorithms.snr import false_alarm_probability, n_apertures, snr_at
from hcdc_kernel.datamodel import Candidates, Cube, Data, Psf, Residual
from hcdc_kernel.datamodel.detections import CANDIDATE_COLUMNS
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.steps.experiments import known_sources, make_experiment
from hcdc_kernel.units import Degree, Pixel


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
    star_error: Pixel = Field(
        default=0.1,
        ge=0,
        le=5,
        description="Error of the star's position, part of the error of separation and "
        "position angle [px].",
    )
    true_north_error: Degree = Field(
        default=0.0,
        ge=0,
        le=10,
        description="Error of the camera's orientation, part of the error of the position "
        "angle [deg].",
    )


class CharacterizeCandidates(Step):
    """Measure where and how bright each candidate is, by taking it out of the raw frames.

    A negative copy of the star is put into the frames at the candidate's track; place and
    contrast are right when the reduction of these frames leaves nothing there. This undoes
    what the reduction does to a companion. Errors come from fits at other position angles,
    plus those of the star's place and of the orientation. Brighter candidates are taken out
    before fainter ones are measured. The residual with all candidates taken out shows that
    it worked: nothing is left at their places, neither bright nor dark.
    """

    name: ClassVar[str] = "characterize-candidates"
    version: ClassVar[int] = 1
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
            (wavelength NaN) and one of each channel.

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
        table = _Table(candidates, residual, psf, config)
        for rank, (label, source) in enumerate(sources.items()):
            if rank >= config.max_candidates:
                table.keep(label)
                continue
            progress(rank / len(sources), f"candidate {label}")
            fit = measure_companion(
                experiment,
                first_guess(experiment, source.offset_xy),
                radius_fwhm=config.radius_fwhm,
                n_azimuths=config.n_azimuths,
                avoid_xy=[s.offset_xy for name, s in sources.items() if name != label],
            )
            table.add(label, fit)
            experiment = experiment.without([fit.source])
        return {"candidates": table.candidates()}


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table of candidates."""

    label: str
    separation_mas: float
    separation_error_mas: float
    position_angle_deg: float
    position_angle_error_deg: float
    contrast: float
    contrast_error: float
    snr: float
    false_alarm: float
    wavelength_um: float


class _Table:
    """The table of candidates in the making."""

    def __init__(
        self,
        before: Candidates,
        residual: Residual,
        psf: Psf,
        config: CharacterizeCandidatesConfig,
    ) -> None:
        self.before, self.residual, self.psf, self.config = before, residual, psf, config
        self.rows: list[_Row] = []

    def keep(self, label: str) -> None:
        """Take the rows of a candidate over as they are."""
        for index, name in enumerate(self.before.label):
            if name == label:
                values = {c: float(getattr(self.before, c)[index]) for c in CANDIDATE_COLUMNS}
                self.rows.append(_Row(label=label, **values))

    def add(self, label: str, fit: CompanionFit) -> None:
        """Write down a fit, all channels together first, then each."""
        joint = self._joint(label, fit)
        self.rows.append(joint)
        if fit.source.contrast.size > 1:
            self.rows += [
                self._channel(joint, fit, wave) for wave in range(fit.source.contrast.size)
            ]

    def _joint(self, label: str, fit: CompanionFit) -> _Row:
        """Describe a candidate in all channels together."""
        scale, source, config = self.residual.pixel_scale_mas, fit.source, self.config
        place = self.before.label.index(label)
        across_px = np.hypot(fit.tangential_error_px, config.star_error)
        angle_error = np.rad2deg(across_px / source.separation_px)
        contrast, error = _weighted_mean(source.contrast, fit.contrast_error)
        single = source.contrast.size == 1
        return _Row(
            label=label,
            separation_mas=source.separation_px * scale,
            separation_error_mas=float(np.hypot(fit.separation_error_px, config.star_error))
            * scale,
            position_angle_deg=source.position_angle_deg,
            position_angle_error_deg=float(np.hypot(angle_error, config.true_north_error)),
            contrast=contrast,
            contrast_error=error,
            snr=float(self.before.snr[place]),
            false_alarm=float(self.before.false_alarm[place]),
            wavelength_um=float(self.residual.wavelength_um[0]) if single else float("nan"),
        )

    def _channel(self, joint: _Row, fit: CompanionFit, wave: int) -> _Row:
        """Describe a candidate in one channel."""
        image, fwhm_px = self.residual.data[wave], float(self.psf.fwhm_px[wave])
        x, y = np.add(fit.source.offset_xy, (image.shape[1] // 2, image.shape[0] // 2))
        snr = snr_at(image.astype(float), (float(x), float(y)), fwhm_px)
        count = n_apertures(np.array(fit.source.separation_px), fwhm_px)
        return replace(
            joint,
            contrast=float(fit.source.contrast[wave]),
            contrast_error=float(fit.contrast_error[wave]),
            snr=snr,
            false_alarm=float(false_alarm_probability(snr, count)),
            wavelength_um=float(self.residual.wavelength_um[wave]),
        )

    def candidates(self) -> Candidates:
        """Turn the rows into columns."""
        columns: dict[str, Any] = {
            c: np.array([getattr(r, c) for r in self.rows]) for c in CANDIDATE_COLUMNS
        }
        return replace(self.before, label=tuple(row.label for row in self.rows), **columns)


def _weighted_mean(values: Any, errors: Any) -> tuple[float, float]:
    """Mean weighted by the errors, plain where they are not known."""
    if not np.all(np.isfinite(errors) & (errors > 0)):
        return float(np.mean(values)), float("nan")
    weights = 1.0 / errors**2
    return float((values * weights).sum() / weights.sum()), float(weights.sum() ** -0.5)
