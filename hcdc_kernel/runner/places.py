"""Where notebooks and templates stand: in the source tree or installed."""

from __future__ import annotations

import sys
from pathlib import Path

from hcdc_kernel.errors import NotFoundError

_SOURCE = Path(__file__).resolve().parents[2]


def notebook_path(name: str, folder: Path | None = None) -> Path:
    """Find a notebook that comes with the house.

    Parameters
    ----------
    name : str
        Such as ``"batch/reduce_sequence.ipynb"``.
    folder : Path, optional
        Folder of the notebooks, if it is neither that of the source tree nor the installed.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotFoundError
        If it stands nowhere.
    """
    installed = Path(sys.prefix) / "share" / "hcdc" / "notebooks"
    places = [folder] if folder else [_SOURCE / "notebooks", installed]
    return _first([place / name for place in places], f"The notebook '{name}' is missing")


def template_folder() -> Path:
    """Find the folder of the report templates.

    Returns
    -------
    Path
        Holds the template ``hcdc`` as a folder.

    Raises
    ------
    NotFoundError
        If it stands nowhere.
    """
    below = Path("nbconvert") / "templates"
    places = [_SOURCE / "templates" / "jupyter" / below]
    places.append(Path(sys.prefix) / "share" / "jupyter" / below)
    whole = [place / "hcdc" / "index.html.j2" for place in places]
    return _first(whole, "The report template is missing").parents[1]


def _first(places: list[Path], problem: str) -> Path:
    """Give the first place that exists."""
    for place in places:
        if place.is_file():
            return place
    raise NotFoundError(
        problem,
        found=f"neither of {', '.join(map(str, places))}",
        remedy="Install the package anew, or set HCDC_NOTEBOOKS",
    )
