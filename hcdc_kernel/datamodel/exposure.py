"""A raw file: its header, translated once into words that mean the same for every camera."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity

ExposureKind = Literal[
    "science",  # the star behind the coronagraph, or without one
    "center",  # the same with satellite spots
    "flux",  # the star beside the coronagraph, not saturated
    "sky",  # blank sky in the setup of the science frames
    "background",  # closed telescope, open instrument: thermal light of the instrument
    "dark",  # closed detector
    "bias",
    "flat",  # lamp through the instrument, at several exposure times
    "detector-flat",  # lamp in front of the detector (IFS)
    "lenslet-flat",  # lamp through the lenslets (IFS)
    "polarized-flat",  # lamp through a polarizer (ZIMPOL)
    "gain",  # pairs of flats for gain and read noise
    "distortion",  # grid of pinholes
    "wavelength",  # lasers
    "spectra-positions",  # lamp through the prism (IFS)
    "standard",  # star of known flux, position or polarization
    "persistence",
    "acquisition",
    "telemetry",  # tables of the adaptive optics
    "unknown",
]
Tracking = Literal["pupil", "field", "fixed", "unknown"]
Waffle = Literal["x", "+", ""]

_NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What is known of a raw file without reading its images.

    Numbers that a header does not give are NaN, texts are empty.

    Attributes
    ----------
    name : str
        Name in the observatory's archive, such as ``SPHER.2020-03-08T07:12:03.720``; the file's
        own name if the header has none.
    path : Path
        Where the file is.
    sha256 : str
        Of the file, in hexadecimal digits; empty until it is measured.
    size : int
        Length of the file [byte].
    camera : str
        As ``facility-camera``, such as ``vlt-irdis``; ``vlt-sparta`` for telemetry.
    kind : str
        What the file is for, one of `ExposureKind`.
    category, type, technique : str
        DPR keywords as the header has them.
    mode : str
        Observing mode: ``dual-band``, ``classical``, ``polarimetry``, ``spectroscopy``, ``ifu``.
    target : str
        Name of the star as the observer wrote it.
    ra_deg, dec_deg : float
        Place on the sky, J2000 [deg].
    apparent_ra_deg, apparent_dec_deg : float
        Apparent place, equinox of date [deg].
    start_mjd, end_mjd : float
        Start of the first and end of the last integration, UTC [d].
    night : str
        Date of the evening on which the night began, ``YYYY-MM-DD``; a night is noon to noon UTC.
    dit_s : float
        Integration time of a frame [s].
    dit_delay_s : float
        Wait before each integration [s].
    n_dit : int
        Frames that the header promises.
    n_planes : int
        Frames that the file holds; 0 if it holds no images.
    filter : str
        Filter or filter pair, such as ``DB_H23``.
    neutral_density : str
        Neutral density filter, such as ``ND_2.0``; ``OPEN`` for none.
    coronagraph : str
        Combination of coronagraph, such as ``N_ALC_YJH_S``; empty if not known.
    elements : mapping of str to str
        Further optical elements in the beam, by what they do: ``lyot_stop``, ``prism``,
        ``dichroic``, ``polarizer``, ``lamp``, ...
    read_mode : str
        How the detector was read.
    tracking : {"pupil", "field", "fixed", "unknown"}
        What the derotator held still.
    position_angle_deg : float
        Position angle asked of the derotator in field tracking [deg].
    derotator_begin_deg, derotator_end_deg : float
        Angle of the derotator itself [deg].
    altitude_deg : float
        Of the telescope at the start [deg].
    parallactic_begin_deg, parallactic_end_deg : float
        As the telescope wrote them [deg].
    latitude_deg, longitude_deg : float
        Of the telescope, east positive [deg].
    dither_xy_px : tuple of float
        How far the star is moved on the detector by the dithering stage, x then y [px].
    waffle : {"x", "+", ""}
        Pattern of the satellite spots that the header names; it may name one where none is on.
    loops_closed : bool or None
        Whether the loops of the adaptive optics were closed; None if not known.
    airmass, seeing_arcsec, coherence_time_ms, wind_speed_ms : float
        Conditions during the exposure.
    template, template_start : str
        Observing template, and when it began (ISO, UTC).
    template_number, template_count : int
        Number of the exposure within the template, and how many it has; 0 if not known.
    block, block_id : str
        Name and number of the observing block.
    program : str
        Observing program.
    notes : tuple of str
        What is odd about the header, for people.
    """

    name: str
    path: Path
    camera: str
    kind: ExposureKind
    sha256: str = ""
    size: int = 0
    category: str = ""
    type: str = ""
    technique: str = ""
    mode: str = ""
    target: str = ""
    ra_deg: float = _NAN
    dec_deg: float = _NAN
    apparent_ra_deg: float = _NAN
    apparent_dec_deg: float = _NAN
    start_mjd: float = _NAN
    end_mjd: float = _NAN
    night: str = ""
    dit_s: float = _NAN
    dit_delay_s: float = _NAN
    n_dit: int = 0
    n_planes: int = 0
    filter: str = ""
    neutral_density: str = ""
    coronagraph: str = ""
    elements: Mapping[str, str] = field(default_factory=dict)
    read_mode: str = ""
    tracking: Tracking = "unknown"
    position_angle_deg: float = _NAN
    derotator_begin_deg: float = _NAN
    derotator_end_deg: float = _NAN
    altitude_deg: float = _NAN
    parallactic_begin_deg: float = _NAN
    parallactic_end_deg: float = _NAN
    latitude_deg: float = _NAN
    longitude_deg: float = _NAN
    dither_xy_px: tuple[float, float] = (0.0, 0.0)
    waffle: Waffle = ""
    loops_closed: bool | None = None
    airmass: float = _NAN
    seeing_arcsec: float = _NAN
    coherence_time_ms: float = _NAN
    wind_speed_ms: float = _NAN
    template: str = ""
    template_start: str = ""
    template_number: int = 0
    template_count: int = 0
    block: str = ""
    block_id: str = ""
    program: str = ""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Write everything as plain values; numbers that are not known become None.

        Returns
        -------
        dict
            For JSON.
        """
        plain = asdict(self) | {"path": str(self.path)}
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in plain.items()
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        plain : mapping
            Plain values.

        Returns
        -------
        Exposure
            Equal to the one written.
        """
        given = {
            one.name: plain[one.name] for one in fields(cls) if plain.get(one.name) is not None
        }
        given |= {
            "path": Path(given["path"]),
            "dither_xy_px": tuple(given.get("dither_xy_px", (0.0, 0.0))),
            "notes": tuple(given.get("notes", ())),
        }
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Raw files that serve one purpose in a reduction; their images are read when needed.

    Attributes
    ----------
    items : tuple of Exposure
        The files in the order of time.
    identity : Identity
        Star or calibration, camera, filter, night.
    history : tuple of StepRecord
        Always empty: nothing was done yet.
    """

    items: tuple[Exposure, ...]
    identity: Identity
    history: History = field(default=())

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Exposure]:
        return iter(self.items)

    @property
    def n_planes(self) -> int:
        """Frames of all files together.

        Returns
        -------
        int
            As the files hold them.
        """
        return sum(exposure.n_planes for exposure in self.items)


EXPOSURE_KINDS: tuple[ExposureKind, ...] = get_args(ExposureKind)
