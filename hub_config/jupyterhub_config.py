"""What JupyterHub reads. Start it by ``make hub``, which prepares the folder of the state."""

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))

import jupyterhub

from hcdc_kernel import __version__
from hcdc_kernel.settings import read_settings
from hub_config import places, roles, services
from hub_config.authenticator import ArchiveAuthenticator

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub hands it in

settings = read_settings()
state = settings.home.absolute() / "hub"
public, internal, proxy, dashboards = (settings.hub_port + offset for offset in range(4))
hub_version = int(jupyterhub.__version__.split(".")[0])

# --- where it listens: this machine only. TLS and the world are for a web server before it.
c.JupyterHub.bind_url = f"http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{internal}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = [*places.proxy_command(), "--log-level", "warn"]
c.Spawner.ip = "127.0.0.1"

# --- state
c.JupyterHub.db_url = f"sqlite:///{state / 'hub.sqlite'}"
c.JupyterHub.upgrade_db = True
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")

# --- who may come in, and what for
c.JupyterHub.authenticator_class = ArchiveAuthenticator
c.ArchiveAuthenticator.archive_url = settings.database_url
c.Authenticator.username_pattern = "[a-z][a-z0-9_-]{0,31}"
c.Authenticator.allow_all = True  # whoever has an active account: there is no sign-up
c.Authenticator.manage_groups = True
c.Authenticator.auth_refresh_age = 10
c.Authenticator.refresh_pre_spawn = True
c.JupyterHub.load_roles = roles.load_roles()
if hub_version >= 6:
    c.JupyterHub.oauth_require_pkce = True
c.JupyterHub.authenticate_prometheus = True

# --- what runs beside it
c.JupyterHub.services = services.load_services(settings, dashboards, hub_version=hub_version)

# --- users' servers
c.JupyterHub.spawner_class = settings.hub_spawner
c.SimpleLocalProcessSpawner.home_dir_template = str(state / "homes" / "{username}")
c.LocalProcessSpawner.shell_cmd = []
c.Spawner.cmd = [sys.executable, "-P", str(places.HERE / "single_user.py")]
c.Spawner.args = [f"--ServerApp.config_file={places.HERE / 'lab_config.py'}"]
c.Spawner.default_url = "/lab/tree/Welcome.md"
c.Spawner.disable_user_config = True
c.Spawner.env_keep = ["LANG", "LC_ALL", "TZ"]
c.Spawner.environment = services.shared_environment(settings) | (
    services.center_environment(settings) if settings.hub_shared else {}
)
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.JupyterHub.concurrent_spawn_limit = 10
c.JupyterHub.cleanup_servers = c.JupyterHub.cleanup_proxy = True

# --- pages
c.JupyterHub.template_paths = [str(places.PAGES)]
c.JupyterHub.template_vars = {"hcdc_version": __version__}
c.JupyterHub.logo_file = str(places.PAGES / "logo.svg")
c.JupyterHub.tornado_settings = {
    "headers": {
        "Content-Security-Policy": "; ".join(
            [
                "default-src 'self'",
                "script-src 'self' 'unsafe-inline'",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data:",
                "object-src 'none'",
                "base-uri 'self'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            ]
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    },
    "cookie_options": {"samesite": "Lax"},
}
