"""The table of candidates, written row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hcdc_kernel.algorithms.companion import CompanionFit
from hcdc_kernel.algorithms.snr import false_alarm_probability, n_apertures, snr_at
from hcdc_kernel.datamodel import Candidates, Psf, Residual
from hcdc_kernel.datamodel.detections import CANDIDATE_COLUMNS
from hcdc_kernel.steps.experiments import mixes_channels
from hcdc_kernel.steps.find_candidates import candidate_label


@dataclass(frozen=True, slots=True)
class SystematicErrors:
    """Errors that no fit can know of.

    Attributes
    ----------
    star_px : float
        Error of the star's position [px].
    true_north_deg : float
        Error of the camera's orientation [deg].
    star_flux : float
        Relative error of the star's flux, common to all channels.
    """

    star_px: float
    true_north_deg: float
    star_flux: float

    def of_contrast(self, contrast: Any, error: Any) -> Any:
        """Add the error of the star's flux to the error of a contrast.

        Parameters
        ----------
        contrast : ndarray or float
            Flux ratios.
        error : ndarray or float
            Errors of their fit.

        Returns
        -------
        ndarray or float
            Their whole errors.
        """
        return np.hypot(error, self.star_flux * np.abs(contrast))


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


class CandidateTable:
    """The table of candidates in the making.

    Attributes
    ----------
    before : Candidates
        The candidates as they were found.
    residual : Residual
        What they were found in.
    psf : Psf
        Gives the width.
    errors : SystematicErrors
        What adds to the errors of a fit.
    """

    def __init__(
        self,
        before: Candidates,
        residual: Residual,
        psf: Psf,
        errors: SystematicErrors,
    ) -> None:
        self.before, self.residual, self.psf, self.errors = before, residual, psf, errors
        self.mixes_channels = mixes_channels(residual)
        self.rows: list[_Row] = []

    def keep(self, label: str) -> None:
        """Take the rows of a candidate over as they are.

        Parameters
        ----------
        label : str
            Its name in the table as it was.
        """
        for index, name in enumerate(self.before.label):
            if name == label:
                values = {c: float(getattr(self.before, c)[index]) for c in CANDIDATE_COLUMNS}
                self.rows.append(_Row(label=label, **values))

    def add(self, label: str, fit: CompanionFit) -> None:
        """Write down a fit, all channels together first, then each.

        Parameters
        ----------
        label : str
            Name of the candidate in the table as it was.
        fit : CompanionFit
            What was measured.
        """
        joint = self._joint(label, fit)
        self.rows.append(joint)
        if fit.source.contrast.size > 1 and not self.mixes_channels:
            self.rows += [
                self._channel(joint, fit, wave) for wave in range(fit.source.contrast.size)
            ]

    def _joint(self, label: str, fit: CompanionFit) -> _Row:
        """Describe a candidate in all channels together."""
        scale, source, errors = self.residual.pixel_scale_mas, fit.source, self.errors
        place = self.before.label.index(label)
        across_px = np.hypot(fit.tangential_error_px, errors.star_px)
        angle_error = np.rad2deg(across_px / source.separation_px)
        if self.mixes_channels:
            contrast, error = float(source.contrast[0]), float(fit.contrast_error[0])
        else:
            contrast, error = self._mean_contrast(fit)
        single = source.contrast.size == 1
        return _Row(
            label=label,
            separation_mas=source.separation_px * scale,
            separation_error_mas=float(np.hypot(fit.separation_error_px, errors.star_px)) * scale,
            position_angle_deg=source.position_angle_deg,
            position_angle_error_deg=float(np.hypot(angle_error, errors.true_north_deg)),
            contrast=contrast,
            contrast_error=float(errors.of_contrast(contrast, error)),
            snr=float(self.before.snr[place]),
            false_alarm=float(self.before.false_alarm[place]),
            wavelength_um=float(self.residual.wavelength_um[0]) if single else float("nan"),
        )

    def _mean_contrast(self, fit: CompanionFit) -> tuple[float, float]:
        """Average the channels by their whole errors; the error is that of the fit alone."""
        values, errors = fit.source.contrast, fit.contrast_error
        whole = self.errors.of_contrast(values, errors)
        if not np.all(np.isfinite(errors) & (whole > 0)):
            return float(np.mean(values)), float("nan")
        weights = whole**-2 / (whole**-2).sum()
        return float((weights * values).sum()), float(np.hypot.reduce(weights * errors))

    def _channel(self, joint: _Row, fit: CompanionFit, wave: int) -> _Row:
        """Describe a candidate in one channel."""
        image, fwhm_px = self.residual.data[wave], float(self.psf.fwhm_px[wave])
        x, y = np.add(fit.source.offset_xy, (image.shape[1] // 2, image.shape[0] // 2))
        snr = snr_at(image.astype(float), (float(x), float(y)), fwhm_px)
        count = n_apertures(np.array(fit.source.separation_px), fwhm_px)
        return replace(
            joint,
            contrast=float(fit.source.contrast[wave]),
            contrast_error=float(
                self.errors.of_contrast(fit.source.contrast[wave], fit.contrast_error[wave])
            ),
            snr=snr,
            false_alarm=float(false_alarm_probability(snr, count)),
            wavelength_um=float(self.residual.wavelength_um[wave]),
        )

    def candidates(self) -> Candidates:
        """Turn the rows into columns.

        Returns
        -------
        Candidates
            The table; labels close the gaps of what was dropped.
        """
        names = dict.fromkeys(row.label for row in self.rows)
        fresh = {name: candidate_label(rank) for rank, name in enumerate(names)}
        columns: dict[str, Any] = {
            c: np.array([getattr(r, c) for r in self.rows]) for c in CANDIDATE_COLUMNS
        }
        return replace(self.before, label=tuple(fresh[row.label] for row in self.rows), **columns)
