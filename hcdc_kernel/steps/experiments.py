"""Injection tests for steps: the reduction that made a residual, run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hcdc_kernel.algorithms.experiment import Experiment, PointSource
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Candidates, Cube, Data, Psf, Residual
from hcdc_kernel.errors import DataError
from hcdc_kernel.steps.apply import replay_reduction
from hcdc_kernel.steps.ring_reduction import ring_reduction


def make_experiment(data: Mapping[str, Data]) -> Experiment:
    """Set up injection tests with the reduction that made the residual at hand.

    Parameters
    ----------
    data : mapping of str to data object
        ``cube``, ``psf``, ``residual`` and, if it was used, ``references``.

    Returns
    -------
    Experiment
        The usable frames, and the reduction from the residual's history.

    Raises
    ------
    DataError
        If the residual was not made by subtracting the PSF and combining frames.
    """
    cube, psf, residual = data["cube"], data["psf"], data["residual"]
    references = data.get("references")
    assert isinstance(cube, Cube)
    assert isinstance(psf, Psf)
    assert isinstance(residual, Residual)
    assert references is None or isinstance(references, Cube)
    done = [record.step for record in residual.history]
    if "subtract-psf" not in done or "combine-frames" not in done:
        raise DataError(
            "Injection tests need a residual made by subtract-psf and combine-frames",
            found=f"one made by {', '.join(done) or 'no known step'}",
            remedy="Leave the step out of this recipe, or subtract the PSF in it",
        )
    seen = cube.take(cube.frames.usable)
    reduce = replay_reduction(residual.history, psf, references)

    def reduce_arrays(images: FloatArray) -> FloatArray:
        return reduce(replace(seen, data=images)).data

    return Experiment(
        cube=seen.data,
        derotation_deg=seen.frames.derotation_deg,
        psf=psf.data,
        fwhm_px=psf.fwhm_px,
        star_flux=psf.star_flux,
        reduce=reduce_arrays,
        mixes_channels=mixes_channels(residual),
        local=ring_reduction(residual.history, seen, psf, references),
        transmit=lambda separation_px: float(
            psf.transmission_at(np.asarray(separation_px * cube.pixel_scale_mas))
        ),
    )


def mixes_channels(residual: Residual) -> bool:
    """Tell from the settings of a reduction whether channels serve each other.

    Parameters
    ----------
    residual : Residual
        Its result.

    Returns
    -------
    bool
        True for SDI and ASDI with more than one channel.
    """
    return residual.data.shape[0] > 1 and any(
        done.config.get("references") in ("scaled", "joint")
        for done in residual.history
        if done.step == "subtract-psf"
    )


def known_sources(
    candidates: Candidates, cube: Cube, *, characterized: bool
) -> dict[str, PointSource]:
    """Translate a table of candidates into sources on the pixels of a cube.

    Parameters
    ----------
    candidates : Candidates
        The table, with rows for single channels or not.
    cube : Cube
        Gives pixel scale and channels.
    characterized : bool
        Only those whose contrast has been measured.

    Returns
    -------
    dict of str to PointSource
        By label, in the order of the table; contrasts may be NaN if not `characterized`.
    """
    sources = {}
    for label in dict.fromkeys(candidates.label):
        rows = [i for i, name in enumerate(candidates.label) if name == label]
        contrast = np.array([_contrast_in(candidates, rows, w) for w in cube.wavelength_um])
        if characterized and not np.isfinite(contrast).all():
            continue
        sources[label] = PointSource(
            float(candidates.separation_mas[rows[0]]) / cube.pixel_scale_mas,
            float(candidates.position_angle_deg[rows[0]]),
            contrast,
        )
    return sources


def _contrast_in(candidates: Candidates, rows: list[int], wavelength_um: float) -> float:
    """Contrast in one channel, or that of all channels together."""
    for row in rows:
        if np.isclose(candidates.wavelength_um[row], wavelength_um):
            return float(candidates.contrast[row])
    return float(candidates.contrast[rows[0]])
