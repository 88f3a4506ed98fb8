"""Go through raw files with all processors, a few files open at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from hcdc_kernel.datamodel import Exposure, Exposures
from hcdc_kernel.errors import FileFormatError, InputError
from hcdc_kernel.instruments.raw.planes import RawPlanes, open_planes
from hcdc_kernel.instruments.sphere.irdis.fields import RAW_SHAPE
from hcdc_kernel.instruments.sphere.irdis.frame_table import PlaneGroup
from hcdc_kernel.steps.base import Progress

Work = Callable[[RawPlanes, int], None]
"""Told the open file and the number of the frame to be made from it."""

_FILES_AHEAD = 2


def stream_frames(
    exposures: Exposures, groups: Sequence[PlaneGroup], work: Work, progress: Progress
) -> dict[int, str]:
    """Make all frames, file by file.

    Parameters
    ----------
    exposures : Exposures
        The raw files.
    groups : sequence of PlaneGroup
        Which planes make which frame.
    work : callable
        Makes one frame; called by several threads.
    progress : callable
        Told how far the work is.

    Returns
    -------
    dict of int to str
        Frames that could not be made because their file cannot be read, and why.

    Raises
    ------
    FileFormatError
        If no file can be read.
    """
    lost: dict[int, str] = {}
    first_error: InputError | None = None
    waiting: deque[tuple[ExitStack, list[Future[None]]]] = deque()
    count = _Count(len(groups), progress)
    # Files are closed after the threads that read them have come to their end.
    with ExitStack() as files, ThreadPoolExecutor(n_processors()) as pool:
        for index, exposure in enumerate(exposures):
            times = [time for time, group in enumerate(groups) if group.exposure == index]
            file = files.enter_context(ExitStack())
            try:
                planes = _open(file, exposure)
            except InputError as error:
                first_error = first_error or error
                lost |= dict.fromkeys(times, f"{exposure.name} could not be used: {error}")
                count.add(len(times))
                continue
            waiting.append((file, [pool.submit(work, planes, time) for time in times]))
            if len(waiting) > _FILES_AHEAD:
                _finish(*waiting.popleft(), count)
        while waiting:
            _finish(*waiting.popleft(), count)
    if first_error is not None and len(lost) == len(groups):
        raise first_error
    return lost


class _Count:
    """Frames done so far."""

    def __init__(self, n_all: int, progress: Progress) -> None:
        self.n_all, self.n_done, self.progress = n_all, 0, progress

    def add(self, n: int) -> None:
        """Tell that some more are done."""
        self.n_done += n
        self.progress(self.n_done / self.n_all, f"frame {self.n_done} of {self.n_all}")


def _open(file: ExitStack, exposure: Exposure) -> RawPlanes:
    """Open one raw file and see whether it is what its header promised."""
    planes = file.enter_context(open_planes(exposure.path))
    if planes.shape != (exposure.n_planes, *RAW_SHAPE):
        raise FileFormatError(
            f"'{exposure.path}' does not hold the frames of IRDIS that it should",
            found=f"shape {planes.shape} instead of {(exposure.n_planes, *RAW_SHAPE)}",
            remedy="Enter the file in the archive again",
        )
    return planes


def _finish(file: ExitStack, futures: list[Future[None]], count: _Count) -> None:
    """Wait for the frames of a file and close it."""
    for future in futures:
        future.result()
        count.add(1)
    file.close()


def n_processors() -> int:
    """Count the processors that this process may use.

    Returns
    -------
    int
        At least 1.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
