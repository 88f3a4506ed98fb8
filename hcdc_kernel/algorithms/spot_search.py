"""Where in an image four spots may stand in a square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from hcdc_kernel.arrays import BoolArray, FloatArray

Orientation = Literal["x", "+"]

# A spot counts this much at most [noise], so that no bright star outweighs four real spots.
_CAP = 7.0
_CANDIDATES = 6
# Places rated lower than this share of the best are not tried.
_WORTH_A_FIT = 0.7
_FIRST_ANGLE_DEG: dict[Orientation, float] = {"x": 45.0, "+": 0.0}


@dataclass(frozen=True, slots=True)
class SpotPattern:
    """What is known of four satellite spots before they are looked for.

    Attributes
    ----------
    radius_px : float
        Expected distance from the star, measured along x [px].
    fwhm_px : float
        Width of the image of a star [px].
    orientation : {"x", "+"} or None
        On the diagonals, or along x and y; None if it is not known.
    smear_px : float
        How far the bandwidth of the filter draws the spots out along the radius [px].
    stretch_y : float
        Factor by which distances along y have to be stretched to compare with those along x.
    tolerance : float
        How far the distance may be from the expected one, as a share of it.
    """

    radius_px: float
    fwhm_px: float
    orientation: Orientation | None = None
    smear_px: float = 0.0
    stretch_y: float = 1.0
    tolerance: float = 0.03

    def offsets(
        self, orientation: Orientation, radius_px: float, turn_deg: float = 0.0
    ) -> FloatArray:
        """Tell where the spots are relative to the star.

        Parameters
        ----------
        orientation : {"x", "+"}
            Which pattern.
        radius_px : float
            Distance along x [px].
        turn_deg : float
            Further turn, counter-clockwise [deg].

        Returns
        -------
        ndarray, shape (4, 2)
            Counter-clockwise from +x, x then y [px].
        """
        angle = np.deg2rad(_FIRST_ANGLE_DEG[orientation] + turn_deg + 90.0 * np.arange(4))
        return radius_px * np.stack([np.cos(angle), np.sin(angle) / self.stretch_y], axis=1)


@dataclass(frozen=True, slots=True)
class SpotCandidate:
    """A place where the star may be.

    Attributes
    ----------
    xy : tuple of float
        To a pixel or two, x then y [px].
    orientation : {"x", "+"}
        Pattern around it.
    radius_px : float
        Distance of the spots along x [px].
    score : float
        How much the four spots stand out together, in units of the noise.
    """

    xy: tuple[float, float]
    orientation: Orientation
    radius_px: float
    score: float


def search_spots(
    image: FloatArray, usable: BoolArray, pattern: SpotPattern, near: BoolArray
) -> list[SpotCandidate]:
    """List the places around which four spots stand out best.

    The image is freed of its halo and divided by the noise around each pixel. Each place is
    then rated by the sum of the values where its four spots would be, each limited, so that
    neither a bright companion nor a bad pixel can stand for a pattern.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Finite image.
    usable : ndarray of bool, shape (n_y, n_x)
        True where the image was measured, not filled in.
    pattern : SpotPattern
        What to look for.
    near : ndarray of bool, shape (n_y, n_x)
        True where the star may be.

    Returns
    -------
    list of SpotCandidate
        Best first; distinct by at least half a radius or by orientation.
    """
    reach = round(pattern.radius_px * (1 + pattern.tolerance)) + 2
    rows, columns = np.nonzero(near)
    if not rows.size:
        return []
    top, left = int(rows.min()), int(columns.min())
    shape = (int(rows.max()) - top + 1, int(columns.max()) - left + 1)
    strength = np.pad(stand_out(image, usable, pattern.fwhm_px), reach)
    allowed = near[top : top + shape[0], left : left + shape[1]]
    found: list[SpotCandidate] = []
    steps = np.arange(-pattern.tolerance, pattern.tolerance + 1e-9, 1.0 / pattern.radius_px)
    orientations: tuple[Orientation, ...] = ("x", "+")
    for orientation in orientations if pattern.orientation is None else (pattern.orientation,):
        best, radius = np.full(shape, -np.inf), np.zeros(shape)
        for trial in pattern.radius_px * (1 + steps):
            score = np.zeros(shape)
            for dx, dy in np.rint(pattern.offsets(orientation, float(trial))).astype(int):
                y, x = top + reach + dy, left + reach + dx
                score += strength[y : y + shape[0], x : x + shape[1]]
            better = score > best
            best, radius = np.where(better, score, best), np.where(better, trial, radius)
        best = np.where(allowed, best, -np.inf)
        found += _peaks(best, radius, (left, top), orientation, pattern)
    found.sort(key=lambda one: -one.score)
    return [one for one in found if one.score >= _WORTH_A_FIT * found[0].score][:_CANDIDATES]


def stand_out(image: FloatArray, usable: BoolArray, fwhm_px: float) -> FloatArray:
    """Tell how much each place stands out from its surroundings.

    Parameters
    ----------
    image : ndarray, shape (n_y, n_x)
        Finite image.
    usable : ndarray of bool, shape (n_y, n_x)
        True where the image was measured.
    fwhm_px : float
        Width of the image of a star [px].

    Returns
    -------
    ndarray, shape (n_y, n_x)
        Highest value within a pixel, in units of the noise around it, limited to +-7.
    """
    sharp = ndimage.gaussian_filter(image, 0.4 * fwhm_px)
    sharp -= ndimage.gaussian_filter(image, 1.2 * fwhm_px)
    coarse = np.abs(np.where(usable, sharp, 0.0))[::3, ::3]
    size = max(3, round(8 * fwhm_px / 3) | 1)
    noise = 1.4826 * ndimage.median_filter(coarse, size=size, mode="nearest")
    noise = np.repeat(np.repeat(noise, 3, axis=0), 3, axis=1)[: image.shape[0], : image.shape[1]]
    floor = 0.1 * float(np.median(noise[usable])) if usable.any() else 0.0
    strength = sharp / np.maximum(noise, max(floor, np.finfo(float).tiny))
    strength = np.where(usable, np.clip(strength, -_CAP, _CAP), 0.0)
    return np.asarray(ndimage.maximum_filter(strength, size=3))


def _peaks(
    score: FloatArray,
    radius: FloatArray,
    corner: tuple[int, int],
    orientation: Orientation,
    pattern: SpotPattern,
) -> list[SpotCandidate]:
    """Take the highest places of a map of scores, each with its surroundings struck out."""
    score, peaks = score.copy(), []
    for _ in range(_CANDIDATES):
        y, x = divmod(int(np.argmax(score)), score.shape[1])
        if not np.isfinite(score[y, x]):
            break
        # The middle of the plateau that limited values make.
        plateau = ndimage.label(score >= score[y, x] - 0.5)[0]
        y_mean, x_mean = ndimage.center_of_mass(plateau == plateau[y, x])
        xy = (float(corner[0] + x_mean), float(corner[1] + y_mean))
        peaks.append(SpotCandidate(xy, orientation, float(radius[y, x]), float(score[y, x])))
        half = max(3, round(pattern.fwhm_px))
        score[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1] = -np.inf
    return peaks
