"""The command that simulates a night of raw frames."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hcdc_kernel.cli.screen import note, progress_bar, say
from hcdc_kernel.errors import ConfigError

if TYPE_CHECKING:
    from hcdc_kernel.synthetic.irdis import NightScene, RingDisk, TruePlanet

_FILTERS = {"irdis-dbi": "DB_H23", "irdis-ci": "BB_H"}
_LARGE_BYTES = 2_000_000_000


class Camera(StrEnum):
    """What can be simulated."""

    DUAL_BAND = "irdis-dbi"
    CLASSICAL = "irdis-ci"


Planets = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SEP,PA,CONTRAST[,CONTRAST]", help="A companion in mas and deg; repeatable."
    ),
]
Flag = Annotated[bool, typer.Option()]


def simulate(  # noqa: PLR0913 (the options of a command line)
    camera: Annotated[Camera, typer.Argument(help="Camera and mode.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    seed: Annotated[int, typer.Option(help="Same seed, same files.")] = 1,
    detector_seed: Annotated[int, typer.Option(help="Same seed, same detector.")] = 1,
    filter_name: Annotated[str, typer.Option("--filter", help="DB_H23, DB_K12, BB_H, ...")] = "",
    files: Annotated[int, typer.Option(help="Science files.")] = 16,
    ndit: Annotated[int, typer.Option(help="Frames in each.")] = 8,
    dit: Annotated[float, typer.Option(help="Integration time in seconds.")] = 16.0,
    gap: Annotated[float, typer.Option(help="Time between science files in seconds.")] = 2.47,
    rotation: Annotated[float, typer.Option(help="Rotation of the field [deg].")] = 40.0,
    magnitude: Annotated[float, typer.Option(help="Of the star, in its band.")] = 5.0,
    seeing: Annotated[float, typer.Option(help="Seeing at 0.5 um in arcsec.")] = 0.8,
    date: Annotated[str, typer.Option(help="Evening, YYYY-MM-DD.")] = "2018-11-05",
    target: Annotated[str, typer.Option(help="Name of the star.")] = "SIM_STAR",
    waffle: Annotated[str, typer.Option(help="Pattern of satellite spots, x or +.")] = "x",
    planet: Planets = None,
    binary: Planets = None,
    disk: Annotated[
        str, typer.Option(metavar="RADIUS,INCLINATION,PA,CONTRAST", help="A ring of dust.")
    ] = "",
    flux_nd: Annotated[str, typer.Option(help="Neutral density of FLUX files.")] = "",
    flux_dit: Annotated[float, typer.Option(help="Their integration time in seconds.")] = 0.0,
    bad_frames: Annotated[int, typer.Option(help="Science frames that go wrong.")] = 0,
    derotator_lag: Annotated[
        float,
        typer.Option(help="How late the derotator's clock is, as before 2016-07-13 in seconds."),
    ] = 0.0,
    omit: Annotated[
        list[str] | None,
        typer.Option(help="Leave out flat, background, dark, center, flux or sparta; repeatable."),
    ] = None,
    dither: Flag = False,  # noqa: FBT002
    sky: Flag = False,  # noqa: FBT002
    continuous_waffle: Flag = False,  # noqa: FBT002
    no_coronagraph: Flag = False,  # noqa: FBT002
    field_tracking: Flag = False,  # noqa: FBT002
    bad_first_flux: Flag = False,  # noqa: FBT002
    small: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--small", help="A night of a few frames; sets files, ndit, dit, rotation."),
    ] = False,
) -> None:
    """Simulate raw frames of a night, with headers, calibrations and a known truth."""
    from hcdc_kernel.synthetic.irdis import NightScene, n_bytes, simulate_night, small_night

    chosen: dict[str, Any] = {
        "filter": _filter(camera, filter_name),
        "coronagraph": "N_NS_CLEAR" if no_coronagraph else "",
        "seed": seed,
        "detector_seed": detector_seed,
        "magnitude": magnitude,
        "seeing_arcsec": seeing,
        "date": date,
        "target": target,
        "waffle": waffle,
        "flux_nd": flux_nd,
        "flux_dit_s": flux_dit or None,
        "n_bad_frames": bad_frames,
        "derotator_lag_s": derotator_lag,
        "dither": dither,
        "sky": sky,
        "continuous_waffle": continuous_waffle,
        "field_tracking": field_tracking,
        "bad_first_flux": bad_first_flux,
        "disk": _disk(disk),
    }
    if omit:
        chosen["omit"] = tuple(omit)
    companions = tuple(_planet(text) for text in [*(planet or []), *(binary or [])])
    size: dict[str, Any] = {
        "n_files": files,
        "n_dit": ndit,
        "dit_s": dit,
        "gap_s": gap,
        "rotation_deg": rotation,
    }
    scene: NightScene
    if small:
        scene = small_night(**chosen, **({"planets": companions} if companions else {}))
    else:
        scene = NightScene(planets=companions, **chosen, **size)
    total = n_bytes(scene)
    if total > _LARGE_BYTES:
        note(f"The files will take {total / 1e9:.1f} GB.")
    with progress_bar("simulate") as progress:
        simulate_night(scene, out, progress)
    say(str(out))


def _filter(camera: Camera, name: str) -> str:
    """Choose the filter and see that it fits the mode."""
    from hcdc_kernel.synthetic.irdis import NightScene

    chosen = name or _FILTERS[camera.value]
    if NightScene(filter=chosen).is_dual != (camera is Camera.DUAL_BAND):
        raise ConfigError(
            f"This filter does not belong to {camera.value}",
            found=chosen,
            remedy="Take DB_... for irdis-dbi, BB_... or NB_... for irdis-ci",
        )
    return chosen


def _numbers(text: str, least: int, most: int, what: str) -> list[float]:
    """Read numbers between commas."""
    try:
        values = [float(word) for word in text.split(",")]
    except ValueError:
        values = []
    if not least <= len(values) <= most:
        raise ConfigError(f"Write {what} as numbers between commas", found=text)
    return values


def _planet(text: str) -> TruePlanet:
    """Read a companion."""
    from hcdc_kernel.synthetic.irdis import TruePlanet

    separation, angle, *contrast = _numbers(text, 3, 4, "a companion")
    return TruePlanet(separation, angle, tuple(contrast) if len(contrast) > 1 else contrast[0])


def _disk(text: str) -> RingDisk | None:
    """Read a ring."""
    from hcdc_kernel.synthetic.irdis import RingDisk

    if not text:
        return None
    radius, inclination, angle, contrast = _numbers(text, 4, 4, "a ring")
    return RingDisk(radius, inclination, angle, contrast)
