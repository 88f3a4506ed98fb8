"""VIP prints, and injection tests call it from several threads: the screen must survive."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from hcdc_kernel.steps.psf_models.vip_call import call_vip


def test_calls_from_several_threads_leave_the_screen_as_it_was():
    before = sys.stdout, sys.stderr
    image = np.random.default_rng(1).normal(size=(2, 21, 21))

    def turn(angle):
        return call_vip("preproc", "cube_derotate", image, np.array([angle, -angle]))

    with ThreadPoolExecutor(4) as pool:
        turned = list(pool.map(turn, [10.0, 20.0] * 10))
    assert (sys.stdout, sys.stderr) == before
    np.testing.assert_array_equal(turned[0], turned[2])
