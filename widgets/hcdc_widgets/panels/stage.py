"""One stage of a guided way: heading, explanation, content when its time has come."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets

from hcdc_widgets import theme


class Stage(widgets.VBox):
    """A card that is closed until the stage before it is done.

    Parameters
    ----------
    title : str
        Number and name.
    explanation : str
        What one does here, in a sentence.
    body : Widget
        What one works with.
    wait : str
        What has to be done before.

    Attributes
    ----------
    body : Widget
        What one works with in this stage.
    is_open : bool
        True once the stage can be worked on.
    """

    def __init__(self, title: str, explanation: str, body: widgets.Widget, *, wait: str) -> None:
        self.body, self.is_open = body, False
        self._heading = widgets.HTML(
            f"{theme.style_tag()}<h2>{escape(title)}</h2><p>{escape(explanation)}</p>"
        )
        self._waiting = widgets.HTML(f'<p class="hcdc-help">\u2026 {escape(wait)}</p>')
        super().__init__([self._heading, self._waiting])
        for name in ("hcdc", "hcdc-card", "hcdc-ahead"):
            self.add_class(name)

    def unlock(self) -> None:
        """Let people work on this stage."""
        self.is_open = True
        self.remove_class("hcdc-ahead")
        self.children = (self._heading, self.body)

    def lock(self) -> None:
        """Go back to waiting for the stage before."""
        self.is_open = False
        self.add_class("hcdc-ahead")
        self.children = (self._heading, self._waiting)
