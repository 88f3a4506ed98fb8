"""Take the frames that PSF subtraction can work on."""

from __future__ import annotations

import numpy as np

from hcdc_kernel.datamodel import Cube
from hcdc_kernel.errors import DataError

# How far the star may be from the middle pixel [px].
_CENTERED_PX = 0.05


def aligned_frames(cube: Cube) -> Cube:
    """Keep the usable frames of a cube, and see that they are aligned.

    Parameters
    ----------
    cube : Cube
        A sequence that has been centered.

    Returns
    -------
    Cube
        The same sequence without its rejected frames.

    Raises
    ------
    DataError
        If the star is not on the middle pixel of odd-sized images, or fewer than two frames
        are usable.
    """
    n_y, n_x = cube.data.shape[2:]
    away = float(np.abs(cube.star_xy_px - np.array([n_x // 2, n_y // 2])).max())
    if n_y % 2 == 0 or n_x % 2 == 0 or away > _CENTERED_PX:
        raise DataError(
            "The star must be on the middle pixel of an odd-sized image in all frames",
            found=f"images of {n_y} x {n_x} px, star up to {away:.2f} px away from the middle",
            remedy="Run center-star first",
        )
    usable = cube.frames.usable
    if int(usable.sum()) < 2:
        raise DataError(
            "PSF subtraction needs at least two usable frames",
            found=f"{int(usable.sum())} of {cube.n_time}",
            remedy="Relax the limits of select-frames, or give more frames",
        )
    return cube if usable.all() else cube.take(usable)
