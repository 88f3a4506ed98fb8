"""One setting of a step: its control, its help, its complaint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import ipywidgets as widgets
from pydantic.fields import FieldInfo

_UNITS = {
    "_fwhm": "FWHM",
    "_px": "px",
    "_mas": "mas",
    "_deg": "deg",
    "_um": "\u00b5m",
    "_s": "s",
}
_SPELLED = {"psf": "PSF", "snr": "S/N"}
_WIDTH = "330px"
_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def spoken(step: str) -> str:
    """Write a step's name as a heading.

    Parameters
    ----------
    step : str
        Such as ``"subtract-psf"``.

    Returns
    -------
    str
        Such as ``"Subtract PSF"``.
    """
    words = [_SPELLED.get(word, word) for word in step.split("-")]
    return " ".join([words[0].capitalize(), *words[1:]])


def label(name: str, unit: str = "") -> str:
    """Write a setting's name as the label of its control.

    Parameters
    ----------
    name : str
        Name of the field; its ending may tell the unit.
    unit : str
        Unit, if the field tells it apart from its name.

    Returns
    -------
    str
        Such as ``"Inner radius [FWHM]"``.

    Examples
    --------
    >>> label("n_modes"), label("annulus_width_fwhm")
    ('Number of modes', 'Annulus width [FWHM]')
    """
    for ending, symbol in _UNITS.items():
        if name.endswith(ending):
            name, unit = name.removesuffix(ending), unit or symbol
            break
    words = name.replace("_", " ")
    words = f"number of {words[2:]}" if words.startswith("n ") else words
    return words.capitalize() + (f" [{unit}]" if unit else "")


class Setting(widgets.VBox):
    """One setting: control, help, and a complaint if it cannot be used.

    Parameters
    ----------
    name : str
        Name of the field.
    field : FieldInfo
        Its description and bounds.
    default : object
        Value that the recipe gives it.
    choices : sequence of str
        What can be chosen, if the field's type does not say.

    Attributes
    ----------
    name : str
        Name of the field.
    control : Widget
        Where it is typed or chosen.
    """

    def __init__(
        self, name: str, field: FieldInfo, default: Any, choices: Sequence[str] = ()
    ) -> None:
        self.name = name
        self._help = f"{field.description or ''} {_bounds(field)}".strip()
        options = list(choices) or _options(field.annotation)
        self._typed = not options and not isinstance(default, bool)
        self.control = _control(_caption(name, field), default, options)
        self._default = self.control.value
        self._note = widgets.HTML()
        super().__init__([self.control, self._note])
        self.add_class("hcdc-setting")
        self._note.add_class("hcdc-help")
        self.complain("")

    @property
    def value(self) -> Any:
        """The setting as a plain value.

        Returns
        -------
        object
            What was chosen, or what the text reads as.
        """
        return _read(self.control.value) if self._typed else self.control.value

    @property
    def changed(self) -> bool:
        """Tell whether it differs from the recipe's own.

        Returns
        -------
        bool
            True if someone changed it.
        """
        original = _read(self._default) if self._typed else self._default
        return bool(self.value != original)

    def reset(self) -> None:
        """Go back to the recipe's own value."""
        self.control.value = self._default

    def complain(self, text: str) -> None:
        """Show what is wrong with the value, and mark it if it was changed.

        Parameters
        ----------
        text : str
            What is wrong; empty if nothing is.
        """
        complaint = f'<p class="hcdc-complaint" role="alert">\u2716 {escape(text)}</p>'
        change = "<b>Changed.</b> " if self.changed else ""
        self._note.value = f"{complaint if text else ''}<p>{change}{escape(self._help)}</p>"
        for name, wanted in (("hcdc-wrong", bool(text)), ("hcdc-changed", self.changed)):
            (self.add_class if wanted else self.remove_class)(name)


def _control(caption: str, default: Any, options: Sequence[Any]) -> widgets.Widget:
    """Make the control that fits a setting."""
    look = {
        "description": caption,
        "style": {"description_width": "210px"},
        "layout": {"width": f"calc(210px + {_WIDTH})", "max_width": "100%"},
    }
    if isinstance(default, bool):
        return widgets.Checkbox(value=default, indent=True, **look)
    if options:
        shown = [("(none)" if option is None else str(option), option) for option in options]
        return widgets.Dropdown(options=shown, value=default, **look)
    return widgets.Text(value=_write(default), continuous_update=False, **look)


def _options(annotation: Any) -> list[Any]:
    """List what a Literal allows; empty for settings that are free."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        parts = [
            _options(part) or ([None] if part is type(None) else [])
            for part in get_args(annotation)
        ]
        return [option for part in parts for option in part] if all(parts) else []
    return []


def _caption(name: str, field: FieldInfo) -> str:
    """Label a field, with its unit."""
    extra = field.json_schema_extra
    unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    return label(name, unit)


def _bounds(field: FieldInfo) -> str:
    """Say in words what numbers are allowed."""
    words = [
        f"{spoken} {getattr(limit, name)}"
        for limit in field.metadata
        for name, spoken in _LIMITS.items()
        if getattr(limit, name, None) is not None
    ]
    return f"({', '.join(words)})" if words else ""


def _write(value: Any) -> str:
    """Write a plain value as text to be edited."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _read(text: str) -> Any:
    """Read what was typed: a number, a list, or just text; nothing is None."""
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()
