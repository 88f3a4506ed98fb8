"""Place, width and flux of a stellar image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from hcdc_kernel.algorithms.apertures import aperture_sums
from hcdc_kernel.algorithms.rotate import shift
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import DataError

_SIGMA_OF_FWHM = 1.0 / np.sqrt(8.0 * np.log(2.0))
_LEAST_PEAK_SIGMA = 5.0


@dataclass(frozen=True, slots=True)
class StarFit:
    """The core of a stellar image.

    Attributes
    ----------
    xy : tuple of float
        Its center, 0-based pixel centers, x then y [px].
    fwhm : float
        Full width at half maximum [px].
    amplitude : float
        Height above the background [unit of the image].
    background : float
        Level around it [unit of the image].
    """

    xy: tuple[float, float]
    fwhm: float
    amplitude: float
    background: float


def fit_star(image: FloatArray) -> StarFit:
    """Fit a round Gaussian to the core of the brightest star in an image.

    Only the core, above about a third of the peak, takes part: rings, spikes and halo do
    not. The background is the median of the image.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image; NaN where there is no measurement.

    Returns
    -------
    StarFit
        Center, width and height.

    Raises
    ------
    DataError
        If there is no star in the image.

    Examples
    --------
    >>> y, x = np.indices((21, 21))
    >>> star = fit_star(np.exp(-((x - 10.3) ** 2 + (y - 9.6) ** 2) / 8))
    >>> [round(value, 2) for value in (*star.xy, star.fwhm)]
    [10.3, 9.6, 4.71]
    """
    finite = np.isfinite(image)
    if not finite.any():
        raise DataError("There is no star in the image", found="no finite value at all")
    filled = np.where(finite, image, np.median(image[finite])).astype(float)
    background = float(np.median(filled))
    smooth = ndimage.gaussian_filter(filled - background, 1.0)
    y, x = divmod(int(np.argmax(smooth)), smooth.shape[1])
    _require_peak(smooth, float(smooth[y, x]))
    start = StarFit((float(x), float(y)), _rough_width(smooth, x, y), 0.0, background)
    for _ in range(3):  # the window follows the fit
        start = _fit_core(filled, finite, start)
    return start


def _require_peak(smooth: FloatArray, peak: float) -> None:
    """Refuse an image without anything that stands out."""
    spread = 1.4826 * float(np.median(np.abs(smooth - np.median(smooth))))
    if not peak > _LEAST_PEAK_SIGMA * spread or peak <= 0:
        raise DataError(
            "There is no star in the image",
            found=f"highest point {peak:.3g} at a noise of {spread:.3g}",
            remedy="Give an unsaturated image of the star away from the coronagraph",
        )


def _rough_width(smooth: FloatArray, x: int, y: int) -> float:
    """Guess the width from the area above half of the peak."""
    above = np.zeros(smooth.shape, dtype=np.int32)
    ndimage.label(smooth > 0.5 * smooth[y, x], output=above)
    area = np.count_nonzero(above == above[y, x])
    return max(2.0 * float(np.sqrt(area / np.pi)), 1.5)


def _fit_core(image: FloatArray, finite: NDArray[np.bool_], start: StarFit) -> StarFit:
    """Fit a Gaussian to the pixels above about a third of the peak."""
    grid = np.indices(image.shape).astype(float)
    distance = np.hypot(grid[1] - start.xy[0], grid[0] - start.xy[1])
    use = (distance <= max(0.65 * start.fwhm, 1.6)) & finite
    x, y, values = grid[1][use], grid[0][use], image[use]
    scale = float(values.max()) - start.background

    def misfit(p: FloatArray) -> FloatArray:
        square = (x - p[0]) ** 2 + (y - p[1]) ** 2
        model = p[3] * np.exp(-0.5 * square / (p[2] * _SIGMA_OF_FWHM) ** 2)
        return np.asarray(model - (values - start.background) / scale)

    width = float(max(image.shape))
    bounds = ([-1.0, -1.0, 0.7, 0.0], [width, width, width, 5.0])
    p = optimize.least_squares(
        misfit, np.clip([*start.xy, start.fwhm, 1.0], *bounds), bounds=bounds
    ).x
    return StarFit((float(p[0]), float(p[1])), float(p[2]), float(p[3]) * scale, start.background)


def center_psf(image: FloatArray, size: int | None = None) -> FloatArray:
    """Move the star to the middle pixel of an odd-sized image.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image of one star; NaN is taken for zero.
    size : int, optional
        Odd size of the result [px]; by default the largest that needs no invented border.

    Returns
    -------
    ndarray, shape (size, size)
        The star's flux is kept; beyond the border of the input there are zeros.

    Raises
    ------
    DataError
        If there is no star, or `size` is even.
    """
    star = fit_star(image)
    if size is None:
        n_y, n_x = image.shape
        room = min(star.xy[0], star.xy[1], n_x - 1 - star.xy[0], n_y - 1 - star.xy[1])
        size = 2 * int(np.floor(room + 0.5)) + 1
    if size < 3 or size % 2 == 0:
        raise DataError("A centered PSF needs an odd size of at least 3", found=str(size))
    margin = size
    padded = np.pad(np.nan_to_num(np.asarray(image, dtype=float)), margin)
    whole_x, whole_y = round(star.xy[0]), round(star.xy[1])
    rest = np.array([[whole_x - star.xy[0], whole_y - star.xy[1]]])
    moved = np.nan_to_num(shift(padded[None], rest)[0])
    y, x = margin + whole_y - size // 2, margin + whole_x - size // 2
    return np.asarray(moved[y : y + size, x : x + size])


def aperture_flux(
    image: FloatArray, radius: float, xy: tuple[float, float] | None = None
) -> float:
    """Sum an image in one circle.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        The image.
    radius : float
        Radius of the circle [px].
    xy : tuple of float, optional
        Center of the circle, x then y [px]; the middle pixel by default.

    Returns
    -------
    float
        The flux; NaN if the circle leaves the image or touches a pixel without data.
    """
    middle = (image.shape[1] // 2, image.shape[0] // 2)
    return float(aperture_sums(image, np.array([xy or middle], dtype=float), radius)[0])
