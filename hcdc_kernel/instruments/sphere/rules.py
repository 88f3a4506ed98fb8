"""Which calibrations the cameras of SPHERE need."""

from __future__ import annotations

from hcdc_kernel.instruments.raw.rules import CalibrationRule
from hcdc_kernel.instruments.sphere.rules_ifs import IFS_RULES
from hcdc_kernel.instruments.sphere.rules_irdis import IRDIS_RULES
from hcdc_kernel.instruments.sphere.rules_zimpol import ZIMPOL_RULES


def sphere_rules() -> tuple[CalibrationRule, ...]:
    """List the declarations for IRDIS, IFS and ZIMPOL.

    Returns
    -------
    tuple of CalibrationRule
        One per camera and role; a role comes after the role that it serves.

    Notes
    -----
    Which properties must match and how long calibrations hold follows the calibration plan in
    the SPHERE user and pipeline manuals of ESO (backgrounds, darks and flats daily, the
    matching ones often on the morning after) and the quality levels of ESO's EDPS: level 0 is
    the plan, levels 1 to 3 are growing windows up to three months.
    """
    return (*IRDIS_RULES, *IFS_RULES, *ZIMPOL_RULES)
