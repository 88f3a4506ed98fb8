"""Whole screens: call one in a cell and show what it returns."""

from hcdc_widgets.apps.guided import GuidedApp, guided
from hcdc_widgets.apps.runs_dashboard import RunsDashboard, runs_dashboard

__all__ = ["GuidedApp", "RunsDashboard", "guided", "runs_dashboard"]
