"""Models of the stellar image, and what a model must be able to do.

A model is one of three kinds, told apart by the one method it has:

- `LinearPsfModel`: the star is a weighted sum of reference frames, and the weights follow
  from scalar products of frames alone (mean, PCA, LOCI). Fast: pixels are touched twice.
- `PsfModel`: anything else that makes a stellar image from reference frames (median, NMF).
- `SequencePsfModel`: works on a whole sequence at once and chooses its own references.

Injection tests call a model from several threads at once, so it must not change itself.
"""

from __future__ import annotations

import math
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import scipy.linalg

from hcdc_kernel.algorithms.psfsub._eigenbasis import eigenbasis
from hcdc_kernel.arrays import FloatArray

NModes = int | float | Literal["auto"]
"""Number of modes, share of the variance they must explain (below 1), or ``"auto"``."""

# Eigenvalues below this share of the largest are rounding errors, not directions.
_RANK_TOLERANCE = 1e-12
# So few targets are seen in the eigenbasis faster than it is formed.
_FEW_TARGETS = 4


@runtime_checkable
class PsfModel(Protocol):
    """Makes the stellar image of target frames from reference frames."""

    def predict(self, targets: FloatArray, references: FloatArray) -> FloatArray:
        """Model the star in each target frame.

        Parameters
        ----------
        targets : ndarray, shape (n_target, n_px)
            Frames to be modeled, pixels of one region, finite.
        references : ndarray, shape (n_reference, n_px)
            Frames that may be used, in the same pixels.

        Returns
        -------
        ndarray, shape (n_target, n_px) or (n_px,)
            The stellar image in each target frame, or one for all of them.
        """


@runtime_checkable
class LinearPsfModel(Protocol):
    """Makes the stellar image as a weighted sum of reference frames."""

    def weights(self, gram: FloatArray, cross: FloatArray) -> FloatArray:
        """Weigh the reference frames for each target frame.

        Parameters
        ----------
        gram : ndarray, shape (n_reference, n_reference)
            Scalar products of the reference frames with each other.
        cross : ndarray, shape (n_reference, n_target)
            Scalar products of reference frames and target frames.

        Returns
        -------
        ndarray, shape (n_target, n_reference)
            Weights; the model is ``weights @ references``.
        """


@runtime_checkable
class SequencePsfModel(Protocol):
    """Subtracts the star from a whole sequence in its own way."""

    def residuals(
        self, frames: FloatArray, derotation_deg: FloatArray, fwhm_px: float
    ) -> FloatArray:
        """Subtract the star.

        Parameters
        ----------
        frames : ndarray, shape (n_time, n_y, n_x)
            One channel of an aligned sequence, finite, star at ``(n_y // 2, n_x // 2)``.
        derotation_deg : ndarray, shape (n_time,)
            Angle that turns each frame north up, counter-clockwise with y up [deg].
        fwhm_px : float
            Full width at half maximum of a point source [px].

        Returns
        -------
        ndarray, shape (n_time, n_y, n_x)
            The frames without their star, aligned and **not** turned.
        """


def median_model(references: FloatArray) -> FloatArray:
    """Take the median of the reference frames.

    Parameters
    ----------
    references : ndarray, shape (n_reference, n_px)
        Reference frames, finite.

    Returns
    -------
    ndarray, shape (n_px,)
        The same stellar image for every target.

    References
    ----------
    .. [1] Marois et al. 2006, ApJ, 641, 556.
    """
    return np.asarray(np.median(references, axis=0))


def mean_weights(n_reference: int, n_target: int) -> FloatArray:
    """Weigh all reference frames alike.

    Parameters
    ----------
    n_reference, n_target : int
        Numbers of frames.

    Returns
    -------
    ndarray, shape (n_target, n_reference)
        ``1 / n_reference`` everywhere.
    """
    return np.full((n_target, n_reference), 1 / n_reference)


def pca_weights(gram: FloatArray, cross: FloatArray, n_modes: NModes) -> FloatArray:
    """Weigh reference frames so that targets are projected on their principal components.

    Parameters
    ----------
    gram : ndarray, shape (n_reference, n_reference)
        Scalar products of the reference frames.
    cross : ndarray, shape (n_reference, n_target)
        Scalar products of reference and target frames.
    n_modes : int, float or "auto"
        Modes to keep, see `modes_to_keep`.

    Returns
    -------
    ndarray, shape (n_target, n_reference)
        Weights of the projection: ``weights @ references`` is the model.

    Notes
    -----
    With ``G = U L U^T`` the principal components are ``L^-1/2 U^T references``, and the
    projection of a target on the first k of them has weights ``U_k L_k^-1 U_k^T cross``. No
    pixel is needed, and any subset of frames only asks for a submatrix of G.

    References
    ----------
    .. [1] Soummer, Pueyo & Larkin 2012, ApJ, 755, L28.
    .. [2] Amara & Quanz 2012, MNRAS, 427, 948.
    """
    n_reference, n_target = cross.shape
    if n_target <= _FEW_TARGETS and n_reference > 1:
        basis = eigenbasis(gram, cross)
        if basis is not None:
            order = np.argsort(-basis.values)
            inverse = np.zeros(n_reference)
            kept = _kept(n_reference, n_modes, basis.values[order])
            inverse[order[:kept]] = 1 / basis.values[order[:kept]]
            return basis.back(inverse[:, None] * basis.seen).T
    if isinstance(n_modes, float):
        values, vectors = scipy.linalg.eigh(gram, check_finite=False)
    else:
        most = modes_to_keep(n_reference, n_modes)
        wanted = (n_reference - most, n_reference - 1)
        values, vectors = scipy.linalg.eigh(gram, subset_by_index=wanted, check_finite=False)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = _kept(n_reference, n_modes, values)
    values, vectors = values[:kept], vectors[:, :kept]
    return np.asarray(((vectors / values) @ (vectors.T @ cross)).T)


def _kept(n_reference: int, n_modes: NModes, values: FloatArray) -> int:
    """Count the modes to keep that are more than rounding; eigenvalues in decreasing order."""
    rank = int(np.count_nonzero(values > _RANK_TOLERANCE * max(values[0], 0)))
    return min(modes_to_keep(n_reference, n_modes, values), rank)


def modes_to_keep(n_reference: int, n_modes: NModes, eigenvalues: FloatArray | None = None) -> int:
    """Turn a wish for modes into a number that the reference frames can give.

    Parameters
    ----------
    n_reference : int
        Number of reference frames.
    n_modes : int, float or "auto"
        A number; or, as a float below 1, the share of the variance to be explained; or
        ``"auto"`` for a quarter of the number of frames, at most twice its square root.
    eigenvalues : ndarray, shape (n_reference,), optional
        Eigenvalues of the Gram matrix in decreasing order; needed for a share alone.

    Returns
    -------
    int
        At least 1, at most ``n_reference - 1``: with all of them nothing would be left.

    Notes
    -----
    ``"auto"`` gives 6 modes for 25 frames, 15 for 61, 28 for 200. Each mode takes a share of a
    companion too, the larger the fewer the frames; and in long sequences the number of
    independent speckle patterns grows more slowly than that of frames.

    Examples
    --------
    >>> modes_to_keep(61, "auto"), modes_to_keep(8, 20)
    (15, 7)
    """
    if n_modes == "auto":
        wish = round(min(n_reference / 4, 2 * math.sqrt(n_reference)))
    elif isinstance(n_modes, float) and eigenvalues is not None:
        explained = np.cumsum(np.clip(eigenvalues, 0, None))
        wish = int(np.searchsorted(explained, n_modes * explained[-1])) + 1
    else:
        wish = int(n_modes)
    return max(1, min(wish, n_reference - 1))
