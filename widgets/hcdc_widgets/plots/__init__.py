"""Figures and tables from data objects, for batch and guided notebooks alike."""

from hcdc_widgets.plots.calibrated_sequence import calibrated
from hcdc_widgets.plots.center import star_positions
from hcdc_widgets.plots.completeness import completeness
from hcdc_widgets.plots.cubes import centering, frame_selection
from hcdc_widgets.plots.curves import contrast
from hcdc_widgets.plots.figure import SkyFigure
from hcdc_widgets.plots.maps import detection, first_rows, residual
from hcdc_widgets.plots.masters import background, flat
from hcdc_widgets.plots.star import psf, transmission
from hcdc_widgets.plots.tables import (
    HtmlTable,
    candidates_table,
    provenance_table,
    quality,
    table,
)

__all__ = [
    "HtmlTable",
    "SkyFigure",
    "background",
    "calibrated",
    "candidates_table",
    "centering",
    "completeness",
    "contrast",
    "detection",
    "first_rows",
    "flat",
    "frame_selection",
    "provenance_table",
    "psf",
    "quality",
    "residual",
    "star_positions",
    "table",
    "transmission",
]
