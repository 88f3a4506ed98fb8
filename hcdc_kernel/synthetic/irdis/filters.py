"""Filters, neutral densities and coronagraphs of IRDIS, as numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """The light of one field.

    Attributes
    ----------
    wavelength_um, width_um : float
        Center and width [um].
    pixel_scale_mas : float
        Along x, and along y once the anamorphism is undone [mas].
    nd : tuple of float
        Transmission of ND_1.0, ND_2.0 and ND_3.5, integrated over the filter.
    star_rate : float
        Photoelectrons of a star of magnitude 0, beside the mask, all over its image [1/s].
    thermal_rate : float
        Photoelectrons of the warm instrument in a pixel [1/s].
    sky_rate : float
        The same of the sky.
    lamp_rate : float
        The same of the flat-field lamp.
    """

    wavelength_um: float
    width_um: float
    pixel_scale_mas: float
    nd: tuple[float, float, float]
    star_rate: float
    thermal_rate: float
    sky_rate: float
    lamp_rate: float


@dataclass(frozen=True, slots=True)
class Filter:
    """A combination of the two filter wheels.

    Attributes
    ----------
    bands : tuple of Band
        Of the left and the right field.
    wheel_1, wheel_2 : tuple of str
        Identifier and name, as headers have them (INS1 FILT and INS1 OPTI2).
    """

    bands: tuple[Band, Band]
    wheel_1: tuple[str, str]
    wheel_2: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Coronagraph:
    """A combination of apodizer, focal mask and Lyot stop.

    Attributes
    ----------
    mask_radius_mas : float
        Opaque disk in the focal plane; 0 for none [mas].
    design_um : float
        Wavelength for which the apodizer was made [um]; 0: there is none.
    apodizer, mask, stop : tuple of str
        Identifier and name, as headers have them (INS4 OPTI10, INS4 OPTI11, INS1 OPTI1).
    """

    mask_radius_mas: float
    design_um: float
    apodizer: tuple[str, str]
    mask: tuple[str, str]
    stop: tuple[str, str]


NEUTRAL_DENSITIES = ("OPEN", "ND_1.0", "ND_2.0", "ND_3.5")
ANAMORPHISM_Y = 1.0062  # images are multiplied by this along y to become round
GAIN = 1.75  # electrons per count

# Photons of Vega at 1 um^-1 s^-1 m^-2, by band, times the area of the telescope and the share
# that reaches the detector beside the mask (about 3 %).
_PHOTONS = {"Y": 2.9e10, "J": 1.93e10, "H": 9.3e9, "K": 4.5e9}
_AREA_M2 = 49.3
_THROUGHPUT = {"Y": 0.025, "J": 0.03, "H": 0.035, "K": 0.035}
# Counts per second and pixel of the warm optics; K2 reaches a thousand counts in 30 s.
_THERMAL_ADU = {"Y": 0.01, "J": 0.02, "H": 0.12}
_LAMP_ADU = 3600.0


def _band(
    letter: str,
    wavelength_nm: float,
    width_nm: float,
    nd: tuple[float, float, float],
    thermal_adu: float | None = None,
    scale_mas: float = 12.25,
) -> Band:
    """Fill in what follows from the letter of the atmospheric window."""
    thermal = _THERMAL_ADU[letter] if thermal_adu is None else thermal_adu
    rate = _PHOTONS[letter] * width_nm * 1e-3 * _AREA_M2 * _THROUGHPUT[letter]
    # A wide filter lets the lamp saturate sooner; the lamp is dimmed for it.
    lamp = _LAMP_ADU * (1.05 - 0.1 * (wavelength_nm % 100) / 100)
    return Band(
        wavelength_um=wavelength_nm * 1e-3,
        width_um=width_nm * 1e-3,
        pixel_scale_mas=scale_mas,
        nd=nd,
        star_rate=rate,
        thermal_rate=thermal * GAIN,
        sky_rate=0.12 * thermal * GAIN,
        lamp_rate=lamp * GAIN,
    )


_ND_Y = (9.38e-2, 8.15e-3, 2.99e-4)
_ND_J = (6.27e-2, 3.38e-3, 6.13e-5)
_ND_H = (1.26e-1, 1.50e-2, 8.5e-4)
_ND_K = (1.45e-1, 2.24e-2, 1.43e-3)
_Y2 = _band("Y", 1022, 49, (9.82e-2, 8.64e-3, 3.02e-4))
_Y3 = _band("Y", 1076, 50, (7.78e-2, 5.33e-3, 1.33e-4))
_J2 = _band("J", 1190, 42, (6.17e-2, 3.28e-3, 5.96e-5))
_J3 = _band("J", 1273, 46, (6.11e-2, 3.21e-3, 5.71e-5))
_H2 = _band("H", 1593, 52, (1.144e-1, 1.184e-2, 5.23e-4), scale_mas=12.255)
_H3 = _band("H", 1667, 54, (1.394e-1, 1.781e-2, 1.047e-3))
_H4 = _band("H", 1733, 57, (1.564e-1, 2.262e-2, 1.568e-3))
_K1 = _band("K", 2110, 102, (1.489e-1, 2.217e-2, 1.399e-3), 11.0, 12.267)
_K2 = _band("K", 2251, 109, (1.403e-1, 2.221e-2, 1.448e-3), 29.0, 12.263)


def _dual(left: Band, right: Band, wide: tuple[str, str], dual: str) -> Filter:
    """Combine two bands with their wheels."""
    return Filter((left, right), wide, (f"FILT_DBF_{dual[2:]}", dual))


def _single(band: Band, wide: tuple[str, str]) -> Filter:
    """Both fields see the same band."""
    return Filter((band, band), wide, ("FILT_CLEAR", "CLEAR"))


def _narrow(name: str, letter: str, nm: float, width_nm: float, thermal: float) -> Filter:
    """Describe a narrow-band filter; neutral densities as in the broad band."""
    nd = {"Y": _ND_Y, "J": _ND_J, "H": _ND_H, "K": _ND_K}[letter]
    return _single(_band(letter, nm, width_nm, nd, thermal), (f"FILT_NBF_{name}", f"N_{name}"))


_WIDE = {letter: (f"FILT_BBF_{letter}", f"B_{letter}") for letter in ("Y", "J", "H", "Ks")}
FILTERS: dict[str, Filter] = {
    "DB_Y23": _dual(_Y2, _Y3, _WIDE["Y"], "D_Y23"),
    "DB_J23": _dual(_J2, _J3, _WIDE["J"], "D_J23"),
    "DB_H23": _dual(_H2, _H3, _WIDE["H"], "D_H23"),
    "DB_H32": _dual(_H3, _H2, _WIDE["H"], "D_H32"),
    "DB_H34": _dual(_H3, _H4, ("FILT_BBF_Hcmp2", "B_Hcmp2"), "D_H34"),
    "DB_K12": _dual(_K1, _K2, _WIDE["Ks"], "D_K12"),
    "BB_Y": _single(_band("Y", 1043, 140, _ND_Y), _WIDE["Y"]),
    "BB_J": _single(_band("J", 1245, 240, _ND_J), _WIDE["J"]),
    "BB_H": _single(_band("H", 1625, 290, _ND_H, 0.6), _WIDE["H"]),
    "BB_Ks": _single(_band("K", 2182, 300, _ND_K, 62.0), _WIDE["Ks"]),
    "NB_HeI": _narrow("HeI", "Y", 1085, 14, 0.005),
    "NB_PaB": _narrow("PaB", "J", 1283, 18, 0.01),
    "NB_FeII": _narrow("FeII", "H", 1642, 24, 0.06),
    "NB_H2": _narrow("H2", "K", 2124, 31, 4.0),
    "NB_BrG": _narrow("BrG", "K", 2170, 31, 6.0),
    "NB_CO": _narrow("CO", "K", 2290, 33, 11.0),
}
_APO1, _APO2 = ("MASK_APO_1", "APO1"), ("MASK_APO_2", "APO2")
_OPEN = ("OPEN", "OPEN")
CORONAGRAPHS: dict[str, Coronagraph] = {
    "N_ALC_YJ_S": Coronagraph(
        72.5, 1.25, _APO1, ("MASK_ALC_1", "ALC1"), ("MASK_STOP_ALC2", "ST_ALC2")
    ),
    "N_ALC_YJH_S": Coronagraph(
        92.5, 1.65, _APO1, ("MASK_ALC_2", "ALC2"), ("MASK_STOP_ALC2", "ST_ALC2")
    ),
    "N_ALC_YJH_L": Coronagraph(
        120.0, 1.65, _APO2, ("MASK_ALC_3", "ALC3"), ("MASK_STOP_ALC3", "ST_ALC3")
    ),
    "N_ALC_Ks": Coronagraph(
        120.0, 2.2, _APO2, ("MASK_ALC_3", "ALC3"), ("MASK_STOP_ALC3", "ST_ALC3")
    ),
    "N_NS_CLEAR": Coronagraph(0.0, 0.0, _OPEN, _OPEN, _OPEN),
    "N_NS_OPAQUE": Coronagraph(0.0, 0.0, _OPEN, _OPEN, ("MASK_CLOSED", "CLOSED")),
}


def nd_transmission(band: Band, name: str) -> float:
    """Look up the transmission of a neutral density filter.

    Parameters
    ----------
    band : Band
        Light that passes.
    name : str
        One of `NEUTRAL_DENSITIES`.

    Returns
    -------
    float
        Integrated over the band; 1 for ``OPEN``.
    """
    return (1.0, *band.nd)[NEUTRAL_DENSITIES.index(name)]
