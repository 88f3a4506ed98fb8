"""Sequences that somebody else has calibrated, described by a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, cast

import numpy as np
from pydantic import ValidationError

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Frames, Identity, Sequence
from hcdc_kernel.errors import ConfigError, DataError, FileFormatError, UnitError
from hcdc_kernel.instruments.door import Instrument, SequenceDescription
from hcdc_kernel.instruments.fields import ReferencesFile, SequenceFields
from hcdc_kernel.instruments.psf import load_psf
from hcdc_kernel.instruments.values import read_images, read_numbers
from hcdc_kernel.io import read_yaml

FORMAT = "hcdc-sequence-1"
_FILE_ROLES = ("cube", "angles", "psf", "wavelengths", "mjd", "references")
_WAVELENGTHS_UM = (0.1, 100.0)


class CalibratedSequence(Instrument):
    """Cube, angles and PSF as data centers and other pipelines deliver them."""

    name: ClassVar[str] = "calibrated-sequence"
    title: ClassVar[str] = "Calibrated sequences described by a YAML file"

    def recognizes(self, path: Path) -> bool:
        """Tell whether a file is YAML by its name.

        Parameters
        ----------
        path : Path
            A file that may not exist.

        Returns
        -------
        bool
            True for ``.yaml`` and ``.yml``.
        """
        return path.suffix.lower() in (".yaml", ".yml")

    def describe(self, path: Path, root: Path) -> SequenceDescription:
        """Read and check a description.

        Parameters
        ----------
        path : Path
            The YAML file.
        root : Path
            Folder that it names files in.

        Returns
        -------
        SequenceDescription
            With all files known to exist.

        Raises
        ------
        ConfigError
            If a key is unknown or missing, or a value cannot be used.
        FileFormatError
            If a file is missing or outside `root`.
        """
        fields = _checked(path, read_yaml(path))
        given = ((role, getattr(fields, role)) for role in _FILE_ROLES)
        names = {role: part.file for role, part in given if part is not None and part.file}
        files = {role: _inside(root, name, role) for role, name in names.items()}
        identity = Identity(fields.target, fields.instrument, fields.filter, fields.night)
        return SequenceDescription(self.name, path, root, identity, fields, files)

    def load(self, description: SequenceDescription) -> Sequence:
        """Read the images and hold them against each other.

        Parameters
        ----------
        description : SequenceDescription
            Made by `describe`.

        Returns
        -------
        Sequence
            The star's position is the one described, or the middle pixel: a guess.

        Raises
        ------
        FileFormatError
            If a file is truncated, malformed or of other dimensions than described.
        DataError
            If numbers of frames or channels disagree, angles are not finite, or a frame
            holds no data at all.
        """
        fields, files = cast("SequenceFields", description.fields), description.files
        cube = _load_cube(description, fields)
        psf = load_psf(files["psf"], fields, cube)
        references = None
        if fields.references is not None:
            references = _load_references(files["references"], fields.references, cube)
        return Sequence(cube=cube, psf=psf, references=references)


def _checked(path: Path, content: object) -> SequenceFields:
    """Check the content of a description, with one clear message."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise ConfigError(
            f"'{path}' is no description of a sequence",
            found=f"format {found!r}",
            remedy=f"Begin it with 'format: {FORMAT}'",
        )
    try:
        return SequenceFields.model_validate(content)
    except ValidationError as error:
        raise _complaint(path, error) from error


def _complaint(path: Path, error: ValidationError) -> ConfigError:
    """Turn pydantic's list of complaints into the first, said clearly."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return ConfigError(
            f"Unknown key '{place}' in '{path}'",
            remedy=f"Choose from {', '.join(_known_keys(first['loc']))}",
        )
    if first["type"] == "missing":
        why = {"psf": "Contrasts and fluxes cannot be measured without the PSF"}.get(place, "")
        return ConfigError(f"'{place}' is missing in '{path}'", remedy=why or "Add it")
    said = first["msg"].removeprefix("Value error, ").removeprefix("value: ")
    kind = UnitError if isinstance(first.get("ctx", {}).get("error"), UnitError) else ConfigError
    found = "" if isinstance(first["input"], dict) else repr(first["input"])[:100]
    where = f"'{place}' in '{path}'" if place else f"'{path}'"
    return kind(f"{where} cannot be used: {said}", found=found)


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    """List the keys that may stand where an unknown one stood."""
    model: type = SequenceFields
    for part in place[:-1]:
        options = getattr(model, "model_fields", {}).get(part)
        kinds = () if options is None else getattr(options.annotation, "__args__", ())
        candidates = [options.annotation, *kinds] if options is not None else []
        model = next((kind for kind in candidates if hasattr(kind, "model_fields")), model)
    return list(model.model_fields)  # type: ignore[attr-defined]


def _inside(root: Path, name: str, role: str) -> Path:
    """Find a file, which must lie within the root."""
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise FileFormatError(
            f"The file of '{role}' lies outside the folder of the sequence",
            found=name,
            remedy=f"Name a file within {root}, without '..', or give another root",
        )
    if not path.is_file():
        raise FileFormatError(
            f"The file of '{role}' is missing",
            found=f"no file '{path}'",
            remedy="See that name and root are right",
        )
    return path


def _load_cube(description: SequenceDescription, fields: SequenceFields) -> Cube:
    """Read the science images with their angles and wavelengths."""
    files = description.files
    data = read_images(files["cube"], fields.cube)
    _refuse_empty(data, files["cube"])
    frames = _frames(description, fields, n_time=data.shape[1])
    wavelength = read_numbers(files.get("wavelengths"), fields.wavelengths, "um", "wavelengths")
    _require_count("wavelengths", wavelength.size, "channels of the cube", data.shape[0])
    low, high = _WAVELENGTHS_UM
    if not np.all((wavelength > low) & (wavelength < high)):
        raise DataError(
            f"Wavelengths must lie between {low} and {high} um",
            found=f"{wavelength.min()} to {wavelength.max()} um",
            remedy="Give their unit",
        )
    return Cube(
        data=data,
        frames=frames,
        wavelength_um=wavelength,
        star_xy_px=_star(fields.star_xy, data.shape),
        pixel_scale_mas=fields.pixel_scale,
        identity=description.identity,
        unit=fields.cube.unit,
    )


def _frames(description: SequenceDescription, fields: SequenceFields, n_time: int) -> Frames:
    """Make the table of frames."""
    files, angles = description.files, fields.angles
    given = read_numbers(files.get("angles"), angles, "deg", "angles")
    _require_count("angles", given.size, "frames of the cube", n_time)
    turned = angles.sign * given
    mjd = np.full(n_time, np.nan)
    if fields.mjd is not None:
        mjd = read_numbers(files.get("mjd"), fields.mjd, "", "dates")
        _require_count("dates", mjd.size, "frames of the cube", n_time)
    is_parallactic = angles.kind == "parallactic"
    return _table(
        mjd=mjd,
        parallactic_deg=turned if is_parallactic else np.full(n_time, np.nan),
        derotation_deg=turned + angles.offset - angles.true_north,
        exposure=files["cube"].name,
    )


def _table(
    *, mjd: FloatArray, parallactic_deg: FloatArray, derotation_deg: FloatArray, exposure: str
) -> Frames:
    """Make a table of frames that are all usable and come from one file."""
    n = derotation_deg.size
    return Frames(
        mjd=mjd,
        parallactic_deg=parallactic_deg,
        derotation_deg=derotation_deg,
        usable=np.ones(n, dtype=bool),
        reason=("",) * n,
        exposure=(exposure,) * n,
        dit_index=np.arange(n),
    )


def _load_references(path: Path, described: ReferencesFile, cube: Cube) -> Cube:
    """Read the frames of other stars."""
    data = read_images(path, described)
    _refuse_empty(data, path)
    _require_count(
        "channels of the references", data.shape[0], "channels of the cube", cube.n_wave
    )
    unknown = np.full(data.shape[1], np.nan)
    own = cube.identity
    return Cube(
        data=data,
        frames=_table(
            mjd=unknown,
            parallactic_deg=unknown,
            derotation_deg=np.zeros(data.shape[1]),
            exposure=path.name,
        ),
        wavelength_um=cube.wavelength_um,
        star_xy_px=_star(described.star_xy, data.shape),
        pixel_scale_mas=cube.pixel_scale_mas,
        identity=Identity(described.target, own.instrument, own.filter, own.night),
        unit=described.unit,
    )


def _star(given: tuple[float, float] | None, shape: tuple[int, ...]) -> FloatArray:
    """Take the position described, or the middle pixel, for all images."""
    n_wave, n_time, n_y, n_x = shape
    xy = given if given is not None else (n_x // 2, n_y // 2)
    if not (0 <= xy[0] < n_x and 0 <= xy[1] < n_y):
        raise DataError("'star_xy' lies outside the images", found=f"{xy} in {n_x} x {n_y} pixels")
    return np.tile(np.array(xy, dtype=np.float64), (n_wave, n_time, 1))


def _refuse_empty(data: FloatArray, path: Path) -> None:
    """Refuse images without a single number."""
    empty = np.argwhere(~np.isfinite(data).any(axis=(2, 3)))
    if empty.size:
        shown = ", ".join(str(int(i)) for i in sorted({i for _, i in empty})[:8])
        raise DataError(
            f"'{path}' has frames that hold no data at all",
            found=f"{len(empty)} images, in frames {shown} (counted from 0)",
            remedy="Take these frames out of cube, angles and dates",
        )


def _require_count(what: str, n: int, other: str, n_other: int) -> None:
    """Refuse two numbers of things that must be the same."""
    if n != n_other:
        raise DataError(
            f"The numbers of {what} and of {other} differ",
            found=f"{n} {what}, {n_other} {other}",
            remedy="Each needs exactly one of the other",
        )
