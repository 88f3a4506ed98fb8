"""From raw science frames to a centered cube."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Data, Exposures, Frames, Master, Psf, StarPositions
from hcdc_kernel.errors import ConfigError, FileFormatError
from hcdc_kernel.instruments.raw.planes import RawPlanes
from hcdc_kernel.instruments.sphere.astrometry import Astrometry
from hcdc_kernel.instruments.sphere.irdis.channels import (
    Channel,
    ImageConfig,
    channels_of,
    common_filter,
)
from hcdc_kernel.instruments.sphere.irdis.detector_setup import common_dit, detector_setup
from hcdc_kernel.instruments.sphere.irdis.field_window import grid_step, window_around
from hcdc_kernel.instruments.sphere.irdis.fields import (
    DEFAULT_CENTER_ERROR_PX,
    pixel_scale_mas,
)
from hcdc_kernel.instruments.sphere.irdis.frame_table import (
    PlaneGroup,
    frame_table,
    group_planes,
    planes_to_average,
)
from hcdc_kernel.instruments.sphere.irdis.science_frames import CubePlanes, ScienceCamera
from hcdc_kernel.instruments.sphere.irdis.sky_level import SkyGauge
from hcdc_kernel.instruments.sphere.irdis.star_places import (
    CenterTransfer,
    StarPlaces,
    star_places,
)
from hcdc_kernel.instruments.sphere.irdis.stream import stream_frames
from hcdc_kernel.instruments.sphere.sparta import Series, read_telemetry
from hcdc_kernel.steps.base import Progress, Step, no_progress
from hcdc_kernel.units import Degree, Milliarcsec, Second

_THERMAL_UM = 2.0  # the background matters, and drifts, at longer waves


class CalibrateScienceConfig(ImageConfig):
    """Settings of `CalibrateScience`."""

    radius: Milliarcsec = Field(
        default=2000.0,
        ge=100,
        le=6500,
        description="How far from the star the calibrated images reach [mas]. Less is faster.",
    )
    keep_variance: bool = Field(
        default=True,
        description="Carry the variance of every pixel along; without it the cube needs half of "
        "the memory.",
    )
    background: Literal["auto", "scaled", "fixed"] = Field(
        default="auto",
        description="Subtract the background as it is ('fixed'), or as strong as each frame "
        "shows it beside the star ('scaled'); 'auto' scales it beyond 2 um, where it drifts "
        "with the temperature of the instrument.",
    )
    use_flat: bool = Field(default=True, description="Divide by the flat field, if there is one.")
    cosmic_rays: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Mark cosmic rays and fill them from their neighbors; 'auto' does so in "
        "frames of long exposure, and where hot pixels are not known.",
    )
    cosmic_ray_time: Second = Field(
        default=16.0,
        ge=0,
        le=1000,
        description="With 'auto', cosmic rays are looked for in frames at least this long [s].",
    )
    cosmic_ray_sigma: float = Field(
        default=6.0,
        ge=3,
        le=50,
        description="A cosmic ray exceeds its neighbors by this, in units of the noise.",
    )
    center_transfer: CenterTransfer = Field(
        default="interpolate",
        description="How the star's position goes from the exposures with satellite spots to "
        "the others: interpolated in time, that of the nearest exposure, or the mean of all. "
        "Frames that have spots themselves are centered one by one.",
    )
    bin: Annotated[int, Field(ge=1, le=100)] | Literal["auto"] = Field(
        default="auto",
        description="Average so many successive frames of a file; fewer frames are faster to "
        "reduce, but companions far out are smeared by the rotation of the sky. 'auto' averages "
        "only in sequences of more than 200 frames, by less than a pixel of smearing.",
    )
    true_north: Degree | Literal["auto"] = Field(
        default="auto",
        description="Direction of north on the detector, added to all derotation angles [deg]; "
        "'auto' takes the value measured nearest in time.",
    )
    pupil_offset: Degree = Field(
        default=135.99,
        ge=-360,
        le=360,
        description="Angle between pupil and field in pupil tracking [deg].",
    )


class CalibrateScience(Step):
    """Turn raw science frames into a cube: clean, centered, ready for PSF subtraction.

    From each raw frame only the surroundings of the star are read, in both fields of the
    detector. Background and flat field are taken out, bad pixels and cosmic rays filled; then
    one interpolation moves the star to the middle pixel, undoes the squeeze of the optics and
    brings the channels to a common pixel scale. Variance and flags are carried along. The mean
    image shows that it worked: rings and satellite spots are centered on the cross, and no
    pattern of the detector is left.
    """

    name: ClassVar[str] = "calibrate-science"
    version: ClassVar[int] = 2
    inputs: ClassVar[tuple[str, ...]] = ("science", "psf")
    optional_inputs: ClassVar[tuple[str, ...]] = (
        "science_background",
        "flat",
        "star_positions",
        "telemetry",
    )
    outputs: ClassVar[tuple[str, ...]] = ("cube",)
    Config = CalibrateScienceConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: CalibrateScienceConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Calibrate the frames.

        Parameters
        ----------
        data : mapping of str to data object
            ``science`` and ``psf``; ``science_background``, ``flat``, ``star_positions`` and
            ``telemetry`` if they exist.
        config : CalibrateScienceConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``cube``: odd-sized, the star at pixel ``(n // 2, n // 2)`` of every image, counts
            per frame.

        Raises
        ------
        DataError
            If the frames do not belong together, or no file can be read.
        ConfigError
            If the pixels or fields of the cube and those of the PSF would differ.
        """
        science, psf = data["science"], data["psf"]
        assert isinstance(science, Exposures)
        assert isinstance(psf, Psf)
        work = _prepare(data, science, psf, config)
        out = CubePlanes.empty(work.shape, with_variance=config.keep_variance)
        lost = _fill(work, out, progress)
        frames = _marked(work.frames, out, lost)
        half = float(work.camera.half_px)
        found = work.found_xy() if work.places.is_measured else None
        return {
            "cube": Cube(
                data=out.data,
                frames=frames,
                wavelength_um=np.array([channel.wavelength_um for channel in work.channels]),
                star_xy_px=np.full((*work.shape[:2], 2), half),
                pixel_scale_mas=config.pixel_scale,
                identity=science.identity,
                variance=out.variance,
                flags=out.flags,
                found_xy_px=found,
                star_error_px=work.places.error_px,
                notes=(*work.notes, *dict.fromkeys(lost.values())),
            )
        }


@dataclass(frozen=True, slots=True)
class _Work:
    """Everything that is known before the first frame is read."""

    science: Exposures
    channels: tuple[Channel, ...]
    groups: tuple[PlaneGroup, ...]
    places: StarPlaces
    camera: ScienceCamera
    frames: Frames
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the cube."""
        size = 2 * self.camera.half_px + 1
        return len(self.channels), len(self.groups), size, size

    def found_xy(self) -> FloatArray:
        """Where the star is in the raw fields (n_wave, n_time, 2)."""
        return np.array(
            [
                [
                    self.places.xy_px[group.exposure][list(group.planes), channel.fields[0]].mean(
                        axis=0
                    )
                    for group in self.groups
                ]
                for channel in self.channels
            ]
        )


def _prepare(
    data: Mapping[str, Data], science: Exposures, psf: Psf, config: CalibrateScienceConfig
) -> _Work:
    """Bring calibrations, angles and star positions together."""
    name = common_filter(science)
    dit_s = common_dit(science)
    _require_same_pixels(psf, config)
    channels = channels_of(name, config.fields)
    positions = data.get("star_positions")
    assert positions is None or isinstance(positions, StarPositions)
    places = star_places(science, positions, config.center_transfer)
    background, flat = data.get("science_background"), data.get("flat")
    assert background is None or isinstance(background, Master)
    assert flat is None or isinstance(flat, Master)
    setup = detector_setup(
        science, background, flat if config.use_flat else None, "science frames"
    )
    half = int(np.ceil(config.radius / config.pixel_scale))
    # The images are cropped once the star has been found in them.
    half += 0 if places.is_measured else int(DEFAULT_CENTER_ERROR_PX)
    hits = _hit_sigma(config, dit_s, is_known=background is not None)
    used = sorted({number for channel in channels for number in channel.fields})
    scales = pixel_scale_mas(name)
    steps = {n: grid_step(scales[n], config.pixel_scale, config.anamorphism) for n in used}
    stars = np.concatenate(places.xy_px)
    windows = {n: window_around(n, stars[:, n], half, steps[n]) for n in used}
    fwhm_px = float(psf.fwhm_px.min())
    is_fitted = config.background == "scaled" or (
        config.background == "auto" and channels[-1].wavelength_um > _THERMAL_UM
    )
    camera = ScienceCamera(
        channels,
        windows,
        {
            n: setup.calibration(window, hit_sigma=hits, fwhm_px=fwhm_px)
            for n, window in windows.items()
        },
        steps,
        half,
        SkyGauge.of(setup, np.median(stars, axis=0), is_fitted=is_fitted),
    )
    north = None if config.true_north == "auto" else config.true_north
    astrometry = Astrometry(true_north_deg=north, pupil_offset_deg=config.pupil_offset)
    together = planes_to_average(science, half, astrometry) if config.bin == "auto" else config.bin
    groups = group_planes(science, together)
    telemetry, lost = _read_telemetry(data.get("telemetry"))
    frames, odd = frame_table(science, groups, astrometry, telemetry)
    averaged = f"{together} successive frames each were averaged: there are very many"
    binned = (averaged,) if config.bin == "auto" and together > 1 else ()
    notes = (*setup.notes, *places.notes, *odd, *lost, *binned)
    return _Work(science, channels, groups, places, camera, frames, notes)


def _require_same_pixels(psf: Psf, config: CalibrateScienceConfig) -> None:
    """Refuse a PSF with other pixels: contrasts would be wrong."""
    if not np.isclose(psf.pixel_scale_mas, config.pixel_scale, rtol=1e-6):
        raise ConfigError(
            "calibrate-science.pixel_scale must be that of the star's image",
            found=f"{config.pixel_scale:g} and {psf.pixel_scale_mas:g} mas",
            remedy="Set calibrate-flux.pixel_scale to the same value",
        )
    made = [done.config for done in psf.history if done.step == "calibrate-flux"]
    for name in ("fields", "anamorphism"):
        wanted = getattr(config, name)
        if made and made[-1].get(name, wanted) != wanted:
            raise ConfigError(
                f"calibrate-science.{name} must be that of the star's image",
                found=f"{wanted} and {made[-1][name]}",
                remedy=f"Set calibrate-flux.{name} to the same value",
            )


def _hit_sigma(config: CalibrateScienceConfig, dit_s: float, *, is_known: bool) -> float:
    """Tell from which excess cosmic rays are marked; 0 for not at all."""
    wanted = config.cosmic_rays == "on" or (
        config.cosmic_rays == "auto" and (dit_s >= config.cosmic_ray_time or not is_known)
    )
    return config.cosmic_ray_sigma if wanted else 0.0


def _read_telemetry(
    telemetry: Data | None,
) -> tuple[dict[str, Series], tuple[str, ...]]:
    """Read what the adaptive optics recorded; it is not needed, so a broken file is no error."""
    if not isinstance(telemetry, Exposures):
        return {}, ()
    try:
        return read_telemetry(telemetry), ()
    except FileFormatError as error:
        return {}, (f"The records of the adaptive optics are not used. {error}",)


def _fill(work: _Work, out: CubePlanes, progress: Progress) -> dict[int, str]:
    """Calibrate all frames; tell which are lost, and why."""

    def write(planes: RawPlanes, time: int) -> None:
        group = work.groups[time]
        work.camera.write(planes, group, work.places.xy_px[group.exposure], out, time)

    lost = stream_frames(work.science, work.groups, write, progress)
    for time in lost:
        out.put_nothing(time)
    return lost


def _marked(frames: Frames, out: CubePlanes, lost: Mapping[int, str]) -> Frames:
    """Mark frames without data, and write down how strong the background was."""
    reasons = list(frames.reason)
    for time in range(frames.n_time):
        half = out.data.shape[-1] // 2
        near = out.data[:, time, half - 10 : half + 11, half - 10 : half + 11]
        if time in lost:
            reasons[time] = "its file could not be read"
        elif not np.isfinite(near).any(axis=(1, 2)).all():
            reasons[time] = reasons[time] or "no data near the star"
    scale = out.background_scale
    measured = {"background_scale": scale} if np.isfinite(scale).any() else {}
    return replace(
        frames,
        usable=np.array([not reason for reason in reasons]),
        reason=tuple(reasons),
        conditions={**frames.conditions, **measured},
    )
