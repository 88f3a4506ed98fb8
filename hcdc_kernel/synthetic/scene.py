"""What is to be simulated: star, telescope, sky, planets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Identity
from hcdc_kernel.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TruePlanet:
    """A companion whose place and flux are known.

    Attributes
    ----------
    separation_mas : float
        Distance from the star [mas].
    position_angle_deg : float
        East of north [deg].
    contrast : float or tuple of float
        Flux ratio to the star, one for all channels or one for each.
    """

    separation_mas: float
    position_angle_deg: float
    contrast: float | tuple[float, ...]

    def contrast_at(self, n_wave: int) -> FloatArray:
        """Tell the contrast in every channel.

        Parameters
        ----------
        n_wave : int
            Number of channels.

        Returns
        -------
        ndarray, shape (n_wave,)
            Flux ratio to the star.
        """
        return np.broadcast_to(np.asarray(self.contrast, dtype=np.float64), (n_wave,)).copy()


@dataclass(frozen=True, slots=True)
class SyntheticScene:
    """A night at an 8 m telescope, in numbers.

    The star stands behind a perfect coronagraph that removes the mean of the field in the
    pupil. What leaks comes from aberrations given as path differences, so that speckles move
    outwards with wavelength and fade with its square: a part that lives as long as the
    night, a part that lives for minutes, and a smooth halo of the atmosphere.

    Attributes
    ----------
    planets : tuple of TruePlanet
        Companions to put in.
    target, instrument, filter, night : str
        Names that the files will carry.
    size_px : int
        Side of the square images [px].
    n_frames : int
        Frames of the science sequence.
    n_references : int
        Frames of another star, taken before, for RDI; 0 for none.
    wavelength_um : tuple of float
        Central wavelengths [um].
    pixel_scale_mas : float
        Size of a pixel [mas].
    star_offset_px : tuple of float
        The star's x and y minus those of the middle pixel [px].
    latitude_deg, declination_deg : float
        Of the telescope and of the star; they make the field rotation [deg].
    hour_angles_h : tuple of float
        Hour angle at the first and last frame [h].
    pupil_offset_deg, true_north_deg : float
        Derotation angle = parallactic angle + `pupil_offset_deg` - `true_north_deg` [deg].
    diameter_m : float
        Of the telescope [m].
    dit_s : float
        Exposure time of a frame [s].
    star_photons : float
        Photoelectrons of the star, without coronagraph, in a frame and channel.
    slow_opd_nm, slow_minutes : float
        Rms of the aberrations that change slowly [nm] and the time in which they do [min].
    fast_opd_nm, fast_minutes : float
        The same for those that change fast.
    halo_opd_nm : float
        Rms of the atmosphere's residual, which averages to a halo [nm].
    read_noise : float
        Rms noise of a pixel [electrons].
    seed : int
        Same seed, same noise and speckles.
    """

    planets: tuple[TruePlanet, ...] = ()
    target: str = "Practice Star"
    instrument: str = "synthetic-imager"
    filter: str = "H"
    night: str = "2024-03-15"
    size_px: int = 121
    n_frames: int = 48
    n_references: int = 0
    wavelength_um: tuple[float, ...] = (1.6255,)
    pixel_scale_mas: float = 12.25
    star_offset_px: tuple[float, float] = (0.0, 0.0)
    latitude_deg: float = -24.627
    declination_deg: float = -44.0
    hour_angles_h: tuple[float, float] = (-0.6, 0.6)
    pupil_offset_deg: float = 0.0
    true_north_deg: float = 0.0
    diameter_m: float = 8.0
    dit_s: float = 64.0
    star_photons: float = 2.0e8
    slow_opd_nm: float = 50.0
    slow_minutes: float = 700.0
    fast_opd_nm: float = 3.0
    fast_minutes: float = 2.0
    halo_opd_nm: float = 60.0
    read_noise: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.size_px < 15 or self.n_frames < 1 or not self.wavelength_um:
            raise ConfigError(
                "A scene needs images of 15 pixels or more, a frame and a channel",
                found=f"{self.size_px} px, {self.n_frames} frames, {self.n_wave} channels",
            )
        for planet in self.planets:
            wrong = np.ndim(planet.contrast) == 1 and np.size(planet.contrast) != self.n_wave
            if wrong:
                raise ConfigError(
                    "A planet needs one contrast, or one for each channel",
                    found=f"{np.size(planet.contrast)} for {self.n_wave} channels",
                )

    @property
    def n_wave(self) -> int:
        """Number of channels.

        Returns
        -------
        int
            1 for a single band.
        """
        return len(self.wavelength_um)

    @property
    def identity(self) -> Identity:
        """The names that the files carry.

        Returns
        -------
        Identity
            Of the science sequence.
        """
        return Identity(self.target, self.instrument, self.filter, self.night)

    @property
    def star_xy_px(self) -> tuple[float, float]:
        """Where the star truly is.

        Returns
        -------
        tuple of float
            x and y, counted from 0 [px].
        """
        middle = self.size_px // 2
        return middle + self.star_offset_px[0], middle + self.star_offset_px[1]


def demo_scene(seed: int = 1) -> SyntheticScene:
    """Make the practice scene: two channels, 48 frames, three planets.

    No planet can be seen in a single frame; all stand out after PSF subtraction.

    Parameters
    ----------
    seed : int
        Another seed, another night.

    Returns
    -------
    SyntheticScene
        Named ``Practice-Star_synthetic-imager_H23_2024-03-15``.
    """
    return SyntheticScene(
        planets=(
            TruePlanet(330.0, 315.0, (1.6e-4, 1.5e-4)),
            TruePlanet(400.0, 75.0, (8.5e-5, 9.5e-5)),
            TruePlanet(510.0, 200.0, (6.5e-5, 6.0e-5)),
        ),
        filter="H23",
        size_px=101,
        wavelength_um=(1.593, 1.667),
        star_offset_px=(1.3, -0.8),
        pupil_offset_deg=12.0,
        true_north_deg=-1.75,
        seed=seed,
    )


def small_scene(seed: int = 1, *, planets: tuple[TruePlanet, ...] | None = None) -> SyntheticScene:
    """Make the scene of quick tests: one channel, 24 frames of 41 x 41 px, one planet.

    Parameters
    ----------
    seed : int
        Another seed, another night.
    planets : tuple of TruePlanet, optional
        Others than the usual one at 150 mas; an empty tuple for none.

    Returns
    -------
    SyntheticScene
        Small, with more field rotation than a night has.
    """
    usual = (TruePlanet(150.0, 120.0, 8.0e-4),)
    return SyntheticScene(
        planets=usual if planets is None else planets,
        target="Test Star",
        size_px=41,
        n_frames=24,
        declination_deg=-30.0,
        hour_angles_h=(-1.0, 1.0),
        seed=seed,
    )
