"""Masters made ready for a part of the IRDIS detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcdc_kernel.algorithms.bad_pixels import neighbor_fill
from hcdc_kernel.algorithms.frame_calibration import DetectorProperties, FrameCalibration
from hcdc_kernel.arrays import BoolArray, FloatArray
from hcdc_kernel.datamodel import Exposures, Master
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere.irdis.field_window import FieldWindow
from hcdc_kernel.instruments.sphere.irdis.fields import RAW_SHAPE, illuminated

GAIN_E_PER_ADU = 1.75
"""Of the detector of IRDIS (van Holstein et al. 2020) [e-/adu]."""
READ_NOISE_E = 4.4
"""Noise of a frame without light (van Holstein et al. 2020) [e-]."""
SATURATION_ADU = 30000.0
"""Counts beyond which pixels are no longer linear (van Holstein et al. 2020) [adu]."""

_SAME_DIT = 0.01


@dataclass(frozen=True, slots=True)
class DetectorSetup:
    """What is known of the detector for one kind of exposure.

    Attributes
    ----------
    background, flat : Master or None
        The masters, if there are any.
    background_scale : float
        What the master background has to be multiplied by for its exposure time.
    is_bad : ndarray of bool, shape (1024, 2048)
        Bad pixels by either master.
    detector : DetectorProperties
        Noise and range.
    notes : tuple of str
        What is missing and what that means, for people.
    """

    background: Master | None
    flat: Master | None
    background_scale: float
    is_bad: BoolArray
    detector: DetectorProperties
    notes: tuple[str, ...]

    def calibration(
        self, window: FieldWindow, *, hit_sigma: float = 0.0, fwhm_px: float = 3.4
    ) -> FrameCalibration:
        """Cut out what is needed to calibrate a part of the detector.

        Parameters
        ----------
        window : FieldWindow
            The part.
        hit_sigma : float
            Cosmic rays are marked from this excess over the noise; 0 for not at all.
        fwhm_px : float
            Width of the image of a star [px].

        Returns
        -------
        FrameCalibration
            For any number of frames.
        """
        part = (window.rows, window.columns)
        zero, one = np.zeros(window.shape, np.float32), np.ones(window.shape, np.float32)
        background, flat = self.background, self.flat
        return FrameCalibration(
            background=zero if background is None else _finite(background.data[part]),
            background_variance=zero if background is None else _finite(background.variance[part]),
            flat=one if flat is None else np.asarray(flat.data[part], np.float32),
            flat_variance=zero if flat is None else np.asarray(flat.variance[part], np.float32),
            fill=neighbor_fill(self.is_bad[part], ~illuminated()[part]),
            detector=self.detector,
            hit_sigma=hit_sigma,
            fwhm_px=fwhm_px,
        )


def detector_setup(
    exposures: Exposures, background: Master | None, flat: Master | None, what: str
) -> DetectorSetup:
    """Bring masters together for exposures of one kind.

    Parameters
    ----------
    exposures : Exposures
        What is to be calibrated.
    background, flat : Master or None
        The masters.
    what : str
        Name of the exposures for people, such as ``"science frames"``.

    Returns
    -------
    DetectorSetup
        With notes on what is missing.

    Raises
    ------
    DataError
        If a master is not of this detector, or exposure times differ or are not known.
    """
    notes = []
    is_bad = np.zeros(RAW_SHAPE, dtype=bool)
    for master in (background, flat):
        if master is None:
            continue
        if master.data.shape != RAW_SHAPE:
            raise DataError(
                f"The master {master.kind} is not of this detector",
                found=str(master.data.shape),
                remedy="Raw frames of IRDIS have 1024 rows and 2048 columns",
            )
        is_bad |= (np.asarray(master.flags) != 0) | ~np.isfinite(master.data)
    if background is None:
        notes.append(
            f"There is no background for the {what}: the level of the sky around the star was "
            "subtracted instead, and hot pixels were not known."
        )
    if flat is None:
        notes.append(
            f"There is no flat field for the {what}: pixels differ in sensitivity by a few "
            "percent."
        )
    scale, note = _dit_scale(exposures, background, what)
    notes += note
    read_noise = READ_NOISE_E / GAIN_E_PER_ADU
    if background is not None:
        measured = float(background.quality.get("read_noise_adu", np.nan))
        read_noise = measured if measured > 0 else read_noise
    detector = DetectorProperties(GAIN_E_PER_ADU, read_noise, SATURATION_ADU)
    return DetectorSetup(background, flat, scale, is_bad, detector, tuple(notes))


def common_dit(exposures: Exposures) -> float:
    """Find the exposure time that all frames have.

    Parameters
    ----------
    exposures : Exposures
        The raw files.

    Returns
    -------
    float
        Integration time of a frame [s].

    Raises
    ------
    DataError
        If it is not known or differs.
    """
    times = sorted({round(exposure.dit_s, 2) for exposure in exposures})
    if len(times) != 1 or not times[0] > 0:
        raise DataError(
            "Frames must have one exposure time to be put together",
            found=", ".join(f"{time:g} s" for time in times) or "no frames",
            remedy="Reduce frames of each exposure time as an observation of their own",
        )
    return float(next(iter(exposures)).dit_s)


def _dit_scale(
    exposures: Exposures, background: Master | None, what: str
) -> tuple[float, tuple[str, ...]]:
    """Scale a background of another exposure time."""
    if background is None or "dit_s" not in background.setup:
        return 1.0, ()
    wanted, given = common_dit(exposures), float(background.setup["dit_s"])
    if not given > 0 or abs(wanted - given) <= _SAME_DIT:
        return 1.0, ()
    return wanted / given, (
        f"The background of the {what} was taken with another exposure time ({given:g} s instead "
        f"of {wanted:g} s) and scaled.",
    )


def _finite(values: FloatArray) -> FloatArray:
    """Replace what is not known by 0: such pixels are bad anyway."""
    return np.nan_to_num(np.asarray(values, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
