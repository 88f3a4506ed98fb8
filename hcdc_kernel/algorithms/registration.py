"""Where the star is in each frame, seen or behind a coronagraph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from hcdc_kernel.arrays import BoolArray, FloatArray
from hcdc_kernel.errors import DataError

# A center found from rings of light must scatter this much more from frame to frame than one
# found in another way, before the other is trusted instead.
_ADVANTAGE = 2.0
_CORE_RADIUS_FWHM = 0.38
_WINDOW_FWHM = 1.3
_LEAST_FRAMES_TO_COMPARE = 5
# Rows of all images worked on at once.
_ROWS = 16


@dataclass(frozen=True, slots=True)
class StarCenter:
    """The place of the star in each image, and how well it is known.

    Attributes
    ----------
    xy : ndarray, shape (n, 2)
        Position in each image, 0-based pixel centers, x then y [px].
    scatter_px : float
        Robust scatter of a coordinate from image to image [px].
    method : {"rings", "core", "symmetry"}
        What was measured, see `find_star`.
    """

    xy: FloatArray
    scatter_px: float
    method: str

    @property
    def common_xy(self) -> FloatArray:
        """One position for all images.

        Returns
        -------
        ndarray, shape (2,)
            The median, x then y [px].
        """
        return np.asarray(np.nanmedian(self.xy, axis=0))


def find_star(images: FloatArray, fwhm: float, guess_xy: FloatArray | None = None) -> StarCenter:
    """Find the star in each image of a sequence.

    A first position is the point about which the median image looks most like itself turned
    by 180 deg. From there three positions are measured in each image: the point to which all
    gradients point (*rings*), the extremum of a paraboloid fitted to the innermost pixels
    (*core*), and the point of symmetry of that image alone (*symmetry*). Rings are taken,
    unless another is steadier by far from image to image. So it is behind a vortex
    coronagraph: its dark hole stays put, while the bright ring around it follows, and
    exaggerates, every small motion of the star. And so it is where speckles outshine the
    star: they come in pairs on either side of it.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        The images, star in about the same place; NaN where there is no measurement.
    fwhm : float
        Width of the PSF [px].
    guess_xy : ndarray, shape (2,), optional
        Rough position, x then y [px]; without it, the whole image is searched.

    Returns
    -------
    StarCenter
        Position in each image; NaN for images without data.

    Raises
    ------
    DataError
        If no star can be found.

    References
    ----------
    .. [1] Parthasarathy 2012, Nature Methods, 9, 724 (radial symmetry).
    """
    has_data = np.asarray(np.isfinite(images).any(axis=(1, 2)), dtype=bool)
    if not has_data.any():
        raise DataError("The star cannot be found", found="no image has any finite value")
    median = _filled(_median_image(images, has_data))
    if np.ptp(median) == 0:
        raise DataError("The star cannot be found", found="images of one constant value")
    start = symmetry_center(median, fwhm) if guess_xy is None else np.asarray(guess_xy)
    radius = _window_radius(median, start, fwhm)
    measures: dict[str, Callable[[FloatArray], FloatArray]] = {
        "rings": lambda image: _radial_symmetry(_smooth(image), start, radius),
        "core": lambda image: _core_extremum(image, start, fwhm),
        "symmetry": lambda image: _symmetry_near(image, start, fwhm),
    }
    xy = {name: np.empty((len(images), 2)) for name in measures}
    for i, image in enumerate(images):
        filled = _filled(image)
        for name, measure in measures.items():
            xy[name][i] = measure(filled)
    # Rings that lead away from where the light is symmetric have followed a bright speckle.
    lost_rings = np.hypot(*(np.median(xy["rings"][has_data], axis=0) - start)) > fwhm
    scatters = {name: _scatter(values[has_data]) for name, values in xy.items()}
    if lost_rings or np.isnan(scatters["rings"]):
        scatters["rings"] = float("inf")
    method = _steadiest(scatters, int(has_data.sum()))
    found = np.asarray(np.where(has_data[:, None], xy[method], np.nan))
    lost = int(np.isnan(found[has_data]).any(axis=1).sum())
    if lost:
        raise DataError(
            "The star cannot be found in every image",
            found=f"{lost} images without it",
            remedy="Reject these frames, or give the star's position in the description",
        )
    return StarCenter(found, scatters[method], method)


def symmetry_center(image: FloatArray, fwhm: float) -> FloatArray:
    """Find the point about which an image looks most like itself turned by 180 deg.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        A finite image.
    fwhm : float
        Width of the PSF [px].

    Returns
    -------
    ndarray, shape (2,)
        The point, x then y [px].
    """
    # Without the wide halo the star's own place decides, not the middle of the image.
    sharp = ndimage.gaussian_filter(image, fwhm / 5) - ndimage.gaussian_filter(image, 2 * fwhm)
    shape = tuple(fft.next_fast_len(2 * n, real=True) for n in image.shape)
    spectrum = fft.rfft2(sharp, shape)
    match = fft.irfft2(spectrum * spectrum, shape)[: 2 * image.shape[0], : 2 * image.shape[1]]
    y, x = divmod(int(np.argmax(match[1:-1, 1:-1])), match.shape[1] - 2)
    box = match[y : y + 3, x : x + 3]
    dx, dy = _vertex(box[1]), _vertex(box[:, 1])
    return np.array([(x + 1 + dx) / 2, (y + 1 + dy) / 2])


def _vertex(values: FloatArray) -> float:
    """Place of the top of the parabola through three points, relative to the middle one."""
    left, middle, right = (float(value) for value in values)
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if bend < 0 else 0.0


def _symmetry_near(image: FloatArray, start: FloatArray, fwhm: float) -> FloatArray:
    """Find the point of symmetry of the largest square around a first position."""
    n_y, n_x = image.shape
    x, y = round(float(start[0])), round(float(start[1]))
    reach = min(x, y, n_x - 1 - x, n_y - 1 - y)
    if reach < 2 * fwhm:
        return np.array([np.nan, np.nan])
    # A square to one side of the star would draw its center that way.
    square = image[y - reach : y + reach + 1, x - reach : x + reach + 1]
    xy = symmetry_center(square, fwhm) + np.array([x - reach, y - reach])
    return xy if np.hypot(*(xy - start)) <= 2 * fwhm else np.array([np.nan, np.nan])


def _steadiest(scatters: dict[str, float], n_images: int) -> str:
    """Choose how to measure; rings unless another way is better by far."""
    if n_images < _LEAST_FRAMES_TO_COMPARE:
        return "rings" if np.isfinite(scatters["rings"]) else "symmetry"
    best = min(scatters, key=lambda name: scatters[name])
    return best if scatters[best] * _ADVANTAGE < scatters["rings"] else "rings"


def _filled(image: FloatArray) -> FloatArray:
    """Replace pixels without data by the median."""
    finite = np.isfinite(image)
    if finite.all():
        return image.astype(float)
    level = np.median(image[finite]) if finite.any() else 0.0
    return np.where(finite, image, level).astype(float)


def _median_image(images: FloatArray, has_data: BoolArray) -> FloatArray:
    """Take the median of the images that have data, a few rows at a time to save memory."""
    blocks = [slice(row, row + _ROWS) for row in range(0, images.shape[1], _ROWS)]
    return np.concatenate(
        [np.median(np.nan_to_num(images[has_data, rows]), axis=0) for rows in blocks]
    )


def _smooth(image: FloatArray) -> FloatArray:
    """Calm the pixel noise before gradients are taken."""
    return np.asarray(ndimage.gaussian_filter(image, 1.0))


def _scatter(xy: FloatArray) -> float:
    """Robust scatter of a coordinate; infinite if a position is missing."""
    if not np.isfinite(xy).all():
        return float("inf")
    deviation = np.abs(xy - np.median(xy, axis=0))
    return float(1.4826 * np.median(deviation, axis=0).max())


def _window_radius(image: FloatArray, xy: FloatArray, fwhm: float) -> float:
    """Choose how far from the star to look: past the brightest ring around it."""
    rows, columns = np.indices(image.shape)
    distance = np.hypot(columns - xy[0], rows - xy[1])
    radii = np.arange(0, int(4 * fwhm) + 1)
    profile = [float(image[np.abs(distance - r) <= 0.75].mean()) for r in radii]
    brightest = float(radii[int(np.argmax(profile))])
    return max(_WINDOW_FWHM * fwhm, 1.5 * brightest)


def _radial_symmetry(image: FloatArray, start: FloatArray, radius: float) -> FloatArray:
    """Find the point that the gradients within `radius` point to or away from."""
    n_y, n_x = image.shape
    reach = int(np.ceil(radius)) + 2
    y, x = (max(int(start[1]) - reach, 0), max(int(start[0]) - reach, 0))
    cutout = image[
        y : min(int(start[1]) + reach + 2, n_y), x : min(int(start[0]) + reach + 2, n_x)
    ]
    if min(cutout.shape) < 5:
        return np.array([np.nan, np.nan])
    slope_y, slope_x = np.gradient(cutout)
    rows, columns = np.indices(cutout.shape)
    rows, columns = rows + y, columns + x
    steepness = np.hypot(slope_x, slope_y)
    normal_x, normal_y = -slope_y / (steepness + 1e-30), slope_x / (steepness + 1e-30)
    along = normal_x * columns + normal_y * rows
    xy = np.asarray(start, dtype=float)
    for _ in range(12):
        distance = np.hypot(columns - xy[0], rows - xy[1])
        # A soft border: a hard one would pull the result to where it started.
        weight = steepness**2 * np.exp(-((distance / radius) ** 4)) / np.maximum(distance, 1.0)
        xx, xy_, yy = (
            float((weight * a * b).sum())
            for a, b in ((normal_x, normal_x), (normal_x, normal_y), (normal_y, normal_y))
        )
        right = np.array([(weight * normal_x * along).sum(), (weight * normal_y * along).sum()])
        if xx * yy - xy_**2 <= 1e-12 * (xx + yy) ** 2:
            return np.array([np.nan, np.nan])
        new = np.linalg.solve(np.array([[xx, xy_], [xy_, yy]]), right)
        if np.hypot(*(new - start)) > 2 * radius:
            return np.array([np.nan, np.nan])
        moved, xy = float(np.hypot(*(new - xy))), new
        if moved < 1e-4:
            break
    return xy


def _core_extremum(image: FloatArray, start: FloatArray, fwhm: float) -> FloatArray:
    """Find the top, or the bottom, of a paraboloid through the innermost pixels."""
    radius = max(_CORE_RADIUS_FWHM * fwhm, 1.5)
    xy = np.asarray(start, dtype=float)
    # No pixel farther than this is used: the result stays within one FWHM of the start.
    reach = int(np.ceil(fwhm + radius)) + 2
    x, y = (max(round(float(v)) - reach, 0) for v in xy)
    image = image[y : y + 2 * reach + 1, x : x + 2 * reach + 1]
    rows, columns = np.indices(image.shape)
    rows, columns = rows + y, columns + x
    for _ in range(8):
        dx, dy = columns - xy[0], rows - xy[1]
        square = dx**2 + dy**2
        use = square <= (radius + 0.5) ** 2
        if use.sum() < 7:
            return np.array([np.nan, np.nan])
        u, v, root = dx[use], dy[use], np.exp(-0.25 * square[use] / (radius / 1.5) ** 2)
        design = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1) * root[:, None]
        p = np.linalg.lstsq(design, image[use] * root, rcond=None)[0]
        curvature = np.array([[2 * p[3], p[4]], [p[4], 2 * p[5]]])
        if np.linalg.det(curvature) <= 0:  # a saddle: no extremum here
            return np.array([np.nan, np.nan])
        step = -np.linalg.solve(curvature, p[1:3])
        xy = xy + step
        if np.hypot(*(xy - start)) > fwhm:
            return np.array([np.nan, np.nan])
        if np.hypot(*step) < 1e-4:
            break
    return xy
