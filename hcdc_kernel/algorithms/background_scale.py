"""Fit how strong the background of a frame is, beside the star."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms.detector_noise import robust_spread
from hcdc_kernel.arrays import BoolArray, FloatArray, IntArray, require_shape
from hcdc_kernel.errors import DataError

_N_ITERATIONS = 10
_LEAST_PIXELS = 50


@dataclass(frozen=True, slots=True)
class BackgroundScale:
    """Strength of the background in a frame.

    Attributes
    ----------
    scale : float
        What to multiply the master background by.
    scale_error : float
        Its standard error.
    constant : float
        What is left everywhere after that [unit of the frame]; 0 if it was not fitted.
    scatter : float
        Scatter of the pixels about the fit [unit of the frame].
    n_used : int
        Pixels that were not rejected.
    """

    scale: float
    scale_error: float
    constant: float
    scatter: float
    n_used: int


def sample_pixels(usable: BoolArray, n_most: int = 20_000) -> IntArray:
    """Choose some pixels all over the usable part of a frame.

    Parameters
    ----------
    usable : ndarray of bool, shape (n_y, n_x)
        Pixels that are good and far from the star.
    n_most : int
        How many to choose at most.

    Returns
    -------
    ndarray of int64, shape (n,)
        Indices of the flattened frame, evenly spread.
    """
    places = np.flatnonzero(usable)
    if len(places) <= n_most:
        return places
    return places[np.linspace(0, len(places) - 1, n_most).round().astype(np.int64)]


def background_scale(
    image: FloatArray,
    background: FloatArray,
    pixels: IntArray,
    *,
    with_constant: bool = False,
    n_sigma: float = 3.0,
) -> BackgroundScale:
    """Fit ``image = scale * background (+ constant)`` to star-free pixels.

    Pixels that deviate by more than `n_sigma` robust scatters are left out, again and again
    until none is: field stars and cosmic rays do not count.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Raw frame [adu].
    background : ndarray, shape (n_y, n_x)
        Master background [adu].
    pixels : ndarray of int, shape (n,)
        Indices of star-free pixels, as from `sample_pixels`.
    with_constant : bool
        Whether to fit a constant too: it takes up faint light of the star, if the background
        has structure enough to be told from a constant.
    n_sigma : float
        Limit of rejection.

    Returns
    -------
    BackgroundScale
        The scale and how well it is known.

    Raises
    ------
    DataError
        If the shapes differ, fewer than 50 pixels have data, or the background is zero.

    References
    ----------
    .. [1] Galicher et al. 2018, A&A, 615, A92 (scaling of SPHERE thermal backgrounds).
    """
    require_shape("background", background, image.shape)
    counts = image.reshape(-1)[pixels].astype(float)
    model = background.reshape(-1)[pixels].astype(float)
    known = np.isfinite(counts) & np.isfinite(model)
    counts, model = counts[known], model[known]
    if len(counts) < _LEAST_PIXELS:
        raise DataError(
            "Too few star-free pixels to scale the background",
            found=f"{len(counts)} pixels with data",
        )
    columns = [model, np.ones_like(model)] if with_constant else [model]
    design = np.stack(columns, axis=1)
    kept = np.ones(len(counts), dtype=bool)
    # Outliers must not spoil the first fit: start from the ratio of medians.
    scale, constant = _ratio(counts, model), 0.0
    for _ in range(_N_ITERATIONS):
        residual = counts - scale * model - constant
        center = float(np.median(residual[kept]))
        spread = robust_spread(residual[kept])
        now = np.abs(residual - center) <= n_sigma * spread if spread > 0 else kept
        solution = np.linalg.lstsq(design[now], counts[now], rcond=None)[0]
        scale, constant = float(solution[0]), float(solution[1]) if with_constant else 0.0
        if np.array_equal(now, kept):
            break
        kept = now
    return _result(design[kept], counts[kept] - scale * model[kept] - constant, scale, constant)


def _ratio(counts: FloatArray, model: FloatArray) -> float:
    """Ratio of medians; 1 where the background has no level."""
    level = float(np.median(model))
    if not np.any(model):
        raise DataError("The background is zero everywhere and cannot be scaled")
    return float(np.median(counts)) / level if level != 0 else 1.0


def _result(
    design: FloatArray, residual: FloatArray, scale: float, constant: float
) -> BackgroundScale:
    """Add the errors of a fit."""
    n_used, n_terms = design.shape
    scatter = float(np.sqrt((residual**2).sum() / max(n_used - n_terms, 1)))
    covariance = np.linalg.pinv(design.T @ design)
    return BackgroundScale(scale, scatter * math.sqrt(covariance[0, 0]), constant, scatter, n_used)
