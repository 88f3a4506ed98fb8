"""Bad FITS files are refused with a clear word; sound ones of any kind are read."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.io import read_fits


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.fits"
    hdus = fits.HDUList(
        [
            fits.PrimaryHDU(np.arange(4000, dtype=">f4").reshape(40, 100)),
            fits.ImageHDU(np.arange(6, dtype=np.int16), name="EXTRA"),
            fits.BinTableHDU.from_columns([fits.Column("A", "D", array=np.arange(3.0))], name="T"),
        ]
    )
    hdus.writeto(path)
    return path


def test_all_units_are_read(sound: Path) -> None:
    primary, extra, table = read_fits(sound)
    assert primary.image is not None
    assert primary.image.shape == (40, 100)
    assert primary.image.dtype == np.float32
    assert extra.name == "EXTRA"
    np.testing.assert_array_equal(table.columns["A"], [0, 1, 2])


@pytest.mark.parametrize("hdu", [1, "EXTRA", "extra"])
def test_one_unit_is_read_by_number_or_name(sound: Path, hdu: int | str) -> None:
    (part,) = read_fits(sound, hdu)
    assert part.name == "EXTRA"


@pytest.mark.parametrize("hdu", [7, "NOPE"])
def test_a_missing_unit_is_named_with_those_there(sound: Path, hdu: int | str) -> None:
    with pytest.raises(FileFormatError, match=r"no HDU.*0: PRIMARY, 1: EXTRA, 2: T"):
        read_fits(sound, hdu)


def test_scaled_integers_are_unscaled(tmp_path: Path) -> None:
    unit = fits.PrimaryHDU(np.array([1.0, 2.5, 4.0]))
    unit.scale("int16", bzero=2.5, bscale=0.5)
    unit.writeto(tmp_path / "scaled.fits")
    (part,) = read_fits(tmp_path / "scaled.fits")
    np.testing.assert_allclose(part.image, [1.0, 2.5, 4.0])


def test_gzipped_files_are_read(sound: Path) -> None:
    packed = sound.with_suffix(".fits.gz")
    packed.write_bytes(gzip.compress(sound.read_bytes()))
    assert len(read_fits(packed)) == 3


@pytest.mark.parametrize("length", [0, 100, 2880, 5000, 16000])
def test_truncated_files_are_refused(sound: Path, length: int) -> None:
    sound.write_bytes(sound.read_bytes()[:length])
    with pytest.raises(FileFormatError) as caught:
        read_fits(sound)
    assert str(sound) in str(caught.value)
    assert caught.value.remedy


def test_truncated_gzip_files_are_refused(sound: Path) -> None:
    packed = sound.with_suffix(".fits.gz")
    packed.write_bytes(gzip.compress(sound.read_bytes())[:2000])
    with pytest.raises(FileFormatError, match="FITS"):
        read_fits(packed)


@pytest.mark.parametrize("content", [b"", b"not a FITS file at all\n" * 500, b"\x00" * 5760])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.fits"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="cannot be read as a FITS file"):
        read_fits(path)


def header_block(*cards: bytes) -> bytes:
    return b"".join(card.ljust(80) for card in cards).ljust(2880)


def test_data_after_the_end_of_an_empty_header_are_refused(tmp_path: Path) -> None:
    """As in a pixel scale file of an old data challenge: the number lies outside any HDU."""
    head = header_block(
        b"SIMPLE  =                    T",
        b"BITPIX  =                  -64",
        b"NAXIS   =                    0",
        b"END",
    )
    path = tmp_path / "plsc.fits"
    path.write_bytes(head + np.array(7.46, ">f8").tobytes())
    with pytest.raises(FileFormatError, match="malformed"):
        read_fits(path)


def test_a_header_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "endless.fits"
    path.write_bytes(header_block(b"SIMPLE  =                    T", b"BITPIX  =   8"))
    with pytest.raises(FileFormatError, match="END"):
        read_fits(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="There is no file"):
        read_fits(tmp_path / "nowhere.fits")


def test_odd_cards_of_others_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "odd.fits"
    fits.PrimaryHDU(np.zeros((2, 2), ">f4")).writeto(path)
    content = path.read_bytes().replace(b"EXTEND  =", b"extend  =")
    path.write_bytes(content)
    (part,) = read_fits(path)
    assert part.image is not None


def test_real_products_of_a_data_center_are_read(real_data: Path) -> None:
    name = "irdis_hcdc_psf/61Vir_20170628_DB_H23_median_unsat.fits"
    (part,) = read_fits(real_data / name)
    assert part.image is not None
    assert part.image.shape == (2, 2, 64, 64)
    assert part.image.max() == pytest.approx(2.626e6, rel=1e-3)
