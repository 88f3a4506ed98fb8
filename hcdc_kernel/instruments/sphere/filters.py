"""The filters of IRDIS: wavelengths, widths and the neutral densities.

Central wavelengths and widths are the nominal ones of the instrument. Transmissions of the
neutral density filters are averages over each filter, weighted with its transmission from 0.9
to 2.4 um: the neutral densities are not gray, they pass three times as much light in K as in J
through ND_1.0, and thirty times as much through ND_3.5.

References
----------
.. [1] SPHERE user manual, ESO; curves of filters and neutral densities by A. Vigan, distributed
   with vlt-sphere (ascl:2009.002). Narrow bands: Gaussians of the nominal width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hcdc_kernel.errors import DataError

_OPEN = ("", "OPEN", "ND_0.0")
_POLARIZERS = ("DP_0_", "DP_45_")
_WHEEL_DENSITY: Final = 0.289  # of the neutral density that sits in the filter wheel, B_ND-H


@dataclass(frozen=True, slots=True)
class Band:
    """What one field of the detector sees through a filter.

    Attributes
    ----------
    wavelength_um : float
        Central wavelength [um].
    width_um : float
        Full width at half maximum [um].
    nd : tuple of float
        Transmission of ND_1.0, ND_2.0 and ND_3.5 in this band, 0 to 1.
    """

    wavelength_um: float
    width_um: float
    nd: tuple[float, float, float]


_ND_PLACES: Final = {"ND_1.0": 0, "ND_2.0": 1, "ND_3.5": 2}

_Y = Band(1.043, 0.140, (9.379e-2, 8.149e-3, 2.985e-4))
_J = Band(1.245, 0.240, (6.273e-2, 3.374e-3, 6.126e-5))
_H = Band(1.625, 0.290, (1.259e-1, 1.503e-2, 8.510e-4))
_KS = Band(2.182, 0.300, (1.449e-1, 2.243e-2, 1.432e-3))
_H2 = Band(1.593, 0.052, (1.144e-1, 1.183e-2, 5.231e-4))
_H3 = Band(1.667, 0.054, (1.394e-1, 1.781e-2, 1.047e-3))

_BANDS: Final[dict[str, tuple[Band, ...]]] = {
    "DB_Y23": (
        Band(1.022, 0.049, (9.816e-2, 8.638e-3, 3.017e-4)),
        Band(1.076, 0.050, (7.777e-2, 5.325e-3, 1.327e-4)),
    ),
    "DB_J23": (
        Band(1.190, 0.042, (6.170e-2, 3.279e-3, 5.949e-5)),
        Band(1.273, 0.046, (6.110e-2, 3.204e-3, 5.703e-5)),
    ),
    "DB_H23": (_H2, _H3),
    "DB_H32": (_H3, _H2),
    "DB_H34": (
        Band(1.667, 0.054, (1.389e-1, 1.766e-2, 1.033e-3)),
        Band(1.733, 0.057, (1.564e-1, 2.262e-2, 1.567e-3)),
    ),
    "DB_K12": (
        Band(2.110, 0.102, (1.489e-1, 2.217e-2, 1.399e-3)),
        Band(2.251, 0.109, (1.403e-1, 2.221e-2, 1.448e-3)),
    ),
    "BB_Y": (_Y, _Y),
    "BB_J": (_J, _J),
    "BB_H": (_H, _H),
    "BB_Ks": (_KS, _KS),
}
_NARROW: Final[dict[str, Band]] = {
    "NB_HeI": Band(1.085, 0.014, (7.515e-2, 4.933e-3, 1.152e-4)),
    "NB_CntJ": Band(1.213, 0.017, (6.056e-2, 3.129e-3, 5.369e-5)),
    "NB_PaB": Band(1.283, 0.018, (6.137e-2, 3.209e-3, 5.567e-5)),
    "NB_CntH": Band(1.573, 0.023, (1.101e-1, 1.092e-2, 4.543e-4)),
    "NB_FeII": Band(1.642, 0.024, (1.321e-1, 1.592e-2, 8.637e-4)),
    "NB_CntK1": Band(2.091, 0.034, (1.497e-1, 2.222e-2, 1.410e-3)),
    "NB_H2": Band(2.124, 0.031, (1.475e-1, 2.201e-2, 1.371e-3)),
    "NB_BrG": Band(2.170, 0.031, (1.432e-1, 2.152e-2, 1.348e-3)),
    "NB_CntK2": Band(2.266, 0.032, (1.400e-1, 2.230e-2, 1.464e-3)),
    "NB_CO": Band(2.290, 0.033, (1.421e-1, 2.343e-2, 1.548e-3)),
}


def filter_names() -> tuple[str, ...]:
    """List the filters that are known.

    Returns
    -------
    tuple of str
        As the header names them, without polarizers and without the density in the wheel.
    """
    return (*_BANDS, *_NARROW)


def bands(filter_name: str) -> tuple[Band, Band]:
    """Tell what the left and the right field see through a filter.

    Parameters
    ----------
    filter_name : str
        Such as ``DB_H23``; with polarizers, ``DP_0_BB_H``; with the neutral density of the
        filter wheel, ``DB_NDH23``.

    Returns
    -------
    tuple of Band
        Left, then right field; equal unless the filter is a pair.

    Raises
    ------
    DataError
        If the filter is not one for images.
    """
    name = _plain(filter_name)
    if name in _NARROW:
        return _NARROW[name], _NARROW[name]
    if name in _BANDS:
        left, right = _BANDS[name]
        return left, right
    raise DataError(
        "This filter is not known",
        found=filter_name or "none",
        remedy=f"Images can be calibrated in {', '.join(filter_names())}",
    )


def is_known(filter_name: str) -> bool:
    """Tell whether images through a filter can be calibrated.

    Parameters
    ----------
    filter_name : str
        As in `bands`.

    Returns
    -------
    bool
        False for spectroscopy.
    """
    name = _plain(filter_name)
    return name in _BANDS or name in _NARROW


def is_pair(filter_name: str) -> bool:
    """Tell whether the two fields see different wavelengths.

    Parameters
    ----------
    filter_name : str
        As in `bands`.

    Returns
    -------
    bool
        True for dual-band filters.
    """
    left, right = bands(filter_name)
    return left != right


def wavelength_um(filter_name: str) -> tuple[float, float]:
    """Tell the central wavelengths of the left and the right field.

    Parameters
    ----------
    filter_name : str
        As in `bands`.

    Returns
    -------
    tuple of float
        Left, then right field [um].

    Examples
    --------
    >>> wavelength_um("DB_K12")
    (2.11, 2.251)
    """
    left, right = bands(filter_name)
    return left.wavelength_um, right.wavelength_um


def nd_transmission(filter_name: str, neutral_density: str) -> tuple[float, float]:
    """Tell which share of the starlight the neutral densities pass.

    Parameters
    ----------
    filter_name : str
        As in `bands`; the neutral density in the wheel of ``DB_NDH23`` counts too.
    neutral_density : str
        Filter in front of the instrument, such as ``ND_2.0``; ``OPEN`` for none.

    Returns
    -------
    tuple of float
        Left, then right field, 0 to 1.

    Raises
    ------
    DataError
        If filter or neutral density are not known.

    Examples
    --------
    >>> nd_transmission("DB_K12", "ND_2.0")
    (0.02217, 0.02221)
    """
    left, right = bands(filter_name)
    wheel = _WHEEL_DENSITY if _has_wheel_density(filter_name) else 1.0
    if neutral_density in _OPEN:
        return wheel, wheel
    if neutral_density not in _ND_PLACES:
        raise DataError(
            "This neutral density is not known",
            found=neutral_density,
            remedy=f"Known are OPEN, {', '.join(_ND_PLACES)}",
        )
    place = _ND_PLACES[neutral_density]
    return left.nd[place] * wheel, right.nd[place] * wheel


def _plain(filter_name: str) -> str:
    """Leave out polarizers and the neutral density of the filter wheel."""
    for polarizer in _POLARIZERS:
        filter_name = filter_name.removeprefix(polarizer)
    return filter_name.replace("DB_ND", "DB_")


def _has_wheel_density(filter_name: str) -> bool:
    """Tell whether the filter is used with the neutral density of the filter wheel."""
    return filter_name.startswith("DB_ND")
