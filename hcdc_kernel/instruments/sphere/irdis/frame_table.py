"""The table of frames of a calibrated sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure, Exposures, Frames
from hcdc_kernel.instruments.sphere.astrometry import Astrometry
from hcdc_kernel.instruments.sphere.geometry import sky_rotation
from hcdc_kernel.instruments.sphere.sparta import Series

_HEADER_CONDITIONS = {
    "seeing_arcsec": "seeing_arcsec",
    "coherence_time_ms": "coherence_time_ms",
    "airmass": "airmass",
    "wind_speed_ms": "wind_speed_ms",
}


# More frames than this are averaged, as long as the sky does not turn by more than that.
_MOST_FRAMES = 200
_MOST_SMEAR_PX = 1.0


@dataclass(frozen=True, slots=True)
class PlaneGroup:
    """Planes of one exposure that make one frame of the cube.

    Attributes
    ----------
    exposure : int
        Which exposure.
    planes : tuple of int
        Which of its planes, from 0; their mean is taken.
    """

    exposure: int
    planes: tuple[int, ...]


def group_planes(exposures: Exposures, n_together: int) -> tuple[PlaneGroup, ...]:
    """List the frames of the cube.

    Parameters
    ----------
    exposures : Exposures
        The raw files.
    n_together : int
        Planes to average; the last group of a file may have fewer.

    Returns
    -------
    tuple of PlaneGroup
        In the order of the files; no frame mixes two files.
    """
    return tuple(
        PlaneGroup(index, tuple(range(first, min(first + n_together, exposure.n_planes))))
        for index, exposure in enumerate(exposures)
        for first in range(0, exposure.n_planes, n_together)
    )


def planes_to_average(exposures: Exposures, radius_px: float, astrometry: Astrometry) -> int:
    """Tell how many successive planes of a long sequence to average.

    The cost of modeling the star grows with the third power of the number of frames, and
    short frames next to each other tell little more than their mean.

    Parameters
    ----------
    exposures : Exposures
        The raw files.
    radius_px : float
        How far from the star the images reach [px].
    astrometry : Astrometry
        Constants of the orientation.

    Returns
    -------
    int
        1 for usual sequences; else so many that about 200 frames are left, unless the sky turns
        by more than a pixel at the border of the images meanwhile.
    """
    wanted = int(np.ceil(exposures.n_planes / _MOST_FRAMES))
    if wanted == 1:
        return 1
    steps = [
        np.abs(np.diff(sky_rotation(exposure, astrometry).derotation_deg)).max()
        for exposure in exposures
        if exposure.n_planes > 1
    ]
    turn_px = np.deg2rad(max(steps, default=0.0)) * radius_px
    return max(1, min(wanted, int(_MOST_SMEAR_PX / turn_px) if turn_px > 0 else wanted))


def frame_table(
    exposures: Exposures,
    groups: tuple[PlaneGroup, ...],
    astrometry: Astrometry,
    telemetry: Mapping[str, Series],
) -> tuple[Frames, tuple[str, ...]]:
    """Work out times, angles and conditions of all frames.

    Parameters
    ----------
    exposures : Exposures
        The raw files.
    groups : tuple of PlaneGroup
        The frames.
    astrometry : Astrometry
        Constants of the orientation.
    telemetry : mapping of str to Series
        Records of the adaptive optics.

    Returns
    -------
    frames : Frames
        All usable but for those taken with open loops.
    notes : tuple of str
        What is odd about the angles.
    """
    rotations = [sky_rotation(exposure, astrometry) for exposure in exposures]
    notes = dict.fromkeys(note for rotation in rotations for note in rotation.notes)

    def mean(values: list[FloatArray], *, is_angle: bool = False) -> FloatArray:
        picked = [values[group.exposure][list(group.planes)] for group in groups]
        if is_angle:
            picked = [np.unwrap(some, period=360.0) for some in picked]
        return np.array([some.mean() for some in picked])

    mjd = mean([rotation.mjd for rotation in rotations])
    items = [exposures.items[group.exposure] for group in groups]
    conditions = {
        name: np.array([getattr(exposure, field) for exposure in items], dtype=float)
        for name, field in _HEADER_CONDITIONS.items()
    }
    conditions |= {name: series.at(mjd) for name, series in telemetry.items()}
    reasons = tuple(_reason(exposure) for exposure in items)
    frames = Frames(
        mjd=mjd,
        parallactic_deg=mean([rotation.parallactic_deg for rotation in rotations], is_angle=True),
        derotation_deg=mean([rotation.derotation_deg for rotation in rotations], is_angle=True),
        usable=np.array([not reason for reason in reasons]),
        reason=reasons,
        exposure=tuple(exposure.name for exposure in items),
        dit_index=np.array([group.planes[0] for group in groups]),
        conditions={name: values for name, values in conditions.items() if _is_known(values)},
    )
    return frames, tuple(notes)


def _reason(exposure: Exposure) -> str:
    """Say why no frame of an exposure can be used; empty if they can."""
    return "the loops of the adaptive optics were open" if exposure.loops_closed is False else ""


def _is_known(values: FloatArray) -> bool:
    """Tell whether a column says anything."""
    return bool(np.isfinite(values).any())
