"""Array types and the checks every data object makes at its birth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.errors import DataError

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]


def require_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape than `shape`; -1 stands for any length.

    Parameters
    ----------
    name : str
        What the array is, for the message.
    array : ndarray
        The array to look at.
    shape : tuple of int
        The shape it must have.

    Raises
    ------
    DataError
        If the shapes differ.
    """
    fits = array.ndim == len(shape) and all(
        want in (-1, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if n < 0 else str(n) for n in shape)
        raise DataError(f"{name} must have shape ({wanted})", found=str(array.shape))


def require_finite(name: str, array: NDArray[Any]) -> None:
    """Refuse NaN and infinite values, saying how many and where the first stands.

    Parameters
    ----------
    name : str
        What the array is, for the message.
    array : ndarray
        The array to look at.

    Raises
    ------
    DataError
        If any value is not finite.
    """
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        place = first[0] if len(first) == 1 else first
        raise DataError(
            f"{name} must be finite",
            found=f"{int(bad.sum())} of {array.size} values are not, the first at index {place}",
        )
