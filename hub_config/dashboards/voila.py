"""Settings of the dashboards: Voila, on its own, behind the hub's sign-in.

Voila by itself has no contents, terminals or sessions to offer, and its websocket takes widget
messages only: a visitor can press buttons but not run code. It looks for a file of this name.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

sys.path.append(str(Path(__file__).resolve().parents[2]))

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 - Voila hands it in

_service = urlparse(os.environ["JUPYTERHUB_SERVICE_URL"])
c.Voila.ip, c.Voila.port, c.Voila.port_retries = _service.hostname, _service.port, 0
c.Voila.base_url = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
c.Voila.open_browser = False
c.Voila.identity_provider_class = "hub_config.dashboards.identity.HubIdentityProvider"
c.Voila.authorizer_class = "hub_config.dashboards.identity.HubAuthorizer"
c.HubOAuth.cache_max_age = 10

c.VoilaConfiguration.template = "hcdc"
c.VoilaConfiguration.strip_sources = True
c.VoilaConfiguration.show_tracebacks = False
c.VoilaConfiguration.file_allowlist = [r".*\.(png|jpg|svg|css)$"]
# Extensions made for Lab alone stop all widgets when they are loaded here.
c.VoilaConfiguration.extension_allowlist = [
    "@voila-dashboards/widgets-manager8",
    "@jupyter-widgets/jupyterlab-manager",
    "anywidget",
]

c.KernelManager.transport = "ipc"
c.KernelSpecManager.ensure_native_kernel = False
c.KernelSpecManager.allowed_kernelspecs = {"hcdc"}
c.MappingKernelManager.cull_idle_timeout = 600
c.MappingKernelManager.cull_interval = 60
