"""The list of runs, with counts and filters."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets

from hcdc_widgets import theme
from hcdc_widgets.panels.feedback import Notice, guarded
from hcdc_widgets.viewers import TableView

if TYPE_CHECKING:
    from hcdc_kernel import Workspace
    from hcdc_widgets.panels.records import RunRecord

_STATES = ("finished", "running", "failed", "interrupted")
_SIGNS = {"finished": "\u2714", "running": "\u25b6", "failed": "\u2716", "interrupted": "\u25b2"}
_MOST_RUNS = 1000
_HEADER = ("status", "observation", "recipe", "started (UTC)", "took", "run")


class RunsPanel(widgets.VBox):
    """All runs of the archive, the newest first.

    Parameters
    ----------
    workspace : Workspace
        Whose runs to list.

    Attributes
    ----------
    run : str
        Uid of the run that was chosen; empty before.
    """

    run = traitlets.Unicode("")

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._runs: list[RunRecord] = []
        self.notice = Notice()
        self._counts = widgets.HTML()
        self.status = widgets.Dropdown(
            description="Status",
            options=[("all", ""), *((state, state) for state in _STATES)],
            style={"description_width": "60px"},
        )
        self.search = widgets.Text(
            description="Search",
            placeholder="star, camera, recipe",
            continuous_update=True,
            style={"description_width": "60px"},
        )
        self.again = widgets.Button(description="Refresh")
        self.table = TableView("Runs", _HEADER)
        super().__init__(
            [
                self._counts,
                widgets.HBox(
                    [self.status, self.search, self.again], layout={"flex_flow": "row wrap"}
                ),
                self.table,
                self.notice,
            ]
        )
        self.status.observe(guarded(self.notice, self._filter), "value")
        self.search.observe(guarded(self.notice, self._filter), "value")
        self.again.on_click(guarded(self.notice, self.refresh))
        self.table.observe(guarded(self.notice, self._choose), "selected")
        guarded(self.notice, self.refresh)()

    def refresh(self, _: Any = None) -> None:
        """Read the list again."""
        self._runs = sorted(
            self._workspace.runs(limit=_MOST_RUNS), key=lambda run: run.started, reverse=True
        )
        counts = {state: sum(run.status == state for run in self._runs) for state in _STATES}
        shown = " ".join(f"{theme.badge(state)} <b>{n}</b>&emsp;" for state, n in counts.items())
        self._counts.value = f'<p role="status">{_count(len(self._runs))}:&emsp;{shown}</p>'
        self._filter()

    def _filter(self, _: Any = None) -> None:
        """List the runs that fit status and search."""
        words = self.search.value.casefold().split()
        fitting = [
            run
            for run in self._runs
            if self.status.value in ("", run.status)
            and all(word in f"{run.observation} {run.recipe}".casefold() for word in words)
        ]
        self.table.rows = [_row(run) for run in fitting]

    def _choose(self, change: Any) -> None:
        """Pass on which run was chosen."""
        self.run = change["new"]


def _count(n_runs: int) -> str:
    """Say how many runs there are."""
    return "1 run" if n_runs == 1 else f"{n_runs} runs"


def _row(run: RunRecord) -> dict[str, Any]:
    """Write one run as a row."""
    took = "" if run.ended is None else f"{(run.ended - run.started).total_seconds():.0f} s"
    started = f"{run.started:%Y-%m-%d %H:%M:%S}"
    share = f" {run.progress:.0%}" if run.status == "running" else ""
    status = f"{_SIGNS.get(run.status, '')} {run.status}{share}"
    return {
        "key": run.uid,
        "cells": [status, run.observation, run.recipe, started, took, run.uid[:8]],
        "sort": [run.status, run.observation, run.recipe, started, _seconds(run), run.uid],
    }


def _seconds(run: RunRecord) -> float:
    """Tell how long a run took, 0 if it has not ended [s]."""
    end: datetime | None = run.ended
    return 0.0 if end is None else (end - run.started).total_seconds()


def run_facts(run: RunRecord) -> dict[str, str]:
    """Say what is known of a run.

    Parameters
    ----------
    run : RunRecord
        The run.

    Returns
    -------
    dict of str to str
        Value by name, in words.
    """
    settings = ", ".join(f"{k} = {v}" for k, v in run.settings.items()) or "those of the recipe"
    return {
        "Run": run.uid,
        "Observation": run.observation,
        "Recipe": run.recipe,
        "Settings": settings,
        "Started": f"{run.started:%Y-%m-%d %H:%M:%S} UTC",
        "Took": f"{_seconds(run):.1f} s" if run.ended else "not ended",
    }


def failure_html(run: RunRecord) -> str:
    """Show why a run failed.

    Parameters
    ----------
    run : RunRecord
        The run.

    Returns
    -------
    str
        Its error; empty if it has none.
    """
    if not run.error:
        return ""
    return (
        f'<div class="hcdc-error" role="alert"><p><b>\u2716 This run {escape(run.status)}.</b></p>'
        f'<pre class="hcdc-log">{escape(run.error)}</pre></div>'
    )
