"""From folders to exposures: each once, in the order of time, and the rest with a reason."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hcdc_kernel import plugins
from hcdc_kernel.errors import FileFormatError, HcdcError
from hcdc_kernel.instruments.raw import read_exposure, read_exposures, recognize
from hcdc_kernel.instruments.raw.header import RawHeader
from hcdc_kernel.instruments.sphere.camera import Sphere


def at(second: int) -> dict[str, Any]:
    """Cards of an exposure that began at another second."""
    time = f"2020-03-08T07:12:{second:02d}.0000"
    mjd = 58916.3 + second / 86400
    return {"DATE-OBS": time, "MJD-OBS": mjd, "ARCFILE": f"SPHER.{time[:-1]}.fits"}


def test_file_is_measured(irdis_file: Callable[..., Path]) -> None:
    path = irdis_file()
    exposure = read_exposure(path)
    assert exposure.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert exposure.size == path.stat().st_size
    assert exposure.path == path
    assert exposure.n_planes == 4
    quick = read_exposure(path, measured=False)
    assert quick.to_dict() == replace(exposure, sha256="").to_dict()


@pytest.mark.parametrize("measured", [True, False])
def test_planes_of_packed_files(irdis_file: Callable[..., Path], *, measured: bool) -> None:
    import ncompress

    path = irdis_file("raw.fits.Z")
    path.write_bytes(ncompress.compress(path.read_bytes()))
    assert read_exposure(path, measured=measured).n_planes == 4


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_truncated_file_is_refused(irdis_file: Callable[..., Path], packed: Any) -> None:
    path = irdis_file()
    content = path.read_bytes()
    path.write_bytes(packed(content[: len(content) - 2880]))
    with pytest.raises(FileFormatError, match=r"truncated.*2 whole images of 4"):
        read_exposure(path)


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_header_alone_is_an_exposure_without_images(
    irdis_file: Callable[..., Path], packed: Any
) -> None:
    path = irdis_file()
    content = path.read_bytes()
    path.write_bytes(packed(content[: content.index(b"END" + b" " * 77) // 2880 * 2880 + 2880]))
    exposure = read_exposure(path)
    assert exposure.n_planes == 0
    assert "a header without its images" in exposure.notes[-1]


def test_single_image_counts_as_one_plane(irdis_file: Callable[..., Path]) -> None:
    path = irdis_file(data=np.ones((12, 24), np.float32), DET_NDIT=1)
    exposure = read_exposure(path)
    assert (exposure.n_planes, exposure.notes) == (1, ())


def test_folders_are_searched_to_the_bottom_and_sorted_by_time(
    irdis_file: Callable[..., Path], tmp_path: Path
) -> None:
    for name, second in (("z/a.fits", 1), ("a.fits", 3), ("z/y/x.fits.gz", 2)):
        path = irdis_file(name, **at(second))
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(path.read_bytes()))
    told: list[tuple[float, str]] = []
    exposures, refused = read_exposures([tmp_path], lambda *said: told.append(said))
    assert [exposure.path.name for exposure in exposures] == ["a.fits", "x.fits.gz", "a.fits"]
    assert refused == ()
    assert [share for share, _ in told] == pytest.approx([1 / 3, 2 / 3, 1])


def test_what_is_no_raw_frame_is_passed_over_with_a_reason(
    irdis_file: Callable[..., Path], tmp_path: Path
) -> None:
    irdis_file("good.fits")
    irdis_file("product.fits", PRO_CATG="SCIENCE_REDUCED")
    irdis_file("other.fits", INSTRUME="NACO")
    irdis_file("small.fits", data=np.ones((2, 5, 5), np.float32))
    irdis_file(".hidden.fits")
    for name in ("a.yaml", "a.fits.part", "README.txt", "broken.fits"):
        (tmp_path / name).write_text("hello")
    exposures, refused = read_exposures([tmp_path])
    assert [exposure.path.name for exposure in exposures] == ["good.fits"]
    words = {
        "product.fits": "made from raw files (found: PRO CATG = SCIENCE_REDUCED)",
        "other.fits": "INSTRUME = NACO",
        "small.fits": "images of 5 x 5 x 2",
        ".hidden.fits": "hidden",
        "a.yaml": "no FITS file by its name",
        "a.fits.part": "unfinished",
        "README.txt": "no text of a FITS header",
        "broken.fits": "no FITS file",
    }
    reasons = {path.name: reason for path, reason in refused}
    assert reasons.keys() == words.keys()
    for name, word in words.items():
        assert word in reasons[name]


def test_copies_are_kept_once(irdis_file: Callable[..., Path], tmp_path: Path) -> None:
    path = irdis_file("b/raw.fits")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "copy.fits").write_bytes(path.read_bytes())
    (tmp_path / "a" / "packed.fits.gz").write_bytes(gzip.compress(path.read_bytes()))
    content = path.read_bytes()
    header = content[: content.index(b"END" + b" " * 77) // 2880 * 2880 + 2880]
    (tmp_path / "a" / "a.fits").write_bytes(header)
    exposures, refused = read_exposures([tmp_path, path, path])
    assert [exposure.path.name for exposure in exposures] == ["copy.fits"]
    reasons = {found.name: reason for found, reason in refused}
    assert "same content" in reasons["raw.fits"]
    assert "same exposure" in reasons["packed.fits.gz"]
    assert "same exposure" in reasons["a.fits"]


def test_interruption_leaves_the_rest_unread(
    irdis_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(40):
        irdis_file(f"{second}.fits", **at(second))
    tried: list[Path] = []

    def slow(path: Path) -> str:
        tried.append(path)
        time.sleep(0.01)
        return "no matter"

    def interrupt(share: float, text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hcdc_kernel.instruments.raw.exposures._try", slow)
    with pytest.raises(KeyboardInterrupt):
        read_exposures([tmp_path], interrupt)
    assert len(tried) < 20


def test_missing_files_are_refused_and_not_forgotten(tmp_path: Path) -> None:
    exposures, refused = read_exposures([tmp_path / "nothing.fits"])
    assert exposures == ()
    assert "There is no file" in refused[0][1]


def test_links_that_go_in_circles_end(irdis_file: Callable[..., Path], tmp_path: Path) -> None:
    irdis_file("night/raw.fits")
    (tmp_path / "night" / "again").symlink_to(tmp_path, target_is_directory=True)
    exposures, _ = read_exposures([tmp_path])
    assert len(exposures) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_folder_that_may_not_be_opened_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    _, refused = read_exposures([tmp_path])
    assert refused[0][0] == closed


def test_exposures_without_a_time_come_last(
    irdis_file: Callable[..., Path], tmp_path: Path
) -> None:
    irdis_file("a.fits", **{"DATE-OBS": None, "MJD-OBS": None, "ARCFILE": None})
    irdis_file("b.fits", **at(5))
    exposures, _ = read_exposures([tmp_path])
    assert [exposure.path.name for exposure in exposures] == ["b.fits", "a.fits"]
    assert math.isnan(exposures[1].start_mjd)
    assert exposures[1].name == "a"


def test_camera_of_a_plug_in_is_found(irdis_file: Callable[..., Path]) -> None:
    class Other(Sphere):
        name = "other"

        def recognizes(self, header: RawHeader) -> bool:
            return header.text("INSTRUME") == "OTHER"

    header = RawHeader.from_text("INSTRUME= 'OTHER'")
    with pytest.raises(FileFormatError, match=r"INSTRUME = OTHER.*Known cameras: sphere"):
        recognize(header)
    with plugins.registered("cameras", "other", Other):
        assert recognize(header).name == "other"


def test_whole_folder_of_real_data_is_read_or_refused_with_a_reason(real_data: Path) -> None:
    folders = [real_data / "eso_headers", real_data / "irdis_tyc7415", real_data / "irdis_51eri"]
    exposures, refused = read_exposures(folders)
    assert len(exposures) == 11  # the ZIMPOL header is there as FITS and as text
    assert all(len(reason) > 10 for _, reason in refused)
    assert len(exposures) + len(refused) == sum(len(list(folder.iterdir())) for folder in folders)
    with pytest.raises(HcdcError, match="made from one of IRDIS"):
        read_exposure(next((real_data / "irdis_tyc7415").glob("*.fits")))
