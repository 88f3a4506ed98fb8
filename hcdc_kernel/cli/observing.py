"""The commands for observations: take them in, list them, see what they lack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hcdc_kernel.cli.screen import (
    note,
    open_workspace,
    progress_bar,
    say,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from hcdc_kernel.archive import ObservationInfo
    from hcdc_kernel.runner.raw_ingest import IngestReport

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for scripts.")]
_MOST_REFUSED = 20  # lines on the screen; JSON tells all


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Raw files, folders of them, YAML descriptions."),
    ],
    root: Annotated[
        Path | None,
        typer.Option(help="Folder of a description's files; its own by default."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Take in raw files and calibrated sequences; exit 1 if there was none."""
    workspace = open_workspace()
    with progress_bar("ingest") as progress:
        report = workspace.ingest_files(paths, root, progress=progress)
    if as_json:
        write_json(report.to_dict())
    else:
        _tell(report)
    raise typer.Exit(0 if report.n_files else 1)


def _tell(report: IngestReport) -> None:
    """Write what became of the files: observations to standard output, the rest beside it."""
    for path, reason in report.refused[:_MOST_REFUSED]:
        note(f"passed over {path}: {reason}")
    if len(report.refused) > _MOST_REFUSED:
        note(f"... and {len(report.refused) - _MOST_REFUSED} more; --json lists all")
    if report.n_files == 0 and not report.refused:
        note("there is no file in there")
    if report.n_files and not report.observations:
        note("no observation needs them: take in the science frames, too")
    raw = [one for one in report.observations if one.state != "described"]
    for one in report.observations:
        if one.state == "described":
            say(one.observation.name)
    if raw:
        rows = ((one.state, *_row(one.observation)) for one in raw)
        write_table(("", *_HEADER), rows)
    bare = f", {report.n_without_images} of them without images" * bool(report.n_without_images)
    note(
        f"{report.n_files} files taken in, {report.n_new} of them new{bare}; "
        f"{len(report.refused)} passed over"
    )


_HEADER = (
    "observation", "frames", "DIT", "channels", "field rotation", "calibrations",
    "missing or risky",
)  # fmt: skip


def _row(info: ObservationInfo) -> tuple[str, ...]:
    """Sum up an observation in a line."""
    facts = info.facts
    turned, dit_s = info.field_rotation_deg, facts.get("dit_s")
    return (
        info.name,
        str(info.n_frames),
        "" if dit_s is None else f"{dit_s:.4g} s",
        str(info.n_wave or ""),
        "" if turned != turned else f"{turned:.1f} deg",
        str(facts.get("light", "")),
        _lacking(facts),
    )


def _lacking(facts: Mapping[str, Any]) -> str:
    """Say in a few words what stands in the way of a good reduction."""
    if "science" in facts.get("without_images", ()):
        return "the images: there are only headers"
    if facts.get("calibration") == "":
        return "no recipe for this mode yet"
    notes = facts.get("calibrations", ())
    missing = [note["title"] for note in notes if note["level"] is None]
    risky = [
        f"{note['title']} (risky)"
        for note in notes
        if note["level"] is not None and note["light"] == "poor"
    ]
    return ", ".join((*missing, *risky))


def observations(
    name: Annotated[
        str | None, typer.Argument(metavar="OBSERVATION", help="Tell all about this one.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List what can be reduced, or tell all about one observation."""
    workspace = open_workspace()
    if name is None:
        found = workspace.observations()
        if as_json:
            write_json(found)
        else:
            write_table(_HEADER, map(_row, found))
        return
    if as_json:
        write_json(workspace.detail(name))
        return
    write_table(("fact", "value"), workspace.facts(name))
    notes = workspace.observation(name).facts.get("calibrations", ())
    if notes:
        say("")
        _write_notes(notes)


def check(
    name: Annotated[
        str | None, typer.Argument(metavar="OBSERVATION", help="All nights by default.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """See which calibrations are there, which are late or missing, and what that means."""
    workspace = open_workspace()
    if name is None:
        lacking = workspace.missing_calibrations()
        if as_json:
            write_json(lacking)
            return
        header = ("night", "camera", "calibration", "", "verdict", "observations")
        rows = (
            (m.night, m.camera, m.title, m.state, m.light, ", ".join(m.observations))
            for m in lacking
        )
        write_table(header, rows)
        return
    info = workspace.observation(name)
    if as_json:
        names = ("calibration", "light", "calibrations", "notes", "without_images")
        write_json({"name": info.name} | {key: info.facts.get(key) for key in names})
        return
    if "calibrations" not in info.facts:
        say(f"{info.name} came calibrated.")
        return
    _write_notes(info.facts["calibrations"])
    for one in info.facts["calibrations"]:
        say(f"\n{one['title']} ({one['light']}): {one['text']}")
    for text in info.facts.get("notes", ()):
        say(f"\nNote: {text}")


def _write_notes(notes: list[Mapping[str, Any]]) -> None:
    """Write what each calibration is like."""
    header = ("calibration", "verdict", "level", "found")
    rows = (
        (n["title"], n["light"], "" if n["level"] is None else str(n["level"]), n["found"])
        for n in notes
    )
    write_table(header, rows)


calibrations = typer.Typer(
    invoke_without_command=True, help="List the master calibrations, or export them."
)
Night = Annotated[str, typer.Option(help="Only of this night, YYYY-MM-DD.")]
Kind = Annotated[str, typer.Option(help="Only background or flat.")]


@calibrations.callback()
def list_calibrations(
    context: typer.Context,
    night: Night = "",
    kind: Kind = "",
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """List the master calibrations with their figures of merit, or export them."""
    if context.invoked_subcommand:
        return
    found = open_workspace().calibrations(night=night, kind=kind)
    if as_json:
        write_json(found)
        return
    header = ("calibration", "name", "night", "camera", "filter", "for", "figures of merit")
    rows = (
        (m.uid, m.name, m.night, m.camera, m.filter, _pairs(m.setup), _pairs(m.quality))
        for m in found
    )
    write_table(header, rows)


@calibrations.command(name="export")
def export_calibrations(
    folder: Annotated[Path, typer.Argument(help="Where to.")],
    night: Night = "",
    kind: Kind = "",
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Copy master calibrations to a folder, with QC keywords in their headers."""
    written = open_workspace().export_calibrations(folder, night=night, kind=kind)
    if as_json:
        write_json([str(path) for path in written])
        return
    for path in written:
        say(str(path))


def _pairs(values: Mapping[str, str | float]) -> str:
    """Write facts in a line."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )
