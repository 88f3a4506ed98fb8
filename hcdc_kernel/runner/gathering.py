"""Put frames of several cubes together in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Frames, Identity, StepRecord
from hcdc_kernel.errors import DataError

# Channels are the same if their wavelengths agree to this share, pixels likewise.
_SAME = 0.005


def thinned(cube: Cube, n_most: int | None) -> Cube:
    """Keep the usable frames of a cube, evenly picked if there are too many.

    Parameters
    ----------
    cube : Cube
        A centered sequence.
    n_most : int or None
        Most frames to keep; None for all.

    Returns
    -------
    Cube
        Without variance and flags, which references do not need.
    """
    places = np.flatnonzero(cube.frames.usable)
    if n_most is not None and places.size > n_most:
        # The middles of equal parts: no end of the sequence is preferred.
        parts = (np.arange(max(n_most, 0)) + 0.5) * places.size / max(n_most, 1)
        places = places[parts.astype(int)]
    return replace(cube, variance=None, flags=None).take(places)


def gather(cubes: Callable[[], Iterable[Cube]], record: StepRecord) -> Cube:
    """Put the frames of centered cubes of other stars together.

    Parameters
    ----------
    cubes : callable
        Gives the cubes, one at a time; it is called twice, so that only one of them is in
        memory beside the result.
    record : StepRecord
        Says what was gathered.

    Returns
    -------
    Cube
        Frames in the order given, cut to the smallest of the images, the stars on the middle
        pixel; each frame names its star in `Frames.exposure`.

    Raises
    ------
    DataError
        If there is no usable frame, or channels or pixel scales differ.
    """
    shapes = []
    first: Cube | None = None
    for cube in cubes():
        if first is None:
            first = cube.take(np.arange(0))
        _require_alike(first, cube)
        shapes.append((cube.n_time, min(cube.data.shape[-2:])))
    if first is None:
        raise DataError("None of the reference frames of other stars is usable")
    size_px = min(size for _, size in shapes)
    n_time = sum(n for n, _ in shapes)
    data = np.empty((first.n_wave, n_time, size_px, size_px), dtype=np.float32)
    frames, identities, done = [], [], 0
    for cube in cubes():
        data[:, done : done + cube.n_time] = _middle(cube.data, size_px)
        done += cube.n_time
        frames.append((cube.identity.target, cube.frames))
        identities.append(cube.identity)
    middle = np.full((first.n_wave, n_time, 2), float(size_px // 2))
    return Cube(
        data=data,
        frames=_joined(frames),
        wavelength_um=first.wavelength_um,
        star_xy_px=middle,
        pixel_scale_mas=first.pixel_scale_mas,
        identity=_identity(identities),
        unit=first.unit,
        found_xy_px=middle.copy(),
        history=(record,),
    )


def _require_alike(first: Cube, cube: Cube) -> None:
    """Refuse cubes that do not show the same channels at the same scale."""
    same_channels = first.n_wave == cube.n_wave and np.allclose(
        first.wavelength_um, cube.wavelength_um, rtol=_SAME
    )
    if not same_channels:
        raise DataError(
            "Reference observations differ in their channels",
            found=f"{first.identity.name}: {first.wavelength_um} um, "
            f"{cube.identity.name}: {cube.wavelength_um} um",
            remedy="Choose observations in the same filter",
        )
    if not np.isclose(first.pixel_scale_mas, cube.pixel_scale_mas, rtol=_SAME):
        raise DataError(
            "Reference observations differ in their pixel scale",
            found=f"{first.pixel_scale_mas} and {cube.pixel_scale_mas} mas",
            remedy="Calibrate them with the same pixel scale",
        )


def _middle(images: FloatArray, size_px: int) -> FloatArray:
    """Cut images whose star is on the middle pixel of an odd-sized square."""
    y, x = ((n - size_px) // 2 for n in images.shape[-2:])
    return images[..., y : y + size_px, x : x + size_px]


def _joined(parts: list[tuple[str, Frames]]) -> Frames:
    """Put tables of frames one below the other; each frame tells its star."""
    tables = [frames for _, frames in parts]
    names = sorted({name for frames in tables for name in frames.conditions})
    unknown = [np.full(frames.n_time, np.nan) for frames in tables]
    return Frames(
        mjd=np.concatenate([frames.mjd for frames in tables]),
        parallactic_deg=np.concatenate([frames.parallactic_deg for frames in tables]),
        derotation_deg=np.concatenate([frames.derotation_deg for frames in tables]),
        usable=np.concatenate([frames.usable for frames in tables]),
        reason=tuple(text for frames in tables for text in frames.reason),
        exposure=tuple(f"{star}: {text}" for star, frames in parts for text in frames.exposure),
        dit_index=np.concatenate([frames.dit_index for frames in tables]),
        conditions={
            name: np.concatenate(
                [
                    frames.conditions.get(name, nothing)
                    for frames, nothing in zip(tables, unknown, strict=True)
                ]
            )
            for name in names
        },
    )


def _identity(identities: list[Identity]) -> Identity:
    """Name all stars and nights."""
    first = identities[0]
    stars = ", ".join(dict.fromkeys(one.target for one in identities))
    nights = ", ".join(dict.fromkeys(one.night for one in identities))
    return Identity(stars, first.instrument, first.filter, nights)
