"""Which star, camera, filter and night a data set belongs to."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Names that tell one observation from another.

    Attributes
    ----------
    target : str
        Name of the star, as the observer wrote it.
    instrument : str
        Camera, as ``facility-camera``.
    filter : str
        Filter or observing band.
    night : str
        Date of the evening on which the night began, ``YYYY-MM-DD``.
    """

    target: str
    instrument: str
    filter: str
    night: str

    @property
    def name(self) -> str:
        """The observation's name in archive, commands and files.

        Returns
        -------
        str
            ``<target>_<instrument>_<filter>_<night>``, ASCII without blanks.
        """
        parts = (self.target, self.instrument, self.filter, self.night)
        return "_".join(_file_safe(part) for part in parts)


def _file_safe(text: str) -> str:
    """Reduce a name to letters, digits, '+', '.' and '-': L' becomes Lp, β Pic beta-Pic."""
    text = re.sub(
        r"[\u03b1-\u03c9]", lambda m: unicodedata.name(m[0]).split()[-1].lower() + " ", text
    )
    text = text.replace("'", "p").replace("\u2032", "p").strip()
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9+.]+", "-", plain).strip("-.") or "unnamed"
