"""Search a sequence for the tracks of companions, without a residual image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Data, DetectionMap, Psf, Residual
from hcdc_kernel.steps.aligned_frames import aligned_frames
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.steps.psf_models.plugin import check_settings, finite_frames, make_model

# The median absolute deviation of a Gaussian, in standard deviations.
_MAD_OF_GAUSSIAN = 0.6744897501960817


class MatchSignalConfig(StepConfig):
    """Settings of `MatchSignal`."""

    matcher: str = Field(
        default="vip-andromeda", description="How companions are sought: name of a signal matcher."
    )
    matcher_settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the matcher, by name."
    )
    normalize: bool = Field(
        default=True,
        description="Divide the S/N by its robust scatter over the ring at the same separation. "
        "Matched filters take noise to be white and overstate S/N several times otherwise.",
    )

    @model_validator(mode="before")
    @classmethod
    def _complete_matcher(cls, given: Any) -> Any:
        """Check the matcher's own settings; keep all, so that equal work has equal keys."""
        if not isinstance(given, Mapping):
            return given
        name = given.get("matcher", cls.model_fields["matcher"].default)
        own = given.get("matcher_settings") or {}
        if not isinstance(name, str) or not isinstance(own, Mapping):
            return given
        return {**given, "matcher_settings": check_settings("signal_matchers", name, own)}


class MatchSignal(Step):
    """Estimate, for each place, the flux of a companion that would follow the field rotation.

    Gives a map of contrast and one of S/N, both north up. The S/N map shows that it worked:
    noise alone has a scatter of one, a companion is a single round peak.
    """

    name: ClassVar[str] = "match-signal"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("cube", "psf")
    outputs: ClassVar[tuple[str, ...]] = ("residual", "detection")
    Config = MatchSignalConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: MatchSignalConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Match the signal of a companion, channel by channel.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube`` (aligned) and ``psf``.
        config : MatchSignalConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``residual``, the estimated flux in units of the star's, and ``detection``.

        Raises
        ------
        DataError
            If the cube is not centered, or the matcher cannot work on it.
        """
        cube, psf = data["cube"], data["psf"]
        assert isinstance(cube, Cube)
        assert isinstance(psf, Psf)
        cube = aligned_frames(cube)
        matcher = make_model("signal_matchers", config.matcher, config.matcher_settings)
        shape = (cube.n_wave, *cube.data.shape[2:])
        contrast, snr = np.empty(shape, np.float32), np.empty(shape, np.float32)
        for channel in range(cube.n_wave):
            progress(channel / cube.n_wave, f"channel {channel + 1} of {cube.n_wave}")
            fwhm_px = float(psf.fwhm_px[channel])
            frames = finite_frames(cube.data[channel])
            maps = matcher.match(
                frames, cube.frames.derotation_deg, psf.data[channel].astype(float), fwhm_px
            )
            contrast[channel] = maps.contrast
            snr[channel] = normalized(maps.snr, fwhm_px) if config.normalize else maps.snr
        residual = Residual(
            data=contrast,
            wavelength_um=cube.wavelength_um,
            pixel_scale_mas=cube.pixel_scale_mas,
            identity=cube.identity,
            unit="contrast",
            history=cube.history,
        )
        return {"residual": residual, "detection": _detection(snr, cube, psf)}


def normalized(snr: FloatArray, fwhm_px: float) -> FloatArray:
    """Divide an S/N map by its robust scatter at each separation.

    Parameters
    ----------
    snr : ndarray, shape (n_y, n_x)
        S/N, star at ``(n_y // 2, n_x // 2)``; NaN marks missing data.
    fwhm_px : float
        Full width at half maximum, the width of the rings [px].

    Returns
    -------
    ndarray, shape (n_y, n_x)
        S/N whose scatter, by the median of its absolute values, is one in each ring.
    """
    y, x = np.mgrid[: snr.shape[0], : snr.shape[1]]
    radius = np.hypot(y - snr.shape[0] // 2, x - snr.shape[1] // 2)
    measured = np.isfinite(snr)
    out = np.full(snr.shape, np.nan)
    for ring in np.unique(np.rint(radius[measured])):
        near = measured & (np.abs(radius - ring) <= fwhm_px / 2)
        scatter = np.median(np.abs(snr[near])) / _MAD_OF_GAUSSIAN
        here = measured & (np.rint(radius) == ring)
        out[here] = snr[here] / scatter if scatter > 0 else 0.0
    return out


def _detection(snr: FloatArray, cube: Cube, psf: Psf) -> DetectionMap:
    """Put the maps of the channels and that of all together into one object."""
    wavelength = cube.wavelength_um
    if cube.n_wave > 1:
        together = snr.sum(axis=0) / np.sqrt(cube.n_wave)
        snr = np.concatenate([snr, together[None]])
        wavelength = np.append(wavelength, wavelength.mean())
    return DetectionMap(
        snr=snr,
        wavelength_um=wavelength,
        fwhm_px=float(np.mean(psf.fwhm_px)),
        pixel_scale_mas=cube.pixel_scale_mas,
        identity=cube.identity,
        history=cube.history,
    )
