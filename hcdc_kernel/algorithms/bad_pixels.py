"""Fill bad pixels from their good neighbors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray, require_shape
from hcdc_kernel.errors import DataError

_N_NEIGHBORS = 12  # the 8 around a pixel and the next 4
_LEAST_NEIGHBORS = 3
_GOOD, _BAD, _OUTSIDE = 0, 1, 2
# Largest growth of noise by which a fit of second or first order is believed.
_MOST_NOISE = 1.6


@dataclass(frozen=True, slots=True)
class BadPixelFill:
    """What to put into each bad pixel of a detector: weights of its good neighbors.

    Attributes
    ----------
    state : ndarray of uint8, shape (n_y, n_x)
        0 good, 1 bad, 2 outside the field.
    places : ndarray of int64, shape (n_bad,)
        Bad pixels that can be filled, as indices of the flattened image.
    neighbors : ndarray of int64, shape (n_bad, 12)
        Good neighbors of each.
    weights : ndarray of float32, shape (n_bad, 12)
        Their weights; each row sums to 1.
    lost : ndarray of int64, shape (n_lost,)
        Bad pixels without good neighbors in reach, and pixels outside the field: NaN.
    reach_px : int
        How far neighbors may be [px].
    field_width : int
        Columns of a field; neighbors of another field are none.
    """

    state: IntArray
    places: IntArray
    neighbors: IntArray
    weights: FloatArray
    lost: IntArray
    reach_px: int
    field_width: int

    @property
    def is_lost(self) -> BoolArray:
        """Pixels that stay without a value.

        Returns
        -------
        ndarray of bool, shape (n_y, n_x)
            True where `apply` leaves NaN.
        """
        lost = np.zeros(self.state.size, dtype=bool)
        lost[self.lost] = True
        return lost.reshape(self.state.shape)

    def apply(self, image: FloatArray, hits: BoolArray | None = None) -> None:
        """Fill an image, in place.

        Parameters
        ----------
        image : ndarray of float32, shape (n_y, n_x)
            Image to fill, contiguous.
        hits : ndarray of bool, shape (n_y, n_x), optional
            Further pixels that are bad in this image alone, such as cosmic rays.

        Raises
        ------
        DataError
            If the shape is not that of the detector, or the array not in one piece.
        """
        self._fill(image, hits, variance=False)

    def apply_variance(self, variance: FloatArray, hits: BoolArray | None = None) -> None:
        """Give filled pixels the variance of what fills them, in place.

        Parameters
        ----------
        variance : ndarray of float32, shape (n_y, n_x)
            Variance of the image [unit^2], contiguous.
        hits : ndarray of bool, shape (n_y, n_x), optional
            As for `apply`.

        Raises
        ------
        DataError
            If the shape is not that of the detector, or the array not in one piece.
        """
        self._fill(variance, hits, variance=True)

    def _fill(self, image: FloatArray, hits: BoolArray | None, *, variance: bool) -> None:
        """Put weighted sums into the bad pixels."""
        require_shape("image", image, self.state.shape)
        if not image.flags.c_contiguous:
            raise DataError(
                "An image must lie in one piece in memory to be filled",
                remedy="Hand in a copy of the part",
            )
        flat = image.reshape(-1)
        weights = self.weights**2 if variance else self.weights
        if hits is None or not hits.any():
            _sum_neighbors(flat, self.places, self.neighbors, weights)
            flat[self.lost] = np.nan
            return
        require_shape("hits", hits, self.state.shape)
        usable = (self.state == _GOOD) & ~hits
        offsets = _offsets(self.reach_px)
        # Bad pixels that lean on a hit are weighed afresh, and the hits themselves.
        again = _touched(self.places, self.neighbors, self.weights, usable.reshape(-1))
        _sum_neighbors(flat, self.places, self.neighbors, weights)
        fresh = np.flatnonzero(hits & (self.state == _GOOD))
        places = np.concatenate([self.places[again], fresh])
        found, neighbors, new = _weigh(usable, places, offsets, self.field_width)
        _sum_neighbors(
            flat, places[found], neighbors[found], new[found] ** 2 if variance else new[found]
        )
        flat[places[~found]] = np.nan
        flat[self.lost] = np.nan


def neighbor_fill(
    is_bad: BoolArray,
    is_outside: BoolArray | None = None,
    *,
    reach_px: int = 5,
    field_width: int | None = None,
) -> BadPixelFill:
    """Find good neighbors for all bad pixels of a detector and weigh them.

    A bad pixel gets the value at its place of a smooth surface through the 12 nearest good
    pixels: of second order where they surround it well, a plane where they do not, and their
    weighted mean at worst. Gradients are restored exactly, and the core of a star nearly so.

    Parameters
    ----------
    is_bad : ndarray of bool, shape (n_y, n_x)
        True where a pixel is bad.
    is_outside : ndarray of bool, shape (n_y, n_x), optional
        True where no light falls: neither filled nor used.
    reach_px : int
        How far the neighbors may be [px]; in larger holes pixels stay NaN.
    field_width : int, optional
        Columns of a field where several lie side by side on the detector; neighbors are never
        taken across their border. All columns by default.

    Returns
    -------
    BadPixelFill
        To be applied to any number of images.

    Raises
    ------
    DataError
        If the shapes differ.
    """
    require_shape("bad pixels", is_bad, (-1, -1))
    outside = np.zeros_like(is_bad) if is_outside is None else is_outside
    require_shape("pixels outside the field", outside, is_bad.shape)
    width = field_width or is_bad.shape[1]
    state = np.where(outside, _OUTSIDE, np.where(is_bad, _BAD, _GOOD)).astype(np.uint8)
    bad = np.flatnonzero(state == _BAD)
    found, neighbors, weights = _weigh(state == _GOOD, bad, _offsets(reach_px), width)
    lost = np.concatenate([bad[~found], np.flatnonzero(outside)])
    return BadPixelFill(state, bad[found], neighbors[found], weights[found], lost, reach_px, width)


def _offsets(reach_px: int) -> IntArray:
    """List the offsets to pixels within reach, y then x, nearest first."""
    span = np.arange(-reach_px, reach_px + 1)
    offsets = np.stack(np.meshgrid(span, span, indexing="ij"), axis=-1).reshape(-1, 2)
    squared = (offsets**2).sum(axis=1)
    near = np.argsort(squared, kind="stable")
    return np.asarray(offsets[near[(squared[near] > 0) & (squared[near] <= reach_px**2)]])


def _weigh(
    usable: BoolArray, places: IntArray, offsets: IntArray, field_width: int
) -> tuple[BoolArray, IntArray, FloatArray]:
    """Find and weigh the neighbors of pixels: which have enough, their places and weights."""
    neighbors = np.zeros((len(places), _N_NEIGHBORS), np.int64)
    weights = np.zeros((len(places), _N_NEIGHBORS), np.float32)
    found = np.zeros(len(places), np.bool_)
    _weigh_all(usable, places, offsets, field_width, found, neighbors, weights)
    return found, neighbors, weights


@njit(cache=True, nogil=True)
def _weigh_all(  # noqa: PLR0913
    usable: BoolArray,
    places: IntArray,
    offsets: IntArray,
    field_width: int,
    found: BoolArray,
    neighbors: IntArray,
    weights: FloatArray,
) -> None:  # pragma: no cover
    """Loop of `_weigh`."""
    n_y, n_x = usable.shape
    dy = np.empty(_N_NEIGHBORS)
    dx = np.empty(_N_NEIGHBORS)
    trial = np.empty(_N_NEIGHBORS)
    for i in range(len(places)):
        y, x = places[i] // n_x, places[i] % n_x
        left = x // field_width * field_width
        right = min(left + field_width, n_x)
        count = 0
        for k in range(len(offsets)):
            ny, nx = y + offsets[k, 0], x + offsets[k, 1]
            if 0 <= ny < n_y and left <= nx < right and usable[ny, nx]:
                dy[count], dx[count] = offsets[k, 0], offsets[k, 1]
                neighbors[i, count] = ny * n_x + nx
                count += 1
                if count == _N_NEIGHBORS:
                    break
        if count < _LEAST_NEIGHBORS:
            continue
        found[i] = True
        for k in range(count, _N_NEIGHBORS):
            neighbors[i, k] = neighbors[i, 0]
        _surface_weights(dy, dx, count, trial)
        for k in range(count):
            weights[i, k] = trial[k]


@njit(cache=True, nogil=True)
def _surface_weights(
    dy: FloatArray, dx: FloatArray, count: int, weights: FloatArray
) -> None:  # pragma: no cover
    """Weights of the neighbors: the highest order that does not blow up the noise."""
    for n_terms in (6, 3):
        if count >= 1.5 * n_terms and _fit_weights(dy, dx, count, n_terms, weights):
            noise = 0.0
            for k in range(count):
                noise += weights[k] ** 2
            if noise <= _MOST_NOISE:
                return
    total = 0.0
    for k in range(count):
        weights[k] = 1 / (dy[k] ** 2 + dx[k] ** 2)
        total += weights[k]
    for k in range(count):
        weights[k] /= total


@njit(cache=True, nogil=True)
def _fit_weights(
    dy: FloatArray, dx: FloatArray, count: int, n_terms: int, weights: FloatArray
) -> bool:  # pragma: no cover
    """Weights by which a least-squares surface gives its value at the origin."""
    terms = np.empty((count, n_terms))
    normal = np.zeros((n_terms, n_terms))
    for k in range(count):
        terms[k, 0], terms[k, 1], terms[k, 2] = 1.0, dy[k], dx[k]
        if n_terms == 6:
            terms[k, 3], terms[k, 4], terms[k, 5] = dy[k] ** 2, dx[k] ** 2, dy[k] * dx[k]
        near = 1 / (dy[k] ** 2 + dx[k] ** 2)
        for i in range(n_terms):
            for j in range(n_terms):
                normal[i, j] += near * terms[k, i] * terms[k, j]
    solution = np.zeros(n_terms)
    solution[0] = 1.0
    if not _solve(normal, solution):
        return False
    for k in range(count):
        near = 1 / (dy[k] ** 2 + dx[k] ** 2)
        weights[k] = 0.0
        for i in range(n_terms):
            weights[k] += near * terms[k, i] * solution[i]
    return True


@njit(cache=True, nogil=True)
def _solve(matrix: FloatArray, vector: FloatArray) -> bool:  # pragma: no cover
    """Solve a small positive system by elimination, in place; False if it is singular."""
    n = len(vector)
    for i in range(n):
        scale = matrix[i, i]
        if scale < 1e-6:
            return False
        for k in range(i + 1, n):
            factor = matrix[k, i] / scale
            for j in range(i, n):
                matrix[k, j] -= factor * matrix[i, j]
            vector[k] -= factor * vector[i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            vector[i] -= matrix[i, j] * vector[j]
        vector[i] /= matrix[i, i]
    return True


@njit(cache=True, nogil=True)
def _sum_neighbors(
    flat: FloatArray, places: IntArray, neighbors: IntArray, weights: FloatArray
) -> None:  # pragma: no cover
    """Put the weighted sum of its neighbors into each place."""
    for i in range(len(places)):
        total = 0.0
        for k in range(neighbors.shape[1]):
            total += weights[i, k] * flat[neighbors[i, k]]
        flat[places[i]] = total


@njit(cache=True, nogil=True)
def _touched(
    places: IntArray, neighbors: IntArray, weights: FloatArray, usable: BoolArray
) -> BoolArray:  # pragma: no cover
    """Tell which places lean on a pixel that is not usable now."""
    touched = np.zeros(len(places), np.bool_)
    for i in range(len(places)):
        for k in range(neighbors.shape[1]):
            if weights[i, k] != 0 and not usable[neighbors[i, k]]:
                touched[i] = True
                break
    return touched
