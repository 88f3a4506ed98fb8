"""What exists, where it is, and what it was made from."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, get_args

from sqlalchemy import ColumnElement, select, update

from hcdc_kernel.archive import entering, rows
from hcdc_kernel.archive.accounts import Accounts
from hcdc_kernel.archive.database import Database
from hcdc_kernel.archive.entering import Stored
from hcdc_kernel.archive.info import (
    NewProduct,
    NewRun,
    ObservationInfo,
    ProductInfo,
    Role,
    RunInfo,
    RunStatus,
    Source,
    SourceInfo,
)
from hcdc_kernel.archive.process import is_dead
from hcdc_kernel.archive.provenance import Provenance
from hcdc_kernel.archive.store import ProductStore
from hcdc_kernel.archive.tables import (
    Exposure,
    Observation,
    ObservationInput,
    Product,
    Run,
    RunProduct,
    Target,
    now,
)
from hcdc_kernel.archive.tracing import trace
from hcdc_kernel.errors import ArchiveError

if TYPE_CHECKING:
    from hcdc_kernel.datamodel import Identity  # would import numpy


class Archive:
    """The tables of observations, products and runs, with the store that holds the bytes.

    Every method is one transaction; several processes may use the same archive.

    Attributes
    ----------
    store : ProductStore
        Holds the bytes.
    accounts : Accounts
        Those who may sign in.
    """

    def __init__(self, database: Database, store: ProductStore) -> None:
        self._database = database
        self.store = store
        self.accounts = Accounts(database)
        # Connections are closed even if nobody says close().
        self._finalizer = weakref.finalize(self, database.close)

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
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- observations ---------------------------------------------------------------------

    def add_observation(
        self,
        identity: Identity,
        sources: Sequence[Source],
        data: Mapping[str, Path],
        keys: Mapping[str, str],
        facts: Mapping[str, Any],
    ) -> ObservationInfo:
        """Enter an observation with its source files and the data that were read from them.

        The same content again is the same observation. Another content of the same star,
        camera, filter and night gets a name that ends in ``_2``, ``_3``, ...

        Parameters
        ----------
        identity : Identity
            Star, camera, filter, night.
        sources : sequence of Source
            The files it came from.
        data : mapping of str to Path
            Files with the data, by name (``"cube"``, ``"psf"``); they are copied.
        keys : mapping of str to str
            Content key of each of `data`.
        facts : mapping
            ``n_frames``, ``n_wave``, ``field_rotation_deg`` and whatever else is known.

        Returns
        -------
        ObservationInfo
            The new or the known observation.

        Raises
        ------
        ArchiveError
            If it cannot be entered; then nothing is.
        """
        if set(data) != set(keys):
            raise ArchiveError("Data and keys have different names", found=f"{[*data]}, {[*keys]}")
        stored = dict(zip(data, self._put(keys.values(), data.values()), strict=True))
        with self._database.writing() as session:
            observation = entering.enter_observation(session, identity, keys, facts)
            entering.enter_sources(session, observation, sources)
            (info,) = rows.observation_infos(session, Observation.id == observation)
            for name, path in data.items():
                new = NewProduct(keys[name], name, name, "fits", path, observation=info.name)
                product = entering.enter_product(session, new, stored[name])
                entering.enter_input(session, observation, name, product)
                self._restore(session, product, stored[name])
            return info

    def observations(self, *, target: str = "", instrument: str = "") -> list[ObservationInfo]:
        """List the observations by name.

        Parameters
        ----------
        target, instrument : str
            Only those of this star and camera, if given.

        Returns
        -------
        list of ObservationInfo
            Empty if there is none.
        """
        where: list[ColumnElement[bool]] = []
        if target:
            where.append(Target.name == target)
        if instrument:
            where.append(Observation.instrument == instrument)
        with self._database.reading() as session:
            return rows.observation_infos(session, *where)

    def observation(self, name: str) -> ObservationInfo:
        """Find an observation.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        ObservationInfo
            Its record.

        Raises
        ------
        NotFoundError
            If there is none of that name; close names are told.
        """
        with self._database.reading() as session:
            found = rows.observation_id(session, name)
            return rows.observation_infos(session, Observation.id == found)[0]

    def inputs(self, observation: str) -> dict[str, ProductInfo]:
        """Tell the products that a reduction of an observation starts from.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        dict of str to ProductInfo
            ``"cube"``, ``"psf"`` and, for some, ``"references"``.
        """
        with self._database.reading() as session:
            found = rows.observation_id(session, observation)
            mine = ObservationInput.observation_id == found
            infos = {
                info.uid: info
                for info in rows.product_infos(
                    session, select(ObservationInput.product_id).where(mine)
                )
            }
            named = session.execute(
                select(ObservationInput.name, Product.uid)
                .join(Product, Product.id == ObservationInput.product_id)
                .where(mine)
                .order_by(ObservationInput.name)
            )
            return {name: infos[uid] for name, uid in named}

    def sources(self, observation: str) -> list[SourceInfo]:
        """List the source files of an observation.

        Parameters
        ----------
        observation : str
            Its name.

        Returns
        -------
        list of SourceInfo
            In the order in which they were handed in.
        """
        with self._database.reading() as session:
            found = rows.observation_id(session, observation)
            files = session.scalars(
                select(Exposure).where(Exposure.observation_id == found).order_by(Exposure.id)
            )
            return [
                SourceInfo(file.path, file.sha256, file.size, file.role, observation)
                for file in files
            ]

    # --- products -------------------------------------------------------------------------

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
        (stored,) = self._put([new.key], [new.content])
        with self._database.writing() as session:
            product = entering.enter_product(session, new, stored)
            self._restore(session, product, stored)
            return rows.product_infos(session, select(Product.id).where(Product.id == product))[0]

    def find_product(self, key: str) -> ProductInfo | None:
        """Find the product of a content key, if its bytes are whole in the store.

        Parameters
        ----------
        key : str
            What was done to which inputs.

        Returns
        -------
        ProductInfo or None
            None also if its bytes are lost: then it has to be made again.
        """
        with self._database.reading() as session:
            infos = rows.product_infos(session, select(Product.id).where(Product.key == key))
        return infos[0] if infos and self._is_whole(infos[0]) else None

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
        self, observation: str | None = None, run: str | None = None, *, role: Role | None = None
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

        Returns
        -------
        list of ProductInfo
            Empty if there is none.
        """
        ids = select(Product.id)
        linked = select(RunProduct.product_id)
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
            If it is lost or has another length than it should.
        """
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

    # --- runs -----------------------------------------------------------------------------

    def start_run(self, new: NewRun) -> RunInfo:
        """Say that this process begins a reduction.

        Parameters
        ----------
        new : NewRun
            What is reduced, and how.

        Returns
        -------
        RunInfo
            The run; it counts as interrupted once this process is gone.
        """
        with self._database.writing() as session:
            run = entering.enter_run(session, new)
            return rows.run_infos(session, Run.id == run)[0]

    def set_progress(self, run_uid: str, done: float, text: str = "") -> None:
        """Note how far a run is.

        Parameters
        ----------
        run_uid : str
            The run.
        done : float
            Share of the work done, 0 to 1.
        text : str
            What is being done.
        """
        with self._database.writing() as session:
            run = rows.run_id(session, run_uid)
            share = min(max(float(done), 0.0), 1.0)
            session.execute(
                update(Run).where(Run.id == run).values(progress=share, progress_text=text)
            )

    def finish_run(self, run_uid: str, status: RunStatus, error: str = "") -> RunInfo:
        """Say how a run ended.

        Parameters
        ----------
        run_uid : str
            The run.
        status : {"finished", "failed", "interrupted"}
            How it ended.
        error : str
            Why it failed.

        Returns
        -------
        RunInfo
            The run.

        Raises
        ------
        ArchiveError
            If the run has ended before.
        """
        if status not in get_args(RunStatus) or status == "running":
            raise ArchiveError("A run cannot end like that", found=repr(status))
        with self._database.writing() as session:
            found = rows.run_id(session, run_uid)
            run = session.get_one(Run, found)
            if run.status in ("finished", "failed"):
                raise ArchiveError(f"The run {run.uid} has ended before", found=run.status)
            run.status, run.error, run.ended = status, error, now()
            run.progress = 1.0 if status == "finished" else run.progress
            session.flush()
            return rows.run_infos(session, Run.id == found)[0]

    def run(self, uid: str) -> RunInfo:
        """Find a run.

        Parameters
        ----------
        uid : str
            Its uid or the beginning of it.

        Returns
        -------
        RunInfo
            Its record.

        Raises
        ------
        NotFoundError
            If there is none, or more than one.
        """
        self._mark_interrupted()
        with self._database.reading() as session:
            return rows.run_infos(session, Run.id == rows.run_id(session, uid))[0]

    def runs(
        self,
        observation: str | None = None,
        *,
        status: RunStatus | None = None,
        limit: int | None = 100,
    ) -> list[RunInfo]:
        """List runs, newest first.

        Parameters
        ----------
        observation : str, optional
            Only those of this observation.
        status : {"running", "finished", "failed", "interrupted"}, optional
            Only those in this state.
        limit : int or None
            How many at most; None for all.

        Returns
        -------
        list of RunInfo
            Empty if there is none.
        """
        self._mark_interrupted()
        with self._database.reading() as session:
            where: list[ColumnElement[bool]] = []
            if observation is not None:
                where.append(Run.observation_id == rows.observation_id(session, observation))
            if status is not None:
                where.append(Run.status == status)
            return rows.run_infos(session, *where, limit=limit)

    def find_finished_run(self, key: str) -> RunInfo | None:
        """Find the newest finished run of a content key whose products are all there.

        Parameters
        ----------
        key : str
            Content key of the run.

        Returns
        -------
        RunInfo or None
            None if the work has to be done.
        """
        with self._database.reading() as session:
            runs = rows.run_infos(session, Run.key == key, Run.status == "finished")
        for run in runs:
            if all(self._is_whole(product) for product in self.products(run=run.uid)):
                return run
        return None

    def link_product(self, run_uid: str, product_uid: str, role: Role = "generated") -> None:
        """Say what a run had to do with a product; said twice, the first word stands.

        Parameters
        ----------
        run_uid, product_uid : str
            The run and the product.
        role : {"generated", "reused", "input"}
            Made by the run, found ready, or started from.
        """
        if role not in get_args(Role):
            raise ArchiveError("No such role of a product", found=repr(role))
        with self._database.writing() as session:
            run = rows.run_id(session, run_uid)
            entering.enter_link(session, run, rows.product_id(session, product_uid), role)

    # --- within ---------------------------------------------------------------------------

    def _put(self, keys: Iterable[str], contents: Iterable[Path | bytes]) -> list[Stored]:
        """Bring bytes to the store, once their keys are found to be good."""
        for key in keys:
            entering.require_key(key)
        addresses = self.store.put_all(contents)
        return [Stored(address, self.store.path(address).stat().st_size) for address in addresses]

    def _restore(self, session: Any, product: int, stored: Stored) -> None:
        """Point a known product to new bytes if its own are lost."""
        sha256, size = session.execute(
            select(Product.sha256, Product.size).where(Product.id == product)
        ).one()
        if not self.store.holds(sha256, size):
            entering.replace_bytes(session, product, stored)

    def _is_whole(self, product: ProductInfo) -> bool:
        """Tell whether the bytes of a product are there."""
        return self.store.holds(product.sha256, product.size)

    def _mark_interrupted(self) -> None:
        """Find runs whose process has died, and say so."""
        with self._database.reading() as session:
            running = session.execute(select(Run.id, Run.process).where(Run.status == "running"))
            dead = [number for number, process in running if is_dead(process)]
        if not dead:
            return
        with self._database.writing() as session:
            session.execute(
                update(Run)
                .where(Run.id.in_(dead), Run.status == "running")
                .values(
                    status="interrupted",
                    ended=now(),
                    error="Its process ended before the run did",
                )
            )
