"""What may stand in a sequence description (``format: hcdc-sequence-1``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hcdc_kernel.units import Degree, Milliarcsec, Pixel, Second, parse_quantity

Axis = Literal["wave", "time", "y", "x"]


class Fields(BaseModel):
    """A mapping of the description: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Numbers(Fields):
    """A list of numbers, written in the description or kept in a file.

    In YAML a number, a list, or a mapping that names a file.
    """

    values: tuple[float, ...] | None = Field(
        default=None, description="The numbers; with a unit, as '3.8 um', or in `unit`."
    )
    file: str | None = Field(
        default=None,
        description="File that holds them: FITS image or table, ECSV, CSV, or plain text.",
    )
    hdu: int | str | None = Field(
        default=None, description="Number or name of the HDU; the first that holds data if empty."
    )
    column: int | str | None = Field(
        default=None,
        description="Column of a table, by name, or of a text file, by number from 0.",
    )
    unit: str = Field(default="", description="Unit of the numbers, such as deg or um.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept a bare number or list."""
        if isinstance(value, Mapping):
            return value
        return {"values": value if isinstance(value, list | tuple) else [value]}

    @field_validator("values", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Accept one number for a list of one."""
        return value if value is None or isinstance(value, list | tuple) else [value]

    @model_validator(mode="after")
    def _one_source(self) -> Numbers:
        """Refuse two sources, or none."""
        if (self.values is None) == (self.file is None):
            raise ValueError("give either the numbers themselves or a file, and not both")
        return self


def _in_unit(unit: str) -> Any:
    """Make the validator that turns all numbers into one unit."""

    def convert(given: Any) -> Any:
        if isinstance(given, Mapping) and "values" in given:
            return {**given, "values": _converted(given["values"], given.get("unit", ""))}
        if isinstance(given, Mapping):
            _converted([f"1 {given.get('unit') or unit}"], "")
            return given
        return {"values": _converted(given, "")}

    def _converted(values: Any, of: str) -> list[float]:
        listed = values if isinstance(values, list | tuple) else [values]
        written = [f"{v} {of}" if of and isinstance(v, int | float) else v for v in listed]
        return [parse_quantity(value, unit) for value in written]

    return convert


class Angles(Numbers):
    """The angle of each frame.

    The derotation angle, counter-clockwise with y up so that north is up and east left, is
    ``sign * angle + offset - true_north``.
    """

    kind: Literal["parallactic", "derotation"] = Field(
        default="parallactic",
        description="Parallactic angles, or angles to turn the frames by.",
    )
    sign: Literal[1, -1] = Field(
        default=1, description="-1 for angles that count the other way round."
    )
    offset: Degree = Field(
        default=0.0, description="Added to the angles, such as the pupil's offset [deg]."
    )
    true_north: Degree = Field(
        default=0.0, description="True north of the detector, subtracted from the angles [deg]."
    )


class CubeFile(Fields):
    """A file of images."""

    file: str = Field(description="FITS file, plain or gzipped.")
    hdu: int | str | None = Field(
        default=None, description="Number or name of the HDU; the first that holds data if empty."
    )
    axes: tuple[Axis, ...] = Field(
        default=("time", "y", "x"),
        description="What the axes of the array mean, slowest first (the order of numpy).",
    )
    unit: str = Field(default="adu", description="Unit of the images.")

    @field_validator("axes")
    @classmethod
    def _axes_make_sense(cls, axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """Ask for y and x, and for each axis once."""
        if len(set(axes)) != len(axes) or not {"y", "x"} <= set(axes):
            raise ValueError("axes need y and x, and each of wave, time, y, x at most once")
        return axes


class PsfFile(CubeFile):
    """The image of the star away from the coronagraph, not saturated.

    One of three ways brings it to the units and the exposure time of the cube: the flux of
    the star (`star_flux` within `aperture_radius`), the exposure times and the transmission
    of the neutral density filter (`dit`, `nd_transmission`), or a statement that it is so
    already (`in_cube_units`).
    """

    axes: tuple[Axis, ...] = Field(
        default=("y", "x"),
        description="What the axes of the array mean; exposures along 'time' are averaged.",
    )
    star_flux: tuple[float, ...] | None = Field(
        default=None,
        description="Flux of the star in the cube's units within `aperture_radius`; one number "
        "or one for each channel.",
    )
    aperture_radius: Pixel | None = Field(
        default=None, description="Radius of the circle that `star_flux` is for [pix]."
    )
    dit: Second | None = Field(default=None, description="Exposure time of the PSF [s].")
    nd_transmission: tuple[float, ...] | None = Field(
        default=None,
        description="Share of light that the neutral density filter let through (1 without "
        "one); one number or one for each channel.",
    )
    in_cube_units: bool = Field(
        default=False, description="True if a companion of contrast c adds c times this image."
    )

    @field_validator("star_flux", "nd_transmission", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Accept one number for a list of one."""
        return value if value is None or isinstance(value, list | tuple) else [value]

    @model_validator(mode="after")
    def _one_scaling(self) -> PsfFile:
        """Ask for exactly one way to scale, and for all that it needs."""
        ways = (self.star_flux is not None, self.dit is not None, self.in_cube_units)
        if sum(ways) != 1:
            raise ValueError(
                "say how the PSF compares with the cube in exactly one way: star_flux with "
                "aperture_radius, or dit with nd_transmission, or in_cube_units: true"
            )
        if self.star_flux is not None and self.aperture_radius is None:
            raise ValueError("star_flux needs aperture_radius, such as '2.0 pix'")
        if self.dit is not None and self.nd_transmission is None:
            raise ValueError("dit needs nd_transmission (1 if there was no filter)")
        for name in ("star_flux", "nd_transmission"):
            if any(not value > 0 for value in getattr(self, name) or ()):
                raise ValueError(f"{name} must be positive")
        return self


class ReferencesFile(CubeFile):
    """Frames of other stars for RDI, of the cube's size, channels and pixel scale."""

    target: str = Field(default="references", description="Name of the star or the library.")
    star_xy: tuple[float, float] | None = Field(
        default=None,
        description="Position of the stars, x and y counted from 0; the middle pixel if empty.",
    )


class SequenceFields(Fields):
    """A calibrated sequence: names, numbers, files."""

    format: Literal["hcdc-sequence-1"] = Field(description="Name of this format.")
    target: str = Field(min_length=1, description="Name of the star.")
    instrument: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$",
        description="Camera, as facility-camera, such as vlt-naco.",
    )
    filter: str = Field(min_length=1, description="Filter or observing band.")
    night: str = Field(description="Date of the evening on which the night began, YYYY-MM-DD.")
    pixel_scale: Milliarcsec = Field(
        gt=0.1, lt=1000, description="Size of a pixel on the sky, such as '27.19 mas'."
    )
    wavelengths: Numbers = Field(
        description="Central wavelength of each channel, such as '3.8 um'."
    )
    cube: CubeFile = Field(description="The science images.")
    angles: Angles = Field(description="Angle of each frame.")
    psf: PsfFile = Field(description="The star away from the coronagraph.")
    mjd: Numbers | None = Field(
        default=None, description="Mid-exposure of each frame, modified Julian date, UTC [d]."
    )
    dit: Second | None = Field(
        default=None, gt=0, description="Exposure time of a frame of the cube [s]."
    )
    star_xy: tuple[float, float] | None = Field(
        default=None,
        description="Guess of the star's position, x and y counted from 0; the middle pixel if "
        "empty. The reduction finds the star by itself.",
    )
    references: ReferencesFile | None = Field(
        default=None, description="Frames of other stars, for RDI."
    )
    license: str = Field(default="", description="On what terms the data may be used.")
    note: str = Field(default="", description="Anything else that people should know.")

    @field_validator("night", mode="before")
    @classmethod
    def _is_a_date(cls, value: Any) -> Any:
        """Accept YAML's own dates; refuse what is none."""
        text = value.isoformat() if type(value) is date else value
        try:
            return date.fromisoformat(text).isoformat()
        except (TypeError, ValueError) as error:
            raise ValueError("a night is written YYYY-MM-DD") from error

    @field_validator("wavelengths", mode="before")
    @classmethod
    def _wavelengths_in_um(cls, value: Any) -> Any:
        """Turn wavelengths into micrometers."""
        return _in_unit("um")(value)

    @field_validator("angles", mode="before")
    @classmethod
    def _angles_in_deg(cls, value: Any) -> Any:
        """Turn angles into degrees."""
        return _in_unit("deg")(value)

    @model_validator(mode="after")
    def _times_for_the_psf(self) -> SequenceFields:
        """Ask for the cube's exposure time if the PSF is scaled by its own."""
        if self.psf.dit is not None and self.dit is None:
            raise ValueError("psf.dit needs the exposure time of the cube too: dit: '... s'")
        return self
