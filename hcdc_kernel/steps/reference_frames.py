"""Gather the frames that the star is modeled from: ADI, RDI, SDI or ASDI."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hcdc_kernel.algorithms.psfsub import ReferenceChoice, turns_between
from hcdc_kernel.algorithms.rescale import rescale
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube
from hcdc_kernel.errors import DataError

ReferenceKind = Literal["rotated", "library", "scaled", "joint"]


def reference_frames(
    kind: ReferenceKind, cube: Cube, library: Cube | None, channel: int
) -> tuple[FloatArray, ReferenceChoice]:
    """Gather the reference frames of one channel, and who may use which.

    Parameters
    ----------
    kind : {"rotated", "library", "scaled", "joint"}
        Where they come from: the same channel (ADI), other stars (RDI), other channels of the
        same frame (SDI), all frames of all channels (ASDI).
    cube : Cube
        The sequence.
    library : Cube or None
        Frames of other stars.
    channel : int
        The channel to be cleaned.

    Returns
    -------
    references : ndarray, shape (n_reference, n_y, n_x)
        The frames, magnified to the channel where they come from others.
    choice : ReferenceChoice
        Which frame may use which, without limits on motion yet.

    Raises
    ------
    DataError
        If what is needed is not there: other stars, or other channels.
    """
    if kind == "library":
        return _other_stars(cube, library, channel)
    angles = cube.frames.derotation_deg
    if kind == "rotated":
        choice = ReferenceChoice(
            allowed=np.ones((cube.n_time, cube.n_time), dtype=bool),
            turn_deg=turns_between(angles, angles),
            scale=np.ones(cube.n_time),
        )
        return cube.data[channel], choice
    if cube.n_wave < 2:
        raise DataError(
            f"References '{kind}' need more than one spectral channel",
            found=f"{cube.n_wave}",
            remedy="Choose references 'rotated' or 'library'",
        )
    return _other_channels(kind, cube, channel)


def _other_stars(
    cube: Cube, library: Cube | None, channel: int
) -> tuple[FloatArray, ReferenceChoice]:
    """Take the usable frames of other stars."""
    if library is None:
        raise DataError(
            "References 'library' need frames of other stars, but this observation has none",
            remedy="Add them to the description of the observation, or choose 'rotated'",
        )
    usable = library.frames.usable
    if not usable.any():
        raise DataError("None of the reference frames of other stars is usable")
    references = library.data[channel][usable]
    return references, ReferenceChoice.of_all(cube.n_time, references.shape[0])


def _other_channels(
    kind: ReferenceKind, cube: Cube, channel: int
) -> tuple[FloatArray, ReferenceChoice]:
    """Magnify all channels so that their speckles match those of one."""
    n_wave, n_time = cube.n_wave, cube.n_time
    factors = cube.wavelength_um[channel] / cube.wavelength_um
    references = np.concatenate(
        [rescale(cube.data[i], np.full(n_time, factors[i])) for i in range(n_wave)]
    )
    angles = cube.frames.derotation_deg
    time = np.tile(np.arange(n_time), n_wave)
    wave = np.repeat(np.arange(n_wave), n_time)
    allowed = np.ones((n_time, n_wave * n_time), dtype=bool)
    if kind == "scaled":
        allowed = (time[None, :] == np.arange(n_time)[:, None]) & (wave != channel)[None, :]
    choice = ReferenceChoice(allowed, turns_between(angles, angles[time]), factors[wave])
    return references, choice
