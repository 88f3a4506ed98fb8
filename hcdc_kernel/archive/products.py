"""The archive's products: bytes with a content key and a history."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from hcdc_kernel.archive import entering, rows
from hcdc_kernel.archive.info import NewProduct, ProductInfo, Role
from hcdc_kernel.archive.provenance import Provenance
from hcdc_kernel.archive.shared import ArchivePart
from hcdc_kernel.archive.tables import ObservationInput, Product, Run, RunProduct
from hcdc_kernel.archive.tracing import trace
from hcdc_kernel.errors import StoreError


class Products(ArchivePart):
    """The part of the archive that knows products."""

    def add_product(self, new: NewProduct) -> ProductInfo:
        """Store a product and enter it, or take the one with the same key.

        The bytes are on disk before the row is written. Bytes that were lost are restored.
        If it names a run, the product is linked to it: as generated if it is new.

        Parameters
        ----------
        new : NewProduct
            The product.

        Returns
        -------
        ProductInfo
            The new or the known product.

        Raises
        ------
        ArchiveError
            If it cannot be stored or entered.
        """
        (stored,) = self._put([new.key], [new.content], scratch=new.is_scratch)
        with self._database.writing() as session:
            product = entering.enter_product(session, new, stored)
            self._restore(session, product, stored)
            info = rows.product_infos(session, select(Product.id).where(Product.id == product))[0]
        if info.sha256 == stored.sha256 and not self._is_whole(info):
            self._put([], [new.content])  # bytes that another process has just dropped
        return info

    def find_product(self, key: str) -> ProductInfo | None:
        """Find the product of a content key, if its bytes are whole in the store.

        Parameters
        ----------
        key : str
            What was done to which inputs.

        Returns
        -------
        ProductInfo or None
            None also if its bytes are dropped or lost: then it has to be made again.
        """
        found = self._product_of(key)
        return found if found and self._is_whole(found) else None

    def was_dropped(self, key: str) -> bool:
        """Tell whether the product of a content key was made, and its bytes let go.

        Parameters
        ----------
        key : str
            What was done to which inputs.

        Returns
        -------
        bool
            False also if there never was such a product.
        """
        found = self._product_of(key)
        return found is not None and found.dropped

    def product(self, uid: str) -> ProductInfo:
        """Find a product.

        Parameters
        ----------
        uid : str
            Its uid, its content key, or the beginning of either.

        Returns
        -------
        ProductInfo
            Its record, whether or not its bytes are still there.

        Raises
        ------
        NotFoundError
            If there is none, or more than one.
        """
        with self._database.reading() as session:
            found = rows.product_id(session, uid)
            return rows.product_infos(session, select(Product.id).where(Product.id == found))[0]

    def products(
        self,
        observation: str | None = None,
        run: str | None = None,
        *,
        role: Role | None = None,
        kind: str = "",
    ) -> list[ProductInfo]:
        """List products, oldest first.

        Parameters
        ----------
        observation : str, optional
            Only those of this observation: its inputs and what its runs made or reused.
        run : str, optional
            Only those of this run.
        role : {"generated", "reused", "input"}, optional
            Only what runs have linked in this role.
        kind : str
            Only products of this kind, such as ``"master"``, if given.

        Returns
        -------
        list of ProductInfo
            Empty if there is none.
        """
        ids = select(Product.id)
        linked = select(RunProduct.product_id)
        if kind:
            ids = ids.where(Product.kind == kind)
        with self._database.reading() as session:
            if observation is not None:
                found = rows.observation_id(session, observation)
                of_runs = linked.join(Run, Run.id == RunProduct.run_id)
                inputs = select(ObservationInput.product_id)
                ids = ids.where(
                    (Product.observation_id == found)
                    | Product.id.in_(inputs.where(ObservationInput.observation_id == found))
                    | Product.id.in_(of_runs.where(Run.observation_id == found))
                )
            if run is not None:
                linked = linked.where(RunProduct.run_id == rows.run_id(session, run))
            if role is not None:
                linked = linked.where(RunProduct.role == role)
            if run is not None or role is not None:
                ids = ids.where(Product.id.in_(linked))
            return rows.product_infos(session, ids)

    def path(self, product: ProductInfo) -> Path:
        """Find the file of a product.

        Parameters
        ----------
        product : ProductInfo
            Its record.

        Returns
        -------
        Path
            A file to read, never to write.

        Raises
        ------
        StoreError
            If it is dropped, lost, or has another length than it should.
        """
        if product.dropped:
            raise StoreError(
                f"The product {product.uid} ({product.name}) was not kept",
                found="its run was to keep its results only",
                remedy=f"Make it again with 'hcdc rerun {product.uid}', or "
                "'hcdc reduce OBSERVATION --keep all' for all of them",
            )
        return self.store.path(product.sha256, size=product.size)

    def provenance(self, uid: str) -> Provenance:
        """Tell what a product was made from, back to the source files, and what from it.

        Parameters
        ----------
        uid : str
            Its uid, its content key, or the beginning of either.

        Returns
        -------
        Provenance
            The graph, in the words of W3C PROV.
        """
        with self._database.reading() as session:
            return trace(session, rows.product_id(session, uid))

    def _product_of(self, key: str) -> ProductInfo | None:
        """Find the record of a content key."""
        with self._database.reading() as session:
            infos = rows.product_infos(session, select(Product.id).where(Product.key == key))
        return infos[0] if infos else None
