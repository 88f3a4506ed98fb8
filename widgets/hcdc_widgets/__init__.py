"""The screens of HC-DC: plots, viewers, forms, panels and whole apps.

Everything is loaded when it is first asked for, so that a batch notebook, which only draws,
never imports a widget.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hcdc_widgets import apps as apps
    from hcdc_widgets import plots as plots
    from hcdc_widgets.forms import RecipeForm as RecipeForm
    from hcdc_widgets.viewers import CubeView as CubeView
    from hcdc_widgets.viewers import DetectionView as DetectionView

_HOMES = {
    "apps": "hcdc_widgets.apps",
    "plots": "hcdc_widgets.plots",
    "RecipeForm": "hcdc_widgets.forms",
    "CubeView": "hcdc_widgets.viewers",
    "DetectionView": "hcdc_widgets.viewers",
}

__all__ = ["CubeView", "DetectionView", "RecipeForm", "apps", "plots"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hcdc_widgets' has no attribute '{name}'")
    module = import_module(_HOMES[name])
    return module if module.__name__.endswith(f".{name}") else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
