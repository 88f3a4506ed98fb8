"""What the centre has run, what failed, and the result of any run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from hcdc_widgets import theme
from hcdc_widgets.panels import Notice, ResultPanel, RunsPanel, guarded
from hcdc_widgets.panels.feedback import facts_html
from hcdc_widgets.panels.runs import failure_html, run_facts

if TYPE_CHECKING:
    from hcdc_kernel import Workspace
    from hcdc_kernel.datamodel import Data
    from hcdc_widgets.panels.records import RunRecord


class RunResults(Mapping[str, "Data"]):
    """The data products of a run by name, read when asked for.

    Parameters
    ----------
    workspace : Workspace
        Where the run is.
    run : str
        Its uid.
    """

    def __init__(self, workspace: Workspace, run: str) -> None:
        self._workspace = workspace
        products = sorted(workspace.products(run=run), key=lambda product: product.created)
        kept = (p for p in products if p.format == "fits" and not p.dropped)
        self._uids = {p.name: p.uid for p in kept}

    def __getitem__(self, name: str) -> Data:
        return self._workspace.read(self._uids[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._uids)

    def __len__(self) -> int:
        return len(self._uids)


class RunsDashboard(widgets.VBox):
    """The list of runs, and below it the one that was chosen.

    Attributes
    ----------
    runs : RunsPanel
        The list.
    results : ResultPanel
        The result of the run chosen.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.notice = Notice()
        self.runs = RunsPanel(workspace)
        self.results = ResultPanel(workspace)
        self._facts = widgets.HTML('<p class="hcdc-help">Choose a run to see its result.</p>')
        upper = widgets.VBox([widgets.HTML(theme.style_tag()), self.runs])
        lower = widgets.VBox([self._facts, self.notice, self.results])
        super().__init__([upper, lower])
        self.add_class("hcdc")
        for card in (upper, lower):
            card.add_class("hcdc-card")
        self.runs.observe(guarded(self.notice, self._chosen), "run")

    def _chosen(self, change: Any) -> None:
        """Show what a run did."""
        if not change["new"]:
            return
        run = self._workspace.run(change["new"])
        self._facts.value = (
            f"<h2>{_title(run)}</h2>{facts_html(run_facts(run))}{failure_html(run)}"
        )
        self.results.clear()
        results = RunResults(self._workspace, run.uid)
        if results:
            self.results.show(results, run)


def _title(run: RunRecord) -> str:
    """Name a run, with its status."""
    return f"Run {run.uid[:8]} {theme.badge(run.status)}"


def runs_dashboard(workspace: Workspace) -> RunsDashboard:
    """Make the dashboard of runs.

    Parameters
    ----------
    workspace : Workspace
        Whose runs to show.

    Returns
    -------
    RunsDashboard
        Show it as the last line of a cell.
    """
    return RunsDashboard(workspace)
