"""Reduce again only the rings that a companion is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hcdc_kernel import plugins
from hcdc_kernel.algorithms.combine import combine
from hcdc_kernel.algorithms.experiment import Reduced
from hcdc_kernel.algorithms.patches import REACH_PX, derotate_patches
from hcdc_kernel.algorithms.psfsub import Region, SequencePsfModel
from hcdc_kernel.arrays import FloatArray, IntArray
from hcdc_kernel.datamodel import Cube, Data, History, Psf
from hcdc_kernel.steps.base import load_step, make_config
from hcdc_kernel.steps.combine_frames import CombineFramesConfig
from hcdc_kernel.steps.psf_models.plugin import make_model
from hcdc_kernel.steps.subtract_psf import SubtractPsfConfig, cut_regions, subtract_regions


@dataclass(frozen=True, slots=True)
class Ring:
    """A region, and between which distances from the star it lies [px]."""

    region: Region
    low_px: float
    high_px: float


@dataclass(frozen=True, slots=True)
class RingReduction:
    """A reduction ring by ring, of which a companion concerns only a few rings.

    What a companion does to its surroundings is what it does in the whole reduction; only the
    interpolation of noise from pixel to pixel is another, see `derotate_patches`.

    Attributes
    ----------
    cube : Cube
        The usable frames, aligned.
    psf : Psf
        Gives the width of each channel.
    library : Cube or None
        Frames of other stars, for RDI.
    subtract : SubtractPsfConfig
        Settings of the subtraction.
    combine : CombineFramesConfig
        Settings of the combination.
    rings : tuple of tuple of Ring
        The rings of each channel.
    """

    cube: Cube
    psf: Psf
    library: Cube | None
    subtract: SubtractPsfConfig
    combine: CombineFramesConfig
    rings: tuple[tuple[Ring, ...], ...]

    def everywhere(self, cube: FloatArray) -> Reduced:
        """Reduce a cube as a whole.

        Parameters
        ----------
        cube : ndarray, shape (n_wave, n_time, n_y, n_x)
            The images.

        Returns
        -------
        Reduced
            Residual frames and residual.
        """
        data: dict[str, Data] = {"cube": replace(self.cube, data=cube), "psf": self.psf}
        if self.library is not None:
            data["references"] = self.library
        frames = load_step("subtract-psf").run(data, self.subtract)["residual_cube"]
        residual = load_step("combine-frames").run({"residual_cube": frames}, self.combine)
        return Reduced(frames.data, residual["residual"].data)  # type: ignore[union-attr]

    def near(
        self, cube: FloatArray, base: Reduced, offsets_xy: Sequence[FloatArray], radius_px: float
    ) -> tuple[FloatArray, FloatArray]:
        """Reduce a changed cube around places.

        Parameters
        ----------
        cube : ndarray, shape (n_wave, n_time, n_y, n_x)
            The changed images.
        base : Reduced
            The reduction of the images as they were.
        offsets_xy : sequence of ndarray, shape (2,)
            Places, x (west) and y (north) of the star [px].
        radius_px : float
            How far from them the result must be right [px].

        Returns
        -------
        after, before : ndarray, shape (n_wave, n_y, n_x)
            The residual with and without the change, interpolated alike; farther from all
            places both are that of `base`.
        """
        changed = replace(self.cube, data=cube)
        model = make_model("psf_models", self.subtract.model, self.subtract.all_model_settings)
        angles = self.cube.frames.derotation_deg
        half = int(np.ceil(radius_px))
        middles = _middles(offsets_xy, cube.shape[2:])
        after, before = base.residual.copy(), base.residual.copy()
        for channel, rings in enumerate(self.rings):
            frames = base.frames[channel].copy()
            wanted = [ring.region for ring in rings if _concerns(ring, offsets_xy, radius_px)]
            fwhm_px = float(self.psf.fwhm_px[channel])
            subtract_regions(
                model, self.subtract, (changed, self.library), channel, wanted, fwhm_px, frames
            )
            for image, cut_from in ((after, frames), (before, base.frames[channel])):
                patches = derotate_patches(cut_from, angles, middles, half)
                for middle, patch in zip(middles, patches, strict=True):
                    _put(image[channel], middle, combine(patch, self.combine.method))
        return after, before


def ring_reduction(
    history: History, cube: Cube, psf: Psf, library: Cube | None
) -> RingReduction | None:
    """Take the reduction that made a residual for one that can be done ring by ring.

    Parameters
    ----------
    history : tuple of StepRecord
        History of the residual.
    cube : Cube
        The usable frames, aligned.
    psf : Psf
        The star in the same channels.
    library : Cube or None
        Frames of other stars.

    Returns
    -------
    RingReduction or None
        None where a change anywhere changes the model everywhere: without rings, with other
        channels as references, or where a model takes the sequence as a whole.
    """
    settings = {done.step: done.config for done in history}
    subtract = make_config(load_step("subtract-psf"), settings["subtract-psf"])
    combining = make_config(load_step("combine-frames"), settings["combine-frames"])
    assert isinstance(subtract, SubtractPsfConfig)
    assert isinstance(combining, CombineFramesConfig)
    if (
        subtract.regions != "annuli"
        or subtract.references not in ("rotated", "library")
        or issubclass(plugins.load("psf_models", subtract.model), SequencePsfModel)
        or combining.method == "weighted"
    ):
        return None
    shape = cube.data.shape[2:]
    rings = tuple(
        tuple(_ring(region, shape) for region in cut_regions(subtract, shape, float(fwhm_px)))
        for fwhm_px in psf.fwhm_px
    )
    return RingReduction(cube, psf, library, subtract, combining, rings)


def _ring(region: Region, shape: tuple[int, ...]) -> Ring:
    """Measure where a region lies."""
    rows, columns = np.unravel_index(region.pixels, shape)
    distance = np.hypot(rows - shape[0] // 2, columns - shape[1] // 2)
    return Ring(region, float(distance.min()), float(distance.max()))


def _concerns(ring: Ring, offsets_xy: Sequence[FloatArray], radius_px: float) -> bool:
    """Tell whether pixels around one of the places are made from pixels of a ring."""
    # A pixel is interpolated from a square around it, and places are rounded.
    reach = radius_px + np.sqrt(2) * REACH_PX + 1
    distances = [float(np.hypot(*offset)) for offset in offsets_xy]
    return any(ring.low_px - reach <= d <= ring.high_px + reach for d in distances)


def _middles(offsets_xy: Sequence[FloatArray], shape: tuple[int, ...]) -> IntArray:
    """Round places to pixels, one for those that are next to each other."""
    star = np.array([shape[1] // 2, shape[0] // 2])
    middles: list[IntArray] = []
    for offset in offsets_xy:
        middle = np.rint(star + offset).astype(np.int64)
        if all(np.abs(middle - other).max() > 1 for other in middles):
            middles.append(middle)
    return np.array(middles)


def _put(image: FloatArray, middle: IntArray, patch: FloatArray) -> None:
    """Lay a square over an image, as far as it lies within and where the image has data."""
    size = patch.shape[0]
    corner = middle - size // 2
    low = np.maximum(-corner, 0)
    high = np.minimum(np.array(image.shape[::-1]) - corner, size)
    if (high <= low).any():
        return
    (left, bottom), (right, top) = corner + low, corner + high
    here = image[bottom:top, left:right]
    new = patch[low[1] : high[1], low[0] : high[0]]
    here[...] = np.where(np.isnan(here), here, new)
