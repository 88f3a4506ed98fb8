"""Let Voila ask the hub who a visitor is."""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.utils import url_path_join
from jupyterhub.singleuser.extension import JupyterHubAuthorizer, JupyterHubIdentityProvider


class HubIdentityProvider(JupyterHubIdentityProvider):
    """The hub's sign-in, in the shape in which Voila wants it.

    Voila hands over arguments meant for passwords of its own, and mounts the handlers without
    the prefix under which the hub forwards requests.
    """

    def __init__(self, **traits: Any) -> None:
        traits.pop("token", None)
        traits.pop("login_handler_class", None)
        super().__init__(**traits)

    def get_handlers(self) -> list[tuple[Any, ...]]:
        """Mount the way back from the hub's sign-in under the service's prefix."""
        prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
        return [(url_path_join(prefix, path), *rest) for path, *rest in super().get_handlers()]


class HubAuthorizer(JupyterHubAuthorizer):
    """Whoever may come in, by the hub's word, may look at everything here."""
