"""Where a reduction keeps its results: in the archive, or in memory."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from hcdc_kernel.datamodel import Data, Exposures
from hcdc_kernel.errors import NotFoundError

if TYPE_CHECKING:
    from hcdc_kernel.archive import Archive, ProductInfo
    from hcdc_kernel.runner.plan import Task


_SCRATCH = ".hcdc-"
_SCRATCH_S = 6 * 3600.0  # longer than any file takes on its way to the store


class Shelf(Protocol):
    """Keeps results by their content keys."""

    @property
    def keeps_keys(self) -> bool:
        """Tell whether keys mean something outside this process."""

    def has(self, key: str) -> bool:
        """Tell whether a result is there, whole."""

    def is_done(self, key: str) -> bool:
        """Tell whether a result was made, even if it was not kept."""

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

    def is_done(self, key: str) -> bool:
        """Tell whether a result was made: memory keeps all.

        Parameters
        ----------
        key : str
            Its content key.

        Returns
        -------
        bool
            True if it can be read.
        """
        return self.has(key)

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
    keeps_all : bool
        Whether results that were made and not kept are made again even if no step needs them.
    """

    archive: Archive
    observation: str
    run: str = ""
    keeps_all: bool = False
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
            False also if its file is dropped, lost or damaged: then it is made again.
        """
        return self.archive.find_product(key) is not None

    def is_done(self, key: str) -> bool:
        """Tell whether a result was made, and is there unless it need not be.

        Parameters
        ----------
        key : str
            Its content key.

        Returns
        -------
        bool
            True if there is nothing to do for now.
        """
        return self.has(key) or (not self.keeps_all and self.archive.was_dropped(key))

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
        return read_product(self.archive, self.archive.product(key))

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

        with scratch_folder(self.archive) as folder:
            path = folder / f"{name}.fits"
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
                    is_scratch=True,
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


@contextmanager
def scratch_folder(archive: Archive) -> Iterator[Path]:
    """Hold a folder for files on their way to the store, on the disk of the store.

    Cubes are large, and the system's folder for such files may be small or in memory.

    Parameters
    ----------
    archive : Archive
        With its store.

    Yields
    ------
    Path
        Removed at the end, with all that is in it.
    """
    home = archive.store.folder.parent
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob(f"{_SCRATCH}*"):  # left by a process that was killed
        with suppress(OSError):  # another process may be removing it too
            if time.time() - old.stat().st_mtime > _SCRATCH_S:
                shutil.rmtree(old)
    with TemporaryDirectory(prefix=_SCRATCH, dir=home) as folder:
        yield Path(folder)


def read_product(archive: Archive, product: ProductInfo) -> Data:
    """Read the data of a product; lists of raw files with their present paths.

    Parameters
    ----------
    archive : Archive
        Where it is.
    product : ProductInfo
        Its record.

    Returns
    -------
    data object
        As it was written, but for the paths of raw files.
    """
    from hcdc_kernel.io import read_data

    if product.kind == "exposures":
        return located(read_exposures_product(archive, product))
    return read_data(archive.path(product))


def read_exposures_product(archive: Archive, product: ProductInfo) -> Exposures:
    """Read a list of raw files with the paths at which they were seen last.

    Parameters
    ----------
    archive : Archive
        Where it is.
    product : ProductInfo
        Its record.

    Returns
    -------
    Exposures
        Whether or not the files are still there.
    """
    from hcdc_kernel.archive import content_of
    from hcdc_kernel.io import read_data

    listed = read_data(archive.path(product))
    assert isinstance(listed, Exposures)
    paths = archive.locate(content_of(one) for one in listed)
    items = tuple(replace(one, path=paths.get(content_of(one), one.path)) for one in listed)
    return replace(listed, items=items)


def located(exposures: Exposures) -> Exposures:
    """See that raw files are where the archive saw them last.

    Parameters
    ----------
    exposures : Exposures
        The files.

    Returns
    -------
    Exposures
        The same.

    Raises
    ------
    NotFoundError
        If a file is gone; it says which.
    """
    gone = [one for one in exposures if not one.path.is_file()]
    if gone:
        where = "is not where it was"
        if len(gone) > 1:
            where = f"and {len(gone) - 1} more are not where they were"
        raise NotFoundError(
            f"The raw file '{gone[0].name}' {where}",
            found=f"no file {gone[0].path}",
            remedy="Was it moved? Ingest its new folder: 'hcdc ingest FOLDER'",
        )
    return exposures


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
