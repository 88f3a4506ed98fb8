"""Every error the library raises on purpose.

::

    HcdcError
    ├── InputError              what was handed in cannot be used
    │   ├── ConfigError         a setting is unknown or out of bounds
    │   │   └── UnitError       a quantity has the wrong unit
    │   ├── FileFormatError     a file is truncated, malformed or not what it claims to be
    │   └── DataError           arrays have wrong shapes, numbers or values
    ├── NotFoundError           no such observation, product, recipe or plug-in
    ├── ArchiveError            the archive cannot be reached or does not agree with itself
    │   └── StoreError          the product store is full, read-only or damaged
    └── RunError                a reduction stopped before its end

Each says three things: what is wrong, what was found, and what to do. Any other exception
that reaches a user is a bug.
"""


class HcdcError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    problem : str
        What is wrong, as a sentence without its full stop.
    found : str
        What was found instead, if that helps.
    remedy : str
        What to do about it.

    Attributes
    ----------
    problem, found, remedy : str
        The three parts, for screens that show them apart.
    """

    def __init__(self, problem: str, *, found: str = "", remedy: str = "") -> None:
        self.problem, self.found, self.remedy = problem, found, remedy
        super().__init__(problem, found, remedy)

    def __str__(self) -> str:
        text = self.problem.rstrip(".")
        if self.found:
            text += f" (found: {self.found})"
        text += "."
        if self.remedy:
            text += f" {self.remedy.rstrip('.')}."
        return text

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only parts would be lost on the way back from a worker process.
        return _rebuild, (type(self), self.problem, self.found, self.remedy)


def _rebuild(kind: type[HcdcError], problem: str, found: str, remedy: str) -> HcdcError:
    """Unpickle an error."""
    return kind(problem, found=found, remedy=remedy)


class InputError(HcdcError):
    """What was handed in cannot be used."""


class ConfigError(InputError):
    """A setting is unknown or out of bounds."""


class UnitError(ConfigError, ValueError):
    """A quantity has the wrong unit; also a ValueError, so that pydantic collects it."""


class FileFormatError(InputError):
    """A file is truncated, malformed or not what it claims to be."""


class DataError(InputError):
    """Arrays have wrong shapes, numbers or values."""


class NotFoundError(HcdcError):
    """There is no such observation, product, recipe or plug-in."""


class ArchiveError(HcdcError):
    """The archive cannot be reached or does not agree with itself."""


class StoreError(ArchiveError):
    """The product store is full, read-only or damaged."""


class RunError(HcdcError):
    """A reduction stopped before its end."""
