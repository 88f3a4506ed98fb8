"""Parts of screens: choose, check, set, run, look."""

from hcdc_widgets.panels.calibrate import CalibratePanel
from hcdc_widgets.panels.check import CheckPanel
from hcdc_widgets.panels.completeness import CompletenessPanel
from hcdc_widgets.panels.feedback import Notice, guarded, in_background
from hcdc_widgets.panels.observations import ObservationPicker
from hcdc_widgets.panels.recipe import RecipePanel
from hcdc_widgets.panels.result import ResultPanel
from hcdc_widgets.panels.run import RunPanel
from hcdc_widgets.panels.runs import RunsPanel
from hcdc_widgets.panels.stage import Stage

__all__ = [
    "CalibratePanel",
    "CheckPanel",
    "CompletenessPanel",
    "Notice",
    "ObservationPicker",
    "RecipePanel",
    "ResultPanel",
    "RunPanel",
    "RunsPanel",
    "Stage",
    "guarded",
    "in_background",
]
