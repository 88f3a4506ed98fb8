"""Whatever bytes come, a clear message or an answer: never another exception."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path
from typing import Any

import ncompress
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcdc_kernel.datamodel import Exposure
from hcdc_kernel.errors import HcdcError
from hcdc_kernel.instruments.raw import RawHeader, open_planes, read_exposure
from hcdc_kernel.instruments.sphere.camera import Sphere

SOME = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def survive(content: bytes, folder: Path) -> None:
    """Read the bytes every way there is."""
    path = folder / "strange.fits"
    path.write_bytes(content)
    with contextlib.suppress(HcdcError):
        exposure = read_exposure(path)
        assert Exposure.from_dict(exposure.to_dict()).name == exposure.name
    with contextlib.suppress(HcdcError), open_planes(path) as planes:
        planes.read(planes.shape[0] - 1)


@SOME
@given(content=st.binary(max_size=400))
def test_any_bytes(content: bytes, tmp_path: Path) -> None:
    survive(content, tmp_path)


@SOME
@given(begin=st.sampled_from([b"\x1f\x8b\x08\x00", b"\x1f\x9d\x90"]), rest=st.binary(max_size=400))
def test_any_bytes_that_seem_packed(begin: bytes, rest: bytes, tmp_path: Path) -> None:
    survive(begin + rest, tmp_path)


@SOME
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 8639), st.binary(min_size=1, max_size=12)), max_size=8
    ),
    cut=st.integers(0, 12000),
    packed=st.sampled_from(["", "gzip", "compress"]),
)
def test_any_damage_to_a_good_file(
    changes: Any,
    cut: int,
    packed: str,
    tmp_path: Path,
    make_raw: Any,
    make_irdis_cards: Any,
    irdis_planes: Any,
) -> None:
    content = bytearray(make_raw(make_irdis_cards(), irdis_planes))
    for place, new in changes:
        content[place : place + len(new)] = new
    whole = bytes(content[:cut])
    if packed:
        whole = gzip.compress(whole) if packed == "gzip" else bytes(ncompress.compress(whole))
    survive(whole, tmp_path)


@SOME
@given(data=st.data())
def test_any_values_in_a_header(data: Any, make_irdis_cards: Any) -> None:
    cards = make_irdis_cards()
    keys = data.draw(st.lists(st.sampled_from(sorted(cards)), max_size=6))
    words = st.one_of(
        st.text(
            st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs"]), max_size=30
        ),
        st.integers().map(str),
        st.floats().map(str),
        st.sampled_from(["''", "'", "T", "1D400", "-0.0", "'2020-02-30T25:61:61'", "/"]),
    )
    lines = ["SIMPLE  = T"]
    for key, value in cards.items():
        word = data.draw(words) if key in keys else repr(value).replace("True", "T")
        lines.append(f"HIERARCH ESO {key} = {word}")
    header = RawHeader.from_text("\n".join(lines))
    camera = Sphere()
    if camera.recognizes(header):
        exposure = camera.translate(header, Path("a.fits"), 4)
        assert exposure.camera.startswith("vlt-")
        assert all(isinstance(note, str) for note in exposure.notes)


@pytest.mark.parametrize("axes", ["-1", "1000000", "'three'", "2.5"])
def test_absurd_dimensions(axes: str, tmp_path: Path, make_raw: Any, irdis_planes: Any) -> None:
    content = make_raw({"INSTRUME": "SPHERE"}, irdis_planes)
    survive(
        content.replace(b"NAXIS   = 3", f"NAXIS   = {axes}".encode().ljust(11)[:20], 1), tmp_path
    )
    survive(content.replace(b"NAXIS3  = 4", b"NAXIS3  = 99999999999999999", 1), tmp_path)
