"""The figures of merit of a reduction, each with its verdict."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hcdc_kernel.algorithms.registration import find_star
from hcdc_kernel.algorithms.snr import (
    false_alarm_probability,
    gaussian_significance,
    n_apertures,
)
from hcdc_kernel.datamodel import (
    Candidates,
    ContrastCurve,
    Cube,
    Data,
    DetectionMap,
    Psf,
    QualityNote,
)
from hcdc_kernel.datamodel.quality import Light
from hcdc_kernel.errors import DataError

_TAIL_QUANTILE = 0.995
_TAIL_GAUSSIAN = 2.5758


def _light_below(value: float, good: float, fair: float) -> Light:
    """Judge a figure that should be small; an unknown one is fair."""
    if np.isnan(value):
        return "fair"
    return "good" if value <= good else "fair" if value <= fair else "poor"


def field_rotation(cube: Cube, psf: Psf) -> list[QualityNote]:
    """Measure how far the sky turns, and where that is enough to see a companion move.

    Parameters
    ----------
    cube : Cube
        The sequence.
    psf : Psf
        Gives the width.

    Returns
    -------
    list of QualityNote
        Rotation, and the separation from which a companion moves by one FWHM.
    """
    # Steps between frames, so that an angle that wraps at 360 deg does not count.
    angles = np.rad2deg(np.unwrap(np.deg2rad(cube.frames.derotation_deg[cube.frames.usable])))
    rotation = float(np.ptp(angles)) if angles.size else 0.0
    fwhm_px = float(psf.fwhm_px.mean())
    chord = 2 * np.sin(np.deg2rad(min(rotation, 180.0)) / 2)
    inner = fwhm_px / chord * cube.pixel_scale_mas if chord > 0 else float("inf")
    ratio = 1 / chord if chord > 0 else float("inf")
    light = _light_below(ratio, 2.0, 5.0)
    return [
        QualityNote(
            "field-rotation",
            rotation,
            "deg",
            light,
            f"The sky turned by {rotation:.1f} degrees on the detector while the star's image "
            "stood still. The more it turns, the better companions are told from starlight.",
        ),
        QualityNote(
            "rotation-limit",
            inner,
            "mas",
            light,
            "Closer to the star than this, a companion moved by less than its own width and "
            "is largely subtracted with the star."
            if np.isfinite(inner)
            else "The sky did not turn: without reference stars, companions are lost.",
        ),
    ]


def frames_used(cube: Cube) -> list[QualityNote]:
    """Count the frames that were used and rejected.

    Parameters
    ----------
    cube : Cube
        The sequence.

    Returns
    -------
    list of QualityNote
        Number used, and share rejected.
    """
    n_used = int(cube.frames.usable.sum())
    share = 1 - n_used / cube.n_time
    few: Light = "good" if n_used >= 20 else "fair" if n_used >= 8 else "poor"
    return [
        QualityNote(
            "frames-used", float(n_used), "", few, f"{n_used} of {cube.n_time} frames were used."
        ),
        QualityNote(
            "frames-rejected",
            100 * share,
            "%",
            _light_below(share, 0.1, 0.25),
            f"{cube.n_time - n_used} frames were left out because they differ from the others, "
            "for instance when a cloud passed or the star slipped off the coronagraph.",
        ),
    ]


def star_center(cube: Cube, psf: Psf) -> list[QualityNote]:
    """Measure again, on the aligned frames, where the star is and how steady.

    Parameters
    ----------
    cube : Cube
        The aligned sequence.
    psf : Psf
        Gives the width.

    Returns
    -------
    list of QualityNote
        Offset from the middle pixel, and scatter.
    """
    wave = int(np.argmax(psf.star_flux))
    images = cube.data[wave][cube.frames.usable]
    middle = np.array(images.shape[:0:-1]) // 2
    try:
        found = find_star(images, float(psf.fwhm_px[wave]))
        offset = float(np.hypot(*(np.nanmedian(found.xy, axis=0) - middle)))
        scatter = found.scatter_px
    except DataError:  # nothing to see of the star: that is a verdict, not a failure
        offset = scatter = float("nan")
    return [
        QualityNote(
            "star-offset",
            offset,
            "px",
            _light_below(offset, 0.2, 0.5),
            "Distance of the star from the middle of the aligned images: an error here shifts "
            "every companion by as much.",
        ),
        QualityNote(
            "star-scatter",
            scatter,
            "px",
            _light_below(scatter, 0.15, 0.5),
            "Scatter of the star's position from frame to frame, after alignment.",
        ),
    ]


def psf_sampling(psf: Psf) -> list[QualityNote]:
    """Check that the PSF is sampled well enough to be shifted and turned.

    Parameters
    ----------
    psf : Psf
        The off-axis star.

    Returns
    -------
    list of QualityNote
        Width.
    """
    fwhm_px = float(psf.fwhm_px.min())
    light: Light = "good" if fwhm_px >= 2 else "fair" if fwhm_px >= 1.5 else "poor"
    return [
        QualityNote(
            "psf-fwhm",
            fwhm_px * psf.pixel_scale_mas,
            "mas",
            light,
            f"Width of a point source: {fwhm_px:.2f} pixels. Below two pixels, images cannot "
            "be turned without loss.",
        )
    ]


def flux_scale(cube: Cube, psf: Psf) -> list[QualityNote]:
    """Hold the brightest point of the frames against the star off the coronagraph.

    Parameters
    ----------
    cube : Cube
        The sequence.
    psf : Psf
        The off-axis star in the unit of the cube.

    Returns
    -------
    list of QualityNote
        Ratio of the peaks; unknown, and poor, if the star's flux is not known.
    """
    if not psf.absolute:
        return [
            QualityNote(
                "flux-scale",
                float("nan"),
                "",
                "poor",
                "There is no usable exposure of the star beside the coronagraph: its flux is "
                "not known. Companions can be found and placed, but neither their contrasts nor "
                "limits can be told.",
            )
        ]
    usable = cube.frames.usable
    mean = np.nan_to_num(cube.data[:, usable].mean(axis=1))
    ratio = float(np.max(mean.max(axis=(1, 2)) / psf.data.max(axis=(1, 2))))
    sensible = 1e-5 < ratio <= 1.2
    light: Light = "good" if sensible else "fair" if ratio <= 3 else "poor"
    text = (
        "Brightest point of the frames relative to the star off the coronagraph; below 1 as it "
        "must be."
        if sensible
        else "Brightest point of the frames relative to the star off the coronagraph. This is "
        "not plausible: check exposure times and neutral density of the PSF, as all contrasts "
        "hang on them."
    )
    return [QualityNote("flux-scale", ratio, "", light, text)]


def calibration_notes(cube: Cube, psf: Psf) -> list[QualityNote]:
    """Repeat what the calibration of the raw frames had to say.

    Parameters
    ----------
    cube : Cube
        The sequence.
    psf : Psf
        The off-axis star.

    Returns
    -------
    list of QualityNote
        One a note; none if all went well.
    """
    notes = dict.fromkeys((*cube.notes, *psf.notes))
    return [
        QualityNote(f"calibration-{number}", float("nan"), "", "fair", note)
        for number, note in enumerate(notes, start=1)
    ]


def noise_shape(data: Mapping[str, Data], psf: Psf) -> list[QualityNote]:
    """Check that what is left in the S/N map behaves like noise.

    Parameters
    ----------
    data : mapping of str to data object
        ``detection`` and, if there are any, ``candidates``.
    psf : Psf
        Gives the width.

    Returns
    -------
    list of QualityNote
        The S/N that 0.5 % of the places exceed, over that of Gaussian noise.
    """
    detection, candidates = data["detection"], data.get("candidates")
    assert isinstance(detection, DetectionMap)
    snr = detection.combined
    rows, columns = np.indices(snr.shape)
    dx, dy = columns - snr.shape[1] // 2, rows - snr.shape[0] // 2
    known = np.isfinite(snr)
    if isinstance(candidates, Candidates):
        angle = np.deg2rad(candidates.position_angle_deg)
        radius = candidates.separation_mas / detection.pixel_scale_mas
        for x, y in zip(-radius * np.sin(angle), radius * np.cos(angle), strict=True):
            known &= np.hypot(dx - x, dy - y) > 2 * detection.fwhm_px
    count = n_apertures(np.hypot(dx, dy)[known], float(psf.fwhm_px.mean()))
    chance = false_alarm_probability(snr[known], count)
    chance = chance[np.isfinite(chance)]
    if chance.size < 200:
        ratio = float("nan")
    else:
        sigma = gaussian_significance(np.clip(chance, 1e-15, 1 - 1e-15))
        ratio = float(np.quantile(sigma, _TAIL_QUANTILE)) / _TAIL_GAUSSIAN
    return [
        QualityNote(
            "noise-tail",
            ratio,
            "",
            _light_below(ratio, 1.3, 1.8),
            "The strongest peaks of the noise compared with those of well-behaved (Gaussian) "
            "noise: at 1 the significances can be taken at face value; well above 1, faint "
            "candidates deserve doubt.",
        )
    ]


def contrast_limits(data: Mapping[str, Data], at_mas: tuple[float, ...]) -> list[QualityNote]:
    """Quote the contrast limit at a few separations.

    Parameters
    ----------
    data : mapping of str to data object
        ``contrast``, if it was measured.
    at_mas : tuple of float
        Separations [mas].

    Returns
    -------
    list of QualityNote
        One each that the curve reaches.
    """
    curve = data.get("contrast")
    if not isinstance(curve, ContrastCurve):
        return []
    best = np.where(np.isfinite(curve.contrast), curve.contrast, np.inf).min(axis=0)
    known = np.isfinite(best)
    reached = [
        s
        for s in at_mas
        if known.any()
        and curve.separation_mas[known][0] <= s
        and s <= curve.separation_mas[known][-1]
    ]
    values = [
        float(10 ** np.interp(s, curve.separation_mas[known], np.log10(best[known])))
        for s in reached
    ]
    return [
        QualityNote(
            f"contrast-{s:.0f}-mas",
            value,
            "",
            _light_below(value, 1e-3, 1e-2),
            f"At {s / 1000:g} arcsec, a companion {-2.5 * np.log10(value):.1f} magnitudes "
            "fainter than the star would just have been found.",
        )
        for s, value in zip(reached, values, strict=True)
    ]


def candidate_count(data: Mapping[str, Data]) -> list[QualityNote]:
    """Count the candidates: many at once are rarely planets.

    Parameters
    ----------
    data : mapping of str to data object
        ``candidates``, if they were looked for.

    Returns
    -------
    list of QualityNote
        Their number.
    """
    candidates = data.get("candidates")
    if not isinstance(candidates, Candidates):
        return []
    n = len(set(candidates.label))
    text = "No candidate was found." if n == 0 else f"Candidates found: {n}."
    if n > 5:
        text += " So many point to remaining starlight rather than to companions."
    return [QualityNote("candidates", float(n), "", _light_below(n, 5, 12), text)]
