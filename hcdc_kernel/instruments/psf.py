"""Bring the image of the star to the units of the cube."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hcdc_kernel.algorithms.photometry import aperture_flux, center_psf, fit_star
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Psf
from hcdc_kernel.errors import DataError
from hcdc_kernel.instruments.fields import SequenceFields
from hcdc_kernel.instruments.values import read_images


def load_psf(path: Path, fields: SequenceFields, cube: Cube) -> Psf:
    """Read, center and scale the PSF.

    Parameters
    ----------
    path : Path
        The FITS file.
    fields : SequenceFields
        The description.
    cube : Cube
        The science images that it belongs to.

    Returns
    -------
    Psf
        One centered image a channel, in the units and exposure time of the cube.

    Raises
    ------
    DataError
        If the channels disagree, or an image shows no star.
    """
    exposures = read_images(path, fields.psf)
    n_wave = exposures.shape[0]
    if n_wave != cube.n_wave:
        raise DataError(
            "The numbers of channels of PSF and cube differ",
            found=f"{n_wave} in '{path}', {cube.n_wave} in the cube",
            remedy="Give the PSF of each channel; see 'axes' of both",
        )
    images = _centered(exposures, path)
    images = images * _scale(images, fields)[:, None, None]
    fwhm = np.array([fit_star(image).fwhm for image in images])
    flux = [aperture_flux(image, width / 2) for image, width in zip(images, fwhm, strict=True)]
    return Psf(
        data=images.astype(np.float32),
        fwhm_px=fwhm,
        star_flux=np.array(flux),
        wavelength_um=cube.wavelength_um,
        pixel_scale_mas=cube.pixel_scale_mas,
        identity=cube.identity,
    )


def _centered(exposures: FloatArray, path: Path) -> FloatArray:
    """Center each exposure, cut all to one size, and average them."""
    n_wave, n_time = exposures.shape[:2]
    centered = []
    for channel in range(n_wave):
        for i in range(n_time):
            try:
                centered.append(center_psf(exposures[channel, i]))
            except DataError as error:
                raise DataError(
                    f"'{path}' cannot serve as a PSF: {error.problem}",
                    found=f"channel {channel}, exposure {i}: {error.found}",
                    remedy=error.remedy,
                ) from error
    size = min(image.shape[0] for image in centered)
    cut = np.array([_middle(image, size) for image in centered])
    return np.asarray(cut.reshape(n_wave, n_time, size, size).mean(axis=1))


def _middle(image: FloatArray, size: int) -> FloatArray:
    """Cut the middle out of an odd-sized image."""
    start = (image.shape[0] - size) // 2
    return image[start : start + size, start : start + size]


def _scale(images: FloatArray, fields: SequenceFields) -> FloatArray:
    """Find the factor that brings each channel to the units of the cube."""
    psf, n_wave = fields.psf, images.shape[0]
    if psf.star_flux is not None and psf.aperture_radius is not None:
        radius = psf.aperture_radius
        measured = np.array([aperture_flux(image, radius) for image in images])
        return np.asarray(_each_channel("star_flux", psf.star_flux, n_wave) / measured)
    if psf.dit is not None and psf.nd_transmission is not None and fields.dit is not None:
        transmission = _each_channel("nd_transmission", psf.nd_transmission, n_wave)
        return np.asarray(fields.dit / psf.dit / transmission)
    return np.ones(n_wave)


def _each_channel(name: str, values: Sequence[float], n_wave: int) -> FloatArray:
    """Give each channel its number."""
    if len(values) not in (1, n_wave):
        raise DataError(
            f"'psf.{name}' needs one number, or one for each channel",
            found=f"{len(values)} for {n_wave} channels",
        )
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (n_wave,))
