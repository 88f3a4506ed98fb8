"""What the header of a simulated file tells."""

from __future__ import annotations

from dataclasses import dataclass

from hcdc_kernel.synthetic.irdis.conditions import Weather
from hcdc_kernel.synthetic.irdis.scene import NightScene
from hcdc_kernel.synthetic.irdis.schedule import Shot
from hcdc_kernel.synthetic.irdis.sky import Pointing, Target


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the header of a file tells.

    Attributes
    ----------
    scene : NightScene
        The night.
    shot : Shot
        The file.
    target : Target
        The star.
    edges : Pointing
        At the start and the end of the file.
    stage_um : tuple of float
        Dithering stage, x and y [um].
    weather : Weather
        Conditions.
    counter : int
        Number of the file in the night.
    """

    scene: NightScene
    shot: Shot
    target: Target
    edges: Pointing
    stage_um: tuple[float, float]
    weather: Weather
    counter: int
