"""Calibrate science frames one by one, reading only what is needed of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from hcdc_kernel.algorithms.frame_calibration import NO_DATA, CalibratedPlane, FrameCalibration
from hcdc_kernel.arrays import FloatArray, IntArray
from hcdc_kernel.instruments.raw.planes import RawPlanes
from hcdc_kernel.instruments.sphere.irdis.channels import Channel
from hcdc_kernel.instruments.sphere.irdis.field_window import FieldWindow, Placement
from hcdc_kernel.instruments.sphere.irdis.frame_table import PlaneGroup
from hcdc_kernel.instruments.sphere.irdis.sky_level import SkyGauge


@dataclass(frozen=True, slots=True)
class CubePlanes:
    """The arrays of the cube, filled frame by frame.

    Attributes
    ----------
    data : ndarray, shape (n_wave, n_time, n, n)
        Float32.
    variance : ndarray or None, same shape
        Float32; None if it is not wanted.
    flags : ndarray of uint8, same shape
        Bits of `PixelFlag`.
    background_scale : ndarray, shape (n_time,)
        Strength of the background; NaN without a master.
    """

    data: FloatArray
    variance: FloatArray | None
    flags: IntArray
    background_scale: FloatArray

    @classmethod
    def empty(cls, shape: tuple[int, int, int, int], *, with_variance: bool) -> CubePlanes:
        """Reserve memory; frames that are never written have no data.

        Parameters
        ----------
        shape : tuple of int
            Channels, frames, rows, columns.
        with_variance : bool
            Whether the variance is wanted.

        Returns
        -------
        CubePlanes
            Not filled yet.
        """
        return cls(
            np.empty(shape, np.float32),
            np.empty(shape, np.float32) if with_variance else None,
            np.empty(shape, np.uint8),
            np.full(shape[1], np.nan),
        )

    def put(self, wave: int, time: int, plane: CalibratedPlane) -> None:
        """Write one image.

        Parameters
        ----------
        wave, time : int
            Channel and frame.
        plane : CalibratedPlane
            On the common grid.
        """
        self.data[wave, time] = plane.image
        self.flags[wave, time] = plane.flags
        if self.variance is not None and plane.variance is not None:
            self.variance[wave, time] = plane.variance

    def put_nothing(self, time: int) -> None:
        """Write that a frame has no data.

        Parameters
        ----------
        time : int
            The frame.
        """
        self.data[:, time] = np.nan
        self.flags[:, time] = NO_DATA
        if self.variance is not None:
            self.variance[:, time] = np.nan


@dataclass(slots=True)
class ScienceCamera:
    """Turns raw planes into frames of the cube; several threads may do so at a time.

    Attributes
    ----------
    channels : tuple of Channel
        What the fields become.
    windows : dict of int to FieldWindow
        Part of each field that is read.
    calibrations : dict of int to FrameCalibration
        How each is calibrated.
    step_xy : dict of int to tuple of float
        Size of a pixel of the cube in each field, x then y [px of the detector].
    half_px : int
        Pixels from the middle to the border of the images of the cube.
    sky : SkyGauge
        Measures the background.
    """

    channels: tuple[Channel, ...]
    windows: dict[int, FieldWindow]
    calibrations: dict[int, FrameCalibration]
    step_xy: dict[int, tuple[float, float]]
    half_px: int
    sky: SkyGauge
    _placed: dict[tuple[int, float, float], Placement] = field(default_factory=dict)

    def write(
        self,
        planes: RawPlanes,
        group: PlaneGroup,
        places: FloatArray,
        out: CubePlanes,
        time: int,
    ) -> None:
        """Calibrate the planes of one frame and write it into the cube.

        Parameters
        ----------
        planes : RawPlanes
            The raw file.
        group : PlaneGroup
            Which planes.
        places : ndarray, shape (n_planes, 2, 2)
            The star in each plane of the file and each field, x then y [px].
        out : CubePlanes
            Where to write.
        time : int
            Number of the frame.
        """
        levels = {index: self.sky.measure(planes, index) for index in group.planes}
        if self.sky.mode != "level":
            out.background_scale[time] = np.mean([level.scale for level in levels.values()])
        with_variance = out.variance is not None
        for wave, channel in enumerate(self.channels):
            made = []
            for index, level in levels.items():
                for number in channel.fields:
                    window = self.windows[number]
                    raw = planes.read(index, window.rows, window.columns)
                    plane = self.calibrations[number].apply(
                        raw, level.scale, level.level[number], with_variance=with_variance
                    )
                    made.append(self._placement(number, places[index, number]).put(plane))
            out.put(wave, time, mean_plane(made))

    def _placement(self, number: int, star_xy: FloatArray) -> Placement:
        """Remember the matrices: most frames of a file have the star at the same place."""
        key = (number, round(float(star_xy[0]), 4), round(float(star_xy[1]), 4))
        found = self._placed.get(key)
        if found is None:
            found = Placement.of(self.windows[number], star_xy, self.half_px, self.step_xy[number])
            if len(self._placed) > 64:
                self._placed.clear()
            self._placed[key] = found
        return found


def mean_plane(planes: Iterable[CalibratedPlane]) -> CalibratedPlane:
    """Average images of the same scene.

    Parameters
    ----------
    planes : iterable of CalibratedPlane
        On the same grid, with or without variance.

    Returns
    -------
    CalibratedPlane
        Their mean where they have data; flags of all of them, no data only where none has.
    """
    made = list(planes)
    if len(made) == 1:
        return made[0]
    lost = np.array([(plane.flags & NO_DATA) != 0 for plane in made])
    count = np.maximum(len(made) - lost.sum(axis=0), 1).astype(np.float32)
    nowhere = lost.all(axis=0)
    any_flag = np.bitwise_or.reduce([plane.flags for plane in made])
    flags = np.where(nowhere, NO_DATA, any_flag & ~NO_DATA).astype(np.uint8)
    image = np.sum([np.nan_to_num(plane.image) for plane in made], axis=0) / count
    image[nowhere] = np.nan
    variances = [plane.variance for plane in made if plane.variance is not None]
    variance = None
    if variances:
        variance = np.sum([np.nan_to_num(one) for one in variances], axis=0) / count**2
        variance[nowhere] = np.nan
    return CalibratedPlane(image, variance, flags)
