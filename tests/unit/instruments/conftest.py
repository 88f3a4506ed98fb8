"""A sound sequence on disk, to be broken in one place by each test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits

from hcdc_kernel.datamodel import Sequence
from hcdc_kernel.instruments import load_sequence, read_description
from hcdc_kernel.synthetic import small_scene, write_sequence


class SequenceFiles:
    """Files of a sequence that can be edited."""

    def __init__(self, folder: Path) -> None:
        scene = replace(small_scene(), wavelength_um=(1.593, 1.667), n_frames=6, n_references=3)
        self.folder = folder
        self.path = write_sequence(scene, folder)

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        content = yaml.safe_load(self.path.read_text())
        change(content)
        self.path.write_text(yaml.safe_dump(content))

    def put(self, name: str, values: Any) -> None:
        fits.PrimaryHDU(np.asarray(values)).writeto(self.folder / name, overwrite=True)

    def get(self, name: str) -> Any:
        return np.array(fits.getdata(self.folder / name))

    def load(self) -> Sequence:
        return load_sequence(read_description(self.path))


@pytest.fixture
def files(tmp_path: Path) -> SequenceFiles:
    return SequenceFiles(tmp_path / "given")


def raw_bytes(cards: dict[str, Any], data: Any = None, *, first: str = "SIMPLE  = T") -> bytes:
    """One header-data unit as a camera would write it; bytes stand as cards of their own."""
    texts: list[bytes] = [first.encode()]
    shape = () if data is None else data.shape
    if data is not None:
        bits = data.dtype.itemsize * 8
        texts.append(f"BITPIX  = {-bits if data.dtype.kind == 'f' else bits}".encode())
    else:
        texts.append(b"BITPIX  = 8")
    texts.append(f"NAXIS   = {len(shape)}".encode())
    texts += [f"NAXIS{i}  = {n}".encode() for i, n in enumerate(reversed(shape), start=1)]
    for key, value in cards.items():
        name = key if " " not in key and len(key) <= 8 else f"HIERARCH ESO {key}"
        if isinstance(value, bytes):
            texts.append(value)
        elif isinstance(value, bool):
            texts.append(f"{name:<8}= {'T' if value else 'F'}".encode())
        elif isinstance(value, str):
            texts.append(f"{name:<8}= '{value}' / a comment".encode())
        else:
            texts.append(f"{name:<8}= {value} / a comment".encode())
    header = b"".join(text[:80].ljust(80) for text in (*texts, b"END"))
    body = b"" if data is None else data.astype(data.dtype.newbyteorder(">")).tobytes()
    return header + b" " * (-len(header) % 2880) + body + bytes(-len(body) % 2880)


def irdis_cards(**changes: Any) -> dict[str, Any]:
    """A science frame of IRDIS, read out in a small window; underscores stand for blanks."""
    cards: dict[str, Any] = {
        "INSTRUME": "SPHERE",
        "OBJECT": "HD 1",
        "RA": 191.084536,
        "DEC": -8.67217,
        "EXPTIME": 16.0,
        "MJD-OBS": 58916.30004305,
        "DATE-OBS": "2020-03-08T07:12:03.7194",
        "ARCFILE": "SPHER.2020-03-08T07:12:03.720.fits",
        "DPR CATG": "SCIENCE",
        "DPR TYPE": "OBJECT",
        "DPR TECH": "IMAGE,DUAL,CORONOGRAPHY",
        "SEQ ARM": "IRDIS",
        "DET ID": "IRDIS",
        "DET NDIT": 4,
        "DET SEQ1 DIT": 16.0,
        "DET SEQ1 WIN NX": 24,
        "DET SEQ1 WIN NY": 12,
        "DET FRAM UTC": "2020-03-08T07:13:13.9",
        "DET READ CURNAME": "Nondest",
        "INS COMB ICOR": "N_ALC_YJH_S",
        "INS COMB IFLT": "DB_H23",
        "INS1 FILT NAME": "B_H",
        "INS1 OPTI1 NAME": "ST_ALC2",
        "INS1 OPTI2 NAME": "D_H23",
        "INS1 PAC X": -17.956,
        "INS1 PAC Y": 17.988,
        "INS4 COMB ROT": "PUPIL",
        "INS4 DROT2 MODE": "ELEV",
        "INS4 DROT2 BEGIN": 214.5106,
        "INS4 DROT2 END": 214.357,
        "INS4 DROT2 POSANG": 0.0,
        "INS4 DROT2 RA": 124523.29766,
        "INS4 DROT2 DEC": -84656.84546,
        "INS4 FILT2 NAME": "OPEN",
        "OBS TARG NAME": "HD 1",
        "OBS ID": 2485392,
        "TPL ID": "SPHERE_irdifs_obs",
    }
    cards |= {key.replace("_", " "): value for key, value in changes.items()}
    return {key: value for key, value in cards.items() if value is not None}


@pytest.fixture(scope="session")
def make_raw() -> Callable[..., bytes]:
    return raw_bytes


@pytest.fixture(scope="session")
def make_irdis_cards() -> Callable[..., dict[str, Any]]:
    return irdis_cards


@pytest.fixture(scope="session")
def irdis_planes() -> Any:
    """Four images of 12 x 24 pixels, no two values the same."""
    return np.arange(4 * 12 * 24, dtype=np.float32).reshape(4, 12, 24)


@pytest.fixture
def irdis_file(tmp_path: Path, irdis_planes: Any) -> Callable[..., Path]:
    """Write a raw file of IRDIS with changed cards, and say where it is."""

    def write(name: str = "raw.fits", data: Any = irdis_planes, **changes: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw_bytes(irdis_cards(**changes), data))
        return path

    return write
