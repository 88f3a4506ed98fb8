"""Fit the response of each pixel to lamp exposures of several levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy import ndimage
from scipy.stats import chi2 as chi2_distribution

from hcdc_kernel.algorithms.row_blocks import for_row_blocks
from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray, require_shape
from hcdc_kernel.errors import DataError

_LIT = 0.1  # of a high percentile of the level: dimmer pixels do not count for the level


@dataclass(frozen=True, slots=True)
class FlatFit:
    """Response of each pixel of a field, and how well a straight line describes it.

    Attributes
    ----------
    response : ndarray, shape (n_y, n_x)
        Slope of counts over lamp level, float32; median 1 over the lit pixels; NaN where too few
        values were usable.
    variance : ndarray, shape (n_y, n_x)
        Variance of `response`, float32.
    chi2 : ndarray, shape (n_y, n_x)
        Reduced chi-square of the line, float32; NaN without degrees of freedom.
    n_used : ndarray of uint8, shape (n_y, n_x)
        Levels that were usable.
    levels : ndarray, shape (n,)
        Lamp level of each image [adu], as it was measured on it.
    is_used : ndarray of bool, shape (n,)
        False for images that were dropped as a whole because they are saturated.
    n_terms : int
        2 for a line, 1 for a line through zero.
    """

    response: FloatArray
    variance: FloatArray
    chi2: FloatArray
    n_used: IntArray
    levels: FloatArray
    is_used: BoolArray
    n_terms: int

    @property
    def usual_chi2(self) -> float:
        """Reduced chi-square of the usual lit pixel.

        Returns
        -------
        float
            1 where noise alone scatters the counts about the lines; NaN without degrees of
            freedom.
        """
        freedom = int(self.is_used.sum()) - self.n_terms
        known = self.chi2[np.isfinite(self.chi2) & (self.response > _LIT)]
        if freedom < 1 or known.size == 0:
            return float("nan")
        # The median of chi-square lies below its mean.
        return float(np.median(known)) * freedom / float(chi2_distribution.median(freedom))


def lamp_level(image: FloatArray) -> float:
    """Measure the level of a lamp exposure over the pixels that it reaches.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        A field, background subtracted [adu].

    Returns
    -------
    float
        Median of the lit pixels [adu].

    Raises
    ------
    DataError
        If nothing is lit.
    """
    known = image[np.isfinite(image)]
    faint, bright = np.percentile(known, (10, 90)) if known.size else (0.0, 0.0)
    # Noise is as often below zero as above, light is not.
    if not bright > max(0, -3 * faint):
        raise DataError("A lamp exposure has no light", remedy="Check that the lamp was on")
    return float(np.median(known[known > _LIT * bright]))


def fit_flat(
    images: FloatArray,
    variances: FloatArray,
    *,
    free_intercept: bool = True,
    saturation_adu: float = np.inf,
) -> FlatFit:
    """Fit counts against lamp level in each pixel of a field, weighted by the noise.

    The level of each image is measured on the image itself, so that a lamp that drifts does no
    harm and no exposure time is needed. The response is scaled to a median of 1.

    Parameters
    ----------
    images : ndarray, shape (n, n_y, n_x)
        Lamp exposures of one field, background subtracted [adu]; NaN is left out.
    variances : ndarray, shape (n, n_y, n_x)
        Their variances [adu^2].
    free_intercept : bool
        Whether the lines need not go through zero: right where no background was subtracted;
        it takes levels that differ. One level, or equal levels, are fitted through zero always.
    saturation_adu : float
        Values above are left out, and images whose level lies above altogether [adu].

    Returns
    -------
    FlatFit
        Response, its variance, chi-square.

    Raises
    ------
    DataError
        If no image is lit, or all are saturated.

    Notes
    -----
    Counts ``c`` at levels ``L`` have weights ``1 / variance``; the variance of the slope is
    formal: multiply it by the chi-square where that is honest.
    """
    require_shape("lamp exposures", images, (-1, -1, -1))
    require_shape("variances of lamp exposures", variances, images.shape)
    if len(images) == 0:
        raise DataError("There is no lamp exposure to fit")
    levels = np.array([lamp_level(image) for image in images])
    is_used = levels <= saturation_adu
    if not is_used.any():
        raise DataError(
            "All lamp exposures are saturated",
            found=f"levels from {levels.min():.0f} adu",
            remedy="Raise the limit of saturation, or use shorter lamp exposures",
        )
    usable = levels[is_used]
    # A line needs a lever: levels alike within a factor of 1.5 only tell the ratio.
    free = free_intercept and usable.max() > 1.5 * usable.min()
    shape = images.shape[1:]
    slope, variance, chi2 = (np.empty(shape, np.float32) for _ in range(3))
    n_used = np.empty(shape, np.uint8)

    def work(a: int, b: int) -> None:
        _fit(
            images[is_used, a:b], variances[is_used, a:b], usable / usable.max(), free,
            saturation_adu, slope[a:b], variance[a:b], chi2[a:b], n_used[a:b],
        )  # fmt: skip

    for_row_blocks(shape[0], work)
    scale = np.float32(lamp_level(slope))
    return FlatFit(
        slope / scale, variance / scale**2, chi2, n_used, levels, is_used, 2 if free else 1
    )


def large_scale(response: FloatArray, is_bad: BoolArray, block_px: int) -> FloatArray:
    """Smooth a flat field over large distances: what a lamp that shines unevenly leaves in it.

    Parameters
    ----------
    response : ndarray, shape (n_y, n_x)
        Flat field; 1 is usual.
    is_bad : ndarray of bool, shape (n_y, n_x)
        Pixels to leave out.
    block_px : int
        Size of the blocks whose medians are joined smoothly [px].

    Returns
    -------
    ndarray, shape (n_y, n_x)
        The smooth part, float32; divide by it to take it out.

    Raises
    ------
    DataError
        If all pixels are bad.
    """
    n_y, n_x = response.shape
    good = np.where(is_bad, np.nan, response)
    if not np.isfinite(good).any():
        raise DataError("No good pixel of the flat field is left to smooth")
    rows = np.array_split(np.arange(n_y), max(1, round(n_y / block_px)))
    columns = np.array_split(np.arange(n_x), max(1, round(n_x / block_px)))
    medians = np.array([[_median(good[np.ix_(y, x)]) for x in columns] for y in rows])
    medians = _filled_from_nearest(medians)
    y_at = np.interp(np.arange(n_y), [y.mean() for y in rows], np.arange(len(rows)))
    x_at = np.interp(np.arange(n_x), [x.mean() for x in columns], np.arange(len(columns)))
    grid = np.meshgrid(y_at, x_at, indexing="ij")
    smooth = ndimage.map_coordinates(medians, grid, order=1, mode="nearest")
    return np.asarray(smooth, dtype=np.float32)


def _median(values: FloatArray) -> float:
    """Median of what is known, NaN if less than a tenth is."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size > 0.1 * values.size else np.nan


def _filled_from_nearest(values: FloatArray) -> FloatArray:
    """Replace NaN by the nearest known value."""
    missing = ~np.isfinite(values)
    nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
    return np.asarray(values[tuple(nearest)])


@njit(cache=True, nogil=True)
def _fit(  # noqa: C901, PLR0913
    images: FloatArray,
    variances: FloatArray,
    levels: FloatArray,
    free: bool,  # noqa: FBT001
    saturation_adu: float,
    slope: FloatArray,
    slope_variance: FloatArray,
    chi2: FloatArray,
    n_used: IntArray,
) -> None:  # pragma: no cover
    """Weighted straight line through the values of each pixel."""
    n, n_y, n_x = images.shape
    least = 2 if free else 1
    for y in range(n_y):
        for x in range(n_x):
            s, sl, sll, sc, slc, count = 0.0, 0.0, 0.0, 0.0, 0.0, 0
            for i in range(n):
                value, noise = images[i, y, x], variances[i, y, x]
                if np.isfinite(value) and noise > 0 and value <= saturation_adu:
                    weight = 1.0 / noise
                    s += weight
                    sl += weight * levels[i]
                    sll += weight * levels[i] * levels[i]
                    sc += weight * value
                    slc += weight * levels[i] * value
                    count += 1
            n_used[y, x] = count
            slope[y, x] = slope_variance[y, x] = chi2[y, x] = np.nan
            determinant = s * sll - sl * sl if free else sll
            if count < least or not determinant > 1e-9 * s * sll * free:
                continue
            if free:
                slope[y, x] = (s * slc - sl * sc) / determinant
                slope_variance[y, x] = s / determinant
                intercept = (sll * sc - sl * slc) / determinant
            else:
                slope[y, x] = slc / determinant
                slope_variance[y, x] = 1 / determinant
                intercept = 0.0
            if count > least:
                a, b = intercept, slope[y, x]
                misfit = 0.0
                for i in range(n):
                    value, noise = images[i, y, x], variances[i, y, x]
                    if np.isfinite(value) and noise > 0 and value <= saturation_adu:
                        misfit += (value - a - b * levels[i]) ** 2 / noise
                chi2[y, x] = misfit / (count - least)
