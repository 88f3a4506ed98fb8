"""Turn and shift images with Fourier fidelity.

A rotation is a turn by a multiple of 90 deg, which only moves pixels about, followed by three
shears; a shear moves each row by a fraction of a pixel, which is a phase ramp on its Fourier
transform. Nothing is interpolated, so fluxes and noise survive as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft

from hcdc_kernel.algorithms._shear import embed, mark_missing, shear_phases
from hcdc_kernel.arrays import FloatArray, require_finite, require_shape

# Beyond the field the image goes on, mirrored and faded out over this many pixels [px]: a
# sharp edge would ring into the field.
_MARGIN_PX = 8
# Frames worked on together; small enough for their transforms to stay in the cache.
_BATCH = 8


def derotate(
    images: FloatArray, angles_deg: FloatArray, *, center_xy: tuple[float, float] | None = None
) -> FloatArray:
    """Turn each image about the star by its own angle.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        The images; NaN marks missing data.
    angles_deg : ndarray, shape (n,)
        Angle of each image, positive counter-clockwise with y up [deg].
    center_xy : tuple of float, optional
        Point to turn about, 0-based pixel centers, x then y [px]; by default the pixel
        ``(n_x // 2, n_y // 2)``.

    Returns
    -------
    ndarray, shape (n, n_y, n_x)
        The turned images in the precision of the input (float32 or float64); NaN where what
        was measured does not reach.

    Raises
    ------
    DataError
        If the shapes do not agree or an angle is not finite.

    Notes
    -----
    Multiples of 90 deg are exact. Flux in an aperture of one FWHM is kept to better than 1e-3
    for images sampled at least at Nyquist's rate.

    References
    ----------
    .. [1] Larkin, Oldfield & Klemm 1997, Optics Communications, 139, 99.

    Examples
    --------
    >>> right = np.zeros((1, 3, 3), dtype=np.float32)
    >>> right[0, 1, 2] = 1
    >>> up = derotate(right, np.array([90.0]))
    >>> float(up[0, 2, 1])
    1.0
    """
    require_shape("images", images, (-1, -1, -1))
    require_shape("angles", angles_deg, (images.shape[0],))
    require_finite("angles", angles_deg)
    _, n_y, n_x = images.shape
    center = np.array([n_x // 2, n_y // 2] if center_xy is None else center_xy, dtype=float)
    return _move(images, angles_deg, center, np.zeros((images.shape[0], 2)))


def shift(images: FloatArray, shift_xy: FloatArray) -> FloatArray:
    """Shift each image by a fraction of a pixel, or by many.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        The images; NaN marks missing data.
    shift_xy : ndarray, shape (n, 2)
        How far the content moves towards larger x and y [px].

    Returns
    -------
    ndarray, shape (n, n_y, n_x)
        The shifted images in the precision of the input; NaN where what was measured does
        not reach.

    Raises
    ------
    DataError
        If the shapes do not agree or a shift is not finite.
    """
    require_shape("images", images, (-1, -1, -1))
    require_shape("shifts", shift_xy, (images.shape[0], 2))
    require_finite("shifts", shift_xy)
    _, n_y, n_x = images.shape
    center = np.array([n_x // 2, n_y // 2], dtype=float)
    return _move(images, np.zeros(images.shape[0]), center, np.asarray(shift_xy, dtype=float))


@dataclass(frozen=True, slots=True)
class _Motion:
    """Where each frame goes, as quarter turns, a small turn and a shift.

    Attributes
    ----------
    quarters : ndarray of int, shape (n,)
        Counter-clockwise turns by 90 deg, made first and exactly.
    rest_rad : ndarray, shape (n,)
        What remains to be turned, within +-45 deg [rad].
    origin_xy : ndarray of int, shape (n, 2)
        Pixel of the input that is laid on the middle of the canvas.
    offset_xy : ndarray, shape (n, 2)
        Shift after the turns, below a pixel [px].
    """

    quarters: np.ndarray
    rest_rad: np.ndarray
    origin_xy: np.ndarray
    offset_xy: np.ndarray

    @property
    def exact(self) -> np.ndarray:
        """True for frames whose pixels only change places."""
        return np.asarray((self.rest_rad == 0) & (self.offset_xy == 0).all(axis=1))


def _move(
    images: FloatArray, angles_deg: FloatArray, center: FloatArray, shift_xy: FloatArray
) -> FloatArray:
    """Turn about a center, then shift."""
    dtype = np.float64 if images.dtype == np.float64 else np.float32
    source: FloatArray = np.ascontiguousarray(images, dtype=dtype)
    middle = np.rint(center).astype(np.int64)
    motion = _plan(np.asarray(angles_deg, dtype=float), center, shift_xy, middle)
    out: FloatArray = np.empty(source.shape, dtype=dtype)
    canvas = _Canvas.around(middle, (source.shape[1], source.shape[2]))
    exact = motion.exact
    for batch in _batches(np.flatnonzero(exact)):
        out[batch] = canvas.window(canvas.lay(source, motion, batch))
    for batch in _batches(np.flatnonzero(~exact)):
        out[batch] = _three_shears(canvas, source, motion, batch)
    mark_missing(out, source, np.deg2rad(np.asarray(angles_deg, dtype=float)), center, shift_xy)
    return out


def _batches(places: np.ndarray) -> Iterator[np.ndarray]:
    """Cut a list of frames into small batches."""
    for start in range(0, places.size, _BATCH):
        yield places[start : start + _BATCH]


def _plan(
    angles_deg: FloatArray, center: FloatArray, shift_xy: FloatArray, middle: np.ndarray
) -> _Motion:
    """Split motions into exact pixel moves and the small rest that needs Fourier."""
    quarters = np.rint(angles_deg / 90).astype(np.int64)
    rest = np.deg2rad(angles_deg - 90 * quarters)
    angle = np.deg2rad(angles_deg)
    back = _turned(shift_xy, -angle)
    origin = np.rint(center - back).astype(np.int64)
    # Exact for quarter turns of whole-pixel centers, where cos and sin are 0 or +-1.
    offset = _turned(origin - center, angle) + center + shift_xy - middle
    offset[np.abs(offset) < 1e-12] = 0.0
    return _Motion(quarters % 4, rest, origin, offset)


def _turned(xy: FloatArray, angle_rad: FloatArray) -> np.ndarray:
    """Turn vectors counter-clockwise with y up."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    x, y = xy[:, 0], xy[:, 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)


@dataclass(frozen=True, slots=True)
class _Canvas:
    """The square on which images are sheared, its middle on the point to turn about.

    Attributes
    ----------
    outer : int
        Half size of what is laid out: that of the image and the margin [px].
    reach : int
        Half size of what the second shear works on [px].
    length : int
        Size of the transforms [px].
    low_xy : tuple of int
        First pixel of the output, from the middle of the canvas [px].
    size_yx : tuple of int
        Shape of the output.
    """

    outer: int
    reach: int
    length: int
    low_xy: tuple[int, int]
    size_yx: tuple[int, int]

    @classmethod
    def around(cls, middle: np.ndarray, size_yx: tuple[int, int]) -> _Canvas:
        """Make the smallest canvas on which nothing wraps into the field."""
        (n_y, n_x), (x, y) = size_yx, (int(middle[0]), int(middle[1]))
        inner = max(x, n_x - 1 - x, y, n_y - 1 - y)
        outer = inner + _MARGIN_PX
        # A shear of 45 deg reaches 1 + tan(22.5 deg) = sqrt(2) times the half size.
        reach = int(np.ceil(np.sqrt(2) * inner)) + 1 + _MARGIN_PX
        length = int(scipy.fft.next_fast_len(2 * reach + 2, real=True))
        return cls(outer, reach, length, (-x, -y), size_yx)

    def lay(self, source: FloatArray, motion: _Motion, batch: np.ndarray) -> np.ndarray:
        """Lay frames out, turned by their quarters, mirrored and faded beyond their edges."""
        size = 2 * self.outer + 1
        laid = np.empty((batch.size, size, size), dtype=source.dtype)
        embed(laid, source, batch, motion.quarters, motion.origin_xy, _MARGIN_PX)
        return laid

    def window(self, laid: np.ndarray) -> np.ndarray:
        """Cut the output out of a laid-out batch."""
        (n_y, n_x), (x, y) = self.size_yx, self.low_xy
        first_y, first_x = self.outer + y, self.outer + x
        return laid[:, first_y : first_y + n_y, first_x : first_x + n_x]


def _three_shears(
    canvas: _Canvas, source: FloatArray, motion: _Motion, batch: np.ndarray
) -> np.ndarray:
    """Turn a batch by the small rest of its angle: shears along x, y and x again."""
    rest, offset = motion.rest_rad[batch], motion.offset_xy[batch]
    along_x, along_y = -np.tan(rest / 2), np.sin(rest)
    still = np.zeros_like(rest)
    length, outer, reach = canvas.length, canvas.outer, canvas.reach
    (n_y, n_x), (low_x, low_y) = canvas.size_yx, canvas.low_xy
    middle = length // 2

    laid = canvas.lay(source, motion, batch)
    if along_x.any():
        laid = _sheared(laid, along_x, still, (-outer, -outer), length)
    else:
        laid = _widened(laid, length, outer)
    columns = laid[:, :, middle - reach : middle + reach + 1].transpose(0, 2, 1)
    columns = _sheared(columns, along_y, offset[:, 1], (-reach, -outer), length)
    columns *= _faded_out(reach, columns.dtype)[:, None]
    rows = columns[:, :, middle + low_y : middle + low_y + n_y].transpose(0, 2, 1)
    # The second shear has moved the content by offset y: the pivot of the third goes along.
    last = offset[:, 0] - along_x * offset[:, 1]
    turned = _sheared(rows, along_x, last, (low_y, -reach), length)
    return turned[:, :, middle + low_x : middle + low_x + n_x]


def _faded_out(reach: int, dtype: np.dtype[np.floating]) -> np.ndarray:
    """Fade out the outermost columns, which nothing in the field is made from.

    They hold what is left of the corners; cut off sharply they would ring.
    """
    beyond = np.abs(np.arange(-reach, reach + 1)) - (reach - _MARGIN_PX)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(beyond / _MARGIN_PX, 0, 1)), dtype=dtype)


def _widened(laid: np.ndarray, length: int, outer: int) -> np.ndarray:
    """Pad rows with zeros, the star in the middle."""
    before = length // 2 - outer
    after = length - before - laid.shape[2]
    return np.pad(laid, ((0, 0), (0, 0), (before, after)))


def _sheared(
    rows: np.ndarray,
    slope: FloatArray,
    offset: FloatArray,
    first: tuple[int, int],
    length: int,
) -> np.ndarray:
    """Move each row by ``slope * row + offset``; the result has `length` columns.

    `first` is the place of the first row and of the first column, counted from the star; in
    the result the star is in column ``length // 2``.
    """
    spectrum = scipy.fft.rfft(np.ascontiguousarray(rows), n=length, axis=2)
    place = float(first[1] + length // 2)
    shear_phases(spectrum, slope, offset + place, float(first[0]), length)
    return np.asarray(scipy.fft.irfft(spectrum, n=length, axis=2, overwrite_x=True))
