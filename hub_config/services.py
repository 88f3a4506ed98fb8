"""What runs beside the hub, started and stopped by it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hcdc_kernel.settings import Settings
from hub_config import places
from hub_config.roles import DASHBOARDS, IDLE_CULLER

_CULL_EVERY_S = 120


def load_services(settings: Settings, port: int, *, hub_version: int) -> list[dict[str, Any]]:
    """List the services.

    Parameters
    ----------
    settings : Settings
        Those of the center.
    port : int
        Where the dashboards listen, on this machine only.
    hub_version : int
        Major version of JupyterHub.

    Returns
    -------
    list of dict
        The idle culler and the dashboards.
    """
    culler = {
        "name": IDLE_CULLER,
        "display": False,
        "command": [
            sys.executable,
            "-m",
            "jupyterhub_idle_culler",
            f"--timeout={settings.hub_idle_s}",
            f"--cull-every={min(_CULL_EVERY_S, settings.hub_idle_s)}",
        ],
    }
    dashboards: dict[str, Any] = {
        "name": DASHBOARDS,
        "url": f"http://127.0.0.1:{port}",
        "command": [
            sys.executable,
            "-P",
            "-m",
            "voila",
            str(_dashboards(settings)),
            f"--Voila.config_file_paths={places.HERE / 'dashboards'}",
        ],
        "environment": {**shared_environment(settings), **center_environment(settings)},
        # There is nothing to confirm: whoever has signed in to the hub has signed in here.
        "oauth_no_confirm": True,
    }
    if hub_version >= 6:
        # A busy machine may take longer than the 30 s after which the hub would give up.
        dashboards["timeout"] = 120
    return [culler, dashboards]


def shared_environment(settings: Settings) -> dict[str, str]:
    """List the variables that every process of ours needs to find its parts."""
    variables = {"PATH": f"{places.BIN}:/usr/local/bin:/usr/bin:/bin"}
    if places.jupyter_path():
        variables["JUPYTER_PATH"] = places.jupyter_path()
    if settings.notebooks:
        variables["HCDC_NOTEBOOKS"] = str(settings.notebooks)
    return variables


def center_environment(settings: Settings) -> dict[str, str]:
    """List the variables with which a process works on the archive of the center."""
    variables = {"HCDC_HOME": str(settings.home.absolute())}
    if settings.archive_url:
        variables["HCDC_ARCHIVE_URL"] = settings.archive_url
    return variables


def _dashboards(settings: Settings) -> Path:
    """Find the notebook to show, or the folder to choose from once there are several."""
    folder = (settings.notebooks or places.NOTEBOOKS).absolute() / "dashboards"
    found = list(folder.glob("*.ipynb"))
    return found[0] if len(found) == 1 else folder
