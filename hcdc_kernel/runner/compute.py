"""The work of one task, in memory."""

from __future__ import annotations

from collections.abc import Mapping

from threadpoolctl import threadpool_limits

from hcdc_kernel.datamodel import Data
from hcdc_kernel.errors import HcdcError, RunError
from hcdc_kernel.runner.plan import Task
from hcdc_kernel.steps.apply import apply_step
from hcdc_kernel.steps.base import Progress, load_step, no_progress


def compute(
    task: Task,
    data: Mapping[str, Data],
    *,
    keys: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Data]:
    """Do the work of one task in memory.

    Parameters
    ----------
    task : Task
        Step and settings.
    data : mapping of str to data object
        The inputs, by name.
    keys : mapping of str to str, optional
        Content keys of the inputs, for the history; none if they mean nothing elsewhere.
    progress : callable
        Told how far the work is.

    Returns
    -------
    dict of str to data object
        The outputs, with this step at the end of their history.

    Raises
    ------
    HcdcError
        Whatever the step says is wrong; a `RunError` for anything it did not foresee.
    """
    step = load_step(task.step)
    try:
        # One BLAS thread: the matrices are small, steps use the processors in their own way,
        # and sums that are split otherwise differ in their last bit.
        with threadpool_limits(1, user_api="blas"):
            return apply_step(step, task.config, data, keys=keys, progress=progress)
    except HcdcError:
        raise
    except Exception as error:
        raise RunError(
            f"The step '{task.step}' stopped", found=f"{type(error).__name__}: {error}"
        ) from error
