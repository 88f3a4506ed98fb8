"""What a notebook, a screen or the command holds in its hand."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from hcdc_kernel.settings import read_settings
from hcdc_kernel.workspace.products import ProductsPart

__all__ = ["Workspace"]


class Workspace(ProductsPart):
    """Observations, recipes, runs and products of one archive.

    Attributes
    ----------
    settings : Settings
        Where its state lives.
    """

    @classmethod
    def open(cls, home: Path | str | None = None) -> Self:
        """Open the workspace, making archive and store if there are none yet.

        Parameters
        ----------
        home : Path, optional
            Folder of its state; ``HCDC_HOME`` or a folder in the user's home by default.

        Returns
        -------
        Workspace
            Ready for use.

        Raises
        ------
        ArchiveError
            If the archive cannot be opened.
        """
        settings = read_settings()
        if home is not None:
            settings = settings.model_copy(update={"home": Path(home)})
        return cls(settings)
