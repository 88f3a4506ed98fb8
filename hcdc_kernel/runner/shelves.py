"""Where a reduction keeps its results: in the archive, or in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from hcdc_kernel.datamodel import Data

if TYPE_CHECKING:
    from hcdc_kernel.archive import Archive
    from hcdc_kernel.runner.plan import Task


class Shelf(Protocol):
    """Keeps results by their content keys."""

    @property
    def keeps_keys(self) -> bool:
        """Tell whether keys mean something outside this process."""

    def has(self, key: str) -> bool:
        """Tell whether a result is there, whole."""

    def read(self, key: str) -> Data:
        """Fetch a result."""

    def keep(self, task: Task, name: str, data: Data) -> None:
        """Keep one output of a task."""

    def reuse(self, key: str) -> None:
        """Note that a result made earlier serves again."""


@dataclass
class MemoryShelf:
    """Keeps results for as long as the process lives.

    Attributes
    ----------
    data : dict of str to data object
        The results by content key.
    """

    data: dict[str, Data] = field(default_factory=dict)
    keeps_keys = False

    def has(self, key: str) -> bool:
        """Tell whether a result is there.

        Parameters
        ----------
        key : str
            Its content key.

        Returns
        -------
        bool
            True if it can be read.
        """
        return key in self.data

    def read(self, key: str) -> Data:
        """Fetch a result.

        Parameters
        ----------
        key : str
            Its content key.

        Returns
        -------
        data object
            The result itself, not a copy.
        """
        return self.data[key]

    def keep(self, task: Task, name: str, data: Data) -> None:
        """Keep one output of a task.

        Parameters
        ----------
        task : Task
            What made it.
        name : str
            Its name in the recipe.
        data : data object
            The output.
        """
        self.data[task.outputs[name]] = data

    def reuse(self, key: str) -> None:
        """Do nothing: memory keeps no record of who used what.

        Parameters
        ----------
        key : str
            Its content key.
        """


@dataclass(frozen=True)
class ArchiveShelf:
    """Keeps results as products of an observation, at once and for good.

    Attributes
    ----------
    archive : Archive
        Archive with its store.
    observation : str
        Name of the observation that is reduced.
    run : str
        The run that the results belong to; empty if there is none.
    """

    archive: Archive
    observation: str
    run: str = ""
    keeps_keys = True

    def has(self, key: str) -> bool:
        """Tell whether a result is in the archive and whole in the store.

        Parameters
        ----------
        key : str
            Its content key.

        Returns
        -------
        bool
            False also if its file is lost or damaged: then it is made again.
        """
        return self.archive.find_product(key) is not None

    def read(self, key: str) -> Data:
        """Fetch a result from the store.

        Parameters
        ----------
        key : str
            Its content key.

        Returns
        -------
        data object
            As it was written.
        """
        from hcdc_kernel.io import read_data

        return read_data(self.archive.path(self.archive.product(key)))

    def keep(self, task: Task, name: str, data: Data) -> None:
        """Write one output of a task to the store and enter it in the archive.

        Parameters
        ----------
        task : Task
            What made it.
        name : str
            Its name in the recipe.
        data : data object
            The output.
        """
        from hcdc_kernel.archive import NewProduct
        from hcdc_kernel.io import write_data

        with TemporaryDirectory(prefix="hcdc-") as folder:
            path = Path(folder) / f"{name}.fits"
            write_data(path, data)
            self.archive.add_product(
                NewProduct(
                    key=task.outputs[name],
                    kind=kind_of(data),
                    name=name,
                    format="fits",
                    content=path,
                    observation=self.observation,
                    run=self.run,
                    step=task.step,
                    config=task.config.model_dump(mode="json"),
                    inputs=tuple(task.inputs.values()),
                )
            )

    def reuse(self, key: str) -> None:
        """Link a result made earlier to this run.

        Parameters
        ----------
        key : str
            Its content key.
        """
        if self.run:
            product = self.archive.product(key)
            self.archive.link_product(self.run, product.uid, role="reused")


def kind_of(data: Data) -> str:
    """Name the kind of a data object as the archive does.

    Parameters
    ----------
    data : data object
        Such as a `DetectionMap`.

    Returns
    -------
    str
        Such as ``"detection-map"``.
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(data).__name__).lower()
