"""Everything a reduction found, in tabs."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from hcdc_widgets import plots, theme
from hcdc_widgets.panels.downloads import ExportPanel
from hcdc_widgets.panels.feedback import Notice, guarded
from hcdc_widgets.viewers import CubeView, DetectionView

if TYPE_CHECKING:
    from hcdc_kernel import Candidates, Workspace
    from hcdc_widgets.panels.records import RunRecord

# What the table beside the map leaves out; the tab of candidates has all of it.
_LONG_COLUMNS = ("channel", "\u0394mag", "false alarm")


class ResultPanel(widgets.VBox):
    """Detection map, contrast curve, candidates, quality, images, provenance, products.

    Parameters
    ----------
    workspace : Workspace
        Where the run is.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.notice = Notice()
        self.tabs = widgets.Tab()
        self.view: DetectionView | None = None
        super().__init__([self.notice])

    def show(self, results: Mapping[str, Any], run: RunRecord) -> None:
        """Show a result.

        Parameters
        ----------
        results : mapping of str to data object
            By name, as in recipes; what is missing is left out.
        run : RunRecord
            The run that made it.
        """
        pages = {
            "Detection": self._detection(results),
            "Contrast": self._contrast(results),
            "Candidates": _table(results, "candidates", plots.candidates_table),
            "Quality": _table(results, "quality", plots.quality),
            "Images": _images(results),
            "Frames": _frames(results),
            "What was done": self._provenance(results, run),
            "Export": self._export(run),
        }
        kept = {name: page for name, page in pages.items() if page is not None}
        self.tabs = widgets.Tab(list(kept.values()), titles=tuple(kept), selected_index=0)
        self.children = [widgets.HTML(_headline(results)), self.tabs, self.notice]

    def clear(self) -> None:
        """Show nothing."""
        self.children = [self.notice]

    def _detection(self, results: Mapping[str, Any]) -> widgets.Widget | None:
        """Make the map with its table."""
        if "detection" not in results:
            return None
        found = results.get("candidates")
        if found is None:
            self.view = DetectionView(results["detection"])
        else:
            header, rows = _short_table(found)
            self.view = DetectionView(results["detection"], found, header=header, rows=rows)
        return self.view

    def _contrast(self, results: Mapping[str, Any]) -> widgets.Widget | None:
        """Draw the contrast curve."""
        if "contrast" not in results:
            return None
        curve, detection = results["contrast"], results.get("detection")
        fwhm = None if detection is None else detection.fwhm_px * detection.pixel_scale_mas
        figure = plots.contrast(curve, results.get("candidates"), fwhm_mas=fwhm)
        return widgets.HTML(f"{figure.html()}<p>{escape(curve.method)}</p>")

    def _provenance(self, results: Mapping[str, Any], run: RunRecord) -> widgets.Widget | None:
        """List the steps, and the call that repeats them."""
        last = next((results[n] for n in ("quality", "residual") if n in results), None)
        if last is None:
            return None
        code = (
            "import hcdc_kernel as hcdc\n\n"
            "workspace = hcdc.Workspace.open()\n"
            f"workspace.reduce({run.observation!r}, recipe={run.recipe!r}, "
            f"settings={dict(run.settings)!r})"
        )
        return widgets.HTML(
            f"{plots.provenance_table(last.history).html()}<h3>The same in Python</h3>"
            f'<pre class="hcdc-log">{escape(code)}</pre>'
        )

    def _export(self, run: RunRecord) -> widgets.Widget:
        """Offer the products and the report."""
        folder = Path.home() / "hcdc-products" / f"{run.observation}_{run.uid[:8]}"
        return widgets.VBox(
            [ReportPanel(self._workspace, run.uid), ExportPanel(self._workspace, run.uid, folder)]
        )


class ReportPanel(widgets.VBox):
    """The report of a run, shown in the page when asked for.

    Parameters
    ----------
    workspace : Workspace
        Where the run is.
    run : str
        Its uid.
    """

    def __init__(self, workspace: Workspace, run: str) -> None:
        self._workspace, self._run = workspace, run
        self.notice = Notice()
        self.button = widgets.Button(description="Show the report")
        self._page = widgets.HTML()
        self.button.on_click(guarded(self.notice, self._show))
        super().__init__([self.button, self.notice, self._page])

    def _show(self, _: Any) -> None:
        """Put the report into a frame of its own, without scripts."""
        reports = [p for p in self._workspace.products(run=self._run) if p.format == "html"]
        if not reports:
            self.notice.warn("This run has no report.")
            return
        page = self._workspace.path(reports[0].uid).read_text(encoding="utf-8")
        self._page.value = (
            f'<iframe sandbox title="Report of the run" srcdoc="{escape(page, quote=True)}" '
            'style="width:100%;height:640px;border:1px solid #cfd8de"></iframe>'
        )


def _headline(results: Mapping[str, Any]) -> str:
    """Say the result in one line."""
    quality, found = results.get("quality"), results.get("candidates")
    parts = []
    if found is not None:
        labels = sorted(set(found.label))
        noun = "candidate" if len(labels) == 1 else "candidates"
        parts.append(
            f"<b>{len(labels)} {noun}</b> above the threshold"
            if labels
            else "<b>No candidate</b> above the threshold; the contrast curve tells what would "
            "have been found"
        )
    if quality is not None:
        parts.append(f"quality {theme.badge(quality.light)}")
    return f'<p role="status">{"; ".join(parts)}</p>' if parts else ""


def _short_table(found: Candidates) -> tuple[list[str], list[list[str]]]:
    """Cut the table of candidates to one row each and the columns that fit beside the map."""
    whole = plots.candidates_table(found)
    keep = [place for place, name in enumerate(whole.header) if name not in _LONG_COLUMNS]
    rows = [[str(whole.rows[row][i]) for i in keep] for row in plots.first_rows(found)]
    return [whole.header[i] for i in keep], rows


def _table(results: Mapping[str, Any], name: str, make: Any) -> widgets.Widget | None:
    """Show one of the tables."""
    return widgets.HTML(make(results[name]).html()) if name in results else None


def _images(results: Mapping[str, Any]) -> widgets.Widget | None:
    """Show residual image and centered cube side by side."""
    views = []
    for name, words in (("residual", "residual, north up"), ("cube", "centered frames")):
        if name in results:
            data = results[name]
            views.append(CubeView(data, f"{data.identity.target}: {words}"))
    return widgets.HBox(views, layout={"flex_flow": "row wrap"}) if views else None


def _frames(results: Mapping[str, Any]) -> widgets.Widget | None:
    """Show which frames were used."""
    if "cube" not in results:
        return None
    return widgets.HTML(plots.frame_selection(results["cube"]).html())
