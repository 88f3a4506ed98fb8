"""Settings of a user's server; JupyterHub keeps those in the user's home out."""

import os
from typing import Any

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter hands it in

# One kernel, reached through sockets that only its user may open.
c.KernelSpecManager.ensure_native_kernel = False
c.KernelSpecManager.allowed_kernelspecs = {"hcdc"}
c.MultiKernelManager.default_kernel_name = "hcdc"
c.KernelManager.transport = "ipc"

# A kernel that runs is never stopped; one that nobody has looked at for long is.
c.MappingKernelManager.cull_idle_timeout = 4 * 3600
c.MappingKernelManager.cull_interval = 300

# Nothing is installed into the center's environment from a user's page, and what other packages
# bring along but nobody here needs does not slow down the start.
c.LabApp.extension_manager = "readonly"
c.ServerApp.jpserver_extensions = {"panel.io.jupyter_server_extension": False}
c.LanguageServerManager.autodetect = False
# Root only where the whole hub is root without system users to turn to, as in a container.
c.ServerApp.allow_root = os.geteuid() == 0

c.ContentsManager.allow_hidden = False
c.FileContentsManager.delete_to_trash = False
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"

# A deactivated account is out within these seconds.
c.HubOAuth.cache_max_age = 10

# Widgets load their code from blobs and plots compile theirs, but nothing comes from, or goes
# to, another host: a notebook from a stranger cannot send data away from the browser.
c.ServerApp.tornado_settings = {
    "headers": {
        "Content-Security-Policy": "; ".join(
            [
                "default-src 'self'",
                "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                "connect-src 'self' ws: wss: blob: data:",
                "worker-src 'self' blob:",
                "frame-src 'self' blob: data:",
                "object-src 'none'",
                "base-uri 'self'",
                "frame-ancestors 'self'",
            ]
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
}
