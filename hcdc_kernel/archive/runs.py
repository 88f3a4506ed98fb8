"""The archive's runs: who reduced what, and how it ended."""

from __future__ import annotations

from typing import get_args

from sqlalchemy import ColumnElement, select, update

from hcdc_kernel.archive import entering, rows
from hcdc_kernel.archive.info import Keep, NewRun, Role, RunInfo, RunStatus
from hcdc_kernel.archive.process import is_dead
from hcdc_kernel.archive.products import Products
from hcdc_kernel.archive.tables import Run, now
from hcdc_kernel.errors import ArchiveError


class Runs(Products):
    """The part of the archive that knows runs; it needs to know their products."""

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
            session.expire(run)  # tell what the database holds, not what was handed in
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

    def find_finished_run(self, key: str, keep: Keep = "all") -> RunInfo | None:
        """Find the newest finished run of a content key whose products are all there.

        Parameters
        ----------
        key : str
            Content key of the run.
        keep : {"all", "final"}
            With ``"final"``, products that were dropped need not be there.

        Returns
        -------
        RunInfo or None
            None if the work has to be done.
        """
        with self._database.reading() as session:
            runs = rows.run_infos(session, Run.key == key, Run.status == "finished")
        for run in runs:
            made = self.products(run=run.uid)
            if keep == "final":
                made = [product for product in made if not product.dropped]
            if all(self._is_whole(product) for product in made):
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
