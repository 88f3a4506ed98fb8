"""Take products away: a folder on disk, or links in the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from hcdc_widgets.panels.feedback import Notice, guarded

if TYPE_CHECKING:
    from hcdc_kernel import Workspace

# Larger files would make the page heavy; they are in the folder.
_LARGEST_LINK_BYTES = 6_000_000
_KINDS = {".html": "text/html", ".ecsv": "text/plain", ".ipynb": "application/x-ipynb+json"}


class ExportPanel(widgets.VBox):
    """Export the products of a run.

    Parameters
    ----------
    workspace : Workspace
        Where the run is.
    run : str
        Its uid.
    folder : Path
        Where to put the files, unless someone says otherwise.
    """

    def __init__(self, workspace: Workspace, run: str, folder: Path) -> None:
        self._workspace, self._run = workspace, run
        self.notice = Notice()
        self.folder = widgets.Text(
            value=str(folder),
            description="Folder",
            layout={"width": "640px", "max_width": "100%"},
            style={"description_width": "80px"},
        )
        self.button = widgets.Button(description="Export the products")
        self._links = widgets.HTML()
        words = widgets.HTML(
            "<p>Cube, PSF, residual, S/N map (FITS), contrast curve, candidates (ECSV), the "
            "report and the executed notebook, named after star, camera, filter and night.</p>"
        )
        super().__init__([words, self.folder, self.button, self.notice, self._links])
        self.button.on_click(guarded(self.notice, self._export))

    def _export(self, _: Any) -> None:
        """Write the files and link to them."""
        folder = Path(self.folder.value).expanduser()
        files = self._workspace.export(self._run, folder)
        self._links.value = links_html(files)
        self.notice.say(f"{len(files)} files are in {folder}.")


def links_html(files: Sequence[Path]) -> str:
    """Write a list of files, each to be saved from the page if it is not too large.

    Parameters
    ----------
    files : sequence of Path
        The files.

    Returns
    -------
    str
        A ``<ul>`` element; the files are within it.
    """
    return f"<ul>{''.join(f'<li>{_link(path)}</li>' for path in sorted(files))}</ul>"


def _link(path: Path) -> str:
    """Write one file as a link that holds it, or as a name."""
    size = path.stat().st_size
    words = f"{escape(path.name)} ({size / 1e6:.2f} MB)"
    if size > _LARGEST_LINK_BYTES:
        return f"{words}: in the folder"
    kind = _KINDS.get(path.suffix, "application/octet-stream")
    content = base64.b64encode(path.read_bytes()).decode()
    name = escape(path.name, quote=True)
    return f'<a download="{name}" href="data:{kind};base64,{content}">{words}</a>'
