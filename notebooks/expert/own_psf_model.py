"""A PSF model of your own: change it, save, and run the notebook beside it again.

The model below is a damped least-squares fit of each frame by its reference frames, the idea
of LOCI (Lafrenière et al. 2007, ApJ 660, 770) with a ridge penalty instead of a choice of
zones. It is not part of the library; it stands here to show how little a model needs.
"""

import numpy as np
from pydantic import Field

import hcdc_kernel as hcdc


class RidgeConfig(hcdc.StepConfig):
    """Settings of `Ridge`: checked, documented, part of the provenance like all others."""

    damping: float = Field(
        default=0.01,
        gt=0,
        description="Penalty on large weights, relative to the mean power of the references.",
    )


class Ridge:
    """Fit each frame by a damped combination of its references.

    Parameters
    ----------
    config : RidgeConfig
        The settings.
    """

    Config = RidgeConfig
    version = 1  # raise it when the numbers change, so that stored results are made again

    def __init__(self, config: RidgeConfig) -> None:
        self.config = config

    def weights(self, gram: np.ndarray, cross: np.ndarray) -> np.ndarray:
        """Weigh the reference frames for each target frame.

        Parameters
        ----------
        gram : ndarray, shape (n_reference, n_reference)
            Scalar products of the reference frames with each other.
        cross : ndarray, shape (n_reference, n_target)
            Scalar products of reference frames and target frames.

        Returns
        -------
        ndarray, shape (n_target, n_reference)
            Weights; the model of the star is ``weights @ references``.
        """
        n_reference = gram.shape[0]
        penalty = self.config.damping * np.trace(gram) / n_reference
        return np.linalg.solve(gram + penalty * np.eye(n_reference), cross).T
