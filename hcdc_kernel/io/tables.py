"""Contrast curves, candidates and quality notes as FITS tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.datamodel import Candidates, ContrastCurve, Quality, QualityNote
from hcdc_kernel.datamodel.detections import CANDIDATE_COLUMNS
from hcdc_kernel.io.cards import (
    Column,
    add_cards,
    find,
    from_ascii,
    identity_cards,
    read_history,
    read_identity,
    table,
    to_ascii,
)
from hcdc_kernel.io.fits_file import FitsPart

Parts = Mapping[str, FitsPart]


def curve_columns(curve: ContrastCurve) -> dict[str, NDArray[Any]]:
    """Lay out a contrast curve as a long table: all separations of a channel, then the next."""
    n_wave, n = curve.contrast.shape
    return {
        "separation_mas": np.tile(np.asarray(curve.separation_mas, dtype=np.float64), n_wave),
        "contrast": np.asarray(curve.contrast, dtype=np.float64).ravel(),
        "throughput": np.asarray(curve.throughput, dtype=np.float64).ravel(),
        "wavelength_um": np.repeat(np.asarray(curve.wavelength_um, dtype=np.float64), n),
    }


CURVE_UNITS = {"separation_mas": "mas", "contrast": "", "throughput": "", "wavelength_um": "um"}


def curve_to_hdus(curve: ContrastCurve) -> list[Any]:
    """Make the HDUs of a contrast curve."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    add_cards(
        primary.header,
        [
            ("NSIGMA", curve.n_sigma, "Gaussian-equivalent significance"),
            ("METHOD", to_ascii(curve.method), ""),
            *identity_cards(curve.identity),
        ],
    )
    columns = curve_columns(curve)
    wavelength = np.asarray(curve.wavelength_um, dtype=np.float64)
    return [
        primary,
        table("CONTRAST", [(n.upper(), CURVE_UNITS[n], v) for n, v in columns.items()]),
        table("WAVELENGTH", [("WAVELENGTH_UM", "um", wavelength)]),
    ]


def curve_from_parts(parts: Parts) -> ContrastCurve:
    """Read what `curve_to_hdus` wrote."""
    header = find(parts, "PRIMARY").header
    columns = find(parts, "CONTRAST").columns
    wavelength_um = find(parts, "WAVELENGTH").columns["WAVELENGTH_UM"]
    shape = (wavelength_um.size, -1) if wavelength_um.size else (0, 0)
    contrast = columns["CONTRAST"].reshape(shape)
    return ContrastCurve(
        separation_mas=columns["SEPARATION_MAS"][: contrast.shape[1]],
        contrast=contrast,
        throughput=columns["THROUGHPUT"].reshape(shape),
        wavelength_um=wavelength_um,
        n_sigma=float(header["NSIGMA"]),
        method=from_ascii(str(header["METHOD"])),
        identity=read_identity(header),
        history=read_history(find(parts, "HISTORY")),
    )


def candidates_to_hdus(candidates: Candidates) -> list[Any]:
    """Make the HDUs of a list of candidates."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    add_cards(primary.header, identity_cards(candidates.identity))
    numbers = [
        (name.upper(), unit, np.asarray(getattr(candidates, name), dtype=np.float64))
        for name, unit in CANDIDATE_COLUMNS.items()
    ]
    labels = [to_ascii(text) for text in candidates.label]
    return [primary, table("CANDIDATES", [("LABEL", "", labels), *numbers])]


def candidates_from_parts(parts: Parts) -> Candidates:
    """Read what `candidates_to_hdus` wrote."""
    columns = find(parts, "CANDIDATES").columns
    return Candidates(
        label=tuple(from_ascii(str(text)) for text in columns["LABEL"]),
        **{name: columns[name.upper()] for name in CANDIDATE_COLUMNS},
        identity=read_identity(find(parts, "PRIMARY").header),
        history=read_history(find(parts, "HISTORY")),
    )


def quality_to_hdus(quality: Quality) -> list[Any]:
    """Make the HDUs of a quality summary."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    add_cards(primary.header, identity_cards(quality.identity))
    notes = quality.notes
    columns: list[Column] = [
        ("NAME", "", [to_ascii(note.name) for note in notes]),
        ("VALUE", "", np.array([note.value for note in notes], dtype=np.float64)),
        ("UNIT", "", [to_ascii(note.unit) for note in notes]),
        ("LIGHT", "", [to_ascii(note.light) for note in notes]),
        ("TEXT", "", [to_ascii(note.text) for note in notes]),
    ]
    return [primary, table("QUALITY", columns)]


def quality_from_parts(parts: Parts) -> Quality:
    """Read what `quality_to_hdus` wrote."""
    columns = find(parts, "QUALITY").columns
    texts = (
        [from_ascii(str(text)) for text in columns[name]]
        for name in ("NAME", "UNIT", "LIGHT", "TEXT")
    )
    notes = tuple(
        QualityNote(name, float(value), unit, light, text)
        for value, name, unit, light, text in zip(columns["VALUE"], *texts, strict=True)
    )
    return Quality(
        notes=notes,
        identity=read_identity(find(parts, "PRIMARY").header),
        history=read_history(find(parts, "HISTORY")),
    )
