"""Simulate a night and write its raw files as the observatory delivers them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.conditions import Fault, Weather, draw_faults
from hcdc_kernel.synthetic.irdis.detector import SHAPE, Detector
from hcdc_kernel.synthetic.irdis.file_facts import FileFacts
from hcdc_kernel.synthetic.irdis.filters import GAIN
from hcdc_kernel.synthetic.irdis.frames import Moment, Painter
from hcdc_kernel.synthetic.irdis.headers import archive_name, raw_header
from hcdc_kernel.synthetic.irdis.persistence import Persistence
from hcdc_kernel.synthetic.irdis.scene import NightScene
from hcdc_kernel.synthetic.irdis.schedule import (
    DAY_S,
    Shot,
    plan_night,
    science_span_s,
    transit_mjd,
)
from hcdc_kernel.synthetic.irdis.sky import (
    PUPIL_OFFSET_DEG,
    Pointing,
    Target,
    choose_target,
    culminating,
    point,
    true_north_deg,
)
from hcdc_kernel.synthetic.irdis.sparta import write_telemetry
from hcdc_kernel.synthetic.irdis.thermal import Thermal
from hcdc_kernel.synthetic.irdis.truth import TrueFile, Truth

Progress = Callable[[float, str], None]
_BLOCK = 2880
_STAGE_UM = (-0.17, 0.03)  # what the dithering stage reads at home


@dataclass(frozen=True)
class _Night:
    """All that the files of a night share."""

    scene: NightScene
    target: Target
    shots: tuple[Shot, ...]
    weather: Weather
    painter: Painter
    detector: Detector
    persistence: Persistence
    faults: dict[tuple[int, int], Fault]
    north_deg: float


def simulate_night(
    scene: NightScene, folder: Path, progress: Progress | None = None, n_threads: int = 0
) -> Path:
    """Write the raw files of a night and the truth about them.

    Parameters
    ----------
    scene : NightScene
        What happens.
    folder : Path
        Where to write; made if it does not exist.
    progress : callable, optional
        Told the share done and the file in work.
    n_threads : int
        Frames made at the same time; 0 for one a processor. The bytes do not depend on it.

    Returns
    -------
    Path
        The folder, with ``SPHER.*.fits`` and ``truth.json``.

    Raises
    ------
    ConfigError
        If the scene cannot be had: no star turns so much in that time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    night = _prepare(scene)
    files = []
    with (
        threadpool_limits(limits=1),
        ThreadPoolExecutor(n_threads or os.cpu_count() or 1) as pool,
    ):
        for i, shot in enumerate(night.shots):
            if progress is not None:
                progress(i / len(night.shots), shot.kind)
            files.append(_write_file(night, i, folder, pool))
    if "sparta" not in scene.omit:
        write_telemetry(scene, night.shots, night.weather, folder)
    truth = Truth(
        scene=asdict(scene),
        planets=scene.planets,
        wavelength_um=(scene.bands[0].wavelength_um, scene.bands[1].wavelength_um),
        pixel_scale_mas=(scene.bands[0].pixel_scale_mas, scene.bands[1].pixel_scale_mas),
        true_north_deg=night.north_deg,
        ra_deg=night.target.ra_deg,
        dec_deg=night.target.dec_deg,
        files=tuple(files),
    )
    truth.write(folder)
    return folder


def _prepare(scene: NightScene) -> _Night:
    """Make what the files share."""
    shots = plan_night(scene)
    transit = transit_mjd(scene)
    if scene.dec_deg is None:
        hours = science_span_s(scene) / 3600.0
        target = choose_target(transit, hours, scene.rotation_deg)
    else:
        target = culminating(transit, scene.dec_deg)
    begin = shots[0].start_mjd
    return _Night(
        scene=scene,
        target=target,
        shots=shots,
        weather=Weather(scene, begin - 0.01, shots[-1].end_mjd + 0.01),
        painter=Painter(scene, Thermal(scene, begin)),
        detector=Detector(scene.detector_seed),
        persistence=Persistence(),
        faults=draw_faults(scene, shots),
        north_deg=true_north_deg(begin),
    )


def _write_file(night: _Night, index: int, folder: Path, pool: ThreadPoolExecutor) -> TrueFile:
    """Write one raw file, frame by frame."""
    shot = night.shots[index]
    stage_um = _stage_um(night, index)
    edges = _pointing(night, np.array([shot.start_mjd, shot.end_mjd]))
    moments = _moments(night, index, stage_um)
    name = archive_name(shot.start_mjd)
    path = folder / f"{name.replace(':', '_')}.fits"
    facts = FileFacts(
        scene=night.scene,
        shot=shot,
        target=night.target,
        edges=edges,
        stage_um=stage_um,
        weather=night.weather,
        counter=index + 1,
    )
    header = raw_header(facts)
    with path.open("wb") as stream:
        stream.write(header)
        length = 0
        for frame in _frames(night, index, moments, pool):
            length += stream.write(frame.astype(">f4").tobytes())
        stream.write(bytes(-length % _BLOCK))
    night.persistence.remember(frame, shot.end_mjd)
    return _true_file(night, index, name, path.name, moments)


def _frames(
    night: _Night, index: int, moments: list[Moment], pool: ThreadPoolExecutor
) -> Iterator[FloatArray]:
    """Make the frames of a file in order, a few at the same time."""
    ahead = 4
    running = [pool.submit(_frame, night, index, j, one) for j, one in enumerate(moments[:ahead])]
    for j in range(len(moments)):
        frame = running[j].result()
        running[j] = running[-1]  # let go of the memory
        following = j + ahead
        if following < len(moments):
            running.append(pool.submit(_frame, night, index, following, moments[following]))
        yield frame


def _frame(night: _Night, index: int, j: int, moment: Moment) -> FloatArray:
    """Make one frame [ADU]."""
    rng = np.random.default_rng([night.scene.seed, 41, index, j])
    light = night.painter.light(moment, rng)
    latent = night.persistence.rate(moment.mjd)
    return night.detector.expose(light, moment.shot.dit_s, rng, latent)


def _moments(night: _Night, index: int, stage_um: tuple[float, float]) -> list[Moment]:
    """Tell for each frame of a file when and how it is taken."""
    shot = night.shots[index]
    middle = shot.middle_mjd
    dither = (stage_um[0] - _STAGE_UM[0]) / 18.0, (stage_um[1] - _STAGE_UM[1]) / 18.0
    half = shot.dit_s / 2 / DAY_S
    angles = np.full((3, shot.n_dit), np.nan)
    if shot.on_sky:
        times = np.concatenate([middle - half, middle, middle + half])
        angles = _derotation(night, times).reshape(3, shot.n_dit)
    moments = []
    for j, mjd in enumerate(middle):
        fault = night.faults.get((index, j), "")
        if shot.kind == "flux" and j == 0 and night.scene.bad_first_flux:
            fault = "not-arrived"
        rng = np.random.default_rng([night.scene.seed, 42, index, j])
        state = night.weather.at(float(mjd), rng, fault)
        moments.append(
            Moment(
                shot=shot,
                mjd=float(mjd),
                derotation_deg=float(angles[1, j]),
                turn_deg=float(angles[2, j] - angles[0, j]),
                dither_px=dither,
                state=state,
            )
        )
    return moments


def _derotation(night: _Night, mjd: FloatArray) -> FloatArray:
    """Rotation, counter-clockwise, that brings north up [deg]; continuous along the array."""
    if night.scene.field_tracking:
        return np.full(mjd.shape, night.scene.position_angle_deg + night.north_deg)
    here = _pointing(night, mjd)
    parallactic = np.degrees(np.unwrap(np.radians(here.parallactic_deg)))
    # A derotator whose clock is late follows an altitude of the past, and the field with it.
    late = np.zeros(mjd.shape)
    if night.scene.derotator_lag_s:
        past = _pointing(night, mjd - night.scene.derotator_lag_s / DAY_S)
        late = here.altitude_deg - past.altitude_deg
    return np.asarray(parallactic + PUPIL_OFFSET_DEG + night.north_deg + late)


def _pointing(night: _Night, mjd: FloatArray) -> Pointing:
    """Follow the star."""
    return point(night.target, mjd)


def _stage_um(night: _Night, index: int) -> tuple[float, float]:
    """Tell what the dithering stage reads during a file."""
    rng = np.random.default_rng([night.scene.seed, 43, index])
    x, y = (
        round(18.0 * step + home + 0.01 * float(rng.standard_normal()), 3)
        for step, home in zip(night.shots[index].dither_px, _STAGE_UM, strict=True)
    )
    return x, y


def _true_file(night: _Night, index: int, name: str, path: str, moments: list[Moment]) -> TrueFile:
    """Write down what is true of a file."""
    shot, painter = night.shots[index], night.painter
    n, fields = shot.n_dit, (0, 1)
    mjd = np.array([moment.mjd for moment in moments])
    has_star = shot.kind in ("science", "center", "flux")
    nothing = np.full((2, n), np.nan)
    parallactic = np.full(n, np.nan)
    if shot.on_sky:
        parallactic = np.degrees(np.unwrap(np.radians(_pointing(night, mjd).parallactic_deg)))
    glow = np.array([painter.thermal.rates(shot, one) for one in mjd]).T * shot.dit_s / GAIN
    return TrueFile(
        name=name,
        path=path,
        kind=shot.kind,
        dit_s=shot.dit_s,
        nd=shot.nd,
        mjd=mjd,
        parallactic_deg=parallactic,
        derotation_deg=np.array([moment.derotation_deg for moment in moments]),
        star_xy_px=np.array([[painter.star_xy(m, f) for m in moments] for f in fields])
        if has_star
        else np.full((2, n, 2), np.nan),
        star_adu=np.array([[painter.star_adu(m, f) for m in moments] for f in fields])
        if has_star
        else nothing,
        strehl=np.array([[painter.coherent(m, f) for m in moments] for f in fields])
        if has_star
        else nothing,
        background_adu=glow,
        fault=tuple(moment.state.fault for moment in moments),
    )


def n_bytes(scene: NightScene) -> int:
    """Tell how large the files of a night will be.

    Parameters
    ----------
    scene : NightScene
        What happens.

    Returns
    -------
    int
        Bytes of the images.
    """
    return sum(shot.n_dit for shot in plan_night(scene)) * SHAPE[0] * SHAPE[1] * 4
