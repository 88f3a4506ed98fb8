"""Say in the page what happened: notes, warnings, and every error."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import traceback
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets as widgets

from hcdc_kernel import HcdcError


class Notice(widgets.HTML):
    """A line or two below a control; empty when there is nothing to say."""

    def clear(self) -> None:
        """Say nothing."""
        self.value = ""

    def say(self, text: str) -> None:
        """Show a note.

        Parameters
        ----------
        text : str
            What happened.
        """
        self._show("note", "status", f"<p>{escape(text)}</p>")

    def warn(self, text: str) -> None:
        """Show a warning.

        Parameters
        ----------
        text : str
            What to be careful about.
        """
        self._show("warning", "status", f"<p>\u25b2 {escape(text)}</p>")

    def error(self, error: BaseException) -> None:
        """Show an error: what is wrong, what was found, what to do.

        Parameters
        ----------
        error : exception
            One of ours is told in its own words; any other is a bug, and shown whole.
        """
        self._show("error", "alert", error_html(error))

    def _show(self, kind: str, role: str, html: str) -> None:
        """Write into the page."""
        self.value = f'<div class="hcdc-{kind}" role="{role}">{html}</div>'


def error_html(error: BaseException) -> str:
    """Write an error for a page.

    Parameters
    ----------
    error : exception
        Any exception.

    Returns
    -------
    str
        Its parts, escaped.
    """
    if isinstance(error, HcdcError):
        parts = [f"<b>\u2716 {escape(error.problem.rstrip('.'))}.</b>"]
        if error.found:
            parts.append(f"Found: {escape(error.found)}")
        if error.remedy:
            parts.append(f"What to do: {escape(error.remedy.rstrip('.'))}.")
        return "".join(f"<p>{part}</p>" for part in parts)
    text = "".join(traceback.format_exception(error))
    return (
        f"<p><b>\u2716 This is a bug: {escape(type(error).__name__)}: {escape(str(error))}</b></p>"
        "<p>What to do: report it with the text below; your data are unchanged.</p>"
        f'<details><summary>Text for the report</summary><pre class="hcdc-log">{escape(text)}'
        "</pre></details>"
    )


def guarded(notice: Notice, action: Callable[..., None]) -> Callable[..., None]:
    """Wrap a callback, so that what goes wrong in it is seen in the page.

    Parameters
    ----------
    notice : Notice
        Where to show it; cleared first.
    action : callable
        The callback.

    Returns
    -------
    callable
        Takes the same arguments and never raises.
    """

    def call(*arguments: Any) -> None:
        notice.clear()
        try:
            action(*arguments)
        except Exception as error:
            notice.error(error)

    return call


def in_background(action: Callable[[], None]) -> threading.Thread:
    """Do work beside the page, which stays alive.

    Parameters
    ----------
    action : callable
        The work, guarded already; it may change widgets.

    Returns
    -------
    Thread
        Started; join it to wait for the end.
    """
    # The kernel tells by the context which page a message belongs to.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(_with_clean_end, action), daemon=True)
    thread.start()
    return thread


def _with_clean_end(action: Callable[[], None]) -> None:
    """Close the event loop that a run of a notebook leaves behind in its thread."""
    try:
        action()
    finally:
        with contextlib.suppress(RuntimeError):  # there is none, if no notebook was run
            asyncio.get_event_loop_policy().get_event_loop().close()


def facts_html(facts: Mapping[str, str]) -> str:
    """Write facts as a small table of names and values.

    Parameters
    ----------
    facts : mapping of str to str
        Value by name.

    Returns
    -------
    str
        A ``<table>`` element.
    """
    cell = "text-align:left;vertical-align:top;padding:2px 18px 2px 0"
    rows = "".join(
        f'<tr><th scope="row" style="{cell};font-weight:400;white-space:nowrap;color:#5c6670">'
        f'{escape(name)}</th><td style="{cell};font-weight:600">{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    return f'<table style="margin:8px 0">{rows}</table>'
