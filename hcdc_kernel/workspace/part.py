"""What all parts of a workspace hold in common."""

from __future__ import annotations

from hcdc_kernel.archive import Archive
from hcdc_kernel.settings import Settings


def silent(_done: float, _text: str) -> None:
    """Ignore progress.

    Parameters
    ----------
    _done : float
        Share of the work done, 0 to 1.
    _text : str
        What is being done.
    """


class WorkspacePart:
    """Base of the parts that make up a workspace.

    Attributes
    ----------
    settings : Settings
        Where its state lives.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._archive = Archive.open(settings.database_url, settings.store)
