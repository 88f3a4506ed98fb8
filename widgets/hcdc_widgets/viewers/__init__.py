"""Interactive viewers: own ES modules, no build step, nothing fetched from elsewhere."""

from hcdc_widgets.viewers.cube_view import CubeView
from hcdc_widgets.viewers.detection_view import DetectionView
from hcdc_widgets.viewers.table_view import TableView

__all__ = ["CubeView", "DetectionView", "TableView"]
