"""Bring the notebooks into a user's home, and leave alone what the user has changed.

Runs in the user's own server, as that user, never in the hub: a process with more rights that
writes into a folder of somebody else's can be led astray by links.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_RECORD = ".hcdc-delivered.json"


def deliver(source: Path, home: Path, folders: tuple[str, ...]) -> list[Path]:
    """Copy what is new into a home.

    Parameters
    ----------
    source : Path
        Folder that holds the folders to copy.
    home : Path
        Where to copy them.
    folders : tuple of str
        Their names; ``"."`` for the files of `source` itself.

    Returns
    -------
    list of Path
        The files written. A file that the user has not touched is brought up to date; beside
        one that was changed, the new version is laid as ``NAME (new).ipynb``; one that was
        deleted comes back.
    """
    record = _read_record(home / _RECORD)
    written = []
    for folder in folders:
        for file in sorted((source / folder).glob("[!.]*.*")):
            name = str(file.relative_to(source))
            content = file.read_bytes()
            target = _target(home / name, content, record.get(name, ""))
            if target is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                written.append(target)
            record[name] = _fingerprint(content)
    (home / _RECORD).write_text(json.dumps(record, indent=1, sort_keys=True))
    return written


def _target(target: Path, content: bytes, delivered: str) -> Path | None:
    """Choose where a file goes; None if there is nothing to do."""
    if not target.exists():
        return target
    current = _fingerprint(target.read_bytes())
    new = _fingerprint(content)
    if new in (current, delivered):
        return None
    if current == delivered:
        return target
    return target.with_name(f"{target.stem} (new){target.suffix}")


def _fingerprint(content: bytes) -> str:
    """Tell contents apart."""
    return hashlib.sha256(content).hexdigest()


def _read_record(path: Path) -> dict[str, str]:
    """Read what was delivered before; a damaged record counts as none."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in dict(found).items()}
