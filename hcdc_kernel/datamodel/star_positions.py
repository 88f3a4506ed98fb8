"""Where the star stands on the detector behind the coronagraph."""

from __future__ import annotations

from dataclasses import dataclass, field

from hcdc_kernel.arrays import FloatArray, require_finite, require_shape
from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity


@dataclass(frozen=True, slots=True)
class StarPositions:
    """Positions measured in frames with satellite spots, or on the star itself.

    Attributes
    ----------
    xy_px : ndarray, shape (n_frame, n_wave, 2)
        Star in each frame and channel, in the pixels of its detector field as read out, counted
        from 0, x then y, with the dithering of that frame [px]. For IRDIS the channels are
        always the two fields of the detector, left then right, whatever they see.
    error_px : ndarray, shape (n_frame, n_wave)
        One standard deviation of a coordinate [px].
    mjd : ndarray, shape (n_frame,)
        Mid-exposure, UTC [d].
    dither_xy_px : ndarray, shape (n_frame, 2)
        Dithering of each frame, contained in `xy_px` [px].
    exposure : tuple of str, length n_frame
        Name of the exposure that each frame came from.
    spots_xy_px : ndarray, shape (n_frame, n_wave, 4, 2)
        The four satellite spots, counter-clockwise from +x; NaN where there are none [px].
    image : ndarray, shape (n_wave, n_y, n_x)
        Mean of the frames around the star, to look at.
    image_corner_xy_px : ndarray, shape (n_wave, 2)
        Where pixel (0, 0) of `image` is in the detector field, without dithering [px].
    method : {"satellite-spots", "star", "symmetry"}
        What was measured; single frames without spots may be by symmetry, their errors tell.
    identity : Identity
        Star, camera, filter, night.
    history : tuple of StepRecord
        What was done, oldest first.

    Raises
    ------
    DataError
        If shapes do not agree, or a position is not finite.
    """

    xy_px: FloatArray
    error_px: FloatArray
    mjd: FloatArray
    dither_xy_px: FloatArray
    exposure: tuple[str, ...]
    spots_xy_px: FloatArray
    image: FloatArray
    image_corner_xy_px: FloatArray
    method: str
    identity: Identity
    history: History = field(default=())

    def __post_init__(self) -> None:
        n_frame, n_wave = self.xy_px.shape[:2]
        require_shape("star positions", self.xy_px, (n_frame, n_wave, 2))
        require_finite("star positions", self.xy_px)
        require_shape("errors of star positions", self.error_px, (n_frame, n_wave))
        require_shape("dates of star positions", self.mjd, (n_frame,))
        require_shape("dithers of star positions", self.dither_xy_px, (n_frame, 2))
        require_shape("satellite spots", self.spots_xy_px, (n_frame, n_wave, 4, 2))
        require_shape("image of the star", self.image, (n_wave, -1, -1))
        require_shape("corner of the image", self.image_corner_xy_px, (n_wave, 2))
