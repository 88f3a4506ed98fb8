"""Frames of other stars are centered, whatever place their star has."""

from dataclasses import replace

import numpy as np
import pytest

from hcdc_kernel.steps.apply import apply_step
from hcdc_kernel.steps.center_references import CenterReferences
from hcdc_kernel.steps.center_star import CenterStar
from hcdc_kernel.synthetic import make_sequence, small_scene


@pytest.fixture(scope="module")
def centered():
    scene = replace(small_scene(), n_references=6, star_offset_px=(1.3, -0.8))
    sequence = make_sequence(scene)
    library = sequence.references
    # The other stars stand elsewhere: two pixels to the right, three up.
    library = replace(library, data=np.roll(library.data, (3, 2), axis=(2, 3)))
    data = {"cube": sequence.cube, "psf": sequence.psf, "references": library}
    step = CenterStar()
    data |= apply_step(step, step.Config(), data)
    step = CenterReferences()
    return data | apply_step(step, step.Config(), data)


def test_science_and_reference_frames_come_out_in_one_odd_size(centered):
    shapes = {centered[name].data.shape[2:] for name in ("cube", "references")}
    ((n_y, n_x),) = shapes
    assert n_y == n_x
    assert n_y % 2 == 1


def test_speckles_of_both_lie_on_each_other(centered):
    """Moving the references by a pixel in any direction makes them fit less well."""
    science = np.nanmean(centered["cube"].data[0], axis=0)
    library = np.nanmean(centered["references"].data[0], axis=0)
    inner = slice(3, -3)

    def fit(dy, dx):
        moved = np.roll(library, (dy, dx), axis=(0, 1))
        return np.corrcoef(science[inner, inner].ravel(), moved[inner, inner].ravel())[0, 1]

    around = [fit(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    assert fit(0, 0) > max(around)
