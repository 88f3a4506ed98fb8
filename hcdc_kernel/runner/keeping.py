"""What a finished run keeps: everything, or its results only."""

from __future__ import annotations

from hcdc_kernel.archive import Archive, ProductInfo, RunInfo
from hcdc_kernel.runner.delivery import latest_of_each_name

_SEQUENCE = "cube"  # the kind of a product that holds an image for each frame, and the name
# of the one among them that is a result: the calibrated, centered frames, the bad ones marked.


def drop_intermediates(archive: Archive, uid: str) -> tuple[ProductInfo, ...]:
    """Let go of what a run made on the way to its results.

    Records and history stay, so that all of it can be made again. What another run that keeps
    everything has made or used is kept, and so is what is a result of another run, or what a
    run that is under way may need.

    Parameters
    ----------
    archive : Archive
        Where the run is.
    uid : str
        A finished run.

    Returns
    -------
    tuple of ProductInfo
        What was let go of.
    """
    free = tuple(
        product
        for product in intermediates(archive, uid)
        if not any(_needs(archive, run, product) for run in _others(archive, uid, product))
    )
    archive.drop_products(product.uid for product in free)
    return free


def intermediates(archive: Archive, uid: str) -> tuple[ProductInfo, ...]:
    """Tell which products of a run are not among its results.

    Parameters
    ----------
    archive : Archive
        Where the run is.
    uid : str
        The run.

    Returns
    -------
    tuple of ProductInfo
        Those that a later product of the same name replaces, such as the cube before frame
        selection; and sequences of images that a later product was made from, such as the
        subtracted frames, but for the last ``cube``. Never what no step has made, and nothing
        that the run started from.
    """
    given = {product.uid for product in archive.products(run=uid, role="input")}
    made = [one for one in archive.products(run=uid) if one.step and one.uid not in given]
    last = {product.uid for product in latest_of_each_name(made).values()}
    used = {start for product in made for start in product.inputs}
    return tuple(
        product
        for product in made
        if product.uid not in last
        or (product.kind == _SEQUENCE and product.name != _SEQUENCE and product.uid in used)
    )


def _others(archive: Archive, uid: str, product: ProductInfo) -> list[RunInfo]:
    """Find the other runs that have to do with a product."""
    return [run for run in archive.runs_of_product(product.uid) if run.uid != uid]


def _needs(archive: Archive, run: RunInfo, product: ProductInfo) -> bool:
    """Tell whether another run needs a product; one that failed can make it again."""
    if run.status == "finished" and run.keep == "final":
        return product.uid not in {one.uid for one in intermediates(archive, run.uid)}
    return run.status in ("running", "finished")
