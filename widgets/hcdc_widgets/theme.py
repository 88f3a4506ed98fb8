"""Colors, words and style sheet that all screens share."""

from __future__ import annotations

from html import escape
from typing import Final

# Okabe & Ito 2008: told apart with every kind of color vision.
BLUE: Final = "#0072b2"
ORANGE: Final = "#d55e00"
GREEN: Final = "#00745a"
YELLOW: Final = "#e69f00"
GRAY: Final = "#5c6670"
INK: Final = "#1b2733"

IMAGE_MAP: Final = "viridis"
DIVERGING_MAP: Final = "RdBu_r"
CHANNEL_MAP: Final = "cividis"

# Verdicts differ by sign and word as well as by color; contrast of each pair is >= 4.5.
_LIGHTS: Final = {
    "good": ("\u2714", "good", "#00573f", "#e2f4ec"),
    "fair": ("\u25b2", "fair", "#6b4500", "#fdf1d6"),
    "poor": ("\u2716", "poor", "#8f1d00", "#fde5dd"),
}
_STATES: Final = {
    "finished": ("\u2714", "finished", "#00573f", "#e2f4ec"),
    "running": ("\u25b6", "running", "#004a75", "#e0effa"),
    "interrupted": ("\u25b2", "interrupted", "#6b4500", "#fdf1d6"),
    "failed": ("\u2716", "failed", "#8f1d00", "#fde5dd"),
}


def badge(verdict: str) -> str:
    """Draw a verdict or a run's status as a small label.

    Parameters
    ----------
    verdict : str
        ``"good"``, ``"fair"``, ``"poor"`` or a status such as ``"finished"``.

    Returns
    -------
    str
        HTML with its own style, readable without color.
    """
    known = _LIGHTS | _STATES
    sign, word, ink, paper = known.get(verdict, ("", verdict, INK, "#eceff1"))
    return (
        f'<span style="display:inline-block;padding:.1em .6em;border-radius:1em;'
        f'white-space:nowrap;font-weight:600;color:{ink};background:{paper}">'
        f'<span aria-hidden="true">{sign}</span> {escape(word)}</span>'
    )


STYLE_SHEET: Final = f"""
.hcdc {{ color: {INK}; font-size: 15px; line-height: 1.45; }}
.hcdc h2, .hcdc h3 {{ color: #12324a; margin: .2em 0 .4em; font-weight: 600; }}
.hcdc h2 {{ font-size: 1.35em; }} .hcdc h3 {{ font-size: 1.1em; }}
.hcdc p {{ margin: .3em 0 .7em; max-width: 75ch; }}
.hcdc .widget-label, .hcdc .widget-html-content, .hcdc select, .hcdc input,
.hcdc button, .hcdc textarea {{ font-size: 15px; color: {INK}; }}
.hcdc .widget-html-content {{ line-height: 1.45; white-space: normal; overflow-wrap: anywhere; }}
.hcdc button.jupyter-button {{ width: auto; align-self: flex-start; height: auto;
  min-height: 34px; line-height: 1.3; padding: 5px 14px; border-radius: 5px;
  white-space: normal; border: 1px solid #b7c3cc; }}
.hcdc button.jupyter-button.mod-primary {{ background: #005a8c; color: #fff;
  border-color: #005a8c; }}
.hcdc button.jupyter-button:disabled {{ opacity: .55; }}
.hcdc button:focus-visible, .hcdc input:focus-visible, .hcdc select:focus-visible,
.hcdc textarea:focus-visible, .hcdc [tabindex]:focus-visible,
.hcdc .noUi-handle:focus-visible {{ outline: 3px solid {ORANGE}; outline-offset: 2px; }}
.hcdc-card {{ border: 1px solid #cfd8de; border-radius: 8px; padding: 14px 18px;
  margin: 0 0 14px; background: #fff; }}
.hcdc-card.hcdc-ahead {{ background: #f5f7f8; }}
.hcdc-note, .hcdc-warning, .hcdc-error {{ border-left: 5px solid; padding: 8px 12px;
  margin: 8px 0; border-radius: 3px; }}
.hcdc-note {{ border-color: {BLUE}; background: #eaf4fb; }}
.hcdc-warning {{ border-color: {YELLOW}; background: #fdf1d6; color: #4d3200; }}
.hcdc-error {{ border-color: {ORANGE}; background: #fde9e0; color: #5e1400; }}
.hcdc-error p, .hcdc-warning p, .hcdc-note p {{ margin: 0; }}
.hcdc-figure img {{ max-width: 100%; height: auto; }}
.hcdc-log {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px;
  background: #f5f7f8; border: 1px solid #cfd8de; border-radius: 4px; padding: 8px;
  max-height: 190px; overflow: auto; white-space: pre-wrap; margin: 0; }}
.hcdc-setting {{ border-left: 4px solid transparent; padding: 2px 0 4px 10px; }}
.hcdc-setting.hcdc-changed {{ border-left-color: {ORANGE}; background: #fff6ef; }}
.hcdc-setting.hcdc-wrong {{ border-left-color: #a32100; background: #fde9e0; }}
.hcdc-help, .hcdc-help p {{ color: {GRAY}; font-size: 13.5px; }}
.hcdc-wrong .hcdc-help .hcdc-complaint {{ color: #8f1d00; font-weight: 600; }}
.hcdc .widget-tab > .lm-TabBar .lm-TabBar-tab {{ flex: 0 1 auto; font-size: 15px;
  color: {INK}; padding: 5px 14px; }}
.hcdc .jupyter-widget-Collapse-header {{ color: {INK}; }}
"""


def style_tag() -> str:
    """Wrap the style sheet for a page.

    Returns
    -------
    str
        A ``<style>`` element.
    """
    return f"<style>{STYLE_SHEET}</style>"
