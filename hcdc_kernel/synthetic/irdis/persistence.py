"""What saturated pixels remember in the files that follow."""

from __future__ import annotations

import numpy as np

from hcdc_kernel.arrays import FloatArray, IntArray
from hcdc_kernel.synthetic.irdis.detector import SATURATION_ADU, SHAPE
from hcdc_kernel.synthetic.irdis.filters import GAIN
from hcdc_kernel.synthetic.irdis.schedule import DAY_S

_SHARE = 0.003  # of the charge, released in each e-fold of time
_SOONEST_S = 10.0
_FULL = 0.8  # of saturation, from which on a pixel remembers


class Persistence:
    """Charge that was trapped in saturated pixels and comes out as the inverse of time."""

    def __init__(self) -> None:
        self._memories: list[tuple[float, IntArray]] = []

    def remember(self, frame: FloatArray, mjd: float) -> None:
        """Look at the last frame of a file.

        Parameters
        ----------
        frame : ndarray, shape (1024, 2048)
            Counts [ADU].
        mjd : float
            When it ended [d].
        """
        full = np.flatnonzero(frame > _FULL * SATURATION_ADU)
        if full.size:
            self._memories.append((mjd, full))

    def rate(self, mjd: float) -> FloatArray | None:
        """Tell what comes out at a later time.

        Parameters
        ----------
        mjd : float
            Time [d].

        Returns
        -------
        ndarray, shape (1024, 2048), float32, or None
            Electrons per second; None if nothing was saturated.
        """
        if not self._memories:
            return None
        total = np.zeros(SHAPE[0] * SHAPE[1], dtype=np.float32)
        for then, full in self._memories:
            elapsed_s = max((mjd - then) * DAY_S, _SOONEST_S)
            total[full] += np.float32(_SHARE * SATURATION_ADU * GAIN / elapsed_s)
        return total.reshape(SHAPE)
