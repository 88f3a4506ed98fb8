"""The products of a workspace: listed, read, told apart, handed out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hcdc_kernel.errors import DataError
from hcdc_kernel.workspace.reductions import ReductionsPart

if TYPE_CHECKING:
    from hcdc_kernel.archive import ProductInfo, Provenance
    from hcdc_kernel.datamodel import Data
    from hcdc_kernel.runner.masters import MasterRecord
    from hcdc_kernel.runner.rerun import RerunReport


class ProductsPart(ReductionsPart):
    """The part of a workspace that knows products; it needs to know the runs."""

    def products(
        self, observation: str | None = None, *, run: str | None = None
    ) -> list[ProductInfo]:
        """List products.

        Parameters
        ----------
        observation : str, optional
            Only those made from one observation.
        run : str, optional
            Only those that a run made or used again.

        Returns
        -------
        list of ProductInfo
            Data, notebooks and reports.
        """
        if observation is not None:
            observation = self.observation(observation).name
        return list(self._archive.products(observation=observation, run=run))

    def product(self, uid: str) -> ProductInfo:
        """Find one product.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        ProductInfo
            What is known of it.
        """
        return self._archive.product(uid)

    def read(self, uid: str) -> Data:
        """Read the data of a product.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        data object
            Cube, residual, detection map, candidates, ...

        Raises
        ------
        DataError
            If it is a notebook or a report.
        """
        from hcdc_kernel.runner.shelves import read_product

        product = self.product(uid)
        if product.format != "fits":
            raise DataError(
                f"Product {product.uid} holds no data", found=product.kind, remedy="Open its file"
            )
        return read_product(self._archive, product)

    def path(self, uid: str) -> Path:
        """Find the file of a product in the store.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        Path
            A file to be read, not changed.
        """
        return self._archive.path(self.product(uid))

    def report(self, run: str) -> Path | None:
        """Give a run's report a name that people and browsers can read.

        Parameters
        ----------
        run : str
            Uid of a run.

        Returns
        -------
        Path or None
            ``reports/<observation>_<recipe>_<run>.html`` in the home folder, the same bytes as
            in the store; None if the run has no report.
        """
        from hcdc_kernel.runner.delivery import named_copy

        made = [product for product in self.products(run=run) if product.kind == "report"]
        if not made:
            return None
        info = self.run(run)
        name = f"{info.observation}_{Path(info.recipe).stem}_{info.uid}.html"
        return named_copy(self.path(made[0].uid), self.settings.home / "reports" / name)

    def provenance(self, uid: str) -> Provenance:
        """Tell what a product was made of, back to the observer's files.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        Provenance
            Entities and activities in the words of W3C PROV.
        """
        return self._archive.provenance(self.product(uid).uid)

    def rerun(self, uid: str) -> RerunReport:
        """Make a product again in memory and compare it with the stored one.

        One that was dropped or lost is stored anew if it comes out identical.

        Parameters
        ----------
        uid : str
            Its uid, or the beginning of it.

        Returns
        -------
        RerunReport
            Identical, or what differs.
        """
        from hcdc_kernel.runner.rerun import rerun_product

        return rerun_product(self._archive, uid)

    def export(self, run: str, folder: Path | str, *, masters: bool = False) -> list[Path]:
        """Copy the products of a run to a folder in the documented format.

        Parameters
        ----------
        run : str
            Uid of a finished run.
        folder : Path
            Where to; made if it does not exist.
        masters : bool
            Whether to copy the master calibrations too.

        Returns
        -------
        list of Path
            The files written.
        """
        from hcdc_kernel.runner.delivery import export_run

        return export_run(self._archive, run, Path(folder), masters=masters)

    def calibrations(self, *, night: str = "", kind: str = "") -> list[MasterRecord]:
        """List the master calibrations that were made.

        Parameters
        ----------
        night : str
            Only those of this night, ``YYYY-MM-DD``, if given.
        kind : str
            Only backgrounds or flats, if given.

        Returns
        -------
        list of MasterRecord
            With what they are for, and their figures of merit; by night.
        """
        from hcdc_kernel.runner.masters import list_masters

        return list_masters(self._archive, night=night, kind=kind)

    def export_calibrations(
        self, folder: Path | str, *, night: str = "", kind: str = ""
    ) -> list[Path]:
        """Copy master calibrations to a folder.

        Parameters
        ----------
        folder : Path
            Where to; made if it does not exist.
        night, kind : str
            Only those, as for `calibrations`.

        Returns
        -------
        list of Path
            FITS files with the figures of merit as QC keywords in the header.
        """
        from hcdc_kernel.runner.masters import export_masters

        chosen = self.calibrations(night=night, kind=kind)
        return export_masters(self._archive, chosen, Path(folder))
