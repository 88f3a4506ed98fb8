"""A private kernel for one notebook: same Python, no ports, no lost replies."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type

# How long a reply can lie unread [s].
_POLL_S = 0.5
# The path of a socket holds some hundred characters at most.
_LONGEST_FOLDER = 60


class ThisPython(KernelSpecManager):
    """Offers one kernel: the Python that runs now.

    Kernels installed elsewhere under the same name, perhaps with other packages, cannot get
    in the way, and none needs to be installed.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Describe the kernel.

        Parameters
        ----------
        kernel_name : str
            Any name.

        Returns
        -------
        KernelSpec
            ipykernel in this Python.
        """
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            name=kernel_name,
            display_name="High contrast",
            language="python",
        )


class PatientChannel(AsyncZMQSocketChannel):
    """A channel that looks again and again while it waits.

    Widgets that answer on the same socket eat the event that announces a reply; a single long
    wait then sleeps beside a reply that has come [1]_.

    References
    ----------
    .. [1] https://github.com/jupyter/nbclient/issues/312
    """

    async def get_msg(  # type: ignore[override]  # so does the base class
        self, timeout: float | None = None
    ) -> dict[str, Any]:
        """Wait for a message.

        Parameters
        ----------
        timeout : float, optional
            Longest wait [s]; for ever by default.

        Returns
        -------
        dict
            The message.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            rest = _POLL_S if end is None else min(_POLL_S, max(0.0, end - time.monotonic()))
            try:
                message: dict[str, Any] = await super().get_msg(timeout=rest)
            except queue.Empty:
                if end is not None and time.monotonic() >= end:
                    raise
            else:
                return message


class PatientKernelClient(AsyncKernelClient):
    """The usual client, with a patient channel for replies."""

    shell_channel_class = Type(PatientChannel)


@contextmanager
def private_kernel(kernel_name: str) -> Iterator[AsyncKernelManager]:
    """Make the manager of a kernel whose sockets nobody else can reach.

    Parameters
    ----------
    kernel_name : str
        Name that the notebook asks for.

    Yields
    ------
    AsyncKernelManager
        Not started yet; its sockets are files in a folder of this user's own.
    """
    with TemporaryDirectory(prefix="hk", dir=_short_folder(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        manager = AsyncKernelManager(
            kernel_name=kernel_name,
            kernel_spec_manager=ThisPython(),
            client_factory=PatientKernelClient,
            transport="ipc",
            connection_file=str(folder / "k.json"),
        )
        manager.ip = str(folder / "k")
        try:
            yield manager
        finally:
            kill(manager)


def kill(manager: AsyncKernelManager) -> None:
    """End a kernel and all that it started, without asking.

    Parameters
    ----------
    manager : AsyncKernelManager
        Its manager.
    """
    pid = getattr(manager.provisioner, "pid", None)
    if pid is not None:
        # A kernel leads a group of its own; it may just have ended by itself.
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def kernel_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Make the environment of a kernel.

    Parameters
    ----------
    extra : mapping of str to str
        Variables to add to those of this process.

    Returns
    -------
    dict of str to str
        The whole environment, with figures drawn into the notebook and without what the
        user may have set up for their own interactive sessions.
    """
    inline = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    unwanted = {"PYTHONSTARTUP", "IPYTHONDIR"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, **inline, **extra}


def _short_folder() -> str | None:
    """Find a folder for sockets: the usual one unless its path is long."""
    return None if len(gettempdir()) < _LONGEST_FOLDER else "/tmp"
