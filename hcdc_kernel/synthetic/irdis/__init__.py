"""Raw nights of SPHERE/IRDIS with a known truth.

A test calls it so::

    from hcdc_kernel.synthetic.irdis import Truth, simulate_night, small_night

    folder = simulate_night(small_night(), tmp_path)            # DB_H23, two planets, 300 MB
    folder = simulate_night(small_night(filter="BB_H"), tmp_path)
    folder = simulate_night(small_night(omit=("flat", "center"), seed=3), tmp_path)
    truth = Truth.read(folder)
    truth.of_kind("science")[0].star_xy_px                      # (field, frame, x and y)

The folder then holds ``SPHER.*.fits`` as the observatory's archive delivers them and
``truth.json``. `small_night` takes any field of `NightScene`; a whole night is
``NightScene(planets=...)``.

The simulation shares no code with the reduction: it computes angles with astropy, draws sources
at their place by Fourier transforms, and never interpolates an image.
"""

from hcdc_kernel.synthetic.irdis.night import n_bytes, simulate_night
from hcdc_kernel.synthetic.irdis.scene import OMITTABLE, NightScene, RingDisk, small_night
from hcdc_kernel.synthetic.irdis.truth import TrueFile, Truth, offset_px
from hcdc_kernel.synthetic.scene import TruePlanet

__all__ = [
    "OMITTABLE",
    "NightScene",
    "RingDisk",
    "TrueFile",
    "TruePlanet",
    "Truth",
    "n_bytes",
    "offset_px",
    "simulate_night",
    "small_night",
]
