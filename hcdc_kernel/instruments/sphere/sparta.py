"""What the adaptive optics of SPHERE recorded of itself, from its raw tables.

References
----------
.. [1] Milli et al. 2017, AO4ELT5 (SPARTA records and their validity).
.. [2] Fusco et al. 2016, SPIE 9909, 99090U (estimates by the real-time computer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Exposures
from hcdc_kernel.errors import FileFormatError

_UNIX_EPOCH_MJD = 40587.0
_DAY_S = 86400.0
_ARCSEC_PER_RADIAN = 206264.806
_SEEING_WAVELENGTH_M = 0.5e-6
_LARGEST_GAP_S = 120.0

# Table, column, name and unit, lowest and highest value that can be true.
_COLUMNS = (
    ("AtmPerfParams", "StrehlRatio", "strehl", 0.05, 0.98),
    ("AtmPerfParams", "R0", "r0_m", 0.0, 0.9),
    ("AtmPerfParams", "WindSpeed", "ao_wind_ms", 0.0, 50.0),
    ("VisLoopParams", "Flux_avg", "wfs_flux", 0.0, np.inf),
    ("IRLoopParams", "Flux_avg", "tip_tilt_flux", 0.0, np.inf),
)


@dataclass(frozen=True, slots=True)
class Series:
    """Something recorded over time.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
        When, rising, UTC [d].
    values : ndarray, shape (n,)
        What, finite.
    """

    mjd: FloatArray
    values: FloatArray

    def at(self, mjd: FloatArray) -> FloatArray:
        """Interpolate in time.

        Parameters
        ----------
        mjd : ndarray, shape (m,)
            Times, UTC [d].

        Returns
        -------
        ndarray, shape (m,)
            NaN farther than two minutes from any record.
        """
        if not self.mjd.size:
            return np.full(np.shape(mjd), np.nan)
        place = np.searchsorted(self.mjd, mjd)
        before = self.mjd[np.clip(place - 1, 0, self.mjd.size - 1)]
        after = self.mjd[np.clip(place, 0, self.mjd.size - 1)]
        near = np.minimum(np.abs(mjd - before), np.abs(mjd - after))
        values = np.interp(mjd, self.mjd, self.values)
        return np.asarray(np.where(near * _DAY_S <= _LARGEST_GAP_S, values, np.nan))


def read_telemetry(exposures: Exposures) -> dict[str, Series]:
    """Read the tables of the adaptive optics.

    Parameters
    ----------
    exposures : Exposures
        Files of the kind ``telemetry``.

    Returns
    -------
    dict of str to Series
        By name with unit: ``strehl``, ``r0_m``, ``ao_seeing_arcsec`` (line of sight),
        ``ao_wind_ms``, ``ao_coherence_time_ms``, ``wfs_flux``, ``tip_tilt_flux``; what no
        file has is missing.

    Raises
    ------
    FileFormatError
        If a file cannot be read.
    """
    found: dict[str, list[FloatArray]] = {}
    for exposure in exposures:
        for name, rows in _read_tables(exposure.path).items():
            found.setdefault(name, []).append(rows)
    series = {name: _sorted(np.concatenate(rows, axis=1)) for name, rows in found.items()}
    return series | _derived(series)


def _read_tables(path: Path) -> dict[str, FloatArray]:
    """Read the columns of one file as times and values (2, n) each."""
    from astropy.io import fits

    tables: dict[str, FloatArray] = {}
    try:
        with fits.open(path, memmap=False) as hdus:
            by_name = {hdu.name.upper(): hdu.data for hdu in hdus[1:] if _is_table(hdu)}
            for table, column, name, low, high in _COLUMNS:
                rows = by_name.get(table.upper())
                values = None if rows is None else _column(rows, column)
                times = None if rows is None else _times(rows)
                if values is None or times is None:
                    continue
                valid = np.isfinite(times) & np.isfinite(values) & (values > low)
                valid &= values <= high
                tables[name] = np.array([times[valid], values[valid]])
    except (OSError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"The telemetry in '{path}' cannot be read",
            found=f"{type(error).__name__}: {error}",
            remedy="Fetch the file again, or leave it out: it is not needed",
        ) from error
    return tables


def _is_table(hdu: Any) -> bool:
    """Tell a table with rows from anything else."""
    return hasattr(hdu, "columns") and hdu.data is not None and len(hdu.data) > 0


def _column(rows: Any, name: str) -> FloatArray | None:
    """Fetch a column of single numbers, whatever the case of its name."""
    for known in rows.names:
        if known.upper() == name.upper() and rows[known].dtype.kind in "fiu":
            values = np.asarray(rows[known], dtype=float)
            return values if values.ndim == 1 else None
    return None


def _times(rows: Any) -> FloatArray | None:
    """Fetch the times of the rows, UTC [MJD]."""
    seconds, micro = _column(rows, "Sec"), _column(rows, "USec")
    if seconds is None:
        return None
    whole = seconds + (0 if micro is None else micro * 1e-6)
    return np.asarray(np.where(seconds > 0, whole / _DAY_S + _UNIX_EPOCH_MJD, np.nan))


def _sorted(rows: FloatArray) -> Series:
    """Order records by time; of equal times the first counts."""
    times, first = np.unique(rows[0], return_index=True)
    return Series(times, rows[1][first])


def _derived(series: Mapping[str, Series]) -> dict[str, Series]:
    """Work out seeing and coherence time, both along the line of sight."""
    more = {}
    r0, wind = series.get("r0_m"), series.get("ao_wind_ms")
    if r0 is not None and r0.mjd.size:
        seeing = _SEEING_WAVELENGTH_M / r0.values * _ARCSEC_PER_RADIAN
        more["ao_seeing_arcsec"] = Series(r0.mjd, seeing)
        if wind is not None and wind.mjd.size:
            speed = wind.at(r0.mjd)
            known = np.isfinite(speed)
            coherence = 314.0 * r0.values[known] / speed[known]
            more["ao_coherence_time_ms"] = Series(r0.mjd[known], coherence)
    return more
