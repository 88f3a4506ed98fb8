"""Figures and tables from data objects, for batch and guided notebooks alike."""

from hcdc_widgets.plots.cubes import centering, frame_selection
from hcdc_widgets.plots.curves import contrast
from hcdc_widgets.plots.figure import SkyFigure
from hcdc_widgets.plots.maps import detection, first_rows, residual
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
    "candidates_table",
    "centering",
    "contrast",
    "detection",
    "first_rows",
    "frame_selection",
    "provenance_table",
    "quality",
    "residual",
    "table",
]
