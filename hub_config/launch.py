"""Start the hub, watch over it, and leave nothing behind when it stops."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import psutil
import typer

from hcdc_kernel.errors import ConfigError, RunError
from hcdc_kernel.settings import Settings
from hub_config import places

_START_LIMIT_S = 120.0
_STOP_LIMIT_S = 30.0
_PR_SET_CHILD_SUBREAPER = 36


def serve(settings: Settings) -> int:
    """Run the hub until it is told to stop.

    Parameters
    ----------
    settings : Settings
        Where the state lives and where to listen.

    Returns
    -------
    int
        Exit code: 0 after a stop that was asked for.

    Raises
    ------
    ConfigError
        If a port is taken.
    RunError
        If something is not installed, or the hub does not start.
    """
    state = _prepare(settings)
    log = state / "hub.log"
    _adopt_orphans()
    asked: list[int] = []
    hub = _start(log, asked)
    try:
        _wait_until_ready(hub, log, asked)
        if not asked:
            typer.echo(
                f"The hub is ready: http://127.0.0.1:{settings.hub_port}\n"
                f"It writes to {log}. Press Ctrl-C to stop it."
            )
        while hub.poll() is None and not asked:
            time.sleep(0.2)
        if not asked:
            raise RunError("The hub stopped by itself", remedy=f"Look at the end of {log}")
        typer.echo("\nStopping the hub ...")
    finally:
        _stop(hub)
    typer.echo("The hub has stopped.")
    return 0


def _prepare(settings: Settings) -> Path:
    """Make the folder of the state, for us alone, and see that all is there."""
    if not places.proxy_command():
        raise RunError("The hub's proxy is not installed", remedy="Run 'make install'")
    for port in range(settings.hub_port, settings.hub_port + 4):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise ConfigError(
                    f"Port {port} is taken, perhaps by a hub that runs already",
                    remedy="Choose another with HCDC_HUB_PORT; it and the next three are used",
                ) from error
    state = settings.home.absolute() / "hub"
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    # The archive holds the accounts: no business of other users of this machine.
    settings.home.chmod(settings.home.stat().st_mode & ~0o007)
    return state


def _adopt_orphans() -> None:
    """Become the parent of what the hub leaves behind should it be killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _start(log: Path, asked: list[int]) -> subprocess.Popen[bytes]:
    """Start JupyterHub in a session of its own; signals that tell us to stop land in `asked`."""

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    # Handlers are set before the hub starts: a process born with SIGINT ignored, as one in the
    # background of a script is, would hand that on, and all its children would stop late.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with log.open("xb") as output:
        return subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "jupyterhub",
                "-f",
                str(places.HERE / "jupyterhub_config.py"),
            ],
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(hub: subprocess.Popen[bytes], log: Path, asked: list[int]) -> None:
    """Wait until the hub says that it runs, which it does once its services do."""
    typer.echo("Starting the hub ...")
    end = time.monotonic() + _START_LIMIT_S
    while not asked and "JupyterHub is now running" not in log.read_text(errors="replace"):
        if hub.poll() is not None or time.monotonic() > end:
            last = log.read_text(errors="replace").splitlines()[-15:]
            raise RunError("The hub did not start", remedy="\n".join(["Its last words:", *last]))
        time.sleep(0.1)


def _stop(hub: subprocess.Popen[bytes]) -> None:
    """Ask the hub to stop its children and itself; end whatever remains."""
    hub.terminate()
    try:
        hub.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        hub.kill()
        hub.wait()
    left = psutil.Process().children(recursive=True)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(left, timeout=5)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
