"""Subtract a model of the star from each frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from hcdc_kernel import plugins
from hcdc_kernel.algorithms.psfsub import (
    LinearPsfModel,
    PsfModel,
    Region,
    SequencePsfModel,
    annuli,
    full_frame,
    subtract_model,
)
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.datamodel import Cube, Data, Psf
from hcdc_kernel.errors import ConfigError
from hcdc_kernel.steps.aligned_frames import aligned_frames
from hcdc_kernel.steps.base import Progress, Step, StepConfig, no_progress
from hcdc_kernel.steps.psf_models.own import NModes
from hcdc_kernel.steps.psf_models.plugin import check_settings, finite_frames, make_model
from hcdc_kernel.steps.reference_frames import ReferenceKind, reference_frames

# A model of the whole sequence makes these choices itself, by settings of its own.
_NOT_FOR_SEQUENCE_MODELS = (
    "references", "regions", "min_motion_fwhm", "min_references", "max_references",
    "inner_fwhm", "annulus_width_fwhm", "n_sectors", "remove_mean",
)  # fmt: skip


class SubtractPsfConfig(StepConfig):
    """Settings of `SubtractPsf`."""

    model: str = Field(
        default="pca", description="How the star is modeled: the name of a PSF model."
    )
    n_modes: NModes | None = Field(
        default="auto",
        description="Modes to subtract, for models that have them: a number, the share of the "
        "variance they must explain (0 to 1), or 'auto'. More modes remove more starlight, "
        "and more of a companion.",
    )
    model_settings: dict[str, Any] = Field(
        default_factory=dict, description="Further settings of the model, by name."
    )
    references: ReferenceKind = Field(
        default="rotated",
        description="Frames that the model is made from: the same channel of this sequence "
        "(rotated, ADI), frames of other stars (library, RDI), other channels of the same "
        "frame scaled to this one (scaled, SDI), or all frames of all channels (joint, ASDI).",
    )
    regions: Literal["full-frame", "annuli"] = Field(
        default="full-frame", description="Model the whole image at once, or ring by ring."
    )
    min_motion_fwhm: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="Least distance, by field rotation or spectral scaling, between a "
        "companion in a frame and in its references [FWHM]; 0 lets every frame serve, itself "
        "included. Ask for it with annuli only.",
    )
    min_references: int = Field(
        default=10,
        ge=1,
        description="Where fewer frames have moved enough, close to the star, the ones that "
        "moved most are taken, up to this number.",
    )
    max_references: int | None = Field(
        default=None,
        ge=1,
        description="Use only this many frames, those most correlated with the one at hand.",
    )
    inner_fwhm: float = Field(
        default=0.0, ge=0, description="Radius about the star that is left out [FWHM]."
    )
    annulus_width_fwhm: float = Field(default=2.0, gt=0.2, description="Width of a ring [FWHM].")
    n_sectors: int = Field(default=1, ge=1, le=64, description="Parts that each ring is cut into.")
    remove_mean: bool = Field(
        default=False, description="Subtract from each frame its mean over the region first."
    )

    @model_validator(mode="before")
    @classmethod
    def _complete_model(cls, given: Any) -> Any:
        """Check the model's own settings; keep all of them, so that equal work has equal keys."""
        if not isinstance(given, Mapping):
            return given
        name = given.get("model", cls.model_fields["model"].default)
        own = given.get("model_settings") or {}
        if not isinstance(name, str) or not isinstance(own, Mapping):
            return given
        wish = given.get("n_modes")
        asked = dict(own) if wish is None else _with_modes(name, own, wish)
        complete = check_settings("psf_models", name, asked)
        n_modes = complete.pop("n_modes", None)
        return {**given, "n_modes": n_modes, "model_settings": complete}

    @model_validator(mode="after")
    def _settings_agree(self) -> SubtractPsfConfig:
        """Refuse settings that would be ignored without a word."""
        if self.min_motion_fwhm > 0 and self.regions == "full-frame":
            raise ValueError(
                "min_motion_fwhm needs regions 'annuli': over the full frame companions move "
                "by different amounts"
            )
        if issubclass(plugins.load("psf_models", self.model), SequencePsfModel):
            _refuse_if_ignored(self)
        return self

    @property
    def all_model_settings(self) -> dict[str, Any]:
        """All settings of the model.

        Returns
        -------
        dict
            `model_settings`, and `n_modes` if the model has it.
        """
        modes = {} if self.n_modes is None else {"n_modes": self.n_modes}
        return {**self.model_settings, **modes}


def _with_modes(name: str, own: Mapping[str, Any], wish: Any) -> dict[str, Any]:
    """Hand the number of modes on to the model that has it."""
    if own.get("n_modes", wish) != wish:
        raise ConfigError(
            "n_modes is given twice", found=f"{wish} and {own['n_modes']} in model_settings"
        )
    if wish == "auto" and "n_modes" not in check_settings("psf_models", name, own):
        return dict(own)
    return {**own, "n_modes": wish}


class SubtractPsf(Step):
    """Subtract the star from every usable frame with a model made from reference frames.

    Frames that are not usable are dropped; missing pixels stay missing. The residual image,
    made by the next step, shows that it worked: no ring or blob is left beyond a few FWHM.
    """

    name: ClassVar[str] = "subtract-psf"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[str, ...]] = ("cube", "psf")
    optional_inputs: ClassVar[tuple[str, ...]] = ("references",)
    outputs: ClassVar[tuple[str, ...]] = ("residual_cube",)
    Config = SubtractPsfConfig

    def run(
        self,
        data: Mapping[str, Data],
        config: SubtractPsfConfig,
        progress: Progress = no_progress,
    ) -> dict[str, Data]:
        """Subtract the star.

        Parameters
        ----------
        data : mapping of str to data object
            ``cube`` (aligned), ``psf`` and, for RDI, ``references``.
        config : SubtractPsfConfig
            The settings.
        progress : callable
            Told how far the work is.

        Returns
        -------
        dict of str to data object
            ``residual_cube``: the usable frames without their star, aligned, not turned.

        Raises
        ------
        DataError
            If the cube is not centered, has too few usable frames, or lacks what the choice
            of references needs.
        ConfigError
            If the model does not go with the other settings.
        """
        cube, psf, library = data["cube"], data["psf"], data.get("references")
        assert isinstance(cube, Cube)
        assert isinstance(psf, Psf)
        assert library is None or isinstance(library, Cube)
        cube = aligned_frames(cube)
        model = make_model("psf_models", config.model, config.all_model_settings)
        residuals = np.empty_like(cube.data)
        for channel in range(cube.n_wave):
            progress(channel / cube.n_wave, f"channel {channel + 1} of {cube.n_wave}")
            fwhm_px = float(psf.fwhm_px[channel])
            if isinstance(model, SequencePsfModel):
                residuals[channel] = _whole_sequence(model, cube, channel, fwhm_px)
            else:
                regions = cut_regions(config, cube.data.shape[2:], fwhm_px)
                residuals[channel] = subtract_regions(
                    model, config, (cube, library), channel, regions, fwhm_px
                )
        return {"residual_cube": replace(cube, data=residuals)}


def _refuse_if_ignored(config: SubtractPsfConfig) -> None:
    """Refuse choices that a model of the whole sequence cannot follow."""
    for name in _NOT_FOR_SEQUENCE_MODELS:
        if getattr(config, name) != SubtractPsfConfig.model_fields[name].default:
            raise ConfigError(
                f"The model '{config.model}' takes the sequence as a whole and cannot follow "
                f"'{name}'",
                found=repr(getattr(config, name)),
                remedy="Leave it at its default; settings of its own go into model_settings",
            )


def _whole_sequence(
    model: SequencePsfModel, cube: Cube, channel: int, fwhm_px: float
) -> FloatArray:
    """Let a model of the whole sequence work on one channel."""
    frames = cube.data[channel]
    residuals = model.residuals(finite_frames(frames), cube.frames.derotation_deg, fwhm_px)
    return np.where(np.isnan(frames), np.nan, residuals).astype(frames.dtype)


def subtract_regions(  # noqa: PLR0913 (how, what, where, where to)
    model: PsfModel | LinearPsfModel,
    config: SubtractPsfConfig,
    cubes: tuple[Cube, Cube | None],
    channel: int,
    regions: Sequence[Region],
    fwhm_px: float,
    out: FloatArray | None = None,
) -> FloatArray:
    """Subtract a model made from reference frames from one channel.

    Parameters
    ----------
    model : PsfModel or LinearPsfModel
        How the star is modeled.
    config : SubtractPsfConfig
        The settings.
    cubes : tuple of Cube
        The aligned sequence and, for RDI, the frames of other stars.
    channel : int
        The channel to be cleaned.
    regions : sequence of Region
        Where to do it.
    fwhm_px : float
        Resolution element of the channel [px].
    out : ndarray, shape (n_time, n_y, n_x), optional
        Array to write to; elsewhere it keeps its values.

    Returns
    -------
    ndarray, shape (n_time, n_y, n_x)
        The residuals.
    """
    cube, library = cubes
    frames = cube.data[channel]
    references, choice = reference_frames(config.references, cube, library, channel)
    limits = replace(
        choice,
        min_motion_px=config.min_motion_fwhm * fwhm_px,
        min_references=config.min_references,
        max_references=config.max_references,
    )
    # Views of one array: that targets and references are the same spares half of the work.
    references = frames if config.references == "rotated" else references
    return subtract_model(
        frames, references, model, regions, limits, remove_mean=config.remove_mean, out=out
    )


def cut_regions(
    config: SubtractPsfConfig, shape: tuple[int, ...], fwhm_px: float
) -> tuple[Region, ...]:
    """Cut the image as the settings say.

    Parameters
    ----------
    config : SubtractPsfConfig
        The settings.
    shape : tuple of int
        Image size ``(n_y, n_x)``.
    fwhm_px : float
        Resolution element [px].

    Returns
    -------
    tuple of Region
        The whole image, or rings from the star outwards.
    """
    size = (shape[0], shape[1])
    inner_px = config.inner_fwhm * fwhm_px
    if config.regions == "full-frame":
        return full_frame(size, inner_px=inner_px)
    width_px = config.annulus_width_fwhm * fwhm_px
    return annuli(size, width_px, inner_px=inner_px, n_sectors=config.n_sectors)
