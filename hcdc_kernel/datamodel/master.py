"""A master calibration: many raw calibration frames made one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hcdc_kernel.arrays import FloatArray, IntArray, require_shape
from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity

MasterKind = Literal["background", "flat"]


@dataclass(frozen=True, slots=True)
class Master:
    """A background or a flat field of the whole detector.

    Attributes
    ----------
    kind : {"background", "flat"}
        A background is counted per frame of its exposure time; a flat has a median of 1 over
        each field, and raw frames are divided by it.
    data : ndarray, shape (n_y, n_x)
        The image, float32, in the coordinates of the raw frames.
    variance : ndarray, shape (n_y, n_x)
        Variance of `data` [unit^2], float32: how well the master is known, not how much a
        single frame scatters.
    flags : ndarray of uint8, shape (n_y, n_x)
        Bits of `PixelFlag`: pixels that this calibration shows to be bad.
    setup : mapping of str to str or float
        What a frame must have in common with it: ``dit_s``, ``filter``, ``neutral_density``.
    quality : mapping of str to float
        Figures of merit by name with unit: ``read_noise_adu``, ``level_adu``, ``n_bad``, ...
    identity : Identity
        ``background`` or ``flat`` for a target, camera, filter, night.
    unit : str
        Unit of `data`; empty for a flat.
    history : tuple of StepRecord
        What was done, oldest first.

    Raises
    ------
    DataError
        If the planes have different shapes.
    """

    kind: MasterKind
    data: FloatArray
    variance: FloatArray
    flags: IntArray
    setup: Mapping[str, str | float]
    quality: Mapping[str, float]
    identity: Identity
    unit: str = "adu"
    history: History = field(default=())

    def __post_init__(self) -> None:
        require_shape("master", self.data, (-1, -1))
        require_shape("variance of the master", self.variance, self.data.shape)
        require_shape("flags of the master", self.flags, self.data.shape)
