"""What exists, where it is, and what it was made from."""

from hcdc_kernel.archive.accounts import Accounts
from hcdc_kernel.archive.archive import Archive
from hcdc_kernel.archive.info import (
    AccountInfo,
    Keep,
    NewProduct,
    NewRawInput,
    NewRun,
    ObservationInfo,
    ProductInfo,
    RunInfo,
    SourceInfo,
)
from hcdc_kernel.archive.provenance import Provenance
from hcdc_kernel.archive.raw_files import content_of
from hcdc_kernel.archive.store import ProductStore

__all__ = [
    "AccountInfo",
    "Accounts",
    "Archive",
    "Keep",
    "NewProduct",
    "NewRawInput",
    "NewRun",
    "ObservationInfo",
    "ProductInfo",
    "ProductStore",
    "Provenance",
    "RunInfo",
    "SourceInfo",
    "content_of",
]
