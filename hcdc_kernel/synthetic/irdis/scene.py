"""What a simulated night of SPHERE/IRDIS is to contain."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hcdc_kernel.errors import ConfigError
from hcdc_kernel.synthetic.irdis.filters import FILTERS, Band
from hcdc_kernel.synthetic.scene import TruePlanet

OMITTABLE = ("flat", "background", "dark", "center", "flux", "sparta", "sky")
MIN_DIT_S = 0.837464  # one read of the half array
_PATTERNS = ("x", "+")


@dataclass(frozen=True, slots=True)
class RingDisk:
    """A narrow, flat, inclined ring of dust around the star.

    Attributes
    ----------
    radius_mas, width_mas : float
        Radius and Gaussian sigma of the ring, seen face on [mas].
    inclination_deg : float
        0 is face on [deg].
    position_angle_deg : float
        Of the major axis, east of north [deg].
    contrast : float
        Light of the whole ring in units of the star's.
    asymmetry : float
        Parameter g of Henyey and Greenstein; positive scatters forward.
    """

    radius_mas: float
    inclination_deg: float
    position_angle_deg: float
    contrast: float
    width_mas: float = 30.0
    asymmetry: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class NightScene:
    """A star, its companions, the weather, and what the observer asked for.

    Attributes
    ----------
    planets : tuple of TruePlanet
        Companions; two contrasts in dual-band imaging, in the order of rising wavelength.
    disk : RingDisk or None
        Dust around the star.
    filter : str
        Value of ``INS COMB IFLT``: ``DB_H23``, ``DB_K12``, ``BB_H``, ...
    coronagraph : str
        Value of ``INS COMB ICOR``; ``N_NS_CLEAR`` for none. Empty: the usual one of the band.
    target, program : str
        As the observer wrote them.
    date : str
        Evening on which the night begins, ``YYYY-MM-DD``.
    transit_utc_h : float
        When the star culminates, which is the middle of the science frames [h].
    dec_deg : float or None
        J2000 [deg]; None: such that the field turns by `rotation_deg`.
    rotation_deg : float
        How far the field turns during the science frames [deg].
    magnitude : float
        Of the star, in the band observed.
    n_files, n_dit, dit_s : int, int, float
        Science files, frames in each, integration time [s].
    gap_s : float
        From the end of a science file to the start of the next [s].
    waffle, waffle_um : str, float
        Pattern of the satellite spots, ``x`` or ``+``, and amplitude on the mirror [um].
    continuous_waffle : bool
        Spots in the science frames too; there are no CENTER files then.
    n_center_dit : int
        Frames of a CENTER file.
    center_after, flux_after : bool
        Whether a second CENTER and FLUX file follow the science frames.
    n_flux_dit, flux_dit_s, flux_nd : int, float or None, str
        Frames of a FLUX file, their integration time [s] and neutral density filter; None and
        empty: such that the star's peak stays well below saturation.
    bad_first_flux : bool
        The first frame of each FLUX file was taken before the star had arrived.
    dither : bool
        Move the detector by whole pixels between science files.
    n_bad_frames : int
        Science frames spoiled by an open loop, a jump of the star or a cloud.
    field_tracking, position_angle_deg : bool, float
        Hold the sky still, with this position angle up [deg].
    derotator_lag_s : float
        By how much the derotator's clock is late: a fault of 2016-07-12 and before [s].
    seeing_arcsec, coherence_ms, wind_deg : float
        Seeing at 0.5 um, coherence time, direction of the wind in the pupil (from +x to +y).
    n_background_dit, n_flat_dit, flat_dit_s : int, int, tuple of float
        Frames of the calibrations and integration times of the lamp flats [s].
    sky : bool
        Take sky frames beside the star, after the science frames.
    omit : tuple of str
        Kinds of files to leave out, of `OMITTABLE`.
    center_xy_px : tuple of tuple of float or None
        Axis of the coronagraph in the left and right field [px]; None: the usual place.
    seed, detector_seed : int
        Same seeds, same files. The detector is the same in all nights of its seed.
    """

    planets: tuple[TruePlanet, ...] = ()
    disk: RingDisk | None = None
    filter: str = "DB_H23"
    coronagraph: str = ""
    target: str = "SIM_STAR"
    program: str = "60.A-9999(A)"
    date: str = "2018-11-05"
    transit_utc_h: float = 5.0
    dec_deg: float | None = None
    rotation_deg: float = 40.0
    magnitude: float = 5.0
    n_files: int = 16
    n_dit: int = 8
    dit_s: float = 16.0
    gap_s: float = 2.47
    waffle: str = "x"
    waffle_um: float = 0.05
    continuous_waffle: bool = False
    n_center_dit: int = 4
    center_after: bool = False
    flux_after: bool = True
    n_flux_dit: int = 8
    flux_dit_s: float | None = None
    flux_nd: str = ""
    bad_first_flux: bool = False
    dither: bool = False
    n_bad_frames: int = 0
    field_tracking: bool = False
    position_angle_deg: float = 0.0
    derotator_lag_s: float = 0.0
    seeing_arcsec: float = 0.8
    coherence_ms: float = 4.0
    wind_deg: float = 30.0
    n_background_dit: int = 8
    n_flat_dit: int = 3
    flat_dit_s: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0, 5.0)
    sky: bool = False
    omit: tuple[str, ...] = ()
    center_xy_px: tuple[tuple[float, float], tuple[float, float]] | None = None
    seed: int = 1
    detector_seed: int = 1

    def __post_init__(self) -> None:
        unknown = sorted(set(self.omit) - set(OMITTABLE))
        if unknown:
            raise ConfigError(
                "There is no such kind of file to omit",
                found=", ".join(unknown),
                remedy=f"Choose of {', '.join(OMITTABLE)}",
            )
        if self.filter not in FILTERS:
            raise ConfigError(
                "There is no such filter to simulate",
                found=self.filter,
                remedy=f"Choose of {', '.join(sorted(FILTERS))}",
            )
        if self.waffle not in _PATTERNS:
            raise ConfigError("The satellite spots form an x or a +", found=self.waffle)
        counts = (self.n_files, self.n_dit, self.n_center_dit, self.n_flux_dit)
        if min(*counts, self.n_background_dit, self.n_flat_dit) < 1 or self.dit_s < MIN_DIT_S:
            raise ConfigError(
                f"A night needs files with frames of {MIN_DIT_S} s or more",
                found=f"{self.n_files} files of {self.n_dit} x {self.dit_s} s",
            )
        self._check_planets()

    def _check_planets(self) -> None:
        """Refuse planets without a contrast for each channel."""
        for planet in self.planets:
            contrast = planet.contrast
            if isinstance(contrast, tuple) and len(contrast) != self.n_wave:
                raise ConfigError(
                    "A planet needs one contrast, or one for each channel",
                    found=f"{len(contrast)} for {self.n_wave} channels of {self.filter}",
                )

    @property
    def bands(self) -> tuple[Band, Band]:
        """Light that falls on the left and the right field.

        Returns
        -------
        tuple of Band
            Left, right.
        """
        return FILTERS[self.filter].bands

    @property
    def is_dual(self) -> bool:
        """Whether the two fields see two wavelengths.

        Returns
        -------
        bool
            False in classical imaging.
        """
        return self.bands[0] != self.bands[1]

    @property
    def n_wave(self) -> int:
        """Number of channels of the reduced cube.

        Returns
        -------
        int
            2 in dual-band imaging, else 1.
        """
        return 2 if self.is_dual else 1

    @property
    def mask(self) -> str:
        """Coronagraph in use.

        Returns
        -------
        str
            Value of ``INS COMB ICOR``.
        """
        if self.coronagraph:
            return self.coronagraph
        return "N_ALC_Ks" if self.bands[0].wavelength_um > 1.9 else "N_ALC_YJH_S"

    def contrasts(self, planet: TruePlanet) -> tuple[float, float]:
        """Tell the contrast of a planet in the left and the right field.

        Parameters
        ----------
        planet : TruePlanet
            One of the companions.

        Returns
        -------
        tuple of float
            Left, right; a planet lists them by rising wavelength.
        """
        values = planet.contrast_at(self.n_wave)
        first, last = float(values[0]), float(values[-1])
        rising = self.bands[0].wavelength_um <= self.bands[1].wavelength_um
        return (first, last) if rising else (last, first)


_DEFAULT_PLANETS = (
    TruePlanet(450.0, 60.0, (2.0e-4, 3.0e-4)),
    TruePlanet(800.0, 215.0, (8.0e-5, 6.0e-5)),
)


def small_night(**changes: object) -> NightScene:
    """Describe the smallest night that has everything; about 300 MB, half a minute.

    Three science files of four frames, one CENTER of two, two FLUX of three, backgrounds,
    flats, telemetry; two planets, bright enough to be found in so few frames.

    Parameters
    ----------
    **changes : object
        Fields of `NightScene` to set otherwise.

    Returns
    -------
    NightScene
        For `simulate_night`.
    """
    scene = NightScene(
        planets=_DEFAULT_PLANETS,
        n_files=3,
        n_dit=4,
        gap_s=600.0,
        rotation_deg=50.0,
        n_center_dit=2,
        n_flux_dit=3,
        n_background_dit=3,
        n_flat_dit=1,
        flat_dit_s=(1.0, 2.0, 3.0, 4.0),
        omit=("dark",),
    )
    if changes.get("filter", "DB_H23") != "DB_H23" and "planets" not in changes:
        single = tuple(replace(one, contrast=2.0e-4) for one in _DEFAULT_PLANETS)
        changes = {**changes, "planets": single}
    return replace(scene, **changes)  # type: ignore[arg-type]
