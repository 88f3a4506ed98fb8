"""Turn a scene into the sequence that a camera would deliver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Frames, Psf, Sequence
from hcdc_kernel.synthetic.optics import Telescope, opd_track
from hcdc_kernel.synthetic.scene import SyntheticScene

PSF_SIZE_PX = 31
_REFERENCE_FLUX = 0.8  # the other star is a little fainter
_SLEW_MINUTES = 10.0
_MINUTES_PER_HOUR_ANGLE = 60 * 0.99727  # sidereal hours


def make_sequence(scene: SyntheticScene) -> Sequence:
    """Simulate a sequence.

    The planets are images of a point source computed at their very places; no code that
    reduces data takes part.

    Parameters
    ----------
    scene : SyntheticScene
        What to simulate.

    Returns
    -------
    Sequence
        As read from files: the star's position is given as the middle pixel, which is true
        only if ``scene.star_offset_px`` is zero. The PSF is free of noise.
    """
    simulated = simulate(scene)
    return Sequence(
        cube=_cube(scene, simulated),
        psf=_psf(scene, simulated),
        references=_references(scene, simulated) if scene.n_references else None,
    )


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the camera saw, and when.

    Attributes
    ----------
    frames : ndarray, shape (n_wave, n_frames, size, size)
        The science images [electrons].
    references : ndarray, shape (n_wave, n_references, size, size)
        The images of the other star [electrons].
    static_opd_nm : ndarray, shape (48, 48)
        Path difference that planets and PSF share [nm].
    parallactic_deg : ndarray, shape (n_frames,)
        Parallactic angle of each frame [deg].
    derotation_deg : ndarray, shape (n_frames,)
        Derotation angle of each frame [deg].
    mjd : ndarray, shape (n_frames,)
        Mid-exposure [d].
    """

    frames: FloatArray
    references: FloatArray
    static_opd_nm: FloatArray
    parallactic_deg: FloatArray
    derotation_deg: FloatArray
    mjd: FloatArray


def telescope(scene: SyntheticScene) -> Telescope:
    """Build the telescope of a scene."""
    return Telescope(scene.diameter_m, scene.pixel_scale_mas)


def simulate(scene: SyntheticScene) -> Simulated:
    """Expose all frames of a scene."""
    rng = np.random.default_rng(scene.seed)
    hour_angle = np.linspace(*scene.hour_angles_h, scene.n_frames)
    minutes = (hour_angle - hour_angle[0]) * _MINUTES_PER_HOUR_ANGLE
    parallactic = parallactic_angle(hour_angle, scene.declination_deg, scene.latitude_deg)
    derotation = parallactic + scene.pupil_offset_deg - scene.true_north_deg
    before = scene.n_references * scene.dit_s / 60 + _SLEW_MINUTES
    all_minutes = np.r_[np.arange(scene.n_references) * scene.dit_s / 60 - before, minutes]
    opd = opd_track(rng, all_minutes, scene.slow_opd_nm, scene.slow_minutes)
    static = opd[scene.n_references :].mean(axis=0)
    opd += opd_track(rng, all_minutes, scene.fast_opd_nm, scene.fast_minutes)
    stars = _stars(scene, opd)
    stars[:, : scene.n_references] *= _REFERENCE_FLUX
    stars[:, scene.n_references :] += _planets(scene, static, derotation)
    exposed = rng.poisson(scene.star_photons * stars).astype(np.float64)
    exposed += rng.normal(0.0, scene.read_noise, exposed.shape)
    return Simulated(
        frames=exposed[:, scene.n_references :].astype(np.float32),
        references=exposed[:, : scene.n_references].astype(np.float32),
        static_opd_nm=static,
        parallactic_deg=parallactic,
        derotation_deg=derotation,
        mjd=_midnight_mjd(scene.night) + (minutes - minutes.mean()) / 1440,
    )


def parallactic_angle(
    hour_angle_h: FloatArray, declination_deg: float, latitude_deg: float
) -> FloatArray:
    """Compute the parallactic angle.

    Parameters
    ----------
    hour_angle_h : ndarray, shape (n,)
        Hour angle, positive in the west [h].
    declination_deg : float
        Of the star [deg].
    latitude_deg : float
        Of the telescope, positive in the north [deg].

    Returns
    -------
    ndarray, shape (n,)
        Angle from the north pole to the zenith at the star, through east, without jumps
        [deg].
    """
    angle = np.deg2rad(15.0 * hour_angle_h)
    declination, latitude = np.deg2rad(declination_deg), np.deg2rad(latitude_deg)
    along = np.cos(declination) * np.tan(latitude) - np.sin(declination) * np.cos(angle)
    return np.asarray(np.rad2deg(np.unwrap(np.arctan2(np.sin(angle), along))))


def _stars(scene: SyntheticScene, opd: FloatArray) -> FloatArray:
    """Image the star behind the coronagraph, in all channels and frames."""
    optics, n_before = telescope(scene), scene.n_references
    middle = (float(scene.size_px // 2),) * 2
    places = [middle if i < n_before else scene.star_xy_px for i in range(len(opd))]
    images = np.empty((scene.n_wave, len(opd), scene.size_px, scene.size_px))
    for channel, wavelength in enumerate(scene.wavelength_um):
        for i, xy in enumerate(places):
            halo = optics.halo(scene.halo_opd_nm, wavelength, scene.size_px, xy)
            speckles = optics.coronagraph(opd[i], wavelength, scene.size_px, xy)
            images[channel, i] = halo + speckles
    return images


def _planets(scene: SyntheticScene, opd: FloatArray, derotation_deg: FloatArray) -> FloatArray:
    """Image the planets at their places in every frame."""
    optics, (star_x, star_y) = telescope(scene), scene.star_xy_px
    images = np.zeros((scene.n_wave, scene.n_frames, scene.size_px, scene.size_px))
    for planet in scene.planets:
        contrast = planet.contrast_at(scene.n_wave)
        radius = planet.separation_mas / scene.pixel_scale_mas
        angle = np.deg2rad(planet.position_angle_deg - derotation_deg)
        x, y = star_x - radius * np.sin(angle), star_y + radius * np.cos(angle)
        for channel, wavelength in enumerate(scene.wavelength_um):
            for i in range(scene.n_frames):
                xy = (float(x[i]), float(y[i]))
                image = optics.point_source(opd, wavelength, scene.size_px, xy)
                images[channel, i] += contrast[channel] * image
    return images


def _midnight_mjd(night: str) -> float:
    """Tell the middle of a night in Chile, about 4:00 UTC of the next day."""
    return (date.fromisoformat(night) - date(1858, 11, 17)).days + 1 + 4 / 24


def _cube(scene: SyntheticScene, simulated: Simulated) -> Cube:
    """Make the cube of the science frames."""
    n = scene.n_frames
    frames = Frames(
        mjd=simulated.mjd,
        parallactic_deg=simulated.parallactic_deg,
        derotation_deg=simulated.derotation_deg,
        usable=np.ones(n, dtype=bool),
        reason=("",) * n,
        exposure=("cube.fits",) * n,
        dit_index=np.arange(n),
    )
    return Cube(
        data=simulated.frames,
        frames=frames,
        wavelength_um=np.array(scene.wavelength_um),
        star_xy_px=np.full((scene.n_wave, n, 2), float(scene.size_px // 2)),
        pixel_scale_mas=scene.pixel_scale_mas,
        identity=scene.identity,
    )


def _references(scene: SyntheticScene, simulated: Simulated) -> Cube:
    """Make the cube of the other star's frames."""
    n = scene.n_references
    unknown = np.full(n, np.nan)
    frames = Frames(
        mjd=unknown,
        parallactic_deg=unknown,
        derotation_deg=np.zeros(n),
        usable=np.ones(n, dtype=bool),
        reason=("",) * n,
        exposure=("references.fits",) * n,
        dit_index=np.arange(n),
    )
    return Cube(
        data=simulated.references,
        frames=frames,
        wavelength_um=np.array(scene.wavelength_um),
        star_xy_px=np.full((scene.n_wave, n, 2), float(scene.size_px // 2)),
        pixel_scale_mas=scene.pixel_scale_mas,
        identity=replace(scene.identity, target="Reference Star"),
    )


def _psf(scene: SyntheticScene, simulated: Simulated) -> Psf:
    """Make the PSF without noise, with its true width and flux."""
    middle = (float(PSF_SIZE_PX // 2),) * 2
    optics = telescope(scene)
    images, widths, fluxes = [], [], []
    for wavelength in scene.wavelength_um:
        star = optics.point_source(simulated.static_opd_nm, wavelength, PSF_SIZE_PX, middle)
        images.append(scene.star_photons * star)
        widths.append(_width(images[-1]))
        fluxes.append(_flux_within(images[-1], widths[-1] / 2))
    return Psf(
        data=np.array(images, dtype=np.float32),
        fwhm_px=np.array(widths),
        star_flux=np.array(fluxes),
        wavelength_um=np.array(scene.wavelength_um),
        pixel_scale_mas=scene.pixel_scale_mas,
        identity=scene.identity,
    )


def _width(image: FloatArray) -> float:
    """Measure the full width at half maximum of a centered image from its mean profile."""
    middle = image.shape[0] // 2
    place = np.arange(image.shape[0]) - middle
    radius = np.hypot(place[:, None], place[None, :]).ravel()
    near = radius < 6
    order = np.argsort(radius[near])
    grid, start = np.unique(radius[near][order], return_index=True)
    values = np.add.reduceat(image.ravel()[near][order], start)
    profile = values / np.diff(np.r_[start, near.sum()])
    below = int(np.argmax(profile < profile[0] / 2))
    share = (profile[below - 1] - profile[0] / 2) / (profile[below - 1] - profile[below])
    return float(2 * (grid[below - 1] + share * (grid[below] - grid[below - 1])))


def _flux_within(image: FloatArray, radius_px: float) -> float:
    """Sum an image in a circle about its middle pixel, by brute force on a finer grid."""
    n, fine = image.shape[0], 40
    place = (np.arange(n * fine) + 0.5) / fine - 0.5 - n // 2
    inside = (np.hypot(place[:, None], place[None, :]) <= radius_px).astype(np.float64)
    share = inside.reshape(n, fine, n, fine).mean(axis=(1, 3))
    return float(np.sum(share * image))
