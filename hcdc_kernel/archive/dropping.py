"""Let go of the bytes of products that can be made again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from hcdc_kernel.archive import rows
from hcdc_kernel.archive.info import Keep, ProductInfo, RunInfo
from hcdc_kernel.archive.runs import Runs
from hcdc_kernel.archive.tables import ObservationInput, Product, Run, RunProduct


class Dropping(Runs):
    """The part of the archive that drops bytes; it needs to know runs and products."""

    def set_keep(self, run_uid: str, keep: Keep) -> None:
        """Say anew what a run keeps; nothing is dropped by this.

        Parameters
        ----------
        run_uid : str
            The run.
        keep : {"all", "final"}
            Everything, or its results only.
        """
        with self._database.writing() as session:
            run = rows.run_id(session, run_uid)
            session.execute(update(Run).where(Run.id == run).values(keep=keep))

    def runs_of_product(self, uid: str) -> list[RunInfo]:
        """List the runs that have to do with a product.

        Parameters
        ----------
        uid : str
            The product.

        Returns
        -------
        list of RunInfo
            Those that made, reused or started from it, newest first.
        """
        self._mark_interrupted()
        with self._database.reading() as session:
            linked = select(RunProduct.run_id).where(
                RunProduct.product_id == rows.product_id(session, uid)
            )
            return rows.run_infos(session, Run.id.in_(linked))

    def drop_products(self, uids: Iterable[str]) -> None:
        """Let go of the bytes of products; their records stay, marked as dropped.

        Inputs of observations and what no step has made are passed over: they cannot be made
        again. Bytes that another product has in common stay.

        Parameters
        ----------
        uids : iterable of str
            The products.
        """
        with self._database.writing() as session:
            wanted = [rows.product_id(session, uid) for uid in uids]
            session.execute(
                update(Product)
                .where(
                    Product.id.in_(wanted),
                    Product.step != "",
                    Product.id.not_in(select(ObservationInput.product_id)),
                )
                .values(dropped=True)
            )
        # A second transaction: whoever is killed in between leaves bytes that the next call
        # removes, never a product that seems to be there and is not.
        with self._database.writing() as session:
            for sha256 in _unused(session):
                self.store.remove(sha256)

    def restore_product(self, uid: str, content: Path) -> ProductInfo:
        """Give a product its bytes back, after they were dropped or lost.

        Parameters
        ----------
        uid : str
            The product.
        content : Path
            Scratch file that holds them; it is taken over.

        Returns
        -------
        ProductInfo
            The product, not marked as dropped any more.
        """
        (stored,) = self._put([], [content], scratch=True)
        with self._database.writing() as session:
            found = rows.product_id(session, uid)
            self._restore(session, found, stored)
        if not self.store.holds(stored.sha256, stored.size):
            self._put([], [content])  # another process has swept it away in between
        return self.product(uid)


def _unused(session: Session) -> list[str]:
    """Find the bytes that only dropped products have."""
    other = aliased(Product)
    in_use = select(other.sha256).where(other.dropped.is_(False))
    found = session.scalars(
        select(Product.sha256).where(Product.dropped.is_(True), Product.sha256.not_in(in_use))
    )
    return sorted(set(found))
