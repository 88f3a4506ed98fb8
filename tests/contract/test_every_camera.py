"""What every camera must bring, ours or a plug-in's."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from hcdc_kernel import plugins
from hcdc_kernel.datamodel import EXPOSURE_KINDS, Exposure
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.instruments.raw import Camera, RawHeader
from hcdc_kernel.recipes import load_calibration


@pytest.fixture(params=plugins.names("cameras"))
def camera(request: Any) -> Camera:
    made = plugins.load("cameras", request.param)()
    assert made.name == request.param
    return made


def test_there_is_one() -> None:
    assert "sphere" in plugins.names("cameras")


def test_it_is_a_camera_with_name_and_title(camera: Camera) -> None:
    assert isinstance(camera, Camera)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", camera.name)
    assert camera.title
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", one) for one in camera.cameras)


def test_it_is_documented(camera: Camera) -> None:
    parts = ("recognizes", "translate", "rules", "calibration", "frame_angles", "wavelength_um")
    for part in parts:
        assert inspect.getdoc(getattr(camera, part))


@pytest.mark.parametrize("text", ["", "SIMPLE  = T", "INSTRUME= 'NOBODY'", "INSTRUME= 7", "\x00="])
def test_it_recognizes_nothing_in_other_headers_and_never_fails(camera: Camera, text: str) -> None:
    assert camera.recognizes(RawHeader.from_text(text)) is False


def test_rules_are_complete(camera: Camera) -> None:
    rules = camera.rules()
    for rule in rules:
        twins = [
            other for other in rules if (other.serves, other.role) == (rule.serves, rule.role)
        ]
        assert sum(not set(other.cameras).isdisjoint(rule.cameras) for other in twins) == 1
        assert rule.role
        assert rule.title
        assert rule.without
        assert rule.kinds
        assert set(rule.kinds) <= set(EXPOSURE_KINDS)


def test_it_names_no_calibration_for_an_exposure_of_another_camera(camera: Camera) -> None:
    stranger = Exposure(name="a", path=Path("a"), camera="no-camera", kind="science")
    assert camera.calibration(stranger) == ""


def test_real_headers_become_exposures_or_are_refused(camera: Camera, real_data: Path) -> None:
    read = 0
    for path in sorted((real_data / "eso_headers").glob("*.hdr.txt")):
        header = RawHeader.from_text(path.read_text(), path)
        if not camera.recognizes(header):
            continue
        try:
            exposure = camera.translate(header, path, 0)
        except FileFormatError:
            continue  # a product
        assert exposure.kind in EXPOSURE_KINDS
        assert exposure.camera in camera.cameras
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", exposure.night)
        assert Exposure.from_dict(exposure.to_dict()).to_dict() == exposure.to_dict()
        name = camera.calibration(exposure)
        assert name == "" or load_calibration(name)
        read += 1
    assert read or camera.name != "sphere"
