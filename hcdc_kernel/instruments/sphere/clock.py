"""When each frame of a raw file was taken."""

from __future__ import annotations

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import DataError

DAY_S = 86400.0
# Time beyond DIT that a frame takes, and time before the first, where the header says nothing.
_OVERHEAD_S = {"vlt-irdis": 0.938, "vlt-ifs": 1.93}
_START_DELAY_S = 0.3
_DIT_DELAY_S = {"vlt-irdis": 0.1, "vlt-ifs": 0.2}


def mid_exposure_mjd(exposure: Exposure) -> FloatArray:
    """Tell when the middle of each frame was, by the detector's clock.

    The time between the start of the first and the end of the last read-out is shared evenly
    by all frames that were taken, also by those that a truncated file lacks. Without the time
    of the end, the usual overheads of the camera are used.

    Parameters
    ----------
    exposure : Exposure
        The raw file.

    Returns
    -------
    ndarray, shape (n_planes,)
        Modified Julian date, UTC [d].

    Raises
    ------
    DataError
        If start or exposure time are not known.
    """
    if not (np.isfinite(exposure.start_mjd) and np.isfinite(exposure.dit_s)):
        raise DataError(
            f"{exposure.name}: the times of its frames cannot be computed",
            found=f"start {exposure.start_mjd}, exposure time {exposure.dit_s} s",
            remedy="Leave the file out, or restore DATE-OBS and DET SEQ1 DIT in its header",
        )
    first_s, period_s = frame_clock(exposure)
    start_s = first_s + period_s * np.arange(exposure.n_planes)
    return np.asarray(exposure.start_mjd + (start_s + exposure.dit_s / 2) / DAY_S)


def frame_clock(exposure: Exposure) -> tuple[float, float]:
    """Tell when the first frame began, and the time from frame to frame.

    Parameters
    ----------
    exposure : Exposure
        The raw file.

    Returns
    -------
    tuple of float
        Start of the first integration after the start of the file, and period [s].
    """
    delay = exposure.dit_delay_s
    if not np.isfinite(delay):
        delay = _DIT_DELAY_S.get(exposure.camera, 0.1)
    lasted = (exposure.end_mjd - exposure.start_mjd) * DAY_S
    # A file cut short in transfer keeps its clock; one stopped at the telescope ended early.
    for count in (max(exposure.n_dit, exposure.n_planes), exposure.n_planes):
        if count > 0 and lasted / count >= exposure.dit_s:
            return delay, lasted / count
    overhead = _OVERHEAD_S.get(exposure.camera, _OVERHEAD_S["vlt-irdis"])
    return delay + _START_DELAY_S, exposure.dit_s + overhead
