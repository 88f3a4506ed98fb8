"""Column types that hold the same on SQLite and PostgreSQL."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator


def clean_text(text: str) -> str:
    """Make a text that every database can hold.

    File names may hold bytes that are no UTF-8, error messages may hold NUL: both are
    written as escapes.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Equal to `text` if there is nothing to escape.
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def clean_json(value: Any) -> Any:
    """Make a value that JSON can hold, without losing NaN or infinity: they become text.

    Parameters
    ----------
    value : object
        Plain values, containers, numpy scalars and arrays; others become text.

    Returns
    -------
    object
        Made of dict, list, str, int, float, bool and None only.
    """
    if isinstance(value, Mapping):
        return {clean_text(str(name)): clean_json(part) for name, part in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [clean_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, bool | int | float):
        return value
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return clean_json(value.tolist())
    return clean_text(str(value))


class UtcDateTime(TypeDecorator[datetime]):
    """Times with a zone in, UTC out; SQLite keeps no zone of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Bring a time to UTC.

        Parameters
        ----------
        value : object or None
            What is handed in.
        dialect : Dialect
            The kind of database.

        Returns
        -------
        object or None
            What the database is given.
        """
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Say that the time is UTC.

        Parameters
        ----------
        value : datetime or None
            What the database gives.
        dialect : Dialect
            The kind of database.

        Returns
        -------
        datetime or None
            In UTC.
        """
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text from outside, cleaned of what PostgreSQL refuses."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Clean a text.

        Parameters
        ----------
        value : object or None
            What is handed in.
        dialect : Dialect
            The kind of database.

        Returns
        -------
        object or None
            What the database is given.
        """
        return None if value is None else clean_text(value)


class PlainJson(TypeDecorator[Any]):
    """Nested plain values, in the order given."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Clean a value.

        Parameters
        ----------
        value : object or None
            What is handed in.
        dialect : Dialect
            The kind of database.

        Returns
        -------
        object or None
            What the database is given.
        """
        return clean_json(value)
