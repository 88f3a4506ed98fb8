"""Tell whether the process that started a run still lives."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROC = Path("/proc")


def this_process() -> dict[str, Any]:
    """Describe the calling process so that it cannot be taken for another.

    Returns
    -------
    dict
        Host, boot, process space (containers), process number and its start time.
    """
    return {
        "host": platform.node(),
        "boot": _boot(),
        "space": _space(),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
    }


def is_dead(process: Mapping[str, Any]) -> bool:
    """Tell whether a process surely does not live any more.

    Parameters
    ----------
    process : mapping
        What `this_process` said within that process.

    Returns
    -------
    bool
        False also where it cannot be known: for another host or container.
    """
    if process.get("host") != platform.node():
        return False
    if process.get("boot") != _boot():
        return True  # the machine was started anew since
    if process.get("space") != _space():
        return False
    pid = int(process.get("pid", 0))
    return not _exists(pid) or _started(pid) != process.get("started")


def _boot() -> str:
    """Name the start of this machine; empty where the system does not tell."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _space() -> str:
    """Name the space in which process numbers are counted; empty if there is only one."""
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _started(pid: int) -> int:
    """Tell when a process began, in clock ticks since boot; -1 if it is gone, 0 if unknown."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return -1 if _PROC.joinpath("self").exists() else 0
    state, *fields = text.rpartition(")")[2].split()  # the name before may hold blanks
    return -1 if state in "ZX" else int(fields[18])


def _exists(pid: int) -> bool:
    """Tell whether a process has that number."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # someone else's
    return True
