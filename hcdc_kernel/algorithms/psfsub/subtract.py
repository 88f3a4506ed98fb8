"""The one loop over regions and frames; it knows no model, region or reference by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hcdc_kernel.algorithms.psfsub.models import LinearPsfModel, PsfModel
from hcdc_kernel.algorithms.psfsub.references import ReferenceChoice
from hcdc_kernel.algorithms.psfsub.regions import Region
from hcdc_kernel.arrays import BoolArray, FloatArray, require_shape

# Pixels multiplied at once in double precision, so that no full copy is made.
_CHUNK_PX = 16384
# Times that missing pixels are filled again with what the model says of them.
_FILL_ROUNDS = 5


def subtract_model(  # noqa: PLR0913 (what, from what, how, where)
    targets: FloatArray,
    references: FloatArray,
    model: PsfModel | LinearPsfModel,
    regions: Sequence[Region],
    choice: ReferenceChoice,
    *,
    remove_mean: bool = False,
    out: FloatArray | None = None,
) -> FloatArray:
    """Subtract a model of the star, region by region.

    Parameters
    ----------
    targets : ndarray, shape (n_target, n_y, n_x)
        Frames to clean; NaN marks missing data.
    references : ndarray, shape (n_reference, n_y, n_x)
        Frames to make the model from. Hand in `targets` itself where the sequence is its own
        library.
    model : PsfModel or LinearPsfModel
        How the star is modeled.
    regions : sequence of Region
        Parts of the image with a model each.
    choice : ReferenceChoice
        Which references each target may use.
    remove_mean : bool
        Subtract from each frame its mean over the region first.
    out : ndarray, shape (n_target, n_y, n_x), optional
        Contiguous array to write to; pixels that belong to no region keep their values.

    Returns
    -------
    ndarray, shape (n_target, n_y, n_x)
        Residuals in the precision of `targets`; NaN where data are missing or no region is.

    Raises
    ------
    DataError
        If shapes do not agree or a target has no reference.

    Notes
    -----
    A pixel missing in a frame takes its mean over the other frames at first, and then what
    the model says of it, until the two agree (expectation maximization).
    """
    require_shape("references", references, (-1, *targets.shape[1:]))
    alike = references is targets
    flat = targets.reshape(targets.shape[0], -1)
    library = flat if alike else references.reshape(references.shape[0], -1)
    made = np.full(targets.shape, np.nan, dtype=flat.dtype) if out is None else out
    residuals = made.reshape(flat.shape)
    for region in regions:
        seen = flat[:, region.pixels]
        data = _prepared(seen, remove_mean=remove_mean)
        known = data if alike else _prepared(library[:, region.pixels], remove_mean=remove_mean)
        modeled = _modeled(data, known, model, choice, region.radius_px)
        missing = np.isnan(seen)
        if alike and missing.any() and not _same_in_all(missing):
            for _ in range(_FILL_ROUNDS):
                data[missing] = modeled[missing]
                modeled = _modeled(data, data, model, choice, region.radius_px)
        cleaned = data - modeled
        cleaned[missing] = np.nan
        residuals[:, region.pixels] = cleaned
    return made


def _same_in_all(missing: BoolArray) -> bool:
    """Tell whether all frames lack the same pixels, of which then nothing can be said."""
    return bool((missing == missing[0]).all())


def _prepared(data: FloatArray, *, remove_mean: bool) -> FloatArray:
    """Fill missing pixels and, if asked, subtract each frame's mean."""
    missing = np.isnan(data)
    if missing.any():
        count = (~missing).sum(axis=0)
        mean = np.where(missing, 0, data).sum(axis=0, dtype=float) / np.maximum(count, 1)
        data = np.where(missing, mean.astype(data.dtype), data)
    if remove_mean:
        data = data - data.mean(axis=1, keepdims=True, dtype=float).astype(data.dtype)
    return data


def _modeled(
    data: FloatArray,
    known: FloatArray,
    model: PsfModel | LinearPsfModel,
    choice: ReferenceChoice,
    radius_px: float,
) -> FloatArray:
    """Model the star in one region."""
    gram = _products(known, known)
    cross = gram if known is data else _products(known, data)
    usable = choice.usable(radius_px, _correlation(gram, cross, data))
    groups = _groups(usable)
    if isinstance(model, LinearPsfModel):
        weights = np.zeros(usable.shape)
        for targets, references in groups:
            part = gram[np.ix_(references, references)]
            asked = cross[np.ix_(references, targets)]
            weights[np.ix_(targets, references)] = model.weights(part, asked)
        return np.asarray(weights.astype(data.dtype) @ known)
    modeled = np.empty_like(data)
    for targets, references in groups:
        modeled[targets] = model.predict(data[targets], known[references])
    return modeled


def _groups(usable: BoolArray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Gather targets that share their references: (targets, references) for each group."""
    if (usable == usable[0]).all():
        return [(np.arange(usable.shape[0]), np.flatnonzero(usable[0]))]
    rows, group_of = np.unique(usable, axis=0, return_inverse=True)
    return [
        (np.flatnonzero(group_of.ravel() == number), np.flatnonzero(row))
        for number, row in enumerate(rows)
    ]


def _products(left: FloatArray, right: FloatArray) -> np.ndarray:
    """Multiply frames with frames in double precision: faint modes drown in single."""
    total = np.zeros((left.shape[0], right.shape[0]))
    for start in range(0, left.shape[1], _CHUNK_PX):
        part = slice(start, start + _CHUNK_PX)
        ours = left[:, part].astype(float)
        theirs = ours if right is left else right[:, part].astype(float)
        total += ours @ theirs.T
    return total


def _correlation(gram: FloatArray, cross: FloatArray, data: FloatArray) -> np.ndarray:
    """Correlate targets with references, from their scalar products."""
    reference_norm = np.sqrt(np.diag(gram))
    target_norm = np.sqrt(np.einsum("np,np->n", data, data, dtype=float))
    norm = target_norm[:, None] * reference_norm[None, :]
    return np.asarray(np.divide(cross.T, norm, out=np.zeros_like(norm), where=norm > 0))
