"""What is odd about the raw files of an observation, said to people."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from hcdc_kernel.datamodel.exposure import Exposure
from hcdc_kernel.instruments.raw.spans import in_order, span
from hcdc_kernel.instruments.raw.targets import plain_name

_PAUSE_DAYS: Final = 2 / 1440
_MANY_NOTES: Final = 6

Templates = Mapping[tuple[str, str, str], tuple[Exposure, ...]]


def by_template(exposures: Iterable[Exposure]) -> Templates:
    """Sort exposures by the template that they were taken in.

    Parameters
    ----------
    exposures : iterable of Exposure
        All kinds.

    Returns
    -------
    mapping of (str, str, str) to tuple of Exposure
        By camera, template and its start; those whose place in a template is not known are
        left out.
    """
    templates: dict[tuple[str, str, str], list[Exposure]] = defaultdict(list)
    for one in in_order(exposures):
        if one.template_start and one.template_number and math.isfinite(one.start_mjd):
            templates[_template(one)].append(one)
    return {key: tuple(files) for key, files in templates.items()}


def oddities(
    science: tuple[Exposure, ...], others: tuple[Exposure, ...], templates: Templates
) -> list[str]:
    """List what people should know about the files of an observation.

    Parameters
    ----------
    science : tuple of Exposure
        All science exposures, with and without images.
    others : tuple of Exposure
        CENTER, FLUX and calibration exposures.
    templates : mapping
        From `by_template`, of all exposures.

    Returns
    -------
    list of str
        Sentences.
    """
    on_star = (*science, *(one for one in others if one.kind in ("center", "flux")))
    return [
        *_names(on_star),
        *_programs(science),
        *_images(science),
        *_headers(science),
        *_missing_files(on_star, templates),
        *_header_notes((*science, *others)),
    ]


def _template(exposure: Exposure) -> tuple[str, str, str]:
    """Name the template that an exposure was taken in."""
    return exposure.camera, exposure.template, exposure.template_start


def _names(on_star: tuple[Exposure, ...]) -> list[str]:
    """Name all spellings of the star."""
    spelled = sorted({one.target for one in on_star if plain_name(one.target)})
    if len(spelled) < 2:
        return []
    return [f"The star's name is written in {len(spelled)} ways: {', '.join(spelled)}."]


def _programs(science: tuple[Exposure, ...]) -> list[str]:
    """Name the programs if there are several."""
    programs = sorted({one.program for one in science if one.program})
    if len(programs) < 2:
        return []
    return [f"The science frames come from {len(programs)} programs: {', '.join(programs)}."]


def _images(science: tuple[Exposure, ...]) -> list[str]:
    """Tell of files without images, and of those cut short."""
    n_bare = sum(one.n_planes == 0 for one in science)
    short = [one for one in science if 0 < one.n_planes < one.n_dit]
    found = []
    if n_bare == len(science):
        found.append(
            "The science files hold headers only. They can be listed but not reduced: get the "
            "files with their images."
        )
    elif n_bare:
        found.append(
            f"{n_bare} of {len(science)} science files hold a header only and are left out."
        )
    if short:
        lost = sum(one.n_dit - one.n_planes for one in short)
        found.append(
            f"{len(short)} of {len(science)} science files are cut short: {lost} frames that "
            "their headers promise are not there. The others are used."
        )
    return found


def _headers(science: tuple[Exposure, ...]) -> list[str]:
    """Tell of what the headers lack for a reduction, and of open loops."""
    n_open = sum(one.loops_closed is False for one in science)
    n_timeless = sum(math.isnan(one.start_mjd) for one in science)
    n_placeless = sum(
        math.isnan(one.ra_deg) and math.isnan(one.apparent_ra_deg) for one in science
    )
    total = len(science)
    sentences = {
        f"The adaptive optics was not locked in {n_open} of {total} science files.": n_open,
        f"{n_timeless} of {total} science files have no time: calibrations cannot be found by "
        "date, and the sky's rotation is not known.": n_timeless,
        f"{n_placeless} of {total} science files do not say where they point: the sky's rotation "
        "cannot be computed.": n_placeless,
    }
    return [text for text, count in sentences.items() if count]


def _missing_files(on_star: tuple[Exposure, ...], templates: Templates) -> list[str]:
    """Tell which files of the templates seem not to be here.

    Cameras that observe together share the numbers of a template, so that a number that is
    missing means nothing by itself; a pause in which nothing was taken does.
    """
    found = []
    for key in dict.fromkeys(_template(one) for one in in_order(on_star)):
        files = templates.get(key, ())
        steps = [b.template_number - a.template_number for a, b in pairwise(files)]
        if not files or min(steps, default=1) < 1:
            continue
        gone = _gaps(files)
        step, count = max((*steps, 1)), files[-1].template_count
        if len(files) > 1 and count - files[-1].template_number >= step:
            gone.append(_numbers(files[-1].template_number + 1, count))
        if len(files) > 1 and files[0].template_number > step:
            gone.insert(0, _numbers(1, files[0].template_number - 1))
        if gone:
            found.append(
                f"Of the {count} files of the template begun {files[0].template_start}, "
                f"these are not here: {', '.join(gone)}. It was stopped, or files are missing."
            )
    return found


def _gaps(files: tuple[Exposure, ...]) -> list[str]:
    """List numbers that are missing where there was time to take them."""
    gone = []
    for before, after in pairwise(files):
        start, end = span(before)
        pause = after.start_mjd - end
        if after.template_number - before.template_number > 1 and pause > max(
            _PAUSE_DAYS, (end - start) / 2
        ):
            gone.append(_numbers(before.template_number + 1, after.template_number - 1))
    return gone


def _numbers(first: int, last: int) -> str:
    """Write a range of numbers."""
    return f"number {first}" if first == last else f"numbers {first} to {last}"


def _header_notes(exposures: tuple[Exposure, ...]) -> list[str]:
    """Gather what is odd in the headers, each oddity once."""
    counts = Counter((one.kind, note) for one in exposures for note in dict.fromkeys(one.notes))
    total = Counter(one.kind for one in exposures)
    sentences = [
        f"{note.rstrip('.')} ({count} of {total[kind]} {kind} files)."
        for (kind, note), count in counts.items()
    ]
    if len(sentences) <= _MANY_NOTES:
        return sentences
    return [
        *sentences[:_MANY_NOTES],
        f"{len(sentences) - _MANY_NOTES} more oddities of headers are listed with the files.",
    ]
