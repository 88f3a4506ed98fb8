"""What every instrument must bring, ours or a plug-in's."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from hcdc_kernel import plugins
from hcdc_kernel.instruments import Instrument


@pytest.fixture(params=plugins.names("instruments"))
def instrument(request: Any) -> Instrument:
    made = plugins.load("instruments", request.param)()
    assert made.name == request.param
    return made


def test_it_is_an_instrument_with_name_and_title(instrument: Instrument) -> None:
    assert isinstance(instrument, Instrument)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", instrument.name)
    assert instrument.title


def test_it_is_documented(instrument: Instrument) -> None:
    for part in (type(instrument), instrument.recognizes, instrument.describe, instrument.load):
        assert inspect.getdoc(part)


@pytest.mark.parametrize("name", ["", "nothing", "a.fits", "b.txt", "c.html", "no/such/folder"])
def test_it_recognizes_nothing_in_other_files_and_never_fails(
    instrument: Instrument, name: str, tmp_path: Path
) -> None:
    assert instrument.recognizes(tmp_path / name) is False
    (tmp_path / "a.fits").write_bytes(b"\x00")
    assert instrument.recognizes(tmp_path / "a.fits") is False
