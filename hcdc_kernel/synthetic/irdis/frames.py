"""Put star, halo, satellite spots, planets, disk and glow together on the two fields."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.synthetic.irdis.conditions import N_SCREENS, SLOW_NM, FrameState
from hcdc_kernel.synthetic.irdis.detector import FIELD, SHAPE
from hcdc_kernel.synthetic.irdis.disk import ring_light
from hcdc_kernel.synthetic.irdis.filters import (
    ANAMORPHISM_Y,
    CORONAGRAPHS,
    GAIN,
    nd_transmission,
)
from hcdc_kernel.synthetic.irdis.halo import Halo, Residual, residual
from hcdc_kernel.synthetic.irdis.optics import Beam, Grid, screen, waffle_opd
from hcdc_kernel.synthetic.irdis.scene import NightScene
from hcdc_kernel.synthetic.irdis.schedule import Shot
from hcdc_kernel.synthetic.irdis.thermal import Thermal
from hcdc_kernel.synthetic.irdis.truth import offset_px

_BOX = 400  # pixels around the star in which speckles are drawn
_STAMP = 96  # pixels around a planet
_MARGIN = 16  # how far dithers may move the halo [px]
_FAST_NM = 5.0  # aberrations that are new in every frame, for 16 s
_FIELD_NM = 4.0  # what only one of the two fields sees
_MASK_REACH_MAS = 400.0
_BRIGHT = 1e-3  # companions with a visible halo of their own
_SMEAR_PX = 0.5
_WIDE_UM = 0.12  # filters wider than this need more wavelengths
FLUX_OFFSET_PX = (43.4, -17.7)
# Axis of the coronagraph in the left and right field, by window.
_CENTERS = {"H": ((485.81, 523.54), (487.95, 514.36)), "K": ((480.0, 524.7), (482.5, 511.4))}


@dataclass(frozen=True, slots=True)
class Moment:
    """When and how a frame is taken.

    Attributes
    ----------
    shot : Shot
        Its file.
    mjd : float
        Middle of the integration [d].
    derotation_deg : float
        Then [deg]; NaN by day.
    turn_deg : float
        How far the field turns during the integration [deg].
    dither_px : tuple of float
        Move of the detector [px].
    state : FrameState
        The weather.
    """

    shot: Shot
    mjd: float
    derotation_deg: float
    turn_deg: float
    dither_px: tuple[float, float]
    state: FrameState


@dataclass(frozen=True)
class Painter:
    """Paints frames of one night.

    Attributes
    ----------
    scene : NightScene
        What there is to see.
    thermal : Thermal
        The glow.
    """

    scene: NightScene
    thermal: Thermal

    def axis_xy(self, moment: Moment, field: int) -> tuple[float, float]:
        """Tell where the axis of the coronagraph is, or the star in FLUX frames.

        Parameters
        ----------
        moment : Moment
            The frame.
        field : int
            0 for the left, 1 for the right.

        Returns
        -------
        tuple of float
            x and y in the field [px].
        """
        x, y = self.centers[field]
        if moment.shot.kind == "flux":
            x, y = x + FLUX_OFFSET_PX[0], y + FLUX_OFFSET_PX[1]
        return x + moment.dither_px[0], y + moment.dither_px[1]

    def star_xy(self, moment: Moment, field: int) -> tuple[float, float]:
        """Tell where the star is.

        Parameters
        ----------
        moment : Moment
            The frame.
        field : int
            0 for the left, 1 for the right.

        Returns
        -------
        tuple of float
            x and y in the field [px].
        """
        x, y = self.axis_xy(moment, field)
        dx, dy = self._offset_px(moment, field)
        return x + dx, y + dy

    def star_rate(self, moment: Moment, field: int) -> float:
        """Tell how much light of the star reaches the detector beside the mask.

        Parameters
        ----------
        moment : Moment
            The frame.
        field : int
            0 for the left, 1 for the right.

        Returns
        -------
        float
            Photoelectrons per second.
        """
        band = self.scene.bands[field]
        rate = band.star_rate * 10 ** (-0.4 * self.scene.magnitude)
        return rate * nd_transmission(band, moment.shot.nd) * moment.state.transparency

    def star_adu(self, moment: Moment, field: int) -> float:
        """Tell the same as counts of one integration; parameters as for `star_rate`."""
        return self.star_rate(moment, field) * moment.shot.dit_s / GAIN

    def coherent(self, moment: Moment, field: int) -> float:
        """Tell the Strehl ratio that the atmosphere leaves; parameters as for `star_rate`."""
        return residual(moment.state, self.scene.bands[field].wavelength_um).coherent

    def light(self, moment: Moment, rng: np.random.Generator) -> FloatArray:
        """Paint a frame.

        Parameters
        ----------
        moment : Moment
            The frame.
        rng : Generator
            For speckles that live no longer than a frame.

        Returns
        -------
        ndarray, shape (1024, 2048), float32
            Photoelectrons per second and pixel, before the detector.
        """
        if moment.shot.lamp:
            light = self.thermal.light(moment.shot, moment.mjd)
            for field, band in enumerate(self.scene.bands):
                light[:, field * FIELD : (field + 1) * FIELD] += np.float32(band.lamp_rate)
            return light
        if moment.shot.kind == "dark":
            return np.zeros(SHAPE, dtype=np.float32)
        light = self.thermal.light(moment.shot, moment.mjd)
        if moment.shot.kind in ("science", "center", "flux"):
            common = self._aberrations(moment, rng)
            for field in (0, 1):
                half = light[:, field * FIELD : (field + 1) * FIELD]
                opd = common + _FIELD_NM * self._screens[-1 - field]
                self._add_star(half, moment, field, opd)
                self._add_companions(half, moment, field, opd)
        return light

    @cached_property
    def centers(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Axis of the coronagraph in the two fields without dither."""
        if self.scene.center_xy_px is not None:
            return self.scene.center_xy_px
        return _CENTERS["K" if self.scene.bands[0].wavelength_um > 1.9 else "H"]

    @cached_property
    def beams(self) -> tuple[Beam, Beam]:
        """Optics of the two fields."""
        coronagraph = CORONAGRAPHS[self.scene.mask]
        left, right = (
            Beam(band, coronagraph, 7 if band.width_um > _WIDE_UM else 3)
            for band in self.scene.bands
        )
        return left, right

    @cached_property
    def _screens(self) -> FloatArray:
        """Shapes of the aberrations, unit rms: slow ones, then one of each field."""
        rng = np.random.default_rng([self.scene.seed, 31])
        drawn = [screen(rng, 1.1, 2.5, 60.0) for _ in range(len(SLOW_NM) * N_SCREENS + 2)]
        return np.stack(drawn).astype(np.float32)

    @cached_property
    def _waffle(self) -> FloatArray:
        """Path difference of the satellite spots."""
        return waffle_opd(self.scene.waffle, self.scene.waffle_um)

    @cached_property
    def _halos(self) -> dict[bool, tuple[Halo, Halo]]:
        """Halos of the two fields: beside the mask (True) and around it."""
        side = FIELD + 2 * _MARGIN
        made: dict[bool, tuple[Halo, Halo]] = {}
        for beside in (False, True):
            pair = []
            for beam, (x, y) in zip(self.beams, self.centers, strict=True):
                masked = beam.coronagraph.mask_radius_mas > 0 and not beside
                passed = np.array([beam.throughput(mas) for mas in range(600)]) if masked else None
                dx, dy = FLUX_OFFSET_PX if beside else (0.0, 0.0)
                place = x + dx + _MARGIN, y + dy + _MARGIN
                pair.append(Halo(beam.band, place, (side, side), passed))
            made[beside] = (pair[0], pair[1])
        return made

    def _offset_px(self, moment: Moment, field: int) -> tuple[float, float]:
        """Star from the axis, on the distorted grid."""
        scale = self.scene.bands[field].pixel_scale_mas
        x_mas, y_mas = moment.state.offset_mas
        return x_mas / scale, y_mas / scale / ANAMORPHISM_Y

    def _aberrations(self, moment: Moment, rng: np.random.Generator) -> FloatArray:
        """Path difference that both fields see [nm]."""
        weights = moment.state.weights.astype(np.float32)
        opd = np.tensordot(weights, self._screens[: weights.size], axes=1)
        fast = _FAST_NM * np.sqrt(16.0 / max(moment.shot.dit_s, 2.0))
        opd = opd + fast * screen(rng, 0.6, 2.0, 26.0)
        return np.asarray(opd + self._waffle if moment.shot.waffle else opd)

    def _add_star(self, half: FloatArray, moment: Moment, field: int, opd: FloatArray) -> None:
        """Add the star's speckles and halo to a field."""
        beam, rate = self.beams[field], self.star_rate(moment, field)
        axis = self.axis_xy(moment, field)
        beside = moment.shot.kind == "flux"
        window, grid = _window(axis, _BOX, axis)
        left = residual(moment.state, beam.band.wavelength_um)
        image = beam.star(opd, self._offset_px(moment, field), grid, masked=not beside)
        half[window] += (rate * left.coherent * image).astype(np.float32)
        shift = tuple(_MARGIN - round(move) for move in moment.dither_px)
        there = slice(shift[1], shift[1] + FIELD), slice(shift[0], shift[0] + FIELD)
        half += np.float32(rate) * self._halos[beside][field].sum(left.strengths, there)

    def _add_companions(
        self, half: FloatArray, moment: Moment, field: int, opd: FloatArray
    ) -> None:
        """Add planets and disk to a field."""
        beam, rate = self.beams[field], self.star_rate(moment, field)
        left = residual(moment.state, beam.band.wavelength_um)
        star = self.star_xy(moment, field)
        for planet in self.scene.planets:
            light = rate * self.scene.contrasts(planet)[field]
            radius = planet.separation_mas / beam.band.pixel_scale_mas
            turn = np.radians(moment.turn_deg) * radius
            n = int(np.ceil(abs(turn) / _SMEAR_PX)) or 1
            share = (np.arange(n) + 0.5) / n - 0.5
            angle = planet.position_angle_deg - moment.derotation_deg - share * moment.turn_deg
            for dx, dy in offset_px(radius, angle):
                place = star[0] + float(dx), star[1] + float(dy)
                near = planet.separation_mas < _MASK_REACH_MAS and moment.shot.kind != "flux"
                self._add_source(half, beam, place, (light / n, left, near), (moment, field, opd))
        if self.scene.disk is not None:
            place, size = self.star_xy(moment, field), _BOX
            window, grid = _window(place, size, place)
            angle_deg = moment.derotation_deg
            image = ring_light(self.scene.disk, beam, opd, grid, angle_deg)
            half[window] += (rate * left.coherent * image).astype(np.float32)

    def _add_source(
        self,
        half: FloatArray,
        beam: Beam,
        place: tuple[float, float],
        source: tuple[float, Residual, bool],
        context: tuple[Moment, int, FloatArray],
    ) -> None:
        """Add one point source; `source` is its light, Strehl and nearness to the mask."""
        light, left, near = source
        moment, field, opd = context
        axis = self.axis_xy(moment, field)
        window, grid = _window(place, _STAMP, axis if near else place)
        if window[0].start >= window[0].stop or window[1].start >= window[1].stop:
            return  # beside the field
        tilt = (place[0] - axis[0], place[1] - axis[1]) if near else (0.0, 0.0)
        image = beam.star(opd, tilt, grid, masked=near)
        half[window] += (light * left.coherent * image).astype(np.float32)
        if light > _BRIGHT * self.star_rate(moment, field):
            wide, around = _window(place, _BOX, place)
            halo = Halo(beam.band, (-around.x, -around.y), (around.n_y, around.n_x), None)
            whole = slice(None), slice(None)
            half[wide] += np.float32(light) * halo.sum(left.strengths, whole)


def _window(
    middle: tuple[float, float], size: int, origin: tuple[float, float]
) -> tuple[tuple[slice, slice], Grid]:
    """Cut a box around a place out of a field; its grid is counted from `origin`."""
    first = [round(value) - size // 2 for value in middle]
    begin = [min(max(value, 0), FIELD) for value in first]
    end = [min(max(value + size, 0), FIELD) for value in first]
    grid = Grid(begin[0] - origin[0], begin[1] - origin[1], end[0] - begin[0], end[1] - begin[1])
    return (slice(begin[1], end[1]), slice(begin[0], end[0])), grid
