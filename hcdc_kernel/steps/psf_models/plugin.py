"""What a PSF model must bring to be named in a recipe.

A plug-in is a class with a frozen pydantic ``Config`` and a constructor that takes one; its
objects have the one method of `LinearPsfModel`, `PsfModel` or `SequencePsfModel`. In a notebook
cell::

    class Trimmed:
        class Config(StepConfig):
            share: float = Field(default=0.1, ge=0, lt=0.5, description="Left out at each end.")

        def __init__(self, config):
            self.config = config

        def predict(self, targets, references):
            return scipy.stats.trim_mean(references, self.config.share, axis=0)

    plugins.register("psf_models", "trimmed", Trimmed)

and then ``subtract-psf`` with ``{"model": "trimmed", "model_settings": {"share": 0.2}}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from pydantic import BaseModel, ValidationError

from hcdc_kernel import plugins
from hcdc_kernel.algorithms.psfsub import LinearPsfModel, PsfModel, SequencePsfModel
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.errors import ConfigError

AnyPsfModel = LinearPsfModel | PsfModel | SequencePsfModel


@dataclass(frozen=True, slots=True)
class SignalMaps:
    """What a signal matcher finds.

    Attributes
    ----------
    contrast : ndarray, shape (n_y, n_x)
        Flux ratio of a companion at each place, north up; NaN where it is not estimated.
    snr : ndarray, shape (n_y, n_x)
        That flux over its error; NaN where it is not estimated.
    """

    contrast: FloatArray
    snr: FloatArray


@runtime_checkable
class SignalMatcher(Protocol):
    """Searches a sequence for the track of a companion, without a residual image."""

    def match(
        self,
        frames: FloatArray,
        derotation_deg: FloatArray,
        psf: FloatArray,
        fwhm_px: float,
    ) -> SignalMaps:
        """Estimate the flux of a companion at each place.

        Parameters
        ----------
        frames : ndarray, shape (n_time, n_y, n_x)
            One channel of an aligned sequence, finite, star at ``(n_y // 2, n_x // 2)``.
        derotation_deg : ndarray, shape (n_time,)
            Angle that turns each frame north up, counter-clockwise with y up [deg].
        psf : ndarray, shape (n, n)
            Off-axis star in the unit of the frames; a companion of contrast c adds c of it.
        fwhm_px : float
            Its full width at half maximum [px].

        Returns
        -------
        SignalMaps
            Maps of the size of a frame, star at ``(n_y // 2, n_x // 2)``.
        """


def check_settings(group: plugins.Group, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings of a plug-in and complete them.

    Parameters
    ----------
    group : str
        ``"psf_models"`` or ``"signal_matchers"``.
    name : str
        Name of the plug-in.
    settings : mapping
        Settings that differ from the defaults.

    Returns
    -------
    dict
        All settings as plain values.

    Raises
    ------
    NotFoundError
        If there is no such plug-in.
    ConfigError
        If a setting is unknown or out of bounds.
    """
    return _config(group, name, settings).model_dump(mode="json")


def make_model(group: plugins.Group, name: str, settings: Mapping[str, Any]) -> Any:
    """Make the object behind the name of a plug-in.

    Parameters
    ----------
    group : str
        ``"psf_models"`` or ``"signal_matchers"``.
    name : str
        Name of the plug-in.
    settings : mapping
        Its settings.

    Returns
    -------
    object
        A PSF model of one of the three kinds, or a signal matcher.

    Raises
    ------
    NotFoundError
        If there is no such plug-in.
    ConfigError
        If a setting cannot be used, or the plug-in has none of the methods it needs.
    """
    made = plugins.load(group, name)(_config(group, name, settings))
    kinds = AnyPsfModel if group == "psf_models" else SignalMatcher
    if not isinstance(made, kinds):
        methods = "weights, predict or residuals" if group == "psf_models" else "match"
        raise ConfigError(
            f"The plug-in '{name}' cannot be used: it has no method {methods}",
            remedy="See hcdc_kernel.steps.psf_models.plugin for what it needs",
        )
    return made


def _config(group: plugins.Group, name: str, settings: Mapping[str, Any]) -> BaseModel:
    """Check settings against the plug-in's own ``Config``."""
    kind: type[BaseModel] = plugins.load(group, name).Config
    try:
        return kind.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(kind.model_fields) or "none: it has no settings"
            raise ConfigError(
                f"'{name}' has no setting '{field}'", remedy=f"Choose from {known}"
            ) from error
        raise ConfigError(
            f"Setting '{field}' of '{name}' cannot be used: {first['msg']}",
            found=repr(first["input"]),
        ) from error


def finite_frames(frames: FloatArray) -> FloatArray:
    """Fill missing pixels with zeros, for methods that know no missing data.

    Parameters
    ----------
    frames : ndarray, shape (n_time, n_y, n_x)
        NaN marks missing data.

    Returns
    -------
    ndarray, shape (n_time, n_y, n_x)
        The frames themselves if nothing is missing; otherwise a copy in which a missing pixel
        has its mean over time, or zero if it never was measured.
    """
    missing = np.isnan(frames)
    if not missing.any():
        return frames
    count = np.maximum((~missing).sum(axis=0), 1)
    mean = np.where(missing, 0, frames).sum(axis=0, dtype=float) / count
    return np.where(missing, mean.astype(frames.dtype), frames)
