"""From an executed notebook to a page that can be published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hcdc_kernel.runner.notebooks import read_notebook
from hcdc_kernel.runner.places import template_folder
from hcdc_kernel.steps.base import software_versions

if TYPE_CHECKING:
    from nbformat import NotebookNode


def write_report(executed: Path, report: Path) -> None:
    """Turn an executed notebook into one HTML file.

    The page holds all it needs: no script, no font, no image from elsewhere. Code is folded
    away, figures carry a description, and the page prints well.

    Parameters
    ----------
    executed : Path
        The executed notebook; one that failed gives a page that says where and why.
    report : Path
        Where the page goes, UTF-8.
    """
    from nbconvert import HTMLExporter

    folder = template_folder()
    notebook = read_notebook(executed)
    exporter = HTMLExporter(template_name="hcdc", extra_template_basedirs=[str(folder)])
    page, _ = exporter.from_notebook_node(notebook, {"hcdc": _resources(notebook)})
    report.write_text(page, encoding="utf-8")


def _resources(notebook: NotebookNode) -> dict[str, Any]:
    """Collect what the template says of the notebook as a whole."""
    parameters = notebook.metadata.get("papermill", {}).get("parameters", {})
    ended = notebook.metadata.get("papermill", {}).get("end_time") or ""
    facts = [str(parameters[name]) for name in ("observation", "recipe") if name in parameters]
    if ended:
        facts.append(f"{ended[:16].replace('T', ' ')} UTC")
    return {
        "title": _title(notebook),
        "language": notebook.metadata.get("language", "en"),
        "version": software_versions()["hcdc-kernel"],
        "facts": facts,
        "contents": _contents(notebook),
    }


def _title(notebook: NotebookNode) -> str:
    """Take the first heading of the notebook out of it: it becomes the page's title."""
    for cell in notebook.cells:
        found = re.match(r"# (.+)\n?", cell.source) if cell.cell_type == "markdown" else None
        if found:
            cell.source = cell.source[found.end() :]
            return found[1].strip()
    return "Report"


def _contents(notebook: NotebookNode) -> list[tuple[str, str]]:
    """List the sections, with the anchors that nbconvert gives their headings."""
    from nbconvert.filters import markdown2html
    from nbconvert.filters.strings import html2text

    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for anchor, text in re.findall(
                r'<h2[^>]*id="([^"]+)"[^>]*>(.*?)(?:<a class|</h2>)', markdown2html(cell.source)
            ):
                found.append((html2text(f"<p>{text}</p>").strip(), anchor))
    return found
