"""Write a scene as the files that another data center would send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hcdc_kernel.synthetic.scene import SyntheticScene
from hcdc_kernel.synthetic.sequence import PSF_SIZE_PX, Simulated, simulate, telescope

PSF_DIT_S = 0.837
ND_TRANSMISSION = 1e-2
_N_PSF_FRAMES = 50  # short exposures that were averaged
_PSF_OFFSET_PX = (0.3, -0.2)  # a real star never falls on the middle of a pixel


def write_sequence(scene: SyntheticScene, folder: Path) -> Path:
    """Simulate a sequence and write its FITS files and their description.

    The files are made by plain astropy, not by this software's own writer. The PSF is an
    image of its own: noisy, off the middle, through a neutral density filter.

    Parameters
    ----------
    scene : SyntheticScene
        What to simulate.
    folder : Path
        Where to write; made if it does not exist.

    Returns
    -------
    Path
        The description, ``sequence.yaml``, to be ingested.
    """
    import yaml

    simulated = simulate(scene)
    folder.mkdir(parents=True, exist_ok=True)
    _write_fits(folder / "cube.fits", simulated.frames)
    _write_fits(folder / "parallactic_angles.fits", simulated.parallactic_deg)
    _write_fits(folder / "mjd.fits", simulated.mjd)
    _write_fits(folder / "psf.fits", _flux_frames(scene, simulated))
    if scene.n_references:
        _write_fits(folder / "references.fits", simulated.references)
    path = folder / "sequence.yaml"
    text = yaml.safe_dump(_description(scene), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return path


def _description(scene: SyntheticScene) -> dict[str, Any]:
    """Describe the files."""
    described: dict[str, Any] = {
        "format": "hcdc-sequence-1",
        "target": scene.target,
        "instrument": scene.instrument,
        "filter": scene.filter,
        "night": scene.night,
        "pixel_scale": f"{scene.pixel_scale_mas} mas",
        "wavelengths": [f"{wavelength} um" for wavelength in scene.wavelength_um],
        "dit": f"{scene.dit_s} s",
        "cube": {"file": "cube.fits", "axes": ["wave", "time", "y", "x"], "unit": "adu"},
        "angles": {
            "file": "parallactic_angles.fits",
            "kind": "parallactic",
            "unit": "deg",
            "offset": f"{scene.pupil_offset_deg} deg",
            "true_north": f"{scene.true_north_deg} deg",
        },
        "mjd": {"file": "mjd.fits"},
        "psf": {
            "file": "psf.fits",
            "axes": ["wave", "y", "x"],
            "dit": f"{PSF_DIT_S} s",
            "nd_transmission": ND_TRANSMISSION,
        },
        "note": "Simulated; no photon of it ever came from the sky.",
    }
    if scene.n_references:
        described["references"] = {
            "file": "references.fits",
            "axes": ["wave", "time", "y", "x"],
            "target": "Reference Star",
        }
    return described


def _flux_frames(scene: SyntheticScene, simulated: Simulated) -> Any:
    """Expose the star off the coronagraph, in all channels."""
    rng = np.random.default_rng([scene.seed, 1])
    optics, size = telescope(scene), PSF_SIZE_PX + 1
    xy = (size // 2 + _PSF_OFFSET_PX[0], size // 2 + _PSF_OFFSET_PX[1])
    photons = scene.star_photons * ND_TRANSMISSION * PSF_DIT_S / scene.dit_s
    star = np.array(
        [
            optics.point_source(simulated.static_opd_nm, wavelength, size, xy)
            for wavelength in scene.wavelength_um
        ]
    )
    noise = rng.normal(0.0, scene.read_noise / np.sqrt(_N_PSF_FRAMES), star.shape)
    return rng.poisson(_N_PSF_FRAMES * photons * star) / _N_PSF_FRAMES + noise


def _write_fits(path: Path, values: Any) -> None:
    """Write one array the way everybody does."""
    from astropy.io import fits

    single = values.dtype == np.float32
    array = np.asarray(values, dtype=np.float32 if single else np.float64)
    fits.PrimaryHDU(array).writeto(path, overwrite=True)
