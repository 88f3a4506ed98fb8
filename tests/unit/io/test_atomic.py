"""A file is there whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hcdc_kernel.io import atomic_write
from hcdc_kernel.io.atomic import disk_error


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_content_arrives_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_write(path) as stream:
        stream.write(b"content")
        assert not path.exists()
    assert path.read_bytes() == b"content"
    assert names_in(tmp_path) == ["file"]


def test_a_failure_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), atomic_write(path) as stream:
        stream.write("not bytes")
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


# A limit on the size of files is the one way to fill a disk that needs no privilege.
_FILL = """
import resource, signal, sys
from pathlib import Path
from hcdc_kernel.io import atomic_write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with atomic_write(Path(sys.argv[1])) as stream:
    stream.write(bytes(5000))
"""


def test_a_full_disk_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FILL, str(tmp_path / "file")]
    said = subprocess.run(command, capture_output=True, text=True)
    assert "StoreError" in said.stderr
    assert "The disk is full" in said.stderr
    assert names_in(tmp_path) == []


# Root may write everywhere, so the writer becomes nobody first.
_FORBID = """
import os, sys
from pathlib import Path
from hcdc_kernel.io import atomic_write
if os.geteuid() == 0:
    os.seteuid(65534)
with atomic_write(Path(sys.argv[1])) as stream:
    stream.write(b"content")
"""


def test_a_read_only_folder_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    command = [sys.executable, "-c", _FORBID, str(tmp_path / "file")]
    said = subprocess.run(command, capture_output=True, text=True)
    tmp_path.chmod(0o700)
    assert "StoreError" in said.stderr
    assert "cannot be written to" in said.stderr
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EROFS, "cannot be written to"),
        (errno.EACCES, "cannot be written to"),
        (errno.EIO, "could not be written"),
    ],
)
def test_each_error_of_the_disk_has_its_words_and_remedy(number: int, words: str) -> None:
    error = disk_error(OSError(number, os.strerror(number)), Path("/data/file"))
    assert words in str(error)
    assert error.remedy


def test_the_number_of_a_wrapped_error_is_found() -> None:
    outer = OSError("Not enough space on disk")
    outer.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert "disk is full" in str(disk_error(outer, Path("/data/file")))
