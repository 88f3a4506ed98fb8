"""What exists, where it is, and what it was made from."""

from hcdc_kernel.archive.accounts import Accounts
from hcdc_kernel.archive.archive import Archive
from hcdc_kernel.archive.info import (
    AccountInfo,
    NewProduct,
    NewRun,
    ObservationInfo,
    ProductInfo,
    RunInfo,
    SourceInfo,
)
from hcdc_kernel.archive.provenance import Provenance
from hcdc_kernel.archive.store import ProductStore

__all__ = [
    "AccountInfo",
    "Accounts",
    "Archive",
    "NewProduct",
    "NewRun",
    "ObservationInfo",
    "ProductInfo",
    "ProductStore",
    "Provenance",
    "RunInfo",
    "SourceInfo",
]
