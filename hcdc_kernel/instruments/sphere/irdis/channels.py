"""What the two fields of IRDIS become in a cube: channels, sorted by wavelength."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from hcdc_kernel.datamodel import Exposures
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.sphere import filters
from hcdc_kernel.instruments.sphere.irdis.fields import ANAMORPHISM_XY, PIXEL_SCALE_MAS
from hcdc_kernel.steps.base import StepConfig
from hcdc_kernel.units import Milliarcsec

UsedFields = Literal["mean", "left", "right"]
_FIELDS: dict[str, tuple[int, ...]] = {"mean": (0, 1), "left": (0,), "right": (1,)}


class ImageConfig(StepConfig):
    """Settings that the star and the science frames must have in common."""

    fields: UsedFields = Field(
        default="mean",
        description="Where both fields of the detector see the same band: take their mean, or "
        "only one of them.",
    )
    pixel_scale: Milliarcsec = Field(
        default=PIXEL_SCALE_MAS,
        ge=5,
        le=30,
        description="Size of a pixel of the calibrated images, the same for all channels [mas].",
    )
    anamorphism: float = Field(
        default=ANAMORPHISM_XY[1],
        ge=0.95,
        le=1.05,
        description="Factor by which the images are stretched along y of the detector, as the "
        "optics squeeze them; 1 leaves them as they are.",
    )


@dataclass(frozen=True, slots=True)
class Channel:
    """One spectral channel of the calibrated images.

    Attributes
    ----------
    fields : tuple of int
        Fields of the detector that see it, 0 left, 1 right; their mean is taken.
    wavelength_um : float
        Central wavelength [um].
    """

    fields: tuple[int, ...]
    wavelength_um: float


def channels_of(filter_name: str, used: UsedFields) -> tuple[Channel, ...]:
    """Tell which fields make which channel.

    Parameters
    ----------
    filter_name : str
        Filter or filter pair, such as ``DB_H23``.
    used : {"mean", "left", "right"}
        What to do where both fields see the same.

    Returns
    -------
    tuple of Channel
        By rising wavelength.

    Raises
    ------
    DataError
        If the filter is not known.

    Examples
    --------
    >>> [channel.fields for channel in channels_of("DB_H32", "mean")]
    [(1,), (0,)]
    """
    waves = filters.wavelength_um(filter_name)
    if not filters.is_pair(filter_name):
        return (Channel(_FIELDS[used], waves[0]),)
    pair = [Channel((index,), wave) for index, wave in enumerate(waves)]
    return tuple(sorted(pair, key=lambda channel: channel.wavelength_um))


def common_filter(exposures: Exposures) -> str:
    """Find the filter that all exposures were taken through.

    Parameters
    ----------
    exposures : Exposures
        At least one.

    Returns
    -------
    str
        Its name.

    Raises
    ------
    DataError
        If there are none, or they were taken through different filters.
    """
    names = sorted({exposure.filter for exposure in exposures})
    if len(names) != 1:
        raise DataError(
            "Science frames must be taken through one filter",
            found=", ".join(names) or "no frames",
            remedy="Reduce each filter as an observation of its own",
        )
    return names[0]
