"""A sound sequence on disk, to be broken in one place by each test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits

from hcdc_kernel.datamodel import Sequence
from hcdc_kernel.instruments import load_sequence, read_description
from hcdc_kernel.synthetic import small_scene, write_sequence


class SequenceFiles:
    """Files of a sequence that can be edited."""

    def __init__(self, folder: Path) -> None:
        scene = replace(small_scene(), wavelength_um=(1.593, 1.667), n_frames=6, n_references=3)
        self.folder = folder
        self.path = write_sequence(scene, folder)

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        content = yaml.safe_load(self.path.read_text())
        change(content)
        self.path.write_text(yaml.safe_dump(content))

    def put(self, name: str, values: Any) -> None:
        fits.PrimaryHDU(np.asarray(values)).writeto(self.folder / name, overwrite=True)

    def get(self, name: str) -> Any:
        return np.array(fits.getdata(self.folder / name))

    def load(self) -> Sequence:
        return load_sequence(read_description(self.path))


@pytest.fixture
def files(tmp_path: Path) -> SequenceFiles:
    return SequenceFiles(tmp_path / "given")
