"""Files in and out: one FITS format for every data object."""

from hcdc_kernel.io.atomic import atomic_write
from hcdc_kernel.io.export import (
    EXPORT_SUFFIXES,
    copy_file,
    export_products,
    make_folder,
    write_table,
)
from hcdc_kernel.io.fits_file import FitsPart, read_fits
from hcdc_kernel.io.raw_frames import read_master_facts
from hcdc_kernel.io.store import read_data, write_data
from hcdc_kernel.io.yaml_file import read_yaml

__all__ = [
    "EXPORT_SUFFIXES",
    "FitsPart",
    "atomic_write",
    "copy_file",
    "export_products",
    "make_folder",
    "read_data",
    "read_fits",
    "read_master_facts",
    "read_yaml",
    "write_data",
    "write_table",
]
