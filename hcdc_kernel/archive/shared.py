"""What all parts of the archive hold in common: database and store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from hcdc_kernel.archive import entering
from hcdc_kernel.archive.database import Database
from hcdc_kernel.archive.entering import Stored
from hcdc_kernel.archive.info import ProductInfo
from hcdc_kernel.archive.store import ProductStore
from hcdc_kernel.archive.tables import Product


class ArchivePart:
    """Base of the parts that make up the archive.

    Attributes
    ----------
    store : ProductStore
        Holds the bytes.
    """

    def __init__(self, database: Database, store: ProductStore) -> None:
        self._database = database
        self.store = store

    def _put(
        self, keys: Iterable[str], contents: Iterable[Path | bytes], *, scratch: bool = False
    ) -> list[Stored]:
        """Bring bytes to the store, once their keys are found to be good."""
        for key in keys:
            entering.require_key(key)
        addresses = self.store.put_all(contents, scratch=scratch)
        return [Stored(address, self.store.path(address).stat().st_size) for address in addresses]

    def _restore(self, session: Session, product: int, stored: Stored) -> None:
        """Point a known product to new bytes if its own are dropped or lost."""
        sha256, size, dropped = session.execute(
            select(Product.sha256, Product.size, Product.dropped).where(Product.id == product)
        ).one()
        if dropped or not self.store.holds(sha256, size):
            entering.replace_bytes(session, product, stored)

    def _is_whole(self, product: ProductInfo) -> bool:
        """Tell whether the bytes of a product are there."""
        return not product.dropped and self.store.holds(product.sha256, product.size)
