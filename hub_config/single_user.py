"""Start one user's server: notebooks in the home, kernel sockets in a private folder."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from hub_config import homes, places


def main() -> None:
    """Prepare, then become JupyterHub's single-user server."""
    home = Path.home()
    notebooks = Path(os.environ.get("HCDC_NOTEBOOKS") or places.NOTEBOOKS)
    homes.deliver(places.WELCOME, home, (".",))
    homes.deliver(notebooks, home, ("guided", "expert"))

    # Paths of sockets must stay below 108 bytes; a home may be deeper than that by itself.
    runtime = tempfile.mkdtemp(prefix="hcdc-", dir="/tmp")
    os.environ["JUPYTER_RUNTIME_DIR"] = runtime
    try:
        from jupyterhub.singleuser import main as serve

        serve()
    finally:
        shutil.rmtree(runtime, ignore_errors=True)


if __name__ == "__main__":
    main()
