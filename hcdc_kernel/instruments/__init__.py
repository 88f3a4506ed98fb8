"""Instruments: what differs from camera to camera, up to the calibrated sequence."""

from hcdc_kernel.instruments.door import (
    Instrument,
    SequenceDescription,
    SourceFile,
    load_sequence,
    read_description,
    source_files,
)

__all__ = [
    "Instrument",
    "SequenceDescription",
    "SourceFile",
    "load_sequence",
    "read_description",
    "source_files",
]
