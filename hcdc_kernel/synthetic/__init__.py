"""Sequences with a known truth, for lessons, practice and tests."""

from hcdc_kernel.synthetic.files import write_sequence
from hcdc_kernel.synthetic.scene import SyntheticScene, TruePlanet, demo_scene, small_scene
from hcdc_kernel.synthetic.sequence import make_sequence

__all__ = [
    "SyntheticScene",
    "TruePlanet",
    "demo_scene",
    "make_sequence",
    "small_scene",
    "write_sequence",
]
