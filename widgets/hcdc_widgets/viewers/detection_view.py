"""A detection map whose candidates can be chosen, beside their table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from hcdc_widgets.viewers import rendering

if TYPE_CHECKING:
    from hcdc_kernel import Candidates, DetectionMap

_HERE = Path(__file__).parent


class DetectionView(anywidget.AnyWidget):
    """The S/N map with one button a candidate; choosing it selects its rows in the table.

    Parameters
    ----------
    detection : DetectionMap
        The map of all channels together is shown.
    candidates : Candidates, optional
        Each gets a button on the map.
    header : sequence of str
        Column names of the table beside the map; no table if empty.
    rows : sequence of sequence of str
        Cells of the table; the first of each row is the candidate's label.

    Attributes
    ----------
    selected : str
        Label of the chosen candidate; empty if none.
    """

    _esm = _HERE / "detection_view.js"
    _css = _HERE / "viewers.css"

    selected = traitlets.Unicode("").tag(sync=True)

    title = traitlets.Unicode("").tag(sync=True)
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    pixel_scale_mas = traitlets.Float().tag(sync=True)
    circle_px = traitlets.Float().tag(sync=True)
    limits = traitlets.List(traitlets.Float()).tag(sync=True)
    markers: Any = traitlets.List().tag(sync=True)
    header = traitlets.List(traitlets.Unicode()).tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    color_tables = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        detection: DetectionMap,
        candidates: Candidates | None = None,
        *,
        header: Sequence[str] = (),
        rows: Sequence[Sequence[str]] = (),
    ) -> None:
        self._image = detection.combined
        finite = self._image[np.isfinite(self._image)]
        peak = float(finite.max()) if finite.size else 5.0
        markers = [] if candidates is None else _markers(detection, candidates)
        super().__init__(
            title=f"{detection.identity.target}: detection map",
            shape=list(self._image.shape),
            pixel_scale_mas=detection.pixel_scale_mas,
            circle_px=2.4 * detection.fwhm_px,
            limits=[-3.0, max(5.0, 0.9 * peak)],
            markers=markers,
            header=list(header),
            rows=[list(row) for row in rows],
            color_tables=rendering.color_tables(),
            selected=markers[0]["label"] if markers else "",
        )
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: dict[str, Any], __: Any) -> None:
        """Send the map when the browser asks for it."""
        if content.get("kind") == "need":
            pixels = np.ascontiguousarray(self._image, dtype="<f4")
            self.send({"kind": "map"}, [pixels.tobytes()])

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        low, high = self.limits
        shown = rendering.stretched(self._image, (low, high), "linear")
        still = {"image/png": rendering.still(shown, "viridis"), "text/plain": self.title}
        return {**data, **still}, {**metadata, "image/png": {"alt": self.title}}


def _markers(detection: DetectionMap, candidates: Candidates) -> list[dict[str, Any]]:
    """Say where each candidate stands in the image, and what to call it aloud."""
    n_y, n_x = detection.combined.shape
    found: dict[str, dict[str, Any]] = {}
    for row, label in enumerate(candidates.label):
        if label in found and not np.isnan(candidates.wavelength_um[row]):
            continue
        separation = float(candidates.separation_mas[row])
        angle = float(candidates.position_angle_deg[row])
        radius, turn = separation / detection.pixel_scale_mas, np.deg2rad(angle)
        snr = float(candidates.snr[row])
        found[label] = {
            "label": label,
            "x": float(n_x // 2 - radius * np.sin(turn)),
            "y": float(n_y // 2 + radius * np.cos(turn)),
            "words": f"Candidate {label}: {separation:.0f} mas from the star, position angle "
            f"{angle:.1f} degrees" + (f", S/N {snr:.1f}" if np.isfinite(snr) else ""),
        }
    return [found[label] for label in sorted(found)]
