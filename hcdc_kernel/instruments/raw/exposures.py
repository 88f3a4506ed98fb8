"""From files and folders to exposures, saying why a file was passed over."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import FileFormatError, HcdcError
from hcdc_kernel.instruments.raw.camera import recognize
from hcdc_kernel.instruments.raw.compressed import packing_of, reading, unpacked_size
from hcdc_kernel.instruments.raw.header import RawHeader, read_header
from hcdc_kernel.instruments.raw.planes import truncated, whole_planes
from hcdc_kernel.steps.base import Progress, no_progress

_ENDINGS = (".fits", ".fit", ".fts", ".hdr", ".txt")
_PACKINGS = (".gz", ".z")
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".aria2")
# The disk is the limit, not the processor; more than this only makes it seek.
_N_THREADS = 4

Refused = tuple[Path, str]


def read_exposure(path: Path, *, measured: bool = True) -> Exposure:
    """Read what a raw file is, from its header.

    Parameters
    ----------
    path : Path
        FITS file, plain or packed, or the text of a header.
    measured : bool
        Whether to read the whole file once, for its SHA-256 and to count the images of packed
        files. Otherwise `sha256` stays empty and packed files are believed to be complete.

    Returns
    -------
    Exposure
        Translated by the camera it comes from.

    Raises
    ------
    FileFormatError
        If the file is no FITS file, is truncated, comes from no known camera, or was made from
        raw files instead of being one.
    """
    path = path.absolute()
    header = read_header(path)
    if "PRO CATG" in header:
        raise FileFormatError(
            f"'{path}' is no raw file: it was made from raw files",
            found=f"PRO CATG = {header.text('PRO CATG') or 'empty'}",
            remedy="Give the raw files themselves",
        )
    camera = recognize(header)
    n_planes = _count_planes(path, header, measured=measured)
    exposure = camera.translate(header, path, n_planes)
    with reading(path):
        size = path.stat().st_size
        sha256 = _digest(path) if measured else ""
    return replace(exposure, path=path, size=size, sha256=sha256)


def read_exposures(
    paths: Iterable[Path], progress: Progress = no_progress
) -> tuple[tuple[Exposure, ...], tuple[Refused, ...]]:
    """Read all raw files that are named or lie in folders, at any depth.

    Parameters
    ----------
    paths : iterable of Path
        Files and folders. A file that is named is tried whatever its name; of folders, files
        with the endings of FITS files and header texts are.
    progress : callable
        Told the share done and what is being read.

    Returns
    -------
    exposures : tuple of Exposure
        In the order of time. An exposure that is there several times, as a copy or packed
        and plain, is kept once.
    refused : tuple of (Path, str)
        Files passed over, with the reason.
    """
    candidates, refused = _find(paths)
    read: list[Exposure] = []
    pool = ThreadPoolExecutor(_N_THREADS)
    try:
        results = zip(candidates, pool.map(_try, candidates), strict=True)
        for n, (path, result) in enumerate(results, start=1):
            if isinstance(result, Exposure):
                read.append(result)
            else:
                refused.append((path, result))
            progress(n / len(candidates), path.name)
    finally:
        # Whoever interrupts does not want to wait for the other terabyte.
        pool.shutdown(cancel_futures=True)
    kept, copies = _without_copies(read)
    return tuple(sorted(kept, key=_order)), (*refused, *copies)


def _try(path: Path) -> Exposure | str:
    """Read one file, or say why not."""
    try:
        return read_exposure(path)
    except HcdcError as error:
        return str(error)


def _count_planes(path: Path, header: RawHeader, *, measured: bool) -> int:
    """Count the images on disk; refuse a truncated file."""
    unit = header.image
    if unit is None or not header.holds_data:
        return 0
    if not measured and packing_of(path):
        return unit.n_planes
    n_bytes = unpacked_size(path)
    if n_bytes <= unit.offset and len(header.units) == 1:
        return 0  # a header without its images, packed
    if n_bytes < unit.offset + unit.size:
        raise truncated(path, unit, n_bytes)
    return whole_planes(unit, n_bytes)


def _digest(path: Path) -> str:
    """Compute the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(paths: Iterable[Path]) -> tuple[list[Path], list[Refused]]:
    """List the files to try, each once, and those that are clearly something else."""
    candidates: dict[Path, None] = {}
    refused: dict[Path, str] = {}

    def unreadable(error: OSError) -> None:
        refused[Path(error.filename)] = f"cannot be opened: {error.strerror}"

    for given in paths:
        start = Path(given).absolute()
        if not start.is_dir():
            candidates[start] = None
            continue
        for path in _walk(start, unreadable):
            reason = _other(path.name)
            if reason:
                refused[path] = reason
            else:
                candidates[path] = None
    refused = {path: why for path, why in refused.items() if path not in candidates}
    return list(candidates), list(refused.items())


def _walk(start: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """List the files below a folder, following links but walking no folder twice."""
    seen: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(start, onerror=unreadable, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files))


def _other(name: str) -> str:
    """Say why a file in a folder is not even opened; empty if it is worth a try."""
    low = name.lower()
    if name.startswith("."):
        return "a hidden file"
    if low.endswith(_UNFINISHED):
        return "an unfinished download"
    for packing in _PACKINGS:
        low = low.removesuffix(packing)
    return "" if low.endswith(_ENDINGS) else "no FITS file by its name"


def _without_copies(read: list[Exposure]) -> tuple[list[Exposure], list[Refused]]:
    """Keep one file of each exposure, the best: with images, and plain rather than packed."""
    best: dict[object, Exposure] = {}
    copies: list[Refused] = []
    by_content: dict[str, Exposure] = {}
    for exposure in sorted(read, key=_preference):
        twin = by_content.setdefault(exposure.sha256, exposure)
        if twin is not exposure:
            copies.append((exposure.path, f"has the same content as {twin.path}"))
            continue
        known = not math.isnan(exposure.start_mjd)
        same = (exposure.camera, exposure.name, exposure.start_mjd) if known else exposure.path
        kept = best.setdefault(same, exposure)
        if kept is not exposure:
            copies.append((exposure.path, f"is the same exposure as {kept.path}"))
    return list(best.values()), copies


def _preference(exposure: Exposure) -> tuple[bool, bool, str]:
    """Rank files of the same exposure, the best first."""
    return (
        exposure.n_planes == 0,
        exposure.path.suffix.lower() in _PACKINGS,
        str(exposure.path),
    )


def _order(exposure: Exposure) -> tuple[bool, float, str, str]:
    """Sort by time; files without a time come last."""
    unknown = math.isnan(exposure.start_mjd)
    return (unknown, 0.0 if unknown else exposure.start_mjd, exposure.camera, exposure.name)
