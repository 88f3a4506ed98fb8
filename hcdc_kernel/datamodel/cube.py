"""A sequence of images: the four-dimensional cube and its table of frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from hcdc_kernel.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    require_finite,
    require_shape,
)
from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity


@dataclass(frozen=True, slots=True)
class Frames:
    """What is known of each frame of a sequence.

    Attributes
    ----------
    mjd : ndarray, shape (n_time,)
        Mid-exposure time, UTC [d]; NaN where it is not known.
    parallactic_deg : ndarray, shape (n_time,)
        Parallactic angle [deg]; NaN where only derotation angles are known.
    derotation_deg : ndarray, shape (n_time,)
        Angle to turn the frame by, counter-clockwise with y up, so that north is up and
        east is left [deg].
    usable : ndarray of bool, shape (n_time,)
        False for frames that frame selection rejects.
    reason : tuple of str, length n_time
        Why a frame is not usable; empty for those that are.
    exposure : tuple of str, length n_time
        File that the frame came from.
    dit_index : ndarray of int, shape (n_time,)
        Place of the frame within its exposure, from 0.
    conditions : mapping of str to ndarray, shape (n_time,)
        What was measured at the time of each frame, by name with unit, such as
        ``seeing_arcsec``, ``strehl``, ``background_scale``; NaN where it is not known.
    """

    mjd: FloatArray
    parallactic_deg: FloatArray
    derotation_deg: FloatArray
    usable: BoolArray
    reason: tuple[str, ...]
    exposure: tuple[str, ...]
    dit_index: IntArray
    conditions: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_time = self.derotation_deg.size
        for name, values in self.conditions.items():
            require_shape(name, values, (n_time,))
        for name in ("mjd", "parallactic_deg", "derotation_deg", "usable", "dit_index"):
            require_shape(name, getattr(self, name), (n_time,))
        require_shape("reason", np.array(self.reason, dtype=object), (n_time,))
        require_shape("exposure", np.array(self.exposure, dtype=object), (n_time,))
        require_finite("derotation angles", self.derotation_deg)

    @property
    def n_time(self) -> int:
        """Number of frames.

        Returns
        -------
        int
            Usable or not.
        """
        return int(self.derotation_deg.size)

    def take(self, index: IntArray | BoolArray) -> Frames:
        """Pick some of the frames.

        Parameters
        ----------
        index : ndarray of int or bool
            Places to keep, or a mask that is true for frames to keep.

        Returns
        -------
        Frames
            The chosen rows, in the order of `index`.
        """
        places = np.arange(self.n_time)[index]
        return Frames(
            mjd=self.mjd[places],
            parallactic_deg=self.parallactic_deg[places],
            derotation_deg=self.derotation_deg[places],
            usable=self.usable[places],
            reason=tuple(self.reason[i] for i in places),
            exposure=tuple(self.exposure[i] for i in places),
            dit_index=self.dit_index[places],
            conditions={name: values[places] for name, values in self.conditions.items()},
        )


@dataclass(frozen=True, slots=True)
class Cube:
    """A sequence of images of one star.

    Attributes
    ----------
    data : ndarray, shape (n_wave, n_time, n_y, n_x)
        The images, float32; NaN where there is no measurement.
    frames : Frames
        One row a frame.
    wavelength_um : ndarray, shape (n_wave,)
        Central wavelength of each channel [um].
    star_xy_px : ndarray, shape (n_wave, n_time, 2)
        Position of the star in each image, 0-based pixel centres, x then y [px].
    pixel_scale_mas : float
        Size of a pixel on the sky [mas].
    identity : Identity
        Star, camera, filter, night.
    unit : str
        Unit of the images.
    variance : ndarray or None, shape (n_wave, n_time, n_y, n_x)
        Variance of `data` [unit^2].
    flags : ndarray of uint8 or None, shape (n_wave, n_time, n_y, n_x)
        Why a pixel has no or doubtful data, bits of `PixelFlag`.
    found_xy_px : ndarray or None, shape (n_wave, n_time, 2)
        Where centering found the star in the images as they came, x then y [px]; NaN where it
        did not find it, None before centering.
    star_error_px : float
        One standard deviation of a coordinate of the star, the same mistake in all images [px];
        NaN if it is not known.
    notes : tuple of str
        What people should know of how the raw frames were calibrated, one sentence each.
    history : tuple of StepRecord
        What was done, oldest first.

    Raises
    ------
    DataError
        If the shapes do not agree, or angles, wavelengths or positions are not finite.
    """

    data: FloatArray
    frames: Frames
    wavelength_um: FloatArray
    star_xy_px: FloatArray
    pixel_scale_mas: float
    identity: Identity
    unit: str = "adu"
    variance: FloatArray | None = None
    flags: IntArray | None = None
    found_xy_px: FloatArray | None = None
    star_error_px: float = float("nan")
    notes: tuple[str, ...] = ()
    history: History = field(default=())

    def __post_init__(self) -> None:
        n_wave, n_time = self.wavelength_um.size, self.frames.n_time
        require_shape("cube", self.data, (n_wave, n_time, -1, -1))
        require_shape("star position", self.star_xy_px, (n_wave, n_time, 2))
        require_finite("wavelength", self.wavelength_um)
        require_finite("star position", self.star_xy_px)
        require_finite("pixel scale", np.asarray(self.pixel_scale_mas))
        if self.found_xy_px is not None:
            require_shape("found star position", self.found_xy_px, (n_wave, n_time, 2))
        for name in ("variance", "flags"):
            plane = getattr(self, name)
            if plane is not None:
                require_shape(name, plane, self.data.shape)

    @property
    def n_wave(self) -> int:
        """Number of spectral channels.

        Returns
        -------
        int
            1 for a single band.
        """
        return int(self.data.shape[0])

    @property
    def n_time(self) -> int:
        """Number of frames.

        Returns
        -------
        int
            Usable or not.
        """
        return int(self.data.shape[1])

    def take(self, index: IntArray | BoolArray) -> Cube:
        """Pick some of the frames.

        Parameters
        ----------
        index : ndarray of int or bool
            Places to keep, or a mask that is true for frames to keep.

        Returns
        -------
        Cube
            The chosen frames, in the order of `index`.
        """

        def picked(plane: Any) -> Any:
            return None if plane is None else plane[:, index]

        return replace(
            self,
            data=self.data[:, index],
            frames=self.frames.take(index),
            star_xy_px=self.star_xy_px[:, index],
            variance=picked(self.variance),
            flags=picked(self.flags),
            found_xy_px=picked(self.found_xy_px),
        )
