"""Whole screens: call one in a cell and show what it returns."""

from hcdc_widgets.apps.guided import GuidedApp, guided
from hcdc_widgets.apps.guided_raw import GuidedRawApp, guided_raw
from hcdc_widgets.apps.runs_dashboard import RunsDashboard, runs_dashboard

__all__ = [
    "GuidedApp",
    "GuidedRawApp",
    "RunsDashboard",
    "guided",
    "guided_raw",
    "runs_dashboard",
]
