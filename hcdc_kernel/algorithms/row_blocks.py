"""Share the rows of an image among the processors."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_LEAST_ROWS = 128


def for_row_blocks(n_rows: int, work: Callable[[int, int], object]) -> None:
    """Call a compiled loop for blocks of rows, on all processors at hand.

    Parameters
    ----------
    n_rows : int
        Rows of the image.
    work : callable
        Called with the first row and the row behind the last; it must let go of Python's lock
        to gain anything, and write to its own rows only.
    """
    n_blocks = max(1, min(_n_processors(), n_rows // _LEAST_ROWS))
    borders = [n_rows * i // n_blocks for i in range(n_blocks + 1)]
    if n_blocks == 1:
        work(0, n_rows)
        return
    with ThreadPoolExecutor(n_blocks) as pool:
        list(pool.map(work, borders[:-1], borders[1:]))


def _n_processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
