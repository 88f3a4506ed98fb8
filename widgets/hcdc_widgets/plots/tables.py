"""Tables that show themselves: candidates, quality, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from hcdc_widgets import theme

if TYPE_CHECKING:
    from hcdc_kernel import Candidates, Quality
    from hcdc_kernel.datamodel import History

NOTHING = "\u2013"
_SHORT = 28


@dataclass(frozen=True, slots=True)
class Html:
    """A cell that is HTML already, written by us.

    Attributes
    ----------
    markup : str
        The HTML.
    plain : str
        The same for a terminal.
    """

    markup: str
    plain: str


@dataclass(frozen=True, slots=True)
class HtmlTable:
    """A small table for pages, notebooks and terminals.

    Attributes
    ----------
    caption : str
        What the table shows.
    header : tuple of str
        Column names with their units.
    rows : tuple of tuple of str or Html
        The cells; text is escaped.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | Html, ...], ...]

    def _repr_html_(self) -> str:
        cell = "padding:4px 12px;text-align:left;border-bottom:1px solid #dde3e8"
        head = "".join(
            f'<th scope="col" style="{cell};color:#33424f;vertical-align:bottom">{escape(n)}</th>'
            for n in self.header
        )
        body = "".join(
            "<tr>" + "".join(_cell(c, cell) for c in row) + "</tr>" for row in self.rows
        )
        if not self.rows:
            body = f'<tr><td colspan="{len(self.header)}" style="{cell}">none</td></tr>'
        return (
            '<table style="border-collapse:collapse;font-size:14.5px;margin:.4em 0">'
            f'<caption style="text-align:left;padding:4px 12px;font-weight:600">'
            f"{escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def html(self) -> str:
        """Write the table for a page.

        Returns
        -------
        str
            A ``<table>`` element.
        """
        return self._repr_html_()

    def __str__(self) -> str:
        cells = [
            [c.plain if isinstance(c, Html) else c for c in row]
            for row in (self.header, *self.rows)
        ]
        widths = [max(len(c) for c in column) for column in zip(*cells, strict=True)]
        lines = (
            "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in cells
        )
        return "\n".join((self.caption, *lines))

    def __repr__(self) -> str:
        return str(self)


def _cell(cell: str | Html, style: str) -> str:
    """Write one cell; short texts, numbers above all, stay on one line."""
    plain = cell.plain if isinstance(cell, Html) else cell
    line = ";white-space:nowrap" if len(plain) <= _SHORT else ""
    return f'<td style="{style}{line}">{_markup(cell)}</td>'


def _markup(cell: str | Html) -> str:
    """Escape text, keep HTML."""
    return cell.markup if isinstance(cell, Html) else escape(cell)


def table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str | Html]]) -> HtmlTable:
    """Make a table.

    Parameters
    ----------
    caption : str
        What the table shows.
    header : sequence of str
        Column names with their units.
    rows : sequence of sequence of str or Html
        The cells.

    Returns
    -------
    HtmlTable
        Shows itself in notebooks and prints as text.
    """
    return HtmlTable(caption, tuple(header), tuple(tuple(row) for row in rows))


def candidates_table(candidates: Candidates) -> HtmlTable:
    """List the candidates with what was measured of them.

    Parameters
    ----------
    candidates : Candidates
        Rows by candidate and channel.

    Returns
    -------
    HtmlTable
        Separation, position angle, contrast, magnitude difference, S/N, chance of noise.
    """
    header = (
        "candidate",
        "channel",
        "separation [mas]",
        "position angle [deg]",
        "contrast",
        "\u0394mag",
        "S/N",
        "false alarm",
    )
    rows = [_candidate_row(candidates, row) for row in range(len(candidates))]
    count = len(set(candidates.label))
    noun = "candidate" if count == 1 else "candidates"
    return table(f"{candidates.identity.target}: {count or 'no'} {noun}", header, rows)


def _candidate_row(found: Candidates, row: int) -> tuple[str, ...]:
    """Write one row of the candidate table."""
    flux, flux_error = float(found.contrast[row]), float(found.contrast_error[row])
    wave = float(found.wavelength_um[row])
    return (
        found.label[row],
        "all together" if np.isnan(wave) else f"{wave:.3f} \u00b5m",
        with_error(float(found.separation_mas[row]), float(found.separation_error_mas[row])),
        with_error(
            float(found.position_angle_deg[row]), float(found.position_angle_error_deg[row])
        ),
        _scientific(flux, flux_error),
        _magnitude(flux, flux_error),
        _number(float(found.snr[row]), ".1f"),
        _number(float(found.false_alarm[row]), ".1e"),
    )


def with_error(value: float, error: float) -> str:
    """Write a value and its error to the digits that the error allows.

    Parameters
    ----------
    value, error : float
        In the same unit; NaN where not measured.

    Returns
    -------
    str
        Such as ``"452.1 +- 3.2"`` with a plus-minus sign.

    Examples
    --------
    >>> with_error(452.123, float("nan"))
    '452.1'
    """
    if not np.isfinite(value):
        return NOTHING
    if not (np.isfinite(error) and error > 0):
        return f"{value:.1f}"
    digits = int(np.clip(1 - np.floor(np.log10(error)), 0, 4))
    return f"{value:.{digits}f} \u00b1 {error:.{digits}f}"


def _scientific(value: float, error: float) -> str:
    """Write a contrast and its error with one common power of ten."""
    if not (np.isfinite(value) and value != 0):
        return _number(value, ".2e")
    if not (np.isfinite(error) and error > 0):
        return f"{value:.2e}"
    power = int(np.floor(np.log10(abs(value))))
    scale = 10.0**power
    return f"({with_error(value / scale, error / scale)})e{power:+03d}"


def _magnitude(flux: float, error: float) -> str:
    """Write a contrast as a magnitude difference."""
    if not flux > 0:
        return NOTHING
    return with_error(float(-2.5 * np.log10(flux)), 1.0857 * error / flux)


def _number(value: float, form: str) -> str:
    """Write a number, or a dash if it was not measured."""
    return format(value, form) if np.isfinite(value) else NOTHING


def quality(quality: Quality) -> HtmlTable:
    """Show how good the reduction is, as traffic lights in color, sign and word.

    Parameters
    ----------
    quality : Quality
        The quality summary.

    Returns
    -------
    HtmlTable
        One row a figure of merit.
    """
    rows = [
        (
            Html(theme.badge(note.light), note.light),
            note.name.replace("-", " "),
            f"{_number(note.value, '.3g')} {note.unit}".strip(),
            note.text,
        )
        for note in quality.notes
    ]
    caption = f"{quality.identity.target}: quality is {quality.light}"
    return table(caption, ("verdict", "figure", "value", "what it means"), rows)


def provenance_table(history: History) -> HtmlTable:
    """List the steps that made a data object, with the settings of each.

    Parameters
    ----------
    history : tuple of StepRecord
        History of any data object, oldest first.

    Returns
    -------
    HtmlTable
        One row a step, and the software that did the work.
    """
    rows = [
        (
            str(place),
            done.step,
            str(done.version),
            ", ".join(f"{name} = {value}" for name, value in done.config.items()) or NOTHING,
            ", ".join(f"{name} {value}" for name, value in done.software.items()) or NOTHING,
        )
        for place, done in enumerate(history, start=1)
    ]
    return table("What was done", ("", "step", "version", "settings", "software"), rows)
