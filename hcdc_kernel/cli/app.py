"""The commands; each calls the workspace and writes what it says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hcdc_kernel.cli.observing import calibrations, check, ingest, observations
from hcdc_kernel.cli.screen import (
    note,
    open_workspace,
    progress_bar,
    say,
    tolerate_any_terminal,
    write_json,
    write_table,
    write_tree,
)
from hcdc_kernel.cli.simulate import simulate
from hcdc_kernel.cli.users import users
from hcdc_kernel.errors import HcdcError

if TYPE_CHECKING:
    from hcdc_kernel.archive import ProductInfo

app = typer.Typer(
    name="hcdc",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The High Contrast Data Centre: reduce and archive high-contrast images.",
    epilog="State lives in the folder HCDC_HOME.",
)
app.add_typer(users, name="users")
app.command()(ingest)
app.command()(observations)
app.command()(check)
app.add_typer(calibrations, name="calibrations")
app.command(name="simulate")(simulate)

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for scripts.")]
Observation = Annotated[str, typer.Argument(metavar="OBSERVATION", help="Its name.")]
Product = Annotated[str, typer.Argument(metavar="PRODUCT", help="Its uid, or how that begins.")]
RecipeName = Annotated[str, typer.Option(help="Name of the recipe, or its YAML file.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words behind ``hcdc``; those of this process by default.

    Raises
    ------
    SystemExit
        Always: 0 if all went well, 1 after an error, 2 if the command was misspelled.
    """
    tolerate_any_terminal()
    try:
        app(args=None if arguments is None else list(arguments), prog_name="hcdc")
    except HcdcError as error:
        note(f"hcdc: {error}")
        sys.exit(1)


def _tell_version(value: bool) -> None:  # noqa: FBT001 (typer calls it so)
    """Write the version and stop."""
    if value:
        from importlib.metadata import version

        say(f"hcdc {version('hcdc-kernel')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None:
    """Reduce and archive high-contrast images."""


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Where to keep it; HCDC_HOME by default.")
    ] = None,
) -> None:
    """Simulate raw frames of a night, reduce them, compare what is found with the truth."""
    from hcdc_kernel.cli.demo import run_demo

    raise typer.Exit(run_demo(folder))


@app.command()
def reduce(  # noqa: PLR0913 (the options of a command line)
    observation: Observation,
    recipe: RecipeName = "adi-pca",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="STEP.FIELD=VALUE", help="Change a setting; repeatable."),
    ] = None,
    references: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OBSERVATION",
            help="Another star that models this one's (RDI); repeatable, or auto.",
        ),
    ] = None,
    keep: Annotated[
        Literal["all", "final"] | None,
        typer.Option(help="What to keep in the end: all, or results only; else as HCDC_KEEP."),
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Also copy the products there.")] = None,
    masters: Annotated[  # noqa: FBT002
        bool, typer.Option("--masters", help="With --export: the master calibrations too.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Reduce an observation; a finished equal run is returned at once."""
    from hcdc_kernel.recipes import parse_setting

    settings: dict[str, Any] = dict(parse_setting(text) for text in change or [])
    center = open_workspace()
    with progress_bar(observation) as progress:
        run = center.reduce(
            observation,
            recipe,
            settings,
            references=references or (),
            keep=keep,
            progress=progress,
        )
    files = center.export(run.uid, export, masters=masters) if export else []
    if as_json:
        write_json({"run": run, "products": center.products(run=run.uid), "files": files})
        return
    say(f"run {run.uid} {run.status}")
    report = center.report(run.uid)
    if report:
        say(f"report {report}")
    for path in files:
        say(str(path))


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="Show this recipe with its settings.")] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List the recipes, or show one with all its settings."""
    from hcdc_kernel.recipes import calibration_names, load_recipe, recipe_names

    names = [name] if name else [*recipe_names(), *calibration_names()]
    found = [load_recipe(one) for one in names]
    if as_json:
        write_json([recipe.model_dump(mode="json") for recipe in found])
    elif name:
        _show_recipe(found[0])
    else:
        write_table(("recipe", "what it is"), ((r.name, r.title) for r in found))


def _show_recipe(recipe: Any) -> None:
    """Write a recipe with every setting, its value and what it means."""
    say(f"{recipe.name}: {recipe.title}\n{recipe.description}".rstrip())
    for entry in recipe.steps:
        say(f"\n{entry.step}")
        for field, told in type(entry.config).model_fields.items():
            value = getattr(entry.config, field)
            say(f"  {entry.step}.{field}={value}    {told.description or ''}".rstrip())


@app.command()
def products(observation: Observation, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List what was made of an observation."""
    found = open_workspace().products(observation)
    if as_json:
        write_json(found)
        return
    header = ("product", "kind", "name", "step", "made (UTC)", "size")
    rows = (
        (p.uid, p.kind, p.name, p.step, f"{p.created:%Y-%m-%d %H:%M}", _size(p)) for p in found
    )
    write_table(header, rows)


def _size(product: ProductInfo) -> str:
    """Tell the size of a product, or that its bytes are not there."""
    return "dropped" if product.dropped else f"{product.size / 1e6:.2f} MB"


@app.command()
def provenance(product: Product, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Tell what a product was made of, back to the observer's files."""
    told = open_workspace().provenance(product)
    if as_json:
        write_json(told.to_dict())
    else:
        write_tree(told.tree())


@app.command()
def rerun(product: Product, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Make a product again; exit 1 unless it is identical, bit by bit."""
    import dataclasses

    report = open_workspace().rerun(product)
    if as_json:
        write_json(dataclasses.asdict(report))
    else:
        verdict = "identical, bit by bit" if report.identical else "differs"
        verdict += ", stored anew" if report.restored else ""
        say(f"{report.product} {report.name}: {verdict} ({report.seconds:.1f} s)")
        for difference in report.differences:
            say(f"  {difference}")
    raise typer.Exit(0 if report.identical else 1)


@app.command()
def runs(
    observation: Annotated[str | None, typer.Argument(help="Only of this observation.")] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List runs, the latest first."""
    found = open_workspace().runs(observation)
    if as_json:
        write_json(found)
        return
    header = ("run", "observation", "recipe", "status", "started (UTC)", "")
    rows = (
        (r.uid, r.observation, r.recipe, r.status, f"{r.started:%Y-%m-%d %H:%M}", _remark(r))
        for r in found
    )
    write_table(header, rows)


def _remark(run: Any) -> str:
    """Say how far a run is, or why it failed."""
    return f"{run.progress:.0%} {run.progress_text}" if run.status == "running" else run.error
