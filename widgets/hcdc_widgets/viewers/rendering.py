"""Color tables, display limits and still pictures of the viewers."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]

COLOR_MAPS = ("viridis", "cividis", "inferno", "gray", "RdBu_r")
STRETCHES = ("linear", "asinh", "log")
CUTS_PERCENT = (100.0, 99.9, 99.5, 99.0, 98.0, 95.0, 90.0)

_SAMPLE = 200_000
_SOFTENING = 20.0
_LOG_RANGE = 1000.0


def color_tables() -> bytes:
    """Write all color maps one after the other.

    Returns
    -------
    bytes
        256 times red, green, blue for each of `COLOR_MAPS`.
    """
    steps = np.linspace(0, 1, 256)
    tables = [matplotlib.colormaps[name](steps)[:, :3] * 255 for name in COLOR_MAPS]
    return np.round(np.concatenate(tables)).astype(np.uint8).tobytes()


def limits(images: FloatArray, *, around_zero: bool = False) -> list[list[float]]:
    """Find the display limits of a stack for each choice of cuts.

    All frames share them, so that brightness can be compared while frames pass by.

    Parameters
    ----------
    images : ndarray
        Images of one channel; NaN is left out.
    around_zero : bool
        Whether zero shall lie in the middle, as residuals want it.

    Returns
    -------
    list of list of float
        Lowest and highest value for each of `CUTS_PERCENT`.
    """
    step = max(1, images.size // _SAMPLE)
    sample = images.reshape(-1)[::step]
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return [[0.0, 1.0]] * len(CUTS_PERCENT)
    found = []
    for cut in CUTS_PERCENT:
        low, high = np.percentile(sample, ((100 - cut) / 2, (100 + cut) / 2))
        if around_zero:
            low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
        found.append([float(low), float(high) if high > low else float(low) + 1.0])
    return found


def stretched(image: FloatArray, limits: tuple[float, float], stretch: str) -> FloatArray:
    """Map values to the range 0 to 1, as the viewer does in the browser.

    Parameters
    ----------
    image : ndarray
        The image; NaN stays NaN.
    limits : tuple of float
        Values that become 0 and 1.
    stretch : str
        One of `STRETCHES`.

    Returns
    -------
    ndarray
        Same shape as `image`.
    """
    low, high = limits
    share = np.clip((image - low) / (high - low), 0, 1)
    if stretch == "asinh":
        return np.asarray(np.arcsinh(_SOFTENING * share) / np.arcsinh(_SOFTENING))
    if stretch == "log":
        return np.asarray(np.log1p(_LOG_RANGE * share) / np.log1p(_LOG_RANGE))
    return np.asarray(share)


def still(shown: FloatArray, color_map: str) -> str:
    """Paint a stretched image for pages without a kernel, and for print.

    Parameters
    ----------
    shown : ndarray, shape (n_y, n_x)
        Values 0 to 1, first row at the bottom.
    color_map : str
        One of `COLOR_MAPS`.

    Returns
    -------
    str
        A PNG in base64, enlarged to at least 300 pixels.
    """
    factor = max(1, -(-300 // max(shown.shape)))
    large = np.repeat(np.repeat(shown, factor, axis=0), factor, axis=1)
    table = matplotlib.colormaps[color_map].with_extremes(bad="0.5")
    buffer = io.BytesIO()
    imsave(buffer, table(np.ma.masked_invalid(large)), origin="lower", format="png")
    return base64.b64encode(buffer.getvalue()).decode()
