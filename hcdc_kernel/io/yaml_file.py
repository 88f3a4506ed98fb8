"""Read YAML files, saying clearly what is wrong with a bad one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hcdc_kernel.errors import ConfigError, NotFoundError


def read_yaml(path: Path) -> Any:
    """Read a YAML file of plain values.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    value
        Mappings, lists, texts, numbers.

    Raises
    ------
    NotFoundError
        If there is no such file.
    ConfigError
        If it is not YAML, or a key stands twice in one mapping.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses what YAML forbids and PyYAML lets pass: the same key twice."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = [key for key in keys if keys.count(key) > 1]
            if twice:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {twice[0]!r} stands twice", problem_mark=node.start_mark
                )
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file '{path}'", remedy="See that it is right") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            f"'{path}' cannot be read as YAML",
            found=" ".join(str(error).split())[:200],
            remedy="Mind blanks, colons and quotes",
        ) from error
