"""Settings of this installation: the only reader of ``HCDC_*`` environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hcdc_kernel.errors import ConfigError


class Settings(BaseModel):
    """Where state lives and how the servers listen.

    Each field is read from ``HCDC_<FIELD>`` in capitals; an empty value counts as unset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "hcdc",
        description="Folder of the archive, the product store and the hub's state.",
    )
    archive_url: str = Field(
        default="",
        description="SQLAlchemy URL of the archive; empty for SQLite within the home folder.",
    )
    notebooks: Path | None = Field(
        default=None, description="Folder of the notebooks, if they are not the installed ones."
    )
    run_limit_s: float = Field(
        default=6 * 3600, gt=0, description="Longest time that a batch notebook may take [s]."
    )
    keep: Literal["all", "final"] = Field(
        default="all",
        description="What finished runs keep: 'all', or 'final': only results, masters and "
        "inputs; all else stays listed and is made again when it is needed.",
    )
    hub_port: int = Field(
        default=8000,
        ge=1024,
        le=65532,
        description="Port of the hub, on this machine only; the three after it are used too.",
    )
    hub_idle_s: int = Field(
        default=3600, ge=60, description="Idle time after which a user's server is stopped [s]."
    )
    hub_spawner: str = Field(
        default="simple",
        description="How the hub starts users' servers: 'simple', 'localprocess', or a class.",
    )
    hub_shared: bool = Field(
        default=False, description="Whether all users of the hub work on the center's archive."
    )

    @property
    def database_url(self) -> str:
        """URL of the archive's database.

        Returns
        -------
        str
            The one configured, else SQLite in the home folder.
        """
        return self.archive_url or f"sqlite:///{self.home / 'archive.sqlite'}"

    @property
    def store(self) -> Path:
        """Folder of the product store.

        Returns
        -------
        Path
            ``store`` within the home folder.
        """
        return self.home / "store"

    def environment(self) -> dict[str, str]:
        """Tell another process of this installation.

        Returns
        -------
        dict of str to str
            Variables from which `read_settings` makes equal settings.
        """
        given = {name: getattr(self, name) for name in type(self).model_fields}
        given["home"] = self.home.absolute()
        return {f"HCDC_{name.upper()}": str(value) for name, value in given.items() if value}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Parameters
    ----------
    environment : mapping, optional
        Variables to read; the process's own by default.

    Returns
    -------
    Settings
        The checked settings.

    Raises
    ------
    ConfigError
        If a value cannot be used.
    """
    variables = os.environ if environment is None else environment
    given = {
        field: variables[f"HCDC_{field.upper()}"]
        for field in Settings.model_fields
        if variables.get(f"HCDC_{field.upper()}")
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"HCDC_{str(first['loc'][0]).upper()}"
        raise ConfigError(
            f"The environment variable {name} cannot be used: {first['msg']}",
            found=repr(first["input"]),
        ) from error
