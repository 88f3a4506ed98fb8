"""Models of the star that a recipe may name: our own and VIP's."""

from hcdc_kernel.steps.psf_models.plugin import (
    AnyPsfModel,
    SignalMatcher,
    check_settings,
    make_model,
)

__all__ = ["AnyPsfModel", "SignalMatcher", "check_settings", "make_model"]
