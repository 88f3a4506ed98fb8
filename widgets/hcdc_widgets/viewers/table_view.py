"""A table whose rows can be chosen and sorted, by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

_HERE = Path(__file__).parent


class TableView(anywidget.AnyWidget):
    """A table; a click on a row chooses it, a click on a column's name sorts by it.

    Parameters
    ----------
    caption : str
        What the table shows.
    header : sequence of str
        Column names.

    Attributes
    ----------
    rows : list of dict
        ``key`` names the row, ``cells`` are its texts, ``sort`` the values to sort by.
    selected : str
        Key of the chosen row; empty if none.
    """

    _esm = _HERE / "table_view.js"
    _css = _HERE / "viewers.css"

    caption = traitlets.Unicode("").tag(sync=True)
    header: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(self, caption: str, header: Sequence[str]) -> None:
        super().__init__(caption=caption, header=list(header))
