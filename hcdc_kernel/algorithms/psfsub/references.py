"""Which frames may serve as references for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcdc_kernel.arrays import BoolArray, FloatArray, require_finite
from hcdc_kernel.errors import DataError


def rotated_enough(angles_deg: FloatArray, radius_px: float, min_shift_px: float) -> BoolArray:
    """Mark the frames in which a companion has moved away far enough.

    A frame may serve as a reference for another if, between the two, field rotation carries
    a companion at `radius_px` by at least `min_shift_px`, so that it does not subtract itself.

    Parameters
    ----------
    angles_deg : ndarray, shape (n_time,)
        Derotation angle of each frame [deg].
    radius_px : float
        Separation of the companion from the star [px].
    min_shift_px : float
        Least motion, measured along the chord [px]; 0 accepts every other frame.

    Returns
    -------
    ndarray of bool, shape (n_time, n_time)
        Element (i, j) is true where frame j may serve as a reference for frame i.

    Raises
    ------
    DataError
        If `angles_deg` is not finite.

    Notes
    -----
    Chord, not arc: the two differ by < 1 % below 28 deg.

    References
    ----------
    .. [1] Marois et al. 2006, ApJ, 641, 556.

    Examples
    --------
    >>> rotated_enough(np.array([0.0, 60.0]), radius_px=10, min_shift_px=5)
    array([[False,  True],
           [ True, False]])
    """
    require_finite("angles", angles_deg)
    motion = companion_motion(turns_between(angles_deg, angles_deg), 1.0, radius_px)
    return np.asarray((motion >= min_shift_px) & ~np.eye(angles_deg.size, dtype=bool))


def scaled_enough(scale: FloatArray, radius_px: float, min_shift_px: float) -> BoolArray:
    """Mark the channels in which spectral scaling moves a companion away far enough.

    Parameters
    ----------
    scale : ndarray, shape (n_reference,)
        Magnification that brings the speckles of each reference to those of the target.
    radius_px : float
        Separation of the companion from the star [px].
    min_shift_px : float
        Least radial motion [px].

    Returns
    -------
    ndarray of bool, shape (n_reference,)
        True where the reference may be used.

    References
    ----------
    .. [1] Sparks & Ford 2002, ApJ, 578, 543.
    """
    return np.asarray(radius_px * np.abs(scale - 1) >= min_shift_px)


def turns_between(target_deg: FloatArray, reference_deg: FloatArray) -> FloatArray:
    """Take the angle by which the field turns between frames.

    Parameters
    ----------
    target_deg : ndarray, shape (n_target,)
        Derotation angles of the targets [deg].
    reference_deg : ndarray, shape (n_reference,)
        Derotation angles of the references [deg].

    Returns
    -------
    ndarray, shape (n_target, n_reference)
        Reference minus target [deg].
    """
    return np.asarray(reference_deg)[None, :] - np.asarray(target_deg)[:, None]


def companion_motion(
    turn_deg: FloatArray, scale: FloatArray | float, radius_px: float
) -> FloatArray:
    """Measure how far apart a companion stands in a target and in its reference.

    Parameters
    ----------
    turn_deg : ndarray, shape (n_target, n_reference)
        Field rotation between the two [deg].
    scale : float or ndarray, shape (n_reference,)
        Magnification of the reference, 1 within a channel.
    radius_px : float
        Separation of the companion from the star in the target [px].

    Returns
    -------
    ndarray, shape (n_target, n_reference)
        Straight distance of the two places [px]: the chord of the field rotation, the radial
        motion of spectral scaling, or both together.

    Examples
    --------
    >>> companion_motion(np.array([[60.0, 0.0]]), np.array([1.0, 1.2]), 10.0).round(6)
    array([[10.,  2.]])
    """
    half_turn = np.sin(np.deg2rad(turn_deg) / 2)
    return np.asarray(radius_px * np.sqrt((scale - 1) ** 2 + 4 * scale * half_turn**2))


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """Says which references each target may use, region by region.

    Attributes
    ----------
    allowed : ndarray of bool, shape (n_target, n_reference)
        False where a reference is out of the question for a target.
    turn_deg : ndarray, shape (n_target, n_reference)
        Field rotation between the two [deg].
    scale : ndarray, shape (n_reference,)
        Magnification that each reference has been given.
    min_motion_px : float
        Least motion of a companion between target and reference [px]; with 0 all allowed
        references serve, the target itself included if it is among them.
    min_references : int
        Where fewer have moved enough, as close to the star, the ones that moved most are
        taken, up to this number.
    max_references : int or None
        Keep only this many, those most correlated with the target; None keeps all.
    """

    allowed: BoolArray
    turn_deg: FloatArray
    scale: FloatArray
    min_motion_px: float = 0.0
    min_references: int = 1
    max_references: int | None = None

    @classmethod
    def of_all(cls, n_target: int, n_reference: int) -> ReferenceChoice:
        """Let all references serve all targets.

        Parameters
        ----------
        n_target, n_reference : int
            Numbers of frames.

        Returns
        -------
        ReferenceChoice
            Without any limit.
        """
        pairs = (n_target, n_reference)
        return cls(np.ones(pairs, dtype=bool), np.zeros(pairs), np.ones(n_reference))

    def usable(self, radius_px: float, correlation: FloatArray) -> BoolArray:
        """Choose references for a region.

        Parameters
        ----------
        radius_px : float
            Separation at which motion is reckoned [px].
        correlation : ndarray, shape (n_target, n_reference)
            Correlation coefficient of each pair of frames within the region.

        Returns
        -------
        ndarray of bool, shape (n_target, n_reference)
            True where the reference serves the target; at least one in each row.

        Raises
        ------
        DataError
            If a target has no reference at all.
        """
        chosen = self.allowed
        if self.min_motion_px > 0:
            motion = companion_motion(self.turn_deg, self.scale, radius_px)
            chosen = self._moved_enough(motion)
        if not chosen.any(axis=1).all():
            raise DataError(
                "A frame has no reference frame at all",
                found=f"{int(np.sum(~chosen.any(axis=1)))} such frames of {chosen.shape[0]}",
                remedy="Give more frames or channels, or lower the motion that is asked for",
            )
        if self.max_references is not None:
            chosen = _best(np.where(chosen, correlation, -np.inf), self.max_references) & chosen
        return chosen

    def _moved_enough(self, motion: FloatArray) -> BoolArray:
        """Apply the limit on motion, or take those that moved most."""
        # A frame that did not move at all is the target itself, seen again.
        candidates = self.allowed & (motion > 0)
        chosen = candidates & (motion >= self.min_motion_px)
        short = chosen.sum(axis=1) < self.min_references
        most = _best(np.where(candidates, motion, -np.inf), self.min_references) & candidates
        return np.asarray(np.where(short[:, None], most, chosen))


def _best(score: FloatArray, n: int) -> BoolArray:
    """Mark the n highest scores of each row; of equal ones, the first."""
    order = np.argsort(-score, axis=1, kind="stable")[:, :n]
    best = np.zeros(score.shape, dtype=bool)
    np.put_along_axis(best, order, values=True, axis=1)
    return best
