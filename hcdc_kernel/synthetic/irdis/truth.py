"""What is true of a simulated night, to hold a reduction against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hcdc_kernel.arrays import BoolArray, FloatArray
from hcdc_kernel.errors import FileFormatError
from hcdc_kernel.synthetic.irdis.filters import ANAMORPHISM_Y
from hcdc_kernel.synthetic.scene import TruePlanet

TRUTH_NAME = "truth.json"
_FORMAT = "hcdc-night-truth-1"


@dataclass(frozen=True)
class TrueFile:
    """The truth of one file; n is its number of frames, fields are left and right.

    Attributes
    ----------
    name, path : str
        ``ARCFILE`` without its extension, and the file's name on disk.
    kind : str
        ``science``, ``center``, ``flux``, ``sky``, ``background``, ``dark`` or ``flat``.
    dit_s, nd : float, str
        Integration time [s] and neutral density filter.
    mjd : ndarray, shape (n,)
        Middle of each integration, UTC [d].
    parallactic_deg, derotation_deg : ndarray, shape (n,)
        Counter-clockwise rotation that brings north up is the second [deg]; NaN by day.
    star_xy_px : ndarray, shape (2, n, 2)
        Star in each field, x and y [px]; NaN by day.
    star_adu : ndarray, shape (2, n)
        Counts of the star in an integration, all over its image, if no mask were in the way;
        the neutral density filter is taken into account.
    strehl : ndarray, shape (2, n)
        Share of the light in the diffraction-limited image.
    background_adu : ndarray, shape (2, n)
        Mean thermal light in an integration [ADU].
    fault : tuple of str
        For each frame ``open-loop``, ``jump``, ``cloud``, ``not-arrived``, or nothing.
    """

    name: str
    path: str
    kind: str
    dit_s: float
    nd: str
    mjd: FloatArray
    parallactic_deg: FloatArray
    derotation_deg: FloatArray
    star_xy_px: FloatArray
    star_adu: FloatArray
    strehl: FloatArray
    background_adu: FloatArray
    fault: tuple[str, ...]

    @property
    def is_bad(self) -> BoolArray:
        """Frames that went wrong.

        Returns
        -------
        ndarray of bool, shape (n,)
            True for those.
        """
        return np.array([bool(fault) for fault in self.fault], dtype=bool)


@dataclass(frozen=True)
class Truth:
    """The truth of a night.

    Attributes
    ----------
    scene : mapping
        Fields of the `NightScene` as plain values.
    planets : tuple of TruePlanet
        Companions.
    wavelength_um, pixel_scale_mas : tuple of float
        Of the left and the right field.
    true_north_deg : float
        Of the instrument in this night [deg].
    ra_deg, dec_deg : float
        Of the star, J2000 [deg].
    files : tuple of TrueFile
        In the order of time.
    """

    scene: Mapping[str, Any]
    planets: tuple[TruePlanet, ...]
    wavelength_um: tuple[float, float]
    pixel_scale_mas: tuple[float, float]
    true_north_deg: float
    ra_deg: float
    dec_deg: float
    files: tuple[TrueFile, ...]

    @classmethod
    def read(cls, folder: Path) -> Truth:
        """Read ``truth.json``.

        Parameters
        ----------
        folder : Path
            Where the night was written.

        Returns
        -------
        Truth
            As simulated.

        Raises
        ------
        FileFormatError
            If there is no such file or it is of another format.
        """
        path = folder / TRUTH_NAME
        if not path.is_file():
            raise FileFormatError("A simulated night has a file truth.json", found=str(folder))
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain.get("format") != _FORMAT:
            raise FileFormatError("This truth is of another format", found=str(path))
        planets = tuple(_planet(one) for one in plain["planets"])
        files = tuple(_file(one) for one in plain["files"])
        left, right = plain["wavelength_um"]
        scale_left, scale_right = plain["pixel_scale_mas"]
        return cls(
            scene=plain["scene"],
            planets=planets,
            wavelength_um=(left, right),
            pixel_scale_mas=(scale_left, scale_right),
            true_north_deg=plain["true_north_deg"],
            ra_deg=plain["ra_deg"],
            dec_deg=plain["dec_deg"],
            files=files,
        )

    def write(self, folder: Path) -> Path:
        """Write ``truth.json``.

        Parameters
        ----------
        folder : Path
            Where.

        Returns
        -------
        Path
            The file.
        """
        plain = {
            "format": _FORMAT,
            "scene": dict(self.scene),
            "planets": [
                {
                    "separation_mas": planet.separation_mas,
                    "position_angle_deg": planet.position_angle_deg,
                    "contrast": planet.contrast,
                }
                for planet in self.planets
            ],
            "wavelength_um": self.wavelength_um,
            "pixel_scale_mas": self.pixel_scale_mas,
            "true_north_deg": self.true_north_deg,
            "ra_deg": self.ra_deg,
            "dec_deg": self.dec_deg,
            "files": [_plain(file) for file in self.files],
        }
        path = folder / TRUTH_NAME
        path.write_text(json.dumps(plain, indent=1), encoding="utf-8")
        return path

    def of_kind(self, kind: str) -> tuple[TrueFile, ...]:
        """Choose files.

        Parameters
        ----------
        kind : str
            Such as ``science``.

        Returns
        -------
        tuple of TrueFile
            In the order of time.
        """
        return tuple(file for file in self.files if file.kind == kind)

    def planet_xy_px(self, planet: TruePlanet, file: TrueFile, field: int) -> FloatArray:
        """Tell where a planet falls on the detector.

        Parameters
        ----------
        planet : TruePlanet
            One of `planets`.
        file : TrueFile
            One of `files`, on sky.
        field : int
            0 for the left one, 1 for the right one.

        Returns
        -------
        ndarray, shape (n, 2)
            Its x and y in the field at the middle of each integration [px].
        """
        angle = planet.position_angle_deg - file.derotation_deg
        radius = planet.separation_mas / self.pixel_scale_mas[field]
        return np.asarray(file.star_xy_px[field] + offset_px(radius, angle))


def offset_px(radius_px: float, detector_angle_deg: FloatArray) -> FloatArray:
    """Place a source on the distorted grid of the detector.

    Parameters
    ----------
    radius_px : float
        Distance from the star in true pixels [px].
    detector_angle_deg : ndarray, shape (n,)
        Position angle minus derotation angle: counter-clockwise from +y [deg].

    Returns
    -------
    ndarray, shape (n, 2)
        Offset along x and y; y is shorter on the detector [px].
    """
    angle = np.radians(detector_angle_deg)
    x = -radius_px * np.sin(angle)
    y = radius_px * np.cos(angle) / ANAMORPHISM_Y
    return np.stack([x, y], axis=-1)


def _planet(plain: Mapping[str, Any]) -> TruePlanet:
    """Read a planet."""
    contrast = plain["contrast"]
    return TruePlanet(
        plain["separation_mas"],
        plain["position_angle_deg"],
        tuple(contrast) if isinstance(contrast, list) else contrast,
    )


def _file(plain: Mapping[str, Any]) -> TrueFile:
    """Read a file; JSON has no NaN, so it stands as None."""
    values: dict[str, Any] = {
        name: np.array(plain[name], dtype=np.float64)
        for name in (
            "mjd", "parallactic_deg", "derotation_deg", "star_xy_px", "star_adu", "strehl",
            "background_adu",
        )
    }  # fmt: skip
    values |= {name: plain[name] for name in ("name", "path", "kind", "dit_s", "nd")}
    return TrueFile(**values, fault=tuple(plain["fault"]))


def _plain(file: TrueFile) -> dict[str, Any]:
    """Write a file."""
    plain: dict[str, Any] = {}
    for name, value in vars(file).items():
        if isinstance(value, np.ndarray):
            # Nine digits are more than any reduction can tell; times need them all.
            digits = 9 if name == "mjd" else 6
            rounded = np.where(np.isfinite(value), np.round(value, digits), np.nan)
            plain[name] = _without_nan(rounded.tolist())
        else:
            plain[name] = value
    return plain


def _without_nan(value: Any) -> Any:
    """Replace NaN by None, which JSON knows."""
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if value != value else value
