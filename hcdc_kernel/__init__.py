"""The High Contrast Data Centre: reduce, archive and explore high-contrast images.

Use it as ``import hcdc_kernel as hcdc``. Everything below is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hcdc_kernel.datamodel import Candidates as Candidates
    from hcdc_kernel.datamodel import ContrastCurve as ContrastCurve
    from hcdc_kernel.datamodel import Cube as Cube
    from hcdc_kernel.datamodel import DetectionMap as DetectionMap
    from hcdc_kernel.datamodel import Frames as Frames
    from hcdc_kernel.datamodel import Identity as Identity
    from hcdc_kernel.datamodel import Psf as Psf
    from hcdc_kernel.datamodel import Quality as Quality
    from hcdc_kernel.datamodel import Residual as Residual
    from hcdc_kernel.datamodel import Sequence as Sequence
    from hcdc_kernel.errors import ArchiveError as ArchiveError
    from hcdc_kernel.errors import ConfigError as ConfigError
    from hcdc_kernel.errors import DataError as DataError
    from hcdc_kernel.errors import HcdcError as HcdcError
    from hcdc_kernel.errors import InputError as InputError
    from hcdc_kernel.errors import NotFoundError as NotFoundError
    from hcdc_kernel.errors import RunError as RunError
    from hcdc_kernel.errors import StoreError as StoreError
    from hcdc_kernel.io import read_data as read_data
    from hcdc_kernel.io import write_data as write_data
    from hcdc_kernel.plugins import register as register
    from hcdc_kernel.recipes import Recipe as Recipe
    from hcdc_kernel.recipes import load_recipe as load_recipe
    from hcdc_kernel.runner.facts import software_rows as software_rows
    from hcdc_kernel.runner.in_memory import reduce_sequence as reduce_sequence
    from hcdc_kernel.runner.reduction import Reduction as Reduction
    from hcdc_kernel.steps.base import Step as Step
    from hcdc_kernel.steps.base import StepConfig as StepConfig
    from hcdc_kernel.workspace import Workspace as Workspace

__version__ = "0.1.0"

_HOMES = {
    "hcdc_kernel.datamodel": (
        "Candidates", "ContrastCurve", "Cube", "DetectionMap", "Frames", "Identity", "Psf",
        "Quality", "Residual", "Sequence",
    ),
    "hcdc_kernel.errors": (
        "ArchiveError", "ConfigError", "DataError", "HcdcError", "InputError", "NotFoundError",
        "RunError", "StoreError",
    ),
    "hcdc_kernel.io": ("read_data", "write_data"),
    "hcdc_kernel.plugins": ("register",),
    "hcdc_kernel.recipes": ("Recipe", "load_recipe"),
    "hcdc_kernel.runner.facts": ("software_rows",),
    "hcdc_kernel.runner.in_memory": ("reduce_sequence",),
    "hcdc_kernel.runner.reduction": ("Reduction",),
    "hcdc_kernel.steps.base": ("Step", "StepConfig"),
    "hcdc_kernel.workspace": ("Workspace",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'hcdc_kernel' has no attribute '{name}'")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
