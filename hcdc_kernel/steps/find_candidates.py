"""List the candidate companions of a detection map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.detection import (
    Source,
    centroid,
    find_sources,
    sidelobes,
    threshold_map,
)
from hcdc_kernel.algorithms.snr import false_alarm_probability, n_apertures, snr_map
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Candidates, Data, DetectionMap, History, Psf, Residual
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.steps.map_snr import all_channels
from hcdc_kernel.units import Milliarcsec

# Around a candidate, nothing is taken for noise within this distance.
_HIDDEN_FWHM = 1.0
# A circle takes in a pixel whose center is up to half a diagonal beyond it; the rest is margin.
_PIXEL_REACH_PX = 1.0


class FindCandidatesConfig(StepConfig):
    """Settings of `FindCandidates`."""

    n_sigma: float = Field(
        default=5.0, ge=2, le=20, description="Significance that a candidate must have."
    )
    threshold: Literal["false-alarm", "snr"] = Field(
        default="false-alarm",
        description="'false-alarm': as few false alarms as n_sigma has in Gaussian noise; close "
        "to the star, where the noise is known from a few places only, this asks for a higher "
        "S/N. 'snr': an S/N of n_sigma everywhere.",
    )
    inner: Milliarcsec = Field(
        default=0.0,
        ge=0,
        description="Nothing closer to the star is taken; 0 for one FWHM [mas].",
    )
    reject_sidelobes: bool = Field(
        default=True,
        description="Drop what may be a diffraction ring or spike of a brighter candidate.",
    )
    max_candidates: int = Field(default=20, ge=1, le=500, description="Most candidates to list.")


class FindCandidates(Step):
    """Find the places that noise alone would hardly make.

    Local maxima of the S/N map above the threshold, brightest first. Around each the image is
    then left out and the map made again, so that a bright companion does not count as noise
    for a fainter one at the same separation. The S/N map with a circle around each candidate
    shows that it worked.
    """

    name: ClassVar[str] = "find-candidates"
    version: ClassVar[int] = 4
    inputs: ClassVar[tuple[str, ...]] = ("detection", "residual", "psf")
    outputs: ClassVar[tuple[str, ...]] = ("candidates",)
    Config = FindCandidatesConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: FindCandidatesConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """List the candidates.

        Parameters
        ----------
        data : mapping of str to data object
            ``detection``, ``residual`` and ``psf``.
        config : FindCandidatesConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``candidates``: one row each; contrast and errors are NaN until they are
            characterized, unless the residual is a map of contrasts.
        """
        detection, residual, psf = data["detection"], data["residual"], data["psf"]
        assert isinstance(detection, DetectionMap)
        assert isinstance(residual, Residual)
        assert isinstance(psf, Psf)
        progress(0.0, "peaks of the S/N map")
        image = np.asarray(all_channels(residual, psf))
        n_skip = _neighbors_excluded(detection.history)
        found = _search(detection, image, config, n_skip)
        if residual.unit == "contrast":  # such a map has lobes of negative flux beside a source
            found = [source for source in found if _contrast_at(residual, source) > 0]
        places = [centroid(image, source.xy, detection.fwhm_px) for source in found]
        if config.reject_sidelobes:
            lobes = sidelobes(image, places, psf.data.mean(axis=0), detection.fwhm_px)
            found = [source for source, lobe in zip(found, lobes, strict=True) if not lobe]
            places = [place for place, lobe in zip(places, lobes, strict=True) if not lobe]
        table = _table(found, places, detection, n_skip or 0)
        if residual.unit == "contrast":  # a matched filter has measured the flux already
            table = _with_contrast(table, found, residual, psf)
        return {"candidates": table}


def _neighbors_excluded(history: History) -> int | None:
    """Tell how many neighbors the S/N map left out; None if map-snr did not make it."""
    for done in history:
        if done.step == "map-snr":
            return int(done.config["exclude_neighbors"])
    return None


def _search(
    detection: DetectionMap, image: FloatArray, config: FindCandidatesConfig, n_skip: int | None
) -> list[Source]:
    """Find sources; hide the brightest and map again, until nothing is left."""
    snr, fwhm_px = detection.combined.astype(float), detection.fwhm_px
    limit = threshold_map(
        (snr.shape[0], snr.shape[1]),
        fwhm_px,
        config.n_sigma,
        small_sample=config.threshold == "false-alarm",
        exclude_neighbors=n_skip or 0,
    )
    inner_px = config.inner / detection.pixel_scale_mas or fwhm_px
    n_most = config.max_candidates
    if n_skip is None:  # a map that cannot be made again
        return find_sources(snr, limit, fwhm_px, inner_px=inner_px, n_most=n_most)
    hidden, found = image.astype(float), list[Source]()
    rows, columns = np.indices(snr.shape)
    middle_xy = np.array([snr.shape[1] // 2, snr.shape[0] // 2])
    distance = np.hypot(columns - middle_xy[0], rows - middle_xy[1])
    while len(found) < n_most:
        new = find_sources(snr, limit, fwhm_px, inner_px=inner_px, n_most=1)
        if not new:
            break
        found += new
        x, y = centroid(image, new[0].xy, fwhm_px)
        hidden[np.hypot(columns - x, rows - y) <= _HIDDEN_FWHM * fwhm_px] = np.nan
        # Only rings of circles that reach what is hidden change.
        reach = (_HIDDEN_FWHM + 0.5) * fwhm_px + _PIXEL_REACH_PX
        changed = np.abs(distance - np.hypot(*(np.array([x, y]) - middle_xy))) <= reach
        anew = snr_map(hidden, fwhm_px, exclude_neighbors=n_skip, where=changed)
        snr = np.where(changed, anew, snr)
    return found


def _table(
    found: list[Source], places: list[tuple[float, float]], detection: DetectionMap, n_skip: int
) -> Candidates:
    """Write the sources down, brightest first."""
    order = sorted(range(len(found)), key=lambda i: -found[i].snr)
    n_y, n_x = detection.combined.shape
    offset = np.array([places[i] for i in order]).reshape(-1, 2) - [n_x // 2, n_y // 2]
    distance = np.hypot(offset[:, 0], offset[:, 1])
    snr = np.array([found[i].snr for i in order])
    count = n_apertures(distance, detection.fwhm_px)
    unknown = np.full(len(found), np.nan)
    single = detection.wavelength_um.size == 1
    return Candidates(
        label=tuple(candidate_label(i) for i in range(len(found))),
        separation_mas=distance * detection.pixel_scale_mas,
        separation_error_mas=unknown,
        position_angle_deg=np.rad2deg(np.arctan2(-offset[:, 0], offset[:, 1])) % 360,
        position_angle_error_deg=unknown,
        contrast=unknown,
        contrast_error=unknown,
        snr=snr,
        false_alarm=false_alarm_probability(snr, count, exclude_neighbors=n_skip),
        wavelength_um=np.full(len(found), detection.wavelength_um[0] if single else np.nan),
        identity=detection.identity,
        history=detection.history,
    )


def _contrast_at(residual: Residual, source: Source) -> float:
    """Read a map of contrasts at a peak, mean over the channels that have data there."""
    x, y = (round(place) for place in source.xy)
    seen = residual.data[:, y, x].astype(float)
    return float(seen[np.isfinite(seen)].mean()) if np.isfinite(seen).any() else float("nan")


def _with_contrast(
    table: Candidates, found: list[Source], residual: Residual, psf: Psf
) -> Candidates:
    """Fill in what a matched filter has measured; the errors follow from the S/N."""
    if not psf.absolute:
        return table
    ranked = sorted(found, key=lambda source: -source.snr)
    seen = np.array([_contrast_at(residual, source) for source in ranked])
    contrast = seen / psf.transmission_at(table.separation_mas)
    return replace(table, contrast=contrast, contrast_error=np.abs(contrast) / table.snr)


def candidate_label(index: int) -> str:
    """Name a candidate by its rank: a, b, ..., z, aa, ab, ...

    Parameters
    ----------
    index : int
        Rank, from 0.

    Returns
    -------
    str
        The name.

    Examples
    --------
    >>> [candidate_label(i) for i in (0, 25, 26)]
    ['a', 'z', 'aa']
    """
    head, last = divmod(index, 26)
    return (candidate_label(head - 1) if head else "") + chr(ord("a") + last)
