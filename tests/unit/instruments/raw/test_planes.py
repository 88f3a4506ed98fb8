"""Images come out as they were written, only where they are wanted."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hcdc_kernel.errors import DataError, FileFormatError
from hcdc_kernel.instruments.raw import open_planes


def compress(content: bytes) -> bytes:
    import ncompress

    return bytes(ncompress.compress(content))


def test_planes_are_native_copies(irdis_file: Callable[..., Path], irdis_planes: Any) -> None:
    with open_planes(irdis_file()) as planes:
        assert planes.shape == (4, 12, 24)
        first = planes.read(2)
        first[:] = 0
        again = planes.read(2)
    assert again.dtype == np.dtype(np.float32)
    assert again.dtype.isnative
    np.testing.assert_array_equal(again, irdis_planes[2])


def test_parts_are_the_same_as_cut_from_the_whole(
    irdis_file: Callable[..., Path], irdis_planes: Any
) -> None:
    with open_planes(irdis_file()) as planes:
        part = planes.read(1, slice(3, 7), slice(12, None))
    np.testing.assert_array_equal(part, irdis_planes[1, 3:7, 12:])


@pytest.mark.parametrize("packed", [gzip.compress, compress])
def test_packed_files_leave_nothing_behind(
    irdis_file: Callable[..., Path],
    irdis_planes: Any,
    packed: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    path = irdis_file()
    path.write_bytes(packed(path.read_bytes()))
    with open_planes(path) as planes:
        assert list(scratch.iterdir())
        np.testing.assert_array_equal(planes.read(3), irdis_planes[3])
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "f4", "f8"])
def test_kinds_of_numbers(tmp_path: Path, dtype: str) -> None:
    data = np.arange(30).reshape(2, 3, 5).astype(dtype)
    fits.PrimaryHDU(data).writeto(tmp_path / "a.fits")
    with open_planes(tmp_path / "a.fits") as planes:
        np.testing.assert_array_equal(planes.read(1), data[1])


def test_scale_zero_and_blank_are_honored(tmp_path: Path) -> None:
    data = np.array([[[0, 1, 65535]]], dtype=np.uint16)
    fits.PrimaryHDU(data).writeto(tmp_path / "unsigned.fits")
    with open_planes(tmp_path / "unsigned.fits") as planes:
        np.testing.assert_array_equal(planes.read(0), [[0, 1, 65535]])
    unit = fits.PrimaryHDU(np.array([[[0, 1, -99]]], dtype=np.int16))
    unit.header.update(BSCALE=0.5, BZERO=10.0, BLANK=-99)
    unit.writeto(tmp_path / "scaled.fits")
    with open_planes(tmp_path / "scaled.fits") as planes:
        np.testing.assert_array_equal(planes.read(0), [[10, 10.5, np.nan]])


def test_image_of_two_dimensions_is_one_plane(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.ones((3, 5), np.float32)).writeto(tmp_path / "a.fits")
    with open_planes(tmp_path / "a.fits") as planes:
        assert planes.shape == (1, 3, 5)


def test_extensions_can_be_chosen(tmp_path: Path) -> None:
    images = [fits.ImageHDU(np.full((2, 3, 4), value, np.float32)) for value in (1, 2)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(tmp_path / "a.fits")
    with open_planes(tmp_path / "a.fits") as planes:
        assert planes.read(0).max() == 1
    with open_planes(tmp_path / "a.fits", unit=2) as planes:
        assert planes.read(0).max() == 2
    with (
        pytest.raises(FileFormatError, match="no images in unit 0"),
        open_planes(tmp_path / "a.fits", unit=0),
    ):
        pass


@pytest.mark.parametrize("packed", [bytes, gzip.compress, compress])
@pytest.mark.parametrize(("left", "whole"), [(0.5, 0), (1.5, 1), (3.9, 3)])
def test_truncated_file_says_how_many_planes_are_whole(
    irdis_file: Callable[..., Path], packed: Any, left: float, whole: int
) -> None:
    path = irdis_file()
    content = path.read_bytes()
    begin = content.index(b"END" + b" " * 77) // 2880 * 2880 + 2880
    path.write_bytes(packed(content[: begin + int(left * 12 * 24 * 4)]))
    with (
        pytest.raises(FileFormatError, match=f"truncated.*{whole} whole images of 4"),
        open_planes(path),
    ):
        pass


def test_missing_padding_is_no_truncation(irdis_file: Callable[..., Path]) -> None:
    path = irdis_file()
    content = path.read_bytes()
    begin = content.index(b"END" + b" " * 77) // 2880 * 2880 + 2880
    path.write_bytes(content[: begin + 4 * 12 * 24 * 4])
    with open_planes(path) as planes:
        assert planes.shape[0] == 4


def test_header_alone_holds_no_images(irdis_file: Callable[..., Path]) -> None:
    path = irdis_file()
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"END" + b" " * 77) // 2880 * 2880 + 2880])
    with pytest.raises(FileFormatError, match=r"no images.*a header only"), open_planes(path):
        pass


def test_image_that_is_not_there(irdis_file: Callable[..., Path]) -> None:
    with open_planes(irdis_file()) as planes:
        for index in (-1, 4):
            with pytest.raises(DataError, match=f"no image {index}"):
                planes.read(index)


def test_many_threads_read_the_same(irdis_file: Callable[..., Path], irdis_planes: Any) -> None:
    wanted = [i % 4 for i in range(200)]
    with open_planes(irdis_file()) as planes, ThreadPoolExecutor(8) as pool:
        for index, image in zip(wanted, pool.map(planes.read, wanted), strict=True):
            np.testing.assert_array_equal(image, irdis_planes[index])


@given(shape=st.tuples(*[st.integers(1, 6)] * 3), seed=st.integers(0, 99))
def test_whatever_the_shape_it_comes_back(
    shape: tuple[int, int, int], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("planes") / "a.fits"
    data = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    fits.PrimaryHDU(data).writeto(path)
    with open_planes(path) as planes:
        assert planes.shape == shape
        for index in range(shape[0]):
            np.testing.assert_array_equal(planes.read(index), data[index])
