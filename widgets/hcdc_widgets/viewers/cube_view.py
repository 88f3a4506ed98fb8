"""Look through a cube frame by frame, in the browser's own time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from hcdc_widgets.viewers import rendering
from hcdc_widgets.viewers.rendering import FloatArray

if TYPE_CHECKING:
    from hcdc_kernel import Cube, Residual

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class _Stack:
    """What the viewer needs of a cube or a residual.

    Attributes
    ----------
    images : ndarray, shape (n_wave, n_time, n_y, n_x)
        The images.
    star_xy_px : ndarray, shape (n_wave, n_time, 2)
        Position of the star [px].
    frame_labels : list of str, length n_time
        What to say of each frame.
    """

    images: FloatArray
    star_xy_px: FloatArray
    frame_labels: list[str]


def _from_cube(cube: Cube) -> _Stack:
    """Take the frames of a sequence."""
    frames = cube.frames
    labels = [
        f"turned by {angle:.1f} deg" + ("" if used else f", not used: {why or 'no reason given'}")
        for angle, used, why in zip(
            frames.derotation_deg, frames.usable, frames.reason, strict=True
        )
    ]
    return _Stack(cube.data, cube.star_xy_px, labels)


def _from_residual(residual: Residual) -> _Stack:
    """Take the images of a residual as one frame a channel."""
    n_wave, n_y, n_x = residual.data.shape
    star = np.broadcast_to(np.array([n_x // 2, n_y // 2], dtype=float), (n_wave, 1, 2))
    return _Stack(residual.data[:, None], star, ["north up, east left"])


class CubeView(anywidget.AnyWidget):
    """Frames and channels of a cube, or of a residual, with stretch, cuts and colors.

    Pixels are no part of the widget's state: the browser asks for the frame it wants and
    gets it as binary floats; stretch, cuts and colors need no kernel.

    Parameters
    ----------
    data : Cube or Residual
        What to look at.
    title : str
        Written above the image; the name of the star by default.

    Attributes
    ----------
    frame, wave : int
        Frame and channel shown, from 0.
    stretch : str
        ``"linear"``, ``"asinh"`` or ``"log"``.
    cut : int
        Place of the cuts among those offered.
    color_map : str
        Name of the color map.
    mark_star : bool
        Whether the star's position is marked.
    """

    _esm = _HERE / "cube_view.js"
    _css = _HERE / "viewers.css"

    frame = traitlets.Int(0).tag(sync=True)
    wave = traitlets.Int(0).tag(sync=True)
    stretch = traitlets.Enum(rendering.STRETCHES, "asinh").tag(sync=True)
    cut = traitlets.Int(2).tag(sync=True)
    color_map = traitlets.Enum(rendering.COLOR_MAPS, "viridis").tag(sync=True)
    mark_star = traitlets.Bool(default_value=True).tag(sync=True)

    title = traitlets.Unicode("").tag(sync=True)
    unit = traitlets.Unicode("").tag(sync=True)
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    frame_labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    wave_labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    limits: Any = traitlets.List().tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)
    color_tables = traitlets.Bytes().tag(sync=True)

    def __init__(self, data: Cube | Residual, title: str = "") -> None:
        # Told apart by their axes: the time axis is what a residual has lost.
        four = data.data.ndim == 4
        self._stack = _from_cube(data) if four else _from_residual(data)  # type: ignore[arg-type]
        super().__init__(
            title=title or data.identity.target,
            unit=data.unit,
            shape=list(self._stack.images.shape),
            frame_labels=self._stack.frame_labels,
            wave_labels=[f"{wave:.3f} \u00b5m" for wave in data.wavelength_um],
            limits=[rendering.limits(i, around_zero=not four) for i in self._stack.images],
            choices={
                "stretch": rendering.STRETCHES,
                "cut": [f"{cut:g} %" for cut in rendering.CUTS_PERCENT],
                "color_map": rendering.COLOR_MAPS,
            },
            color_tables=rendering.color_tables(),
            stretch="asinh" if four else "linear",
            color_map="viridis" if four else "RdBu_r",
        )
        self.on_msg(self._answer)

    @traitlets.validate("frame")
    def _within_time(self, proposal: dict[str, Any]) -> int:
        return int(np.clip(proposal["value"], 0, max(0, len(self.frame_labels) - 1)))

    @traitlets.validate("wave")
    def _within_band(self, proposal: dict[str, Any]) -> int:
        return int(np.clip(proposal["value"], 0, max(0, len(self.wave_labels) - 1)))

    def _answer(self, _: Any, content: dict[str, Any], __: Any) -> None:
        """Send the frame that the browser asks for."""
        if content.get("kind") != "need":
            return
        n_wave, n_time = self._stack.images.shape[:2]
        wave, frame = int(content["wave"]) % n_wave, int(content["frame"]) % n_time
        pixels = np.ascontiguousarray(self._stack.images[wave, frame], dtype="<f4")
        star = [float(v) for v in self._stack.star_xy_px[wave, frame]]
        self.send(
            {"kind": "frame", "wave": wave, "frame": frame, "star": star}, [pixels.tobytes()]
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        low, high = self.limits[self.wave][self.cut]
        image = self._stack.images[self.wave, self.frame]
        shown = rendering.stretched(image, (low, high), self.stretch)
        words = f"{self.title}, frame {self.frame + 1} of {len(self.frame_labels)}"
        still = {"image/png": rendering.still(shown, self.color_map), "text/plain": words}
        return {**data, **still}, {**metadata, "image/png": {"alt": words}}
