"""Array types, and what algorithms ask of the arrays handed to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.errors import DataError

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]


def require_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape.

    Parameters
    ----------
    name : str
        What the array is, for the message.
    array : ndarray
        The array to look at.
    shape : tuple of int
        The shape it must have; -1 stands for any length.

    Raises
    ------
    DataError
        If the shapes differ.
    """
    alike = [want in (-1, have) for want, have in zip(shape, array.shape, strict=False)]
    if array.ndim != len(shape) or not all(alike):
        wanted = ", ".join("any" if n < 0 else str(n) for n in shape)
        raise DataError(f"{name} must have shape ({wanted})", found=str(array.shape))


def require_finite(name: str, array: NDArray[Any]) -> None:
    """Refuse NaN and infinite values.

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
    n_bad = int(np.count_nonzero(~np.isfinite(array)))
    if n_bad:
        raise DataError(f"{name} must be finite", found=f"{n_bad} of {array.size} are not")
