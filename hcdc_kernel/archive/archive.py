"""The archive as a whole."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from hcdc_kernel.archive.accounts import Accounts
from hcdc_kernel.archive.database import Database
from hcdc_kernel.archive.dropping import Dropping
from hcdc_kernel.archive.observations import Observations
from hcdc_kernel.archive.raw_files import RawFiles
from hcdc_kernel.archive.store import ProductStore


class Archive(Observations, RawFiles, Dropping):
    """The tables of what was observed, made and run, with the store that holds the bytes.

    Every method is one transaction; several processes may use the same archive.

    Attributes
    ----------
    store : ProductStore
        Holds the bytes.
    accounts : Accounts
        Those who may sign in.
    """

    def __init__(self, database: Database, store: ProductStore) -> None:
        super().__init__(database, store)
        self.accounts = Accounts(database)

    @classmethod
    def open(cls, url: str, store: Path) -> Self:
        """Open an archive; create it or bring its tables up to date where needed.

        Parameters
        ----------
        url : str
            ``sqlite:////folder/archive.sqlite`` or ``postgresql://user@host/name``.
        store : Path
            Folder of the product store.

        Returns
        -------
        Archive
            To be closed after use, or used as a context manager.

        Raises
        ------
        ArchiveError
            If the database cannot be reached or belongs to a newer release.
        """
        products = ProductStore(store)
        products.clean()
        return cls(Database(url), products)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
