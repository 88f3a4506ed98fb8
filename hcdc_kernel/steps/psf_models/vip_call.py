"""Call VIP: import it late, keep it quiet, say clearly what went wrong."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import DataError, NotFoundError

# Rotation that VIP does besides: residuals are taken before it, so the fastest will do.
FAST_ROTATION = {"imlib": "opencv", "interpolation": "lanczos4"}


# Silence is a matter of the whole process, and injection tests run in threads: one at a time.
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let VIP work in silence on one thread; its prints and warnings are not for our users."""
    with (
        _one_at_a_time,
        threadpool_limits(1),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def call_vip(module: str, function: str, *args: Any, **settings: Any) -> Any:
    """Call a function of VIP by name, on one BLAS thread.

    Parameters
    ----------
    module : str
        Module of VIP, such as ``"psfsub"``.
    function : str
        Function in it.
    *args, **settings : object
        What to hand over.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    NotFoundError
        If VIP is not installed.
    DataError
        If VIP refuses the data or the settings.
    """
    with _quiet():
        try:
            method = getattr(import_module(f"vip_hci.{module}"), function)
        except ImportError as error:
            raise NotFoundError(
                "The package vip-hci is not installed",
                found=str(error),
                remedy="Install it with: pip install 'hcdc-kernel[vip]'",
            ) from error
        try:
            return method(*args, **settings)
        except (ValueError, TypeError, RuntimeError, IndexError) as error:
            raise DataError(
                f"VIP's {function} cannot work on this sequence with these settings",
                found=str(error),
                remedy="Change the settings of the model, or choose another",
            ) from error


def continuous(angles_deg: FloatArray) -> FloatArray:
    """Free angles from jumps by 360 deg; the smallest comes to lie between 0 and 360.

    Parameters
    ----------
    angles_deg : ndarray, shape (n_time,)
        Angles in order of time [deg].

    Returns
    -------
    ndarray, shape (n_time,)
        The same directions, without jumps [deg].
    """
    smooth = np.unwrap(np.asarray(angles_deg, dtype=float), period=360)
    return np.asarray(smooth - 360 * np.floor(smooth.min() / 360))
