"""PSF subtraction: models, regions, references, and the loop over them."""

from hcdc_kernel.algorithms.psfsub.models import (
    LinearPsfModel,
    NModes,
    PsfModel,
    SequencePsfModel,
    mean_weights,
    median_model,
    modes_to_keep,
    pca_weights,
)
from hcdc_kernel.algorithms.psfsub.references import (
    ReferenceChoice,
    companion_motion,
    rotated_enough,
    scaled_enough,
    turns_between,
)
from hcdc_kernel.algorithms.psfsub.regions import Region, annuli, full_frame
from hcdc_kernel.algorithms.psfsub.subtract import subtract_model

__all__ = [
    "LinearPsfModel",
    "NModes",
    "PsfModel",
    "ReferenceChoice",
    "Region",
    "SequencePsfModel",
    "annuli",
    "companion_motion",
    "full_frame",
    "mean_weights",
    "median_model",
    "modes_to_keep",
    "pca_weights",
    "rotated_enough",
    "scaled_enough",
    "subtract_model",
    "turns_between",
]
