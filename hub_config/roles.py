"""What each group of users may do.

JupyterHub wants names of 3 letters or more for roles, hence the prefix.
"""

from __future__ import annotations

from typing import Any

GROUPS = {
    "pi": "Reduces own observations with the guided notebook",
    "expert": "Works in notebooks and plugs in own parts",
    "staff": "Watches over runs and quality on the dashboards",
}

DASHBOARDS = "dashboards"
IDLE_CULLER = "idle-culler"


def load_roles() -> list[dict[str, Any]]:
    """List the roles beyond JupyterHub's own.

    Returns
    -------
    list of dict
        Everybody has a server of their own, which is JupyterHub's default; the dashboards show
        the work of all, so they are for staff.
    """
    return [
        {
            "name": "hcdc-staff",
            "description": "Look at the dashboards and at who is signed in",
            "scopes": [
                f"access:services!service={DASHBOARDS}",
                "list:users",
                "read:servers",
                "admin-ui",
            ],
            "groups": ["staff"],
        },
        {
            "name": IDLE_CULLER,
            "description": "Stop servers that nobody uses",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": [IDLE_CULLER],
        },
    ]
