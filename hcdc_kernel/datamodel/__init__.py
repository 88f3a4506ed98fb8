"""What flows through the house: frozen objects holding numpy arrays."""

from hcdc_kernel.datamodel.cube import Cube, Frames
from hcdc_kernel.datamodel.detections import Candidates, ContrastCurve, DetectionMap
from hcdc_kernel.datamodel.exposure import EXPOSURE_KINDS, Exposure, ExposureKind, Exposures
from hcdc_kernel.datamodel.flags import PixelFlag
from hcdc_kernel.datamodel.history import History, StepRecord
from hcdc_kernel.datamodel.identity import Identity
from hcdc_kernel.datamodel.master import Master
from hcdc_kernel.datamodel.psf import Psf
from hcdc_kernel.datamodel.quality import Quality, QualityNote
from hcdc_kernel.datamodel.residual import Residual
from hcdc_kernel.datamodel.sequence import Sequence
from hcdc_kernel.datamodel.star_positions import StarPositions

Data = (
    Exposures
    | Master
    | StarPositions
    | Cube
    | Psf
    | Residual
    | DetectionMap
    | ContrastCurve
    | Candidates
    | Quality
)

__all__ = [
    "EXPOSURE_KINDS",
    "Candidates",
    "ContrastCurve",
    "Cube",
    "Data",
    "DetectionMap",
    "Exposure",
    "ExposureKind",
    "Exposures",
    "Frames",
    "History",
    "Identity",
    "Master",
    "PixelFlag",
    "Psf",
    "Quality",
    "QualityNote",
    "Residual",
    "Sequence",
    "StarPositions",
    "StepRecord",
]
