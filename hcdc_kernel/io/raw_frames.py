"""Lists of raw files, master calibrations and star positions as FITS."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from hcdc_kernel.datamodel import Exposure, Exposures, Master, StarPositions
from hcdc_kernel.datamodel.master import MasterKind
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.io.cards import (
    Card,
    Column,
    add_cards,
    find,
    find_image,
    from_ascii,
    identity_cards,
    read_history,
    read_identity,
    table,
    to_ascii,
)
from hcdc_kernel.io.fits_file import FitsPart, read_fits
from hcdc_kernel.io.images import read_flags
from hcdc_kernel.io.stream import image_unit

Parts = Mapping[str, FitsPart]


def exposures_to_hdus(exposures: Exposures) -> list[Any]:
    """Make the HDUs of a list of raw files."""
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    add_cards(primary.header, identity_cards(exposures.identity))
    columns: list[Column] = [
        ("NAME", "", [to_ascii(one.name) for one in exposures]),
        ("KIND", "", [one.kind for one in exposures]),
        ("EXPOSURE", "", [_json(one.to_dict()) for one in exposures]),
    ]
    return [primary, table("EXPOSURES", columns)]


def exposures_from_parts(parts: Parts) -> Exposures:
    """Read what `exposures_to_hdus` wrote."""
    rows = find(parts, "EXPOSURES").columns["EXPOSURE"]
    return Exposures(
        items=tuple(Exposure.from_dict(json.loads(str(row))) for row in rows),
        identity=read_identity(find(parts, "PRIMARY").header),
        history=read_history(find(parts, "HISTORY")),
    )


def master_to_hdus(master: Master) -> list[Any]:
    """Make the HDUs of a master calibration; its figures stand in the header too."""
    cards: list[Card] = [
        ("BUNIT", to_ascii(master.unit), "unit of the image"),
        ("MASTER", to_ascii(master.kind), "kind of calibration"),
        *identity_cards(master.identity),
        *_quality_cards(master.quality),
    ]
    primary = image_unit(master.data, np.float32, primary=True)
    add_cards(primary.header, cards)
    setup, quality = sorted(master.setup.items()), sorted(master.quality.items())
    setup_columns: list[Column] = [
        ("NAME", "", [to_ascii(name) for name, _ in setup]),
        ("VALUE", "", [_json(value) for _, value in setup]),
    ]
    quality_columns: list[Column] = [
        ("NAME", "", [to_ascii(name) for name, _ in quality]),
        ("VALUE", "", np.array([value for _, value in quality], dtype=np.float64)),
    ]
    return [
        primary,
        image_unit(master.variance, np.float32, name="VARIANCE"),
        image_unit(master.flags, np.uint8, name="FLAGS"),
        table("SETUP", setup_columns),
        table("QUALITY", quality_columns),
    ]


def master_from_parts(parts: Parts) -> Master:
    """Read what `master_to_hdus` wrote."""
    header = find(parts, "PRIMARY").header
    kind = from_ascii(str(header["MASTER"]))
    if kind not in get_args(MasterKind):
        raise FileFormatError("No such kind of master calibration", found=kind)
    return Master(
        kind=cast(MasterKind, kind),
        data=find_image(parts, "PRIMARY"),
        variance=find_image(parts, "VARIANCE"),
        flags=read_flags(parts),
        setup=_setup(find(parts, "SETUP")),
        quality=_quality(find(parts, "QUALITY")),
        identity=read_identity(header),
        unit=from_ascii(str(header["BUNIT"])),
        history=read_history(find(parts, "HISTORY")),
    )


def read_master_facts(path: Path) -> dict[str, Any]:
    """Read what a master calibration is for and how good it is, but not its images.

    Parameters
    ----------
    path : Path
        File of a `Master`.

    Returns
    -------
    dict
        ``kind``, ``identity``, ``setup`` and ``quality``.

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, or holds no master calibration.
    """
    from astropy.io import fits

    (setup,), (quality,) = read_fits(path, "SETUP"), read_fits(path, "QUALITY")
    header = fits.getheader(path)
    if "MASTER" not in header:
        raise FileFormatError(f"'{path}' holds no master calibration")
    return {
        "kind": from_ascii(str(header["MASTER"])),
        "identity": read_identity(header),
        "setup": _setup(setup),
        "quality": _quality(quality),
    }


def _setup(part: FitsPart) -> dict[str, str | float]:
    """Read the table of what frames must have in common with a master."""
    rows = zip(part.columns["NAME"], part.columns["VALUE"], strict=True)
    return {from_ascii(str(name)): json.loads(str(value)) for name, value in rows}


def _quality(part: FitsPart) -> dict[str, float]:
    """Read the table of figures of merit."""
    rows = zip(part.columns["NAME"], part.columns["VALUE"], strict=True)
    return {from_ascii(str(name)): float(value) for name, value in rows}


def positions_to_hdus(positions: StarPositions) -> list[Any]:
    """Make the HDUs of positions of the star."""
    cards: list[Card] = [
        ("METHOD", to_ascii(positions.method), "what was measured"),
        *identity_cards(positions.identity),
    ]
    primary = image_unit(positions.image, np.float32, primary=True)
    add_cards(primary.header, cards)
    rows: list[Column] = [
        ("MJD", "d", np.asarray(positions.mjd, dtype=np.float64)),
        ("DITHER_X", "pix", np.asarray(positions.dither_xy_px[:, 0], dtype=np.float64)),
        ("DITHER_Y", "pix", np.asarray(positions.dither_xy_px[:, 1], dtype=np.float64)),
        ("EXPOSURE", "", [to_ascii(text) for text in positions.exposure]),
    ]
    planes = {
        "POSITION": positions.xy_px,
        "ERROR": positions.error_px,
        "SPOTS": positions.spots_xy_px,
        "CORNER": positions.image_corner_xy_px,
    }
    units = [image_unit(plane, np.float64, name=name) for name, plane in planes.items()]
    for unit in units:
        unit.header["BUNIT"] = ("pix", "counted from 0 in the detector field; x then y")
    return [primary, table("FRAMES", rows), *units]


def positions_from_parts(parts: Parts) -> StarPositions:
    """Read what `positions_to_hdus` wrote."""
    header = find(parts, "PRIMARY").header
    rows = find(parts, "FRAMES").columns
    return StarPositions(
        xy_px=find_image(parts, "POSITION"),
        error_px=find_image(parts, "ERROR"),
        mjd=rows["MJD"],
        dither_xy_px=np.stack([rows["DITHER_X"], rows["DITHER_Y"]], axis=1),
        exposure=tuple(from_ascii(str(text)) for text in rows["EXPOSURE"]),
        spots_xy_px=find_image(parts, "SPOTS"),
        image=find_image(parts, "PRIMARY"),
        image_corner_xy_px=find_image(parts, "CORNER"),
        method=from_ascii(str(header["METHOD"])),
        identity=read_identity(header),
        history=read_history(find(parts, "HISTORY")),
    )


def _quality_cards(quality: Mapping[str, float]) -> Sequence[Card]:
    """Give the figures of merit as quality-control keywords of the observatory's kind."""
    return [
        (f"HIERARCH HCDC QC {name.upper().replace('_', ' ')}", float(value), "")
        for name, value in sorted(quality.items())
        if math.isfinite(value)
    ]


def _json(value: Any) -> str:
    """Write plain values so that equal ones give equal bytes, in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
