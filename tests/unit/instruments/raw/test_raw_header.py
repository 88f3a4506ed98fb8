"""Headers are read however they come, and what is odd about them is said."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.instruments.raw import RawHeader, read_header


def compress(content: bytes) -> bytes:
    import ncompress

    return bytes(ncompress.compress(content))


def header_of(*cards: str) -> RawHeader:
    return RawHeader.from_text("\n".join(("SIMPLE  = T", *cards, "END")))


@pytest.mark.parametrize("packed", [bytes, gzip.compress, compress])
@pytest.mark.parametrize("name", ["a.fits", "a.fits.Z", "a.fits.gz", "a"])
def test_content_counts_and_not_the_name(
    tmp_path: Path, make_raw: Any, make_irdis_cards: Any, packed: Any, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(packed(make_raw(make_irdis_cards())))
    assert read_header(path).text("HIERARCH ESO DPR TYPE") == "OBJECT"


def test_header_text_and_fits_file_say_the_same(irdis_file: Callable[..., Path]) -> None:
    path = irdis_file()
    block = path.read_bytes()
    lines = [block[i : i + 80].decode().rstrip() for i in range(0, block.index(b"END ") + 3, 80)]
    text = path.with_name("a.hdr")
    text.write_text("\n".join(lines) + "\n")
    plain, typed = read_header(path), read_header(text)
    assert plain.keys() == typed.keys()
    assert all(plain.text(key) == typed.text(key) for key in plain.keys())  # noqa: SIM118
    assert plain.holds_data
    assert not typed.holds_data


def test_values_agree_with_astropy(real_data: Path) -> None:
    path = next((real_data / "eso_headers").glob("*.header_only.fits"))
    ours, theirs = read_header(path), fits.getheader(path)
    checked = 0
    for key, value in theirs.items():
        if key in ("COMMENT", "HISTORY", "SIMPLE", ""):
            continue
        if isinstance(value, bool):
            assert ours.flag(key) is value
        elif isinstance(value, str):
            assert ours.text(key) == value.strip()
        else:
            assert ours.number(key) == value
        checked += 1
    assert checked > 650


def test_numbers_texts_and_flags() -> None:
    header = header_of(
        "A       = 1.5D3 / comment",
        "HIERARCH ESO B C = 'it''s / here' / comment",
        "D       = T",
        "E       =                  -7",
        "F       = '0.25'",
    )
    assert header.number("A") == 1500
    assert header.text("ESO B C") == "it's / here"
    assert header.flag("D") is True
    assert header.integer("E") == -7
    assert header.notes == ()
    assert header.number("F") == 0.25
    assert header.notes == ("F is a number written as a text",)


def test_first_name_that_is_there_counts() -> None:
    header = header_of("HIERARCH ESO INS4 DROT2 START = 3.5", "EMPTY   = ''", "FULL    = 'x'")
    assert header.number("INS4 DROT2 BEGIN", "INS4 DROT2 START") == 3.5
    assert header.text("EMPTY", "FULL") == "x"


def test_what_is_missing_is_unknown_and_no_note() -> None:
    header = header_of()
    assert header.text("OBJECT") == ""
    assert math.isnan(header.number("EXPTIME"))
    assert header.integer("DET NDIT") == 0
    assert header.flag("INS4 SHUT ST") is None
    assert header.notes == ()


@pytest.mark.parametrize("word", ["'many'", "T", "12abc", "nan", "1e999", "(1.0, 2.0)", "0x10"])
def test_wrong_kinds_become_unknown_with_a_note(word: str) -> None:
    header = header_of(f"EXPTIME = {word}")
    assert math.isnan(header.number("EXPTIME"))
    assert "EXPTIME should be a number" in header.notes[0]


def test_odd_integers_and_flags_are_noted() -> None:
    header = header_of("N       = 2.5", "HUGE    = 1e300", "F       = 'maybe'")
    assert (header.integer("N"), header.integer("HUGE"), header.flag("F")) == (0, 0, None)
    assert [note.split()[0] for note in header.notes] == ["N", "HUGE", "F"]


def test_long_text_goes_on_in_the_next_card() -> None:
    header = header_of("NAME    = 'the first &' / c", "CONTINUE  'and the second' / c")
    assert header.text("NAME") == "the first and the second"


def test_lost_quote_does_not_swallow_the_comment() -> None:
    assert header_of("OBJECT  = 'HD 1 / target").text("OBJECT") == "HD 1"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("OBJECT  = 'β Pic'".encode(), "β Pic"),
        ("OBJECT  = 'étoile'".encode("latin-1"), "étoile"),
        (b"OBJECT  = 'HD 1\x00\x00'", "HD 1"),
    ],
)
def test_foreign_characters_are_read_and_noted(
    tmp_path: Path, make_raw: Any, raw: bytes, name: str
) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(make_raw({"OBJECT": raw}))
    header = read_header(path)
    assert header.text("OBJECT") == name
    assert header.notes == ("OBJECT holds characters that are not allowed in FITS headers",)


def test_of_two_cards_of_one_name_the_first_counts() -> None:
    assert header_of("A       = 1", "A       = 2").number("A") == 1


def test_lines_longer_than_a_card_are_whole() -> None:
    value = "x" * 200
    assert (
        header_of(f"HIERARCH ESO INS4 TILT1 FRML = '{value}' /").text("INS4 TILT1 FRML") == value
    )


def test_units_of_a_file_with_extensions(tmp_path: Path, make_raw: Any, irdis_planes: Any) -> None:
    path = tmp_path / "zimpol.fits"
    first = make_raw({"INSTRUME": "SPHERE", "EXTEND": True})
    cameras = [
        make_raw({"EXTNAME": name}, irdis_planes, first="XTENSION= 'IMAGE   '")
        for name in ("CALLAS", "BARTOLI")
    ]
    path.write_bytes(first + b"".join(cameras))
    header = read_header(path)
    assert [unit.name for unit in header.units] == ["", "CALLAS", "BARTOLI"]
    assert header.image is header.units[1]
    assert header.image.n_planes == 4
    assert header.text("INSTRUME") == "SPHERE"


def test_tables_are_no_images(tmp_path: Path) -> None:
    path = tmp_path / "sparta.fits"
    columns = [fits.Column("R0", "E", array=[0.1, 0.2])]
    table = fits.BinTableHDU.from_columns(columns, name="AtmPerfParams")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    header = read_header(path)
    assert [unit.kind for unit in header.units] == ["IMAGE", "BINTABLE"]
    assert header.units[1].name.upper() == "ATMPERFPARAMS"
    assert header.image is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"<html>Not found</html>", "<html>"),
        (b"PK\x03\x04" * 50, "bytes 50 4b"),
        (b"SIMPLE  =                    T".ljust(80) * 40, "has no end"),
        (b"\x1f\x8b" + b"x" * 100, "cannot be unpacked"),
        (b"\x1f\x9d\x90" + bytes(range(200)), "cannot be unpacked"),
        (gzip.compress(b"SIMPLE  = T".ljust(80) * 100)[:60], "damaged or cut off"),
    ],
)
def test_what_is_no_header_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=words):
        read_header(path)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="There is no file"):
        read_header(tmp_path / "a.fits")
    with pytest.raises(FileFormatError, match="is no file"):
        read_header(tmp_path)


def test_reading_a_header_does_not_read_the_data(tmp_path: Path, make_raw: Any) -> None:
    path = tmp_path / "a.fits"
    block = make_raw({"INSTRUME": "SPHERE"}).replace(b"NAXIS   = 0", b"NAXIS   = 1", 1)
    block = block.replace(b"INSTRUME=", b"NAXIS1  = 8000000000000\x20".ljust(80) + b"INSTRUME=", 1)
    path.write_bytes(block[:2880])
    with path.open("r+b") as file:
        file.truncate(2880 + 8_000_000_000)  # sparse: reading it would take seconds
    assert read_header(path).text("INSTRUME") == "SPHERE"
