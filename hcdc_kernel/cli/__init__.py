"""The command `hcdc`."""

from hcdc_kernel.cli.app import main

__all__ = ["main"]
