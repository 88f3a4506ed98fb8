"""What each step of the calibration shows, and what to look for, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hcdc_widgets import plots
from hcdc_widgets.plots import SkyFigure

if TYPE_CHECKING:
    from hcdc_kernel import Cube, Psf
    from hcdc_kernel.datamodel import Master, StarPositions

# Beyond these a reduction still runs, but people should know before, not after.
_MANY_BAD_PERCENT = 8.0
_UNEVEN_FLAT = 0.2
_DRIFT_PX = 0.5
_ERROR_PX = 0.3
_BACKGROUND_CHANGE = 0.2
_LITTLE_ROTATION_DEG = 10.0
_FEW_FRAMES = 15
# Hot, dead, not linear or saturated: bits of hcdc_kernel.datamodel.PixelFlag.
_DEFECTS, _OUTSIDE = 1 | 2 | 4, 8


@dataclass(frozen=True, slots=True)
class Lesson:
    """One step of the calibration for people who have not seen it before.

    Attributes
    ----------
    step : str
        Name of the step.
    output : str
        Name of the data to show.
    title : str
        What was made.
    words : str
        What it is and what to look for.
    draw : callable
        Makes the figure of the data.
    judge : callable
        Says in sentences what to be careful about; none if all is well.
    """

    step: str
    output: str
    title: str
    words: str
    draw: Callable[[Any], SkyFigure]
    judge: Callable[[Any], list[str]]


def judge_background(master: Master) -> list[str]:
    """Hold a master background against what is usual.

    Parameters
    ----------
    master : Master
        A background.

    Returns
    -------
    list of str
        Cautions, in sentences.
    """
    return _too_many_bad(master)


def judge_flat(master: Master) -> list[str]:
    """Hold a flat field against what is usual.

    Parameters
    ----------
    master : Master
        A flat field.

    Returns
    -------
    list of str
        Cautions, in sentences.
    """
    good = master.data[((master.flags & (_DEFECTS | _OUTSIDE)) == 0) & np.isfinite(master.data)]
    cautions = _too_many_bad(master)
    spread = float(np.std(good, dtype=float)) if good.size else 0.0
    if spread > _UNEVEN_FLAT:
        cautions.append(
            f"The response differs by {100 * spread:.0f} % from pixel to pixel, more than usual: "
            "the lamp exposures may not belong to this filter."
        )
    return cautions


def judge_positions(positions: StarPositions) -> list[str]:
    """Say whether the star was found well and stood still.

    Parameters
    ----------
    positions : StarPositions
        Where the star was measured.

    Returns
    -------
    list of str
        Cautions, in sentences.
    """
    cautions = []
    if positions.method == "symmetry":
        cautions.append(
            "No satellite spots were seen; the star was found by the symmetry of its halo, which "
            "can be off by a pixel."
        )
    elif positions.method == "satellite-spots" and np.isnan(positions.spots_xy_px).any():
        cautions.append(
            "Not every spot could be measured in every frame, so some circles are missing; the "
            "star was found from the others."
        )
    error = float(np.median(positions.error_px))
    if error > _ERROR_PX:
        cautions.append(
            f"The star is known to {error:.2f} px only: positions of companions will not be "
            "better than that."
        )
    still = positions.xy_px - positions.dither_xy_px[:, None]
    drift = float(np.max(np.hypot(*np.moveaxis(np.ptp(still, axis=0), -1, 0))))
    if drift > _DRIFT_PX:
        cautions.append(
            f"The star moved by {drift:.2f} px between the frames: it was not held well on the "
            "mask of the coronagraph."
        )
    return cautions


def judge_psf(psf: Psf) -> list[str]:
    """Say whether contrasts can be measured against this star.

    Parameters
    ----------
    psf : Psf
        The star off the coronagraph.

    Returns
    -------
    list of str
        Cautions, in sentences.
    """
    if psf.absolute or psf.notes:
        return list(psf.notes)
    return [
        "There is no usable exposure of the star beside the coronagraph: this is a model of its "
        "shape. Companions can be found and placed, but their brightness, and the limits, "
        "cannot be told."
    ]


def judge_cube(cube: Cube) -> list[str]:
    """Say what of the sequence will limit the result.

    Parameters
    ----------
    cube : Cube
        The calibrated sequence.

    Returns
    -------
    list of str
        Cautions, in sentences.
    """
    angles = np.unwrap(np.deg2rad(cube.frames.derotation_deg))
    turned = float(np.rad2deg(np.ptp(angles)))
    cautions = [*sequence_cautions(cube.n_time, turned, cube.n_wave), *cube.notes]
    scale = cube.frames.conditions.get("background_scale")
    if scale is not None and np.isfinite(scale).any():
        change = float(np.nanmax(np.abs(scale - 1)))
        if change > _BACKGROUND_CHANGE:
            cautions.append(
                f"The background differed by up to {100 * change:.0f} % from the master: clouds, "
                "moonlight, or a background of another time. It was scaled frame by frame."
            )
    return cautions


def sequence_cautions(n_frames: int, field_rotation_deg: float, n_wave: int) -> list[str]:
    """Say what of a sequence will limit the result.

    Parameters
    ----------
    n_frames : int
        Number of frames.
    field_rotation_deg : float
        How far the field turned [deg].
    n_wave : int
        Number of spectral channels.

    Returns
    -------
    list of str
        Cautions, in sentences.
    """
    cautions = []
    if field_rotation_deg < _LITTLE_ROTATION_DEG and n_wave == 1:
        cautions.append(
            f"The field turned by {field_rotation_deg:.1f} deg only: close to the star "
            "companions will be subtracted with it. Reference stars (RDI) would help."
        )
    elif field_rotation_deg < _LITTLE_ROTATION_DEG:
        cautions.append(
            f"The field turned by {field_rotation_deg:.1f} deg only: close to the star "
            "companions will be subtracted with it. The recipe asdi-pca uses the channels too."
        )
    if n_frames < _FEW_FRAMES:
        cautions.append(f"There are {n_frames} frames only: the star's model is noisy.")
    return cautions


def _too_many_bad(master: Master) -> list[str]:
    """Say if more pixels are bad than usual."""
    seen = (master.flags & _OUTSIDE) == 0
    bad = 100 * float(np.mean((master.flags[seen] & _DEFECTS) != 0)) if seen.any() else 0.0
    if bad <= _MANY_BAD_PERCENT:
        return []
    return [
        f"{bad:.1f} % of the pixels are bad, many more than usual: look for a file among the "
        "calibrations that does not belong there."
    ]


_BACKGROUND = (
    "What the detector sees without any star: the warmth of the instrument and the detector's own "
    "pattern. It is the zero point of the scale, as the bias is for a spectrum. Upright bands "
    "(the detector is read in columns), smooth glow and single bad pixels are normal; a star "
    "or its halo is not."
)

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "make-science-background",
        "science_background",
        "Background of the science frames",
        _BACKGROUND,
        plots.background,
        judge_background,
    ),
    Lesson(
        "make-center-background",
        "center_background",
        "Background of the centering frames",
        "The same for the frames that show where the star is; they have an exposure time of "
        "their own.",
        plots.background,
        judge_background,
    ),
    Lesson(
        "make-flux-background",
        "flux_background",
        "Background of the star's own image",
        "The same for the short exposures of the star itself, taken through a gray filter.",
        plots.background,
        judge_background,
    ),
    Lesson(
        "make-flat",
        "flat",
        "Flat field",
        "How sensitive each pixel is, from exposures of a lamp of several lengths; exactly what "
        "a flat is for a spectrograph. Most pixels should be within a few percent of 1. Dust "
        "makes rings, that is normal; the shape of a star would not be.",
        plots.flat,
        judge_flat,
    ),
    Lesson(
        "measure-center",
        "star_positions",
        "Where the star is",
        "The coronagraph hides the star. To know where it is, the deformable mirror makes four "
        "faint copies of it, the satellite spots. The star is where their diagonals cross: as a "
        "lamp's lines beside a spectrum tell the wavelength, the spots tell the position. All "
        "four circles should hold a spot, in both fields, and the star should stay within a "
        "few tenths of a pixel.",
        plots.star_positions,
        judge_positions,
    ),
    Lesson(
        "calibrate-flux",
        "psf",
        "The star beside the coronagraph",
        "The star itself, moved off the coronagraph and dimmed by a gray filter: the unit of all "
        "brightness ratios. It should be round and have a sharp peak; a flat top means that it "
        "is saturated. Behind the coronagraph a companion close to the star is dimmed too; the "
        "transmission curve says by how much, and all fluxes are corrected for it.",
        plots.psf,
        judge_psf,
    ),
    Lesson(
        "calibrate-science",
        "cube",
        "The calibrated frames",
        "Background taken off, divided by the flat, bad pixels mended, both fields brought to the "
        "same scale with the star on the middle pixel. The arrows show how north turned during "
        "the night: this is what separates a planet, which turns, from the speckles, which do "
        "not. The scatter between frames should come down to the noise of photons and detector "
        "away from the star.",
        plots.calibrated,
        judge_cube,
    ),
)
