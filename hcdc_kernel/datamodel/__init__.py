"""What flows through the house: frozen objects holding numpy arrays."""

from hcdc_kernel.datamodel.cube import Cube, Frames
from hcdc_kernel.datamodel.detections import Candidates, ContrastCurve, DetectionMap
from hcdc_kernel.datamodel.history import History, StepRecord
from hcdc_kernel.datamodel.identity import Identity
from hcdc_kernel.datamodel.psf import Psf
from hcdc_kernel.datamodel.quality import Quality, QualityNote
from hcdc_kernel.datamodel.residual import Residual
from hcdc_kernel.datamodel.sequence import Sequence

Data = Cube | Psf | Residual | DetectionMap | ContrastCurve | Candidates | Quality

__all__ = [
    "Candidates",
    "ContrastCurve",
    "Cube",
    "Data",
    "DetectionMap",
    "Frames",
    "History",
    "Identity",
    "Psf",
    "Quality",
    "QualityNote",
    "Residual",
    "Sequence",
    "StepRecord",
]
