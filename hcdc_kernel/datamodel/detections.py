"""Detection maps, candidates and contrast curves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hcdc_kernel.arrays import FloatArray, require_shape
from hcdc_kernel.datamodel.history import History
from hcdc_kernel.datamodel.identity import Identity


@dataclass(frozen=True, slots=True)
class DetectionMap:
    """Signal-to-noise ratio at every place, small-sample statistics applied.

    Attributes
    ----------
    snr : ndarray, shape (n_wave + 1 or 1, n_y, n_x)
        S/N maps: the last one is of all channels together, those before it, if any, of
        each channel; the star is at pixel ``(n_y // 2, n_x // 2)``, north up, east left.
    wavelength_um : ndarray, shape (n_wave + 1 or 1,)
        Wavelength of each map; for the last one the mean [um].
    fwhm_px : float
        Resolution element the map was made with [px].
    pixel_scale_mas : float
        Size of a pixel on the sky [mas].
    identity : Identity
        Star, camera, filter, night.
    history : tuple of StepRecord
        What was done, oldest first.
    """

    snr: FloatArray
    wavelength_um: FloatArray
    fwhm_px: float
    pixel_scale_mas: float
    identity: Identity
    history: History = field(default=())

    def __post_init__(self) -> None:
        require_shape("S/N map", self.snr, (self.wavelength_um.size, -1, -1))

    @property
    def combined(self) -> FloatArray:
        """The map of all channels together.

        Returns
        -------
        ndarray, shape (n_y, n_x)
            The last map.
        """
        return np.asarray(self.snr[-1])


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate companions, one row a candidate and channel.

    Rows of one candidate share `label` (``"a"``, ``"b"``, ... in order of decreasing S/N).
    Quantities that have not been measured yet are NaN.

    Attributes
    ----------
    label : tuple of str, length n
        Name of the candidate within this reduction.
    separation_mas, separation_error_mas : ndarray, shape (n,)
        Distance from the star and its 1-sigma error [mas].
    position_angle_deg, position_angle_error_deg : ndarray, shape (n,)
        East of north, 0 to 360, and its 1-sigma error [deg].
    contrast, contrast_error : ndarray, shape (n,)
        Flux ratio to the star and its 1-sigma error.
    snr : ndarray, shape (n,)
        Signal-to-noise ratio of the detection (Mawet et al. 2014).
    false_alarm : ndarray, shape (n,)
        Chance that noise alone gives this S/N at this place, two-tailed statistics not used.
    wavelength_um : ndarray, shape (n,)
        Channel of the row; NaN for a detection in all channels together [um].
    identity : Identity
        Star, camera, filter, night.
    history : tuple of StepRecord
        What was done, oldest first.
    """

    label: tuple[str, ...]
    separation_mas: FloatArray
    separation_error_mas: FloatArray
    position_angle_deg: FloatArray
    position_angle_error_deg: FloatArray
    contrast: FloatArray
    contrast_error: FloatArray
    snr: FloatArray
    false_alarm: FloatArray
    wavelength_um: FloatArray
    identity: Identity
    history: History = field(default=())

    def __post_init__(self) -> None:
        n = len(self.label)
        for name in CANDIDATE_COLUMNS:
            require_shape(name, getattr(self, name), (n,))

    def __len__(self) -> int:
        return len(self.label)


CANDIDATE_COLUMNS = {
    "separation_mas": "mas",
    "separation_error_mas": "mas",
    "position_angle_deg": "deg",
    "position_angle_error_deg": "deg",
    "contrast": "",
    "contrast_error": "",
    "snr": "",
    "false_alarm": "",
    "wavelength_um": "um",
}


@dataclass(frozen=True, slots=True)
class ContrastCurve:
    """The faintest companion that would have been found, by separation.

    Attributes
    ----------
    separation_mas : ndarray, shape (n,)
        Distance from the star [mas].
    contrast : ndarray, shape (n_wave, n)
        Flux ratio to the star at the detection limit; NaN where it cannot be given.
    throughput : ndarray, shape (n_wave, n)
        Share of a companion's flux that survives the reduction, 0 to 1.
    wavelength_um : ndarray, shape (n_wave,)
        Central wavelength of each curve [um].
    n_sigma : float
        Gaussian-equivalent significance of the limit.
    method : str
        How noise and throughput were measured, in words.
    identity : Identity
        Star, camera, filter, night.
    history : tuple of StepRecord
        What was done, oldest first.
    """

    separation_mas: FloatArray
    contrast: FloatArray
    throughput: FloatArray
    wavelength_um: FloatArray
    n_sigma: float
    method: str
    identity: Identity
    history: History = field(default=())

    def __post_init__(self) -> None:
        shape = (self.wavelength_um.size, self.separation_mas.size)
        require_shape("contrast", self.contrast, shape)
        require_shape("throughput", self.throughput, shape)

    @property
    def magnitude(self) -> FloatArray:
        """The limit as a magnitude difference.

        Returns
        -------
        ndarray, shape (n_wave, n)
            ``-2.5 log10(contrast)`` [mag].
        """
        return np.asarray(-2.5 * np.log10(self.contrast))
