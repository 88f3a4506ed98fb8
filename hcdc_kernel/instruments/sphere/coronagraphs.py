"""Which share of a companion's light passes the coronagraphs of SPHERE.

A coronagraph dims whatever stands near its mask. The curve measured for the apodized Lyot
coronagraph N_ALC_YJH_S in the H band serves for all opaque masks: where half of the light
passes goes with the radius of the mask, the width of the edge with the wavelength, as the
image of the companion does. Phase masks and bars are not described by such a curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hcdc_kernel.arrays import FloatArray

# Radius of the opaque mask of each combination [mas].
_MASK_RADIUS_MAS: Final = {
    "N_ALC_Y": 72.5,
    "N_ALC_YJ_S": 72.5,
    "N_ALC_YJ_L": 92.5,
    "N_ALC_YJH_S": 92.5,
    "N_ALC_YJH_L": 120.0,
    "N_ALC_Ks": 120.0,
    "N_CLC_SW_S": 72.5,
    "N_CLC_SW_L": 92.5,
    "N_CLC_LW_S": 92.5,
    "N_CLC_LW_L": 120.0,
}
_WITHOUT: Final = ("N_NS_CLEAR", "N_NC_", "N_NS_VLT", "N_NS_APO")

# Measured for the mask of 92.5 mas in DB_H23.
_MEASURED_MAS: Final = np.array(
    [5, 29, 53, 65, 71, 77, 83, 89, 95, 101, 107, 113, 119, 125, 131, 143, 160], dtype=float
)
_MEASURED: Final = np.array(
    [
        0.004, 0.015, 0.035, 0.065, 0.099, 0.153, 0.229, 0.315, 0.421, 0.544, 0.652, 0.752,
        0.823, 0.863, 0.893, 0.922, 1.0,
    ]
)  # fmt: skip
_MEASURED_RADIUS_MAS: Final = 92.5
_MEASURED_UM: Final = 1.63
_HALF_MAS: Final = float(np.interp(0.5, _MEASURED, _MEASURED_MAS))


@dataclass(frozen=True, slots=True)
class Transmission:
    """How a coronagraph dims companions by separation.

    Attributes
    ----------
    separation_mas : ndarray, shape (n,)
        Distances from the star, rising [mas]; empty if nothing is known or to be known.
    transmission : ndarray, shape (n,)
        Share of the light that passes, 0 to 1.
    note : str
        What people should know; empty if all is well.
    """

    separation_mas: FloatArray
    transmission: FloatArray
    note: str = ""


def transmission(coronagraph: str, wavelength_um: float) -> Transmission:
    """Tell how a coronagraph dims companions by their separation.

    Parameters
    ----------
    coronagraph : str
        Combination of coronagraph, such as ``N_ALC_YJH_S``.
    wavelength_um : float
        Central wavelength [um].

    Returns
    -------
    Transmission
        Empty, that is one everywhere, without a coronagraph, and with a note where the
        curve is not known.

    Notes
    -----
    The classical Lyot masks take the curve of the apodized ones, as none was published.

    References
    ----------
    .. [1] Beuzit et al. 2019, A&A, 631, A155; the measured curve is the one distributed with
       TRAP (Samland et al. 2021, A&A, 646, A24) for N_ALC_YJH_S and DB_H23.
    """
    none = np.empty(0)
    if coronagraph.startswith(_WITHOUT):
        return Transmission(none, none)
    radius = _MASK_RADIUS_MAS.get(coronagraph)
    if radius is None:
        return Transmission(
            none,
            none,
            f"how the coronagraph '{coronagraph or 'not named'}' dims companions near the star "
            "is not known: their contrasts are not corrected for it",
        )
    half = _HALF_MAS * radius / _MEASURED_RADIUS_MAS
    separation = half + (_MEASURED_MAS - _HALF_MAS) * wavelength_um / _MEASURED_UM
    kept = separation >= 0
    return Transmission(separation[kept], _MEASURED[kept])
