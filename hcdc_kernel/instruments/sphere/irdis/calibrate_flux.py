"""From raw frames of the star beside the coronagraph to the PSF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from hcdc_kernel.algorithms.photometry import aperture_flux, fit_star
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Data, Exposure, Exposures, Master, Psf
from hcdc_kernel.errors import DataError, InputError
from hcdc_kernel.instruments.raw.planes import open_planes
from hcdc_kernel.instruments.sphere import filters
from hcdc_kernel.instruments.sphere.coronagraphs import transmission
from hcdc_kernel.instruments.sphere.irdis.channels import (
    Channel,
    ImageConfig,
    channels_of,
    common_filter,
)
from hcdc_kernel.instruments.sphere.irdis.detector_setup import (
    DetectorSetup,
    common_dit,
    detector_setup,
)
from hcdc_kernel.instruments.sphere.irdis.field_window import FieldWindow, grid_step, lit_box
from hcdc_kernel.instruments.sphere.irdis.fields import N_FIELDS, RAW_SHAPE, pixel_scale_mas
from hcdc_kernel.instruments.sphere.irdis.flux_frames import (
    FluxCamera,
    FluxLimits,
    StarFrame,
    find_in_fields,
    judge_frames,
)
from hcdc_kernel.instruments.sphere.irdis.model_psf import model_psf
from hcdc_kernel.instruments.sphere.irdis.sky_level import SkyGauge
from hcdc_kernel.steps.base import Progress, Step, no_progress
from hcdc_kernel.units import Milliarcsec

_NOTABLE_DRIFT = 0.05


class CalibrateFluxConfig(ImageConfig):
    """Settings of `CalibrateFlux`."""

    radius: Milliarcsec = Field(
        default=750.0,
        ge=100,
        le=2500,
        description="How far from the star its image reaches [mas].",
    )
    saturation: float = Field(
        default=20000.0,
        ge=1000,
        le=65000,
        description="Frames with a pixel brighter than this are not used, background subtracted "
        "[adu].",
    )
    max_flux_deviation: float = Field(
        default=0.25,
        gt=0,
        le=10,
        description="Frames are not used if the star's brightness differs by more than this "
        "share from that in the other frames of the file; the first is often bad, as the star "
        "has not come to rest.",
    )
    max_width_deviation: float = Field(
        default=0.2,
        gt=0,
        le=10,
        description="The same for the star's width.",
    )
    use_flat: bool = Field(default=True, description="Divide by the flat field, if there is one.")


class CalibrateFlux(Step):
    """Turn raw frames of the star beside the coronagraph into the PSF all contrasts refer to.

    The star is found in both fields of the detector, centered in every frame, and brought to
    the pixels, the exposure time and the neutral density of the science frames. Frames that
    are saturated, or differ from the others, are left out and named. Without usable frames the
    PSF is what diffraction alone would make: companions can then be found and placed, but no
    contrast can be told. The plot of the PSF shows that it worked: a round core within rings,
    on a dark background.
    """

    name: ClassVar[str] = "calibrate-flux"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("science",)
    optional_inputs: ClassVar[tuple[str, ...]] = ("flux", "flux_background", "flat")
    outputs: ClassVar[tuple[str, ...]] = ("psf",)
    Config = CalibrateFluxConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: CalibrateFluxConfig | Any,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Make the PSF.

        Parameters
        ----------
        data : mapping of str to data object
            ``science``; ``flux``, ``flux_background`` and ``flat`` if they exist.
        config : CalibrateFluxConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``psf``: counts of the star in a science frame, if it were not behind the mask.

        Raises
        ------
        DataError
            If the science frames do not belong together.
        """
        science = data["science"]
        assert isinstance(science, Exposures)
        flux = data.get("flux")
        channels = channels_of(common_filter(science), config.fields)
        stars: list[_File] = []
        notes: list[str] = []
        if isinstance(flux, Exposures) and len(flux):
            background, flat = data.get("flux_background"), data.get("flat")
            assert background is None or isinstance(background, Master)
            assert flat is None or isinstance(flat, Master)
            masters = (background, flat if config.use_flat else None)
            for number, exposure in enumerate(flux):
                progress(number / len(flux), f"file {number + 1} of {len(flux)}")
                made = _one_file(exposure, science, masters, config)
                notes += [note for note in made.notes if note not in notes]
                if made.images:
                    stars.append(made)
        else:
            notes.append("There are no exposures of the star beside the coronagraph.")
        return {"psf": _psf(science, channels, stars, notes, config)}


@dataclass(frozen=True, slots=True)
class _File:
    """The star in the usable frames of one file, brought to the science exposure.

    Attributes
    ----------
    images : list of ndarray, shape (2, n, n)
        Both fields of each frame.
    mjd : float
        Start of the file [d].
    notes : tuple of str
        What was left out and why.
    """

    images: list[FloatArray]
    mjd: float
    notes: tuple[str, ...]


def _one_file(
    exposure: Exposure,
    science: Exposures,
    masters: tuple[Master | None, Master | None],
    config: CalibrateFluxConfig,
) -> _File:
    """Calibrate one file; it gives no images if it cannot be used."""
    try:
        factors = flux_factors(exposure, science)
        only = Exposures((exposure,), science.identity)
        setup = detector_setup(only, *masters, "exposures of the star")
        frames = _center_all(exposure, setup, config)
    except InputError as error:
        reason = f"{error.problem.rstrip('.')}{f' ({error.found})' if error.found else ''}"
        return _File([], exposure.start_mjd, (f"{exposure.name} was not used: {reason}.",))
    limits = FluxLimits(config.saturation, config.max_flux_deviation, config.max_width_deviation)
    reasons = judge_frames(frames, limits)
    used = [frame for frame, reason in zip(frames, reasons, strict=True) if not reason]
    notes = list(setup.notes)
    if len(used) < len(frames):
        why = "; ".join(
            f"frame {number + 1} {reason}" for number, reason in enumerate(reasons) if reason
        )
        left = "none" if not used else f"{len(used)} of {len(frames)}"
        notes.append(f"Of the star's frames in {exposure.name}, {left} could be used: {why}.")
    images = [
        np.array([star.image * factor for star, factor in zip(frame, factors, strict=True)])
        for frame in used
    ]
    return _File(images, exposure.start_mjd, tuple(notes))


def flux_factors(exposure: Exposure, science: Exposures) -> tuple[float, float]:
    """Tell what brings the star to exposure time and neutral density of the science frames.

    Parameters
    ----------
    exposure : Exposure
        The star beside the coronagraph.
    science : Exposures
        The science frames.

    Returns
    -------
    tuple of float
        What to multiply the left and the right field by.

    Raises
    ------
    DataError
        If the filters differ, or exposure time or neutral density are not known.
    """
    first = next(iter(science))
    if filters.bands(exposure.filter) != filters.bands(first.filter):
        raise DataError(
            "it was taken through another filter",
            found=f"{exposure.filter} instead of {first.filter}",
        )
    if not exposure.dit_s > 0:
        raise DataError("its exposure time is not known")
    passed = filters.nd_transmission(exposure.filter, exposure.neutral_density)
    wanted = filters.nd_transmission(first.filter, first.neutral_density)
    times = common_dit(science) / exposure.dit_s
    left, right = (times * w / p for w, p in zip(wanted, passed, strict=True))
    return left, right


def _center_all(
    exposure: Exposure, setup: DetectorSetup, config: CalibrateFluxConfig
) -> list[tuple[StarFrame, ...]]:
    """Find and center the star in every frame of a file, in both fields."""
    camera = _camera(exposure, setup, config)
    with open_planes(exposure.path) as planes:
        if planes.shape[1:] != RAW_SHAPE:
            raise DataError("it is no frame of IRDIS", found=str(planes.shape))
        first = camera.fields(planes, 0)
        total = [np.nan_to_num(image) for image in first]
        for index in range(1, planes.shape[0]):
            for sum_, image in zip(total, camera.fields(planes, index), strict=True):
                sum_ += np.nan_to_num(image)
        places = find_in_fields(tuple(total), exposure)
        frames = []
        for index in range(planes.shape[0]):
            images = camera.fields(planes, index)
            frames.append(
                tuple(
                    camera.star(image, number, place)
                    for number, (image, place) in enumerate(zip(images, places, strict=True))
                )
            )
    return frames


def _camera(exposure: Exposure, setup: DetectorSetup, config: CalibrateFluxConfig) -> FluxCamera:
    """Make masters ready for the whole illuminated part of both fields."""
    windows = []
    for number in range(N_FIELDS):
        rows, columns = lit_box(number)
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        windows.append(FieldWindow(number, (columns.start, rows.start), shape))
    scales = pixel_scale_mas(exposure.filter)
    thermal = max(filters.wavelength_um(exposure.filter)) > 2.0
    nowhere = np.full((N_FIELDS, 2), np.nan)
    return FluxCamera(
        calibrations=tuple(setup.calibration(window) for window in windows),
        windows=tuple(windows),
        step_xy=tuple(grid_step(s, config.pixel_scale, config.anamorphism) for s in scales),
        half_px=_half_px(config),
        sky=SkyGauge.of(setup, nowhere, is_fitted=thermal),
    )


def _half_px(config: CalibrateFluxConfig) -> int:
    """Pixels from the middle to the border of the PSF."""
    return int(np.ceil(config.radius / config.pixel_scale))


def _psf(
    science: Exposures,
    channels: tuple[Channel, ...],
    stars: list[_File],
    notes: list[str],
    config: CalibrateFluxConfig,
) -> Psf:
    """Put the PSF together, from the star or from theory."""
    waves = np.array([channel.wavelength_um for channel in channels])
    if stars:
        images = _mean_star(stars, channels)
        notes = [*notes, *_drift(stars, channels)]
    else:
        half = _half_px(config)
        images = np.array([model_psf(float(wave), config.pixel_scale, half) for wave in waves])
        notes = [
            *notes,
            "The star's own brightness is not known: its image is the one that diffraction alone "
            "would make, and contrasts cannot be told.",
        ]
    fwhm = np.array([fit_star(image).fwhm for image in images])
    flux = [aperture_flux(image, width / 2) for image, width in zip(images, fwhm, strict=True)]
    first = next(iter(science))
    passed = transmission(first.coronagraph, float(waves.mean()))
    if passed.note:
        notes = [*notes, f"{passed.note[0].upper()}{passed.note[1:]}."]
    return Psf(
        data=images.astype(np.float32),
        fwhm_px=fwhm,
        star_flux=np.array(flux),
        wavelength_um=waves,
        pixel_scale_mas=config.pixel_scale,
        identity=science.identity,
        absolute=bool(stars),
        transmission_mas=passed.separation_mas,
        transmission=passed.transmission,
        notes=tuple(notes),
    )


def _mean_star(stars: list[_File], channels: tuple[Channel, ...]) -> FloatArray:
    """Average all frames, and the fields of each channel (n_wave, n, n)."""
    fields = np.mean([image for file in stars for image in file.images], axis=0)
    return np.array([fields[list(channel.fields)].mean(axis=0) for channel in channels])


def _drift(stars: list[_File], channels: tuple[Channel, ...]) -> list[str]:
    """Say how much the star changed from the first to the last file."""
    ordered = sorted(stars, key=lambda file: file.mjd)
    if len(ordered) < 2:
        return []
    first, last = (_mean_star([file], channels) for file in (ordered[0], ordered[-1]))
    peaks = [
        [aperture_flux(image, fit_star(image).fwhm / 2) for image in images]
        for images in (first, last)
    ]
    change = float(np.max(np.abs(np.diff(peaks, axis=0)[0] / np.mean(peaks, axis=0))))
    if change < _NOTABLE_DRIFT:
        return []
    return [
        f"The star's brightness changed by {100 * change:.0f} % between its first and last "
        "exposure: contrasts are uncertain by about half of that."
    ]
