"""Our own models of the star."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hcdc_kernel.algorithms import psfsub
from hcdc_kernel.arrays import FloatArray
from hcdc_kernel.steps.base import StepConfig

NModes = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] | Literal["auto"]
"""A number of modes, the share of variance they must explain, or ``"auto"``."""


class NoSettings(StepConfig):
    """Settings of a model that has none."""


class Median:
    """The median of the reference frames: classical ADI (Marois et al. 2006).

    Parameters
    ----------
    config : Median.Config
        Without any setting.
    """

    Config = NoSettings

    def __init__(self, config: NoSettings) -> None:
        self.config = config

    def predict(self, targets: FloatArray, references: FloatArray) -> FloatArray:
        """Model the star in each target frame.

        Parameters
        ----------
        targets : ndarray, shape (n_target, n_px)
            Not looked at.
        references : ndarray, shape (n_reference, n_px)
            Reference frames.

        Returns
        -------
        ndarray, shape (n_px,)
            The same image for all targets.
        """
        del targets
        return psfsub.median_model(references)


class Mean:
    """The mean of the reference frames.

    Parameters
    ----------
    config : Mean.Config
        Without any setting.
    """

    Config = NoSettings

    def __init__(self, config: NoSettings) -> None:
        self.config = config

    def weights(self, gram: FloatArray, cross: FloatArray) -> FloatArray:
        """Weigh the reference frames for each target frame.

        Parameters
        ----------
        gram : ndarray, shape (n_reference, n_reference)
            Scalar products of the reference frames.
        cross : ndarray, shape (n_reference, n_target)
            Scalar products of reference and target frames.

        Returns
        -------
        ndarray, shape (n_target, n_reference)
            Equal weights.
        """
        return psfsub.mean_weights(gram.shape[0], cross.shape[1])


class PcaConfig(StepConfig):
    """Settings of `Pca`."""

    n_modes: NModes = Field(
        default="auto",
        description="Principal components to subtract: a number, the share of the variance "
        "they must explain (0 to 1), or 'auto' for a quarter of the number of reference frames, "
        "at most twice its square root. Never more than these frames less one.",
    )


class Pca:
    """Projection on principal components (KLIP; Soummer et al. 2012, Amara & Quanz 2012).

    Parameters
    ----------
    config : Pca.Config
        The number of modes.
    """

    Config = PcaConfig

    def __init__(self, config: PcaConfig) -> None:
        self.config = config

    def weights(self, gram: FloatArray, cross: FloatArray) -> FloatArray:
        """Weigh the reference frames for each target frame.

        Parameters
        ----------
        gram : ndarray, shape (n_reference, n_reference)
            Scalar products of the reference frames.
        cross : ndarray, shape (n_reference, n_target)
            Scalar products of reference and target frames.

        Returns
        -------
        ndarray, shape (n_target, n_reference)
            Weights of the projection.
        """
        return psfsub.pca_weights(gram, cross, self.config.n_modes)
