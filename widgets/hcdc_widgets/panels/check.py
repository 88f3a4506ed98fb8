"""Look at the data before they are reduced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from hcdc_widgets.panels.feedback import Notice, facts_html
from hcdc_widgets.panels.lessons import judge_cube
from hcdc_widgets.viewers import CubeView

if TYPE_CHECKING:
    from hcdc_kernel import Cube, Psf, Workspace


class CheckPanel(widgets.VBox):
    """The frames of an observation, facts of its PSF, and what to be careful about.

    Parameters
    ----------
    workspace : Workspace
        Where the observation is.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.notice = Notice()
        super().__init__([self.notice])

    def show(self, observation: str) -> None:
        """Load an observation and look at it.

        Parameters
        ----------
        observation : str
            Its name.
        """
        sequence = self._workspace.load(observation)
        self.display(sequence.cube, sequence.psf, sequence.references)

    def display(self, cube: Cube, psf: Psf, references: Cube | None = None) -> None:
        """Look at data that are at hand.

        Parameters
        ----------
        cube : Cube
            The sequence.
        psf : Psf
            The star off the coronagraph.
        references : Cube, optional
            Frames of other stars.
        """
        view = CubeView(cube)
        cautions = judge_cube(cube)
        if cautions:
            self.notice.warn(" ".join(cautions))
        else:
            self.notice.say("Nothing stands out: rotation and number of frames will do.")
        facts = facts_html(_facts(cube, psf, references))
        right = widgets.VBox(
            [widgets.HTML(f"<h3>What came with it</h3>{facts}"), self.notice],
            layout={"max_width": "470px", "margin": "0 0 0 24px"},
        )
        self.children = (widgets.HBox([view, right], layout={"flex_flow": "row wrap"}),)


def _facts(cube: Cube, psf: Psf, library: Cube | None) -> dict[str, str]:
    """Say what belongs to the sequence."""
    angles = cube.frames.derotation_deg
    n_y, n_x = cube.data.shape[2:]
    widths = ", ".join(f"{w * psf.pixel_scale_mas:.0f}" for w in psf.fwhm_px[:6])
    more = " \u2026" if psf.fwhm_px.size > 6 else ""
    return {
        "Images": f"{n_x} x {n_y} px of {cube.pixel_scale_mas:.2f} mas",
        "Derotation angle": f"{angles.min():.1f} to {angles.max():.1f} deg",
        "Wavelength": ", ".join(f"{w:.3f}" for w in cube.wavelength_um[:6]) + more + " \u00b5m",
        "PSF width (FWHM)": f"{widths}{more} mas",
        "Reference stars": "none" if library is None else f"{library.n_time} frames",
    }
