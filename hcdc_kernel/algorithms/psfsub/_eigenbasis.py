"""Targets seen in the eigenbasis of the Gram matrix, without forming the basis.

Rotation-limited references give nearly every target frame a Gram matrix of its own. A library
call that returns eigenvectors spends most of its time on them, and those of SciPy keep other
threads waiting meanwhile. But only a few vectors are projected on them: it is enough to turn
these vectors as the matrix is turned while it becomes diagonal, and to turn them back.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numba.extending import get_cython_function_address

from hcdc_kernel.arrays import FloatArray

# Columns that LAPACK turns at a time.
_BLOCK = 32
# Sweeps that one eigenvalue may take; two are usual.
_MOST_SWEEPS = 60
# Turns of two axes for a matrix of n rows are about 1.1 n^2; this many n^2 are provided for.
_ROOM_FOR_TURNS = 3

# Called in this way, LAPACK lets go of Python's lock, which its wrappers in SciPy do not.
_TRIDIAGONALIZE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 10)(
    get_cython_function_address("scipy.linalg.cython_lapack", "dsytrd")
)


@dataclass(frozen=True, slots=True)
class Eigenbasis:
    """The eigenvalues of a symmetric matrix, and vectors as seen along its eigenvectors.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Eigenvalues, in no order.
    seen : ndarray, shape (n, n_vectors)
        Components of the vectors along the eigenvector of each value.
    """

    values: FloatArray
    seen: FloatArray
    _reflectors: FloatArray
    _strengths: FloatArray
    _turns: FloatArray
    _places: Any

    def back(self, components: FloatArray) -> FloatArray:
        """Turn components along the eigenvectors into vectors.

        Parameters
        ----------
        components : ndarray, shape (n, n_vectors)
            In the order of `values`.

        Returns
        -------
        ndarray, shape (n, n_vectors)
            The vectors.
        """
        vectors: FloatArray = np.array(components, dtype=float, order="C")
        _turn_back(vectors, self._turns, self._places)
        backwards = np.arange(self._strengths.size)[::-1]
        _reflect(vectors, self._reflectors, self._strengths, backwards)
        return vectors


def eigenbasis(matrix: FloatArray, vectors: FloatArray) -> Eigenbasis | None:
    """Find the eigenvalues of a matrix, and how vectors look along its eigenvectors.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
        Symmetric, finite; n is 2 or more.
    vectors : ndarray, shape (n, n_vectors)
        Vectors of interest.

    Returns
    -------
    Eigenbasis or None
        None if the matrix does not become diagonal within the usual number of steps.

    Notes
    -----
    Householder reflections make the matrix tridiagonal (LAPACK), the implicit QL method
    makes it diagonal. Both are orthogonal, so the result is as exact as with eigenvectors.

    References
    ----------
    .. [1] Golub & Van Loan 2013, Matrix Computations, 4th ed., ch. 8.3.
    """
    n = matrix.shape[0]
    reflectors: FloatArray = np.array(matrix, dtype=float, order="C")
    values, beside, strengths = np.empty(n), np.zeros(n), np.empty(n - 1)
    _tridiagonalize(reflectors, values, beside, strengths)
    seen: FloatArray = np.array(vectors, dtype=float, order="C")
    _reflect(seen, reflectors, strengths, np.arange(n - 1))
    turns = np.empty((_ROOM_FOR_TURNS * n * n, 2))
    places = np.empty(_ROOM_FOR_TURNS * n * n, dtype=np.int64)
    n_turns = _diagonalize((values, beside), seen, (turns, places))
    if n_turns < 0:
        return None
    return Eigenbasis(values, seen, reflectors, strengths, turns[:n_turns], places[:n_turns])


def _tridiagonalize(
    matrix: FloatArray, diagonal: FloatArray, beside: FloatArray, strengths: FloatArray
) -> None:
    """Make a symmetric matrix tridiagonal; its rows then hold the reflections that did it."""
    n, info = ctypes.c_int(matrix.shape[0]), ctypes.c_int(0)
    size = ctypes.c_int(_BLOCK * matrix.shape[0])
    work = np.empty(size.value)
    places = [array.ctypes.data for array in (diagonal, beside, strengths, work)]
    _TRIDIAGONALIZE(
        ctypes.c_char_p(b"L"), ctypes.byref(n), matrix.ctypes.data, ctypes.byref(n), *places,
        ctypes.byref(size), ctypes.byref(info),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def _reflect(vectors: Any, reflectors: Any, strengths: Any, order: Any) -> None:
    """Reflect vectors (n, n_vectors) at the planes that the rows of `reflectors` stand on."""
    n, n_vectors = vectors.shape
    for i in order:
        for j in range(n_vectors):
            total = vectors[i + 1, j]
            for k in range(i + 2, n):
                total += reflectors[i, k] * vectors[k, j]
            total *= strengths[i]
            vectors[i + 1, j] -= total
            for k in range(i + 2, n):
                vectors[k, j] -= total * reflectors[i, k]


@numba.njit(cache=True, nogil=True)
def _block_end(d: Any, e: Any, first: int) -> int:
    """Find the last row that is still coupled to row `first`, row by row."""
    last = first
    while last < d.size - 1:
        if abs(e[last]) <= np.finfo(np.float64).eps * (abs(d[last]) + abs(d[last + 1])):
            break
        last += 1
    return last


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sweep(matrix: Any, vectors: Any, record: Any, first: int, last: int, n_turns: int) -> int:
    """Chase one bulge from row `last` up to row `first`; tell how many turns are recorded."""
    d, e = matrix
    turns, places = record
    # Wilkinson's shift, from the two by two corner at `first`.
    half = (d[first + 1] - d[first]) / (2.0 * e[first])
    root = np.copysign(np.sqrt(half * half + 1.0), half)
    bulge = d[last] - d[first] + e[first] / (half + root)
    c, s, carried = 1.0, 1.0, 0.0
    for i in range(last - 1, first - 1, -1):
        f, b = s * e[i], c * e[i]
        length = np.sqrt(f * f + bulge * bulge)
        e[i + 1] = length
        if length == 0.0:  # the matrix has come apart here
            d[i + 1] -= carried
            e[last] = 0.0
            return n_turns
        s, c = f / length, bulge / length
        shifted = d[i + 1] - carried
        mixed = (d[i] - shifted) * s + 2.0 * c * b
        carried = s * mixed
        d[i + 1] = shifted + carried
        bulge = c * mixed - b
        turns[n_turns, 0], turns[n_turns, 1], places[n_turns] = c, s, i
        n_turns += 1
        for j in range(vectors.shape[1]):
            upper, lower = vectors[i + 1, j], vectors[i, j]
            vectors[i + 1, j] = s * lower + c * upper
            vectors[i, j] = c * lower - s * upper
    d[first] -= carried
    e[first] = bulge
    e[last] = 0.0
    return n_turns


@numba.njit(cache=True, nogil=True)
def _diagonalize(matrix: Any, vectors: Any, record: Any) -> int:
    """Turn a tridiagonal matrix diagonal by the implicit QL method, and vectors with it.

    `matrix` is the diagonal, which becomes the eigenvalues, and what is beside it, with a last
    element of zero. Each turn in `record` is one of an axis and the next: cosine and sine, and
    the axis. Returns their number, or -1 if the matrix resists.
    """
    d, e = matrix
    n_turns = 0
    for first in range(d.size):
        for _ in range(_MOST_SWEEPS):
            last = _block_end(d, e, first)
            if last == first:
                break
            if n_turns + last - first > record[1].size:
                return -1
            n_turns = _sweep(matrix, vectors, record, first, last, n_turns)
        else:
            return -1
    return n_turns


@numba.njit(cache=True, nogil=True)
def _turn_back(vectors: Any, turns: Any, places: Any) -> None:
    """Undo the turns of `_diagonalize` on vectors (n, n_vectors)."""
    for turn in range(places.size - 1, -1, -1):
        i, c, s = places[turn], turns[turn, 0], turns[turn, 1]
        for j in range(vectors.shape[1]):
            upper, lower = vectors[i + 1, j], vectors[i, j]
            vectors[i + 1, j] = c * upper - s * lower
            vectors[i, j] = s * upper + c * lower
