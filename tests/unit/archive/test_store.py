"""The product store: whole files or none, whatever happens to the disk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcdc_kernel.archive import ProductStore
from hcdc_kernel.errors import StoreError

CONTENT = b"photons " * 1000
ADDRESS = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path) -> ProductStore:
    return ProductStore(tmp_path / "store")


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", ["bytes", "file"])
def test_content_is_found_under_its_digest(store, tmp_path, kind):
    (tmp_path / "source").write_bytes(CONTENT)
    address = store.put(CONTENT if kind == "bytes" else tmp_path / "source")

    assert address == ADDRESS
    path = store.path(address, size=len(CONTENT))
    assert path == store.folder / ADDRESS[:2] / ADDRESS[2:4] / ADDRESS
    assert path.read_bytes() == CONTENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    store.verify(address)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=100))
def test_any_content_comes_back(store, content):
    address = store.put(content)
    assert store.path(address).read_bytes() == content
    assert store.holds(address, len(content))


def test_equal_content_is_kept_once(store, tmp_path):
    (tmp_path / "source").write_bytes(CONTENT)
    first = store.path(store.put(CONTENT)).stat()
    second = store.path(store.put(tmp_path / "source")).stat()

    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)
    assert len(files_of(store.folder)) == 1


def test_threads_may_store_the_same_and_other_content(store):
    def put() -> None:
        barrier.wait()
        for number in range(10):
            addresses.append(store.put(CONTENT + bytes([number])))

    barrier, addresses = threading.Barrier(4), []
    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(addresses) == 40
    assert len(files_of(store.folder)) == len(set(addresses)) == 10
    for address in set(addresses):
        store.verify(address)


def test_several_contents_are_stored_or_none(store, tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        store.put_all([CONTENT, tmp_path / "missing"])
    assert files_of(store.folder) == []

    assert store.put_all([CONTENT, CONTENT, b""])[:2] == [ADDRESS, ADDRESS]
    assert len(files_of(store.folder)) == 2


def test_a_folder_cannot_be_stored(store, tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        store.put(tmp_path)


def test_a_lost_product_is_named_with_its_remedy(store):
    with pytest.raises(StoreError, match=r"lost.*no folder.*hcdc rerun"):
        store.path(ADDRESS)
    store.path(store.put(CONTENT)).unlink()
    with pytest.raises(StoreError, match=r"lost.*no file.*hcdc rerun"):
        store.verify(ADDRESS)


def test_changed_bytes_are_noticed(store):
    path = store.path(store.put(CONTENT))
    path.chmod(0o600)
    path.write_bytes(CONTENT[::-1])

    with pytest.raises(StoreError, match=r"damaged.*hcdc rerun"):
        store.verify(ADDRESS)
    with pytest.raises(StoreError, match="8000 bytes instead of 7"):
        store.path(ADDRESS, size=7)


@pytest.mark.parametrize("address", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63])
def test_what_is_no_address_is_refused(store, address):
    with pytest.raises(StoreError, match="Not the address"):
        store.path(address)


# --- disks that fail ----------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 256 kB, where we may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount") or "mount"
    try:
        subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_said_and_left_clean(small_disk, tmp_path):
    store = ProductStore(small_disk / "store")
    kept = store.put(CONTENT)
    (tmp_path / "large").write_bytes(os.urandom(400_000))

    for content in (os.urandom(400_000), tmp_path / "large"):
        with pytest.raises(StoreError, match=r"No space left.*free some space"):
            store.put(content)

    assert files_of(store.folder) == [store.path(kept)]
    assert store.put(b"small") != kept  # room again


def test_none_of_several_is_kept_when_the_disk_fills_up(small_disk):
    store = ProductStore(small_disk / "store")
    with pytest.raises(StoreError, match="No space left"):
        store.put_all([os.urandom(150_000), os.urandom(150_000)])
    assert files_of(small_disk) == []


def test_a_read_only_disk_is_said(small_disk):
    store = ProductStore(small_disk / "store")
    kept = store.put(CONTENT)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    with pytest.raises(StoreError, match=r"Read-only file system.*mount it for writing"):
        store.put(b"more")
    assert store.path(kept).read_bytes() == CONTENT
    assert store.clean() == 0


_LIMITED = """
import os, pathlib, resource, sys
from hcdc_kernel.archive import ProductStore
from hcdc_kernel.errors import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    ProductStore(pathlib.Path(sys.argv[1])).put(os.urandom(200_000))
except StoreError as error:
    print(error)
"""


def test_a_limit_on_file_size_is_said_and_left_clean(tmp_path):
    command = [sys.executable, "-c", _LIMITED, tmp_path / "store"]
    said = subprocess.check_output(command, text=True)

    assert "File too large" in said
    assert "raise the limit" in said
    assert files_of(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(StoreError, match=r"Permission denied.*HCDC_HOME"):
        ProductStore(tmp_path / "store").put(CONTENT)
    tmp_path.chmod(0o755)
    assert files_of(tmp_path) == []


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(StoreError, match="A file stands where a folder should be"):
            ProductStore(folder).put(CONTENT)


def test_a_path_too_long_is_said(tmp_path):
    with pytest.raises(StoreError, match=r"too long.*shorter path"):
        ProductStore(tmp_path / ("x" * 300)).put(CONTENT)


# --- writers that died --------------------------------------------------------------------

_WRITER = """
import os, pathlib, sys
from hcdc_kernel.archive import ProductStore
os.mkfifo(sys.argv[2])
ProductStore(pathlib.Path(sys.argv[1])).put(pathlib.Path(sys.argv[2]))
"""


def test_the_remains_of_a_killed_writer_are_removed(store, tmp_path):
    pipe = tmp_path / "pipe"
    with subprocess.Popen([sys.executable, "-c", _WRITER, store.folder, pipe]) as writer:
        while not pipe.exists():
            time.sleep(0.01)
        with pipe.open("wb") as feed:
            feed.write(b"half of it")
            feed.flush()
            while not (parts := list(store.folder.rglob("*.part"))):
                time.sleep(0.01)
            os.utime(parts[0], (0, 0))
            time.sleep(0.2)
            assert store.clean() == 0  # the writer lives
            writer.kill()
            writer.wait()

    os.utime(parts[0], (0, 0))
    assert store.clean() == 1
    assert files_of(store.folder) == []


def test_a_part_file_that_was_just_made_is_left_alone(store):
    part = store.folder / "incoming" / "new.part"
    part.parent.mkdir(parents=True)
    part.touch()
    assert store.clean() == 0

    os.utime(part, (0, 0))
    with part.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert store.clean() == 0
    assert store.clean() == 1


# --- files of our own ---------------------------------------------------------------------


def test_a_scratch_file_is_taken_over_without_a_copy(tmp_path):
    store = ProductStore(tmp_path / "store")
    scratch = tmp_path / "scratch"
    scratch.write_bytes(CONTENT)
    (address,) = store.put_all([scratch], scratch=True)

    assert store.path(address).samefile(scratch)
    assert store.path(address).stat().st_mode & 0o777 == 0o444
    scratch.unlink()
    store.verify(address)
    assert files_of(store.folder) == [store.path(address)]


def test_scratch_bytes_and_known_files_leave_nothing_behind(tmp_path):
    store = ProductStore(tmp_path / "store")
    kept = store.put(CONTENT)
    scratch = tmp_path / "scratch"
    scratch.write_bytes(CONTENT)

    assert store.put_all([scratch, CONTENT], scratch=True) == [kept, kept]
    assert files_of(store.folder) == [store.path(kept)]
    assert not store.path(kept).samefile(scratch)


def test_a_scratch_file_on_another_disk_is_copied(small_disk, tmp_path):
    store = ProductStore(small_disk / "store")
    scratch = tmp_path / "scratch"
    scratch.write_bytes(CONTENT)
    (address,) = store.put_all([scratch], scratch=True)

    assert store.path(address).read_bytes() == CONTENT
    assert files_of(small_disk) == [store.path(address)]


def test_a_missing_scratch_file_is_said(tmp_path):
    with pytest.raises(StoreError, match=r"cannot be read.*missing"):
        ProductStore(tmp_path / "store").put_all([tmp_path / "missing"], scratch=True)
    assert files_of(tmp_path) == []


def test_removed_bytes_are_gone_and_may_be_removed_again(tmp_path):
    store = ProductStore(tmp_path / "store")
    address = store.put(CONTENT)
    store.remove(address)
    store.remove(address)
    assert files_of(store.folder) == []
