"""Make a product again from its stored inputs and compare, bit by bit."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hcdc_kernel.archive import Archive, ProductInfo
from hcdc_kernel.datamodel import Data, StepRecord
from hcdc_kernel.errors import InputError
from hcdc_kernel.io import read_data, write_data
from hcdc_kernel.runner.compute import compute
from hcdc_kernel.runner.plan import Task, content_key
from hcdc_kernel.runner.references import GATHER, gather_again
from hcdc_kernel.runner.shelves import read_product, scratch_folder
from hcdc_kernel.steps.base import load_step, make_config


@dataclass(frozen=True, slots=True)
class RerunReport:
    """How a product made again compares with the stored one.

    Attributes
    ----------
    product : str
        Its uid.
    name : str
        Its name in the recipe.
    step : str
        The step that made it.
    identical : bool
        True if not a bit differs.
    differences : tuple of str
        What differs, in words; empty if nothing does.
    seconds : float
        How long it took to make it again [s].
    restored : bool
        True if its bytes were not in the store, and are there now.
    """

    product: str
    name: str
    step: str
    identical: bool
    differences: tuple[str, ...]
    seconds: float
    restored: bool = False


def rerun_product(archive: Archive, uid: str) -> RerunReport:
    """Make a product again in memory and compare it with the stored one.

    What it was made from is made again too where it was not kept. The archive is not changed,
    but for this: a product that was dropped or lost is stored anew if not a bit differs.

    Parameters
    ----------
    archive : Archive
        Where the product and its inputs are.
    uid : str
        The product, or the beginning of its uid.

    Returns
    -------
    RerunReport
        Identical, or what differs: software, step version, plug-in, pixels.

    Raises
    ------
    InputError
        If the product was not made by a step: inputs, notebooks and reports.
    NotFoundError
        If there is no such product, or its step is not installed.
    """
    product = archive.product(uid)
    if not product.step:
        raise _not_by_a_step(product)
    task = None if product.step == GATHER else _task(archive, product)
    begin = time.perf_counter()
    again = _made_again(archive, product, task)
    seconds = time.perf_counter() - begin
    is_stored = archive.find_product(product.key) is not None
    with scratch_folder(archive) as folder:
        path = folder / "again.fits"
        write_data(path, again)
        with path.open("rb") as written:
            identical = hashlib.file_digest(written, "sha256").hexdigest() == product.sha256
        restored = identical and not is_stored
        if restored:
            archive.restore_product(product.uid, path)
    differences = () if identical else tuple(_differences(archive, product, task, again))
    return RerunReport(
        product.uid,
        product.name,
        product.step,
        identical,
        differences,
        round(seconds, 3),
        restored,
    )


def _made_again(archive: Archive, product: ProductInfo, task: Task | None) -> Data:
    """Do the work that made a product once more."""
    if task is None:
        return gather_again(archive, product)
    data = {made.name: _input(archive, made) for made in map(archive.product, product.inputs)}
    return compute(task, data, keys=task.inputs)[product.name]


def _input(archive: Archive, product: ProductInfo) -> Data:
    """Read what a product was made from, or make it again if it is not there."""
    if not product.step or archive.find_product(product.key) is not None:
        return read_product(archive, product)
    return _made_again(
        archive, product, None if product.step == GATHER else _task(archive, product)
    )


def _task(archive: Archive, product: ProductInfo) -> Task:
    """Rebuild the task that made a product."""
    step = load_step(product.step)
    config = make_config(step, product.config)
    inputs = {made.name: made.key for made in map(archive.product, product.inputs)}
    outputs = {product.name: content_key(step, config, inputs, product.name)}
    return Task(step.name, step.version, config, inputs, outputs)


def _not_by_a_step(product: ProductInfo) -> InputError:
    """Say why a product cannot be made again on its own."""
    if not product.run:
        return InputError(
            f"'{product.name}' was read from the observer's files, not made here",
            remedy="Ingest its description or files again: equal ones give the same product",
        )
    return InputError(
        f"A {product.kind} tells when and by which run it was made, so no two are alike",
        remedy="Rerun the data in it, or reduce the observation again",
    )


def _differences(
    archive: Archive, product: ProductInfo, task: Task | None, again: Data
) -> Iterator[str]:
    """Say what differs, from causes to pixels."""
    if task is not None and task.outputs[product.name] != product.key:
        yield f"the step '{task.step}' or a plug-in that it uses has another version now"
    if archive.find_product(product.key) is None:
        yield "its pixels cannot be compared: they are not in the store any more"
        return
    stored = read_data(archive.path(product))
    yield from _software(stored.history[-1], again.history[-1])
    yield from _fields(stored, again, "")


def _software(stored: StepRecord, again: StepRecord) -> Iterator[str]:
    """Compare the versions that did the work."""
    if stored.version != again.version:
        yield f"step version: {stored.version} then, {again.version} now"
    for name in sorted(set(stored.software) | set(again.software)):
        then, now = stored.software.get(name, "none"), again.software.get(name, "none")
        if then != now:
            yield f"{name}: {then} then, {now} now"


def _fields(stored: Any, again: Any, place: str) -> Iterator[str]:
    """Compare all fields of two data objects."""
    for field in dataclasses.fields(stored):
        if field.name == "history":
            continue
        then, now = getattr(stored, field.name), getattr(again, field.name)
        name = f"{place}{field.name}"
        if isinstance(then, np.ndarray) and isinstance(now, np.ndarray):
            yield from _arrays(then, now, name)
        elif dataclasses.is_dataclass(then) and type(then) is type(now):
            yield from _fields(then, now, f"{name}.")
        elif repr(then) != repr(now):
            yield f"{name}: {then!r} then, {now!r} now"


def _arrays(then: Any, now: Any, name: str) -> Iterator[str]:
    """Count the values that differ and say by how much."""
    if then.shape != now.shape:
        yield f"{name}: shape {then.shape} then, {now.shape} now"
        return
    differ = ~((then == now) | ((then != then) & (now != now)))  # NaN equals NaN here
    if not differ.any():
        return
    text = f"{name}: {int(differ.sum())} of {then.size} values differ"
    if then.dtype.kind == "f":
        with np.errstate(all="ignore"):
            relative = np.abs(now[differ] - then[differ]) / np.abs(then[differ])
        text += f", by {np.nanmax(relative, initial=0.0):.2g} relative at most"
    yield text
