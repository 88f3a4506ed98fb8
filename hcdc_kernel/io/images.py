"""Cubes, PSFs, residuals and detection maps as FITS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hcdc_kernel.datamodel import Cube, DetectionMap, Frames, Psf, Residual
from hcdc_kernel.io.cards import (
    Card,
    Column,
    add_cards,
    find,
    find_image,
    from_ascii,
    identity_cards,
    read_history,
    read_identity,
    sky_cards,
    table,
    time_cards,
    to_ascii,
)
from hcdc_kernel.io.fits_file import FitsPart
from hcdc_kernel.io.stream import image_unit

Parts = Mapping[str, FitsPart]

_FRAME_COLUMNS = {
    "MJD", "PARALLACTIC_DEG", "DEROTATION_DEG", "USABLE", "REASON", "EXPOSURE", "DIT_INDEX",
}  # fmt: skip


def cube_to_hdus(cube: Cube) -> list[Any]:
    """Make the HDUs of a cube."""
    star_x, star_y = (float(v) for v in cube.star_xy_px.reshape(-1, 2).mean(axis=0))
    cards: list[Card] = [
        *_common_cards(cube.pixel_scale_mas, cube.unit),
        ("STAR_X", star_x, "[pix] mean star position, counted from 0"),
        ("STAR_Y", star_y, "[pix] mean star position, counted from 0"),
        ("CTYPE1", "X", ""),
        ("CTYPE2", "Y", ""),
        ("CTYPE3", "FRAME", "see the table FRAMES"),
        ("CTYPE4", "CHANNEL", "see the table WAVELENGTH"),
        *identity_cards(cube.identity),
        *time_cards(cube.frames),
    ]
    if np.isfinite(cube.star_error_px):
        cards.append(("STAR_ERR", cube.star_error_px, "[pix] error of the star position"))
    hdus = [
        _primary(cube.data, cards),
        _frames_table(cube.frames),
        _wavelength_table(cube.wavelength_um),
        image_unit(cube.star_xy_px, np.float64, name="STAR"),
    ]
    hdus[-1].header["BUNIT"] = ("pix", "x and y of the star, counted from 0")
    if cube.found_xy_px is not None:
        hdus.append(image_unit(cube.found_xy_px, np.float64, name="FOUND"))
        hdus[-1].header["BUNIT"] = ("pix", "x and y of the star before centering")
    if cube.variance is not None:
        hdus.append(image_unit(cube.variance, np.float32, name="VARIANCE"))
    if cube.flags is not None:
        hdus.append(image_unit(cube.flags, np.uint8, name="FLAGS"))
    return hdus + _notes_table(cube.notes)


def cube_from_parts(parts: Parts) -> Cube:
    """Read what `cube_to_hdus` wrote."""
    header = find(parts, "PRIMARY").header
    columns = find(parts, "FRAMES").columns
    frames = Frames(
        mjd=columns["MJD"],
        parallactic_deg=columns["PARALLACTIC_DEG"],
        derotation_deg=columns["DEROTATION_DEG"],
        usable=columns["USABLE"],
        reason=_texts(columns["REASON"]),
        exposure=_texts(columns["EXPOSURE"]),
        dit_index=columns["DIT_INDEX"],
        conditions={
            name.lower(): values for name, values in columns.items() if name not in _FRAME_COLUMNS
        },
    )
    return Cube(
        data=find_image(parts, "PRIMARY"),
        frames=frames,
        wavelength_um=_wavelength(parts),
        star_xy_px=find_image(parts, "STAR"),
        pixel_scale_mas=float(header["PIXSCALE"]),
        identity=read_identity(header),
        unit=from_ascii(str(header["BUNIT"])),
        variance=find_image(parts, "VARIANCE") if "VARIANCE" in parts else None,
        flags=read_flags(parts) if "FLAGS" in parts else None,
        found_xy_px=find_image(parts, "FOUND") if "FOUND" in parts else None,
        star_error_px=float(header.get("STAR_ERR", np.nan)),
        notes=_read_notes(parts),
        history=read_history(find(parts, "HISTORY")),
    )


def read_flags(parts: Parts) -> NDArray[np.uint8]:
    """Read a plane of flags, which former releases wrote with 16 bits."""
    return find_image(parts, "FLAGS").astype(np.uint8, copy=False)


def psf_to_hdus(psf: Psf) -> list[Any]:
    """Make the HDUs of a PSF."""
    n_y, n_x = psf.data.shape[1:]
    cards: list[Card] = [
        *_common_cards(psf.pixel_scale_mas, ""),
        ("STAR_X", float(n_x // 2), "[pix] star, counted from 0"),
        ("STAR_Y", float(n_y // 2), "[pix] star, counted from 0"),
        *identity_cards(psf.identity),
    ]
    if not psf.absolute:
        cards.append(("ABSOLUTE", False, "F: the flux of the star is not known"))
    measured = [("FWHM_PX", "pix", psf.fwhm_px), ("STAR_FLUX", "", psf.star_flux)]
    hdus = [_primary(psf.data, cards), _wavelength_table(psf.wavelength_um, measured)]
    if psf.transmission.size:
        columns: list[Column] = [
            ("SEPARATION_MAS", "mas", np.asarray(psf.transmission_mas, dtype=np.float64)),
            ("TRANSMISSION", "", np.asarray(psf.transmission, dtype=np.float64)),
        ]
        hdus.append(table("TRANSMISSION", columns))
    return hdus + _notes_table(psf.notes)


def psf_from_parts(parts: Parts) -> Psf:
    """Read what `psf_to_hdus` wrote."""
    header = find(parts, "PRIMARY").header
    columns = find(parts, "WAVELENGTH").columns
    coronagraph = parts["TRANSMISSION"].columns if "TRANSMISSION" in parts else {}
    return Psf(
        data=find_image(parts, "PRIMARY"),
        fwhm_px=columns["FWHM_PX"],
        star_flux=columns["STAR_FLUX"],
        wavelength_um=_wavelength(parts),
        pixel_scale_mas=float(header["PIXSCALE"]),
        identity=read_identity(header),
        absolute=bool(header.get("ABSOLUTE", True)),
        transmission_mas=coronagraph.get("SEPARATION_MAS", np.empty(0)),
        transmission=coronagraph.get("TRANSMISSION", np.empty(0)),
        notes=_read_notes(parts),
        history=read_history(find(parts, "HISTORY")),
    )


def residual_to_hdus(residual: Residual) -> list[Any]:
    """Make the HDUs of a residual."""
    cards: list[Card] = [
        *_common_cards(residual.pixel_scale_mas, residual.unit),
        *sky_cards(residual.data.shape, residual.pixel_scale_mas),
        *identity_cards(residual.identity),
    ]
    return [_primary(residual.data, cards), _wavelength_table(residual.wavelength_um)]


def residual_from_parts(parts: Parts) -> Residual:
    """Read what `residual_to_hdus` wrote."""
    header = find(parts, "PRIMARY").header
    return Residual(
        data=find_image(parts, "PRIMARY"),
        wavelength_um=_wavelength(parts),
        pixel_scale_mas=float(header["PIXSCALE"]),
        identity=read_identity(header),
        unit=from_ascii(str(header["BUNIT"])),
        history=read_history(find(parts, "HISTORY")),
    )


def detection_to_hdus(detection: DetectionMap) -> list[Any]:
    """Make the HDUs of a detection map."""
    cards: list[Card] = [
        *_common_cards(detection.pixel_scale_mas, ""),
        ("FWHM_PX", detection.fwhm_px, "[pix] resolution element"),
        *sky_cards(detection.snr.shape, detection.pixel_scale_mas),
        *identity_cards(detection.identity),
    ]
    return [_primary(detection.snr, cards), _wavelength_table(detection.wavelength_um)]


def detection_from_parts(parts: Parts) -> DetectionMap:
    """Read what `detection_to_hdus` wrote."""
    header = find(parts, "PRIMARY").header
    return DetectionMap(
        snr=find_image(parts, "PRIMARY"),
        wavelength_um=_wavelength(parts),
        fwhm_px=float(header["FWHM_PX"]),
        pixel_scale_mas=float(header["PIXSCALE"]),
        identity=read_identity(header),
        history=read_history(find(parts, "HISTORY")),
    )


def _common_cards(pixel_scale_mas: float, unit: str) -> list[Card]:
    """Make the cards of every image."""
    return [
        ("BUNIT", to_ascii(unit), "unit of the images"),
        ("PIXSCALE", pixel_scale_mas, "[mas] size of a pixel on the sky"),
    ]


def _primary(data: NDArray[Any], cards: Sequence[Card]) -> Any:
    """Make a primary HDU of float32 images."""
    unit = image_unit(data, np.float32, primary=True)
    add_cards(unit.header, cards)
    return unit


def _frames_table(frames: Frames) -> Any:
    """Make the table of frames."""
    return table(
        "FRAMES",
        [
            ("MJD", "d", np.asarray(frames.mjd, dtype=np.float64)),
            ("PARALLACTIC_DEG", "deg", np.asarray(frames.parallactic_deg, dtype=np.float64)),
            ("DEROTATION_DEG", "deg", np.asarray(frames.derotation_deg, dtype=np.float64)),
            ("USABLE", "", np.asarray(frames.usable, dtype=bool)),
            ("REASON", "", [to_ascii(text) for text in frames.reason]),
            ("EXPOSURE", "", [to_ascii(text) for text in frames.exposure]),
            ("DIT_INDEX", "", np.asarray(frames.dit_index, dtype=np.int64)),
            *(
                (name.upper(), "", np.asarray(values, dtype=np.float64))
                for name, values in sorted(frames.conditions.items())
            ),
        ],
    )


def _wavelength_table(
    wavelength_um: NDArray[Any], more: Sequence[tuple[str, str, NDArray[Any]]] = ()
) -> Any:
    """Make the table of channels."""
    columns = [("WAVELENGTH_UM", "um", wavelength_um), *more]
    return table("WAVELENGTH", [(n, u, np.asarray(v, dtype=np.float64)) for n, u, v in columns])


def _wavelength(parts: Parts) -> NDArray[Any]:
    """Read the wavelengths."""
    return find(parts, "WAVELENGTH").columns["WAVELENGTH_UM"]


def _notes_table(notes: tuple[str, ...]) -> list[Any]:
    """Write sentences for people, if there are any."""
    return [table("NOTES", [("TEXT", "", [to_ascii(note) for note in notes])])] if notes else []


def _read_notes(parts: Parts) -> tuple[str, ...]:
    """Read what `_notes_table` wrote."""
    return _texts(parts["NOTES"].columns["TEXT"]) if "NOTES" in parts else ()


def _texts(column: NDArray[Any]) -> tuple[str, ...]:
    """Read a column of texts."""
    return tuple(from_ascii(str(text)) for text in column)
