"""Raw calibration files of one setup, plane by plane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposure, Exposures
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.raw.planes import open_planes

SAME_DIT_S = 0.01
"""Exposure times that differ by less are the same [s]."""

Setup = tuple[str, ...]


def commonest(
    exposures: Exposures, setup_of: Callable[[Exposure], Setup]
) -> tuple[tuple[Exposure, ...], tuple[Exposure, ...]]:
    """Part files into those of the commonest setup and the others.

    Parameters
    ----------
    exposures : Exposures
        Raw files.
    setup_of : callable
        What must be the same.

    Returns
    -------
    tuple of two tuples of Exposure
        Files of the setup with most planes, and the rest.

    Raises
    ------
    DataError
        If there is no file with images.
    """
    groups: dict[Setup, list[Exposure]] = defaultdict(list)
    for exposure in exposures:
        if exposure.n_planes > 0:
            groups[setup_of(exposure)].append(exposure)
    if not groups:
        raise DataError(
            "There is no calibration file with images",
            found=f"{len(exposures)} files",
            remedy="Check that the files were fetched whole",
        )
    # The first in time of equals, so that the choice does not depend on chance.
    chosen = max(groups, key=lambda setup: sum(one.n_planes for one in groups[setup]))
    rest = (one for one in exposures if one not in groups[chosen])
    return tuple(groups[chosen]), tuple(rest)


def background_setup(exposure: Exposure) -> Setup:
    """Tell what backgrounds must have in common to be averaged.

    Parameters
    ----------
    exposure : Exposure
        A sky, background or dark.

    Returns
    -------
    tuple of str
        Kind and exposure time; of what sees light also filter and neutral density.
    """
    same = (exposure.kind, f"{exposure.dit_s:.2f}")
    if exposure.kind in ("dark", "bias"):
        return same
    return (*same, exposure.filter, exposure.neutral_density)


def by_dit(exposures: Iterable[Exposure]) -> dict[float, tuple[Exposure, ...]]:
    """Sort files by exposure time.

    Parameters
    ----------
    exposures : iterable of Exposure
        Raw files.

    Returns
    -------
    dict of float to tuple of Exposure
        Files by exposure time [s], shortest first.
    """
    groups: dict[float, list[Exposure]] = {}
    for exposure in sorted(exposures, key=lambda one: one.dit_s):
        last = next(reversed(groups), None)
        if last is None or abs(exposure.dit_s - last) >= SAME_DIT_S:
            last = exposure.dit_s
            groups[last] = []
        groups[last].append(exposure)
    return {dit_s: tuple(group) for dit_s, group in groups.items()}


def planes_of(
    exposures: Sequence[Exposure], seen: Callable[[], None] = lambda: None
) -> Iterator[FloatArray]:
    """Read all images of some files, one after the other.

    Parameters
    ----------
    exposures : sequence of Exposure
        Raw files.
    seen : callable
        Called after each image.

    Yields
    ------
    ndarray of float32, shape (n_y, n_x)
        One image [adu].

    Raises
    ------
    FileFormatError
        If a file cannot be read.
    """
    for exposure in exposures:
        with open_planes(exposure.path) as planes:
            for i in range(planes.shape[0]):
                yield planes.read(i)
                seen()


def field_columns(shape: tuple[int, int]) -> tuple[slice, ...]:
    """Tell where the fields of a detector lie.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of a raw frame.

    Returns
    -------
    tuple of slice
        Columns of each field. A detector twice as wide as high shows two fields side by side,
        as that of IRDIS does; any other shows one.
    """
    n_y, n_x = shape
    if n_x == 2 * n_y:
        return slice(0, n_y), slice(n_y, n_x)
    return (slice(0, n_x),)
