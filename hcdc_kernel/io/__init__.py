"""Files in and out: one FITS format for every data object."""

from hcdc_kernel.io.atomic import atomic_write
from hcdc_kernel.io.export import export_products
from hcdc_kernel.io.fits_file import FitsPart, read_fits
from hcdc_kernel.io.store import read_data, write_data
from hcdc_kernel.io.yaml_file import read_yaml

__all__ = [
    "FitsPart",
    "atomic_write",
    "export_products",
    "read_data",
    "read_fits",
    "read_yaml",
    "write_data",
]
