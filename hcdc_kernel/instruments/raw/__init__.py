"""Raw frames of any camera: headers, images, observations, calibrations."""

from hcdc_kernel.instruments.raw.camera import (
    Camera,
    FrameAngles,
    camera_of,
    load_camera,
    recognize,
)
from hcdc_kernel.instruments.raw.completeness import CalibrationNote
from hcdc_kernel.instruments.raw.exposures import read_exposure, read_exposures
from hcdc_kernel.instruments.raw.header import RawHeader, read_header
from hcdc_kernel.instruments.raw.observations import RawObservation, assemble_observations
from hcdc_kernel.instruments.raw.overview import MissingCalibration, missing_calibrations
from hcdc_kernel.instruments.raw.planes import RawPlanes, open_planes

__all__ = [
    "CalibrationNote",
    "Camera",
    "FrameAngles",
    "MissingCalibration",
    "RawHeader",
    "RawObservation",
    "RawPlanes",
    "assemble_observations",
    "camera_of",
    "load_camera",
    "missing_calibrations",
    "open_planes",
    "read_exposure",
    "read_exposures",
    "read_header",
    "recognize",
]
