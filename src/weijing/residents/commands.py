"""`weijing import-roll`: check a roll, or take it in."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from weijing.core import clock, env
from weijing.residents.importing import roll
from weijing.residents.importing.columns import field_named
from weijing.residents.importing.reports import RollReport, Source
from weijing.residents.models import ImportProfile
from weijing.territory import queries
from weijing.territory.models import County

STAGES = {
    "read": "Reading and checking",
    "compare": "Comparing with the roll",
    "write": "Sealing and writing",
    "index": "Indexing",
}


@click.command("import-roll")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--apply", "apply_", is_flag=True, help="Import; without it nothing is changed.")
@click.option(
    "--map", "mapped", multiple=True, metavar="FIELD=HEADING",
    help="Which column is which where the guess is wrong: --map 户号=家庭编码",
)  # fmt: skip
@click.option(
    "--profile", metavar="NAME",
    help="A source whose columns and policies were saved on the desk's import page.",
)  # fmt: skip
@click.option(
    "--supplement", is_flag=True,
    help="A list of some: nobody who is missing in it is proposed as moved away.",
)  # fmt: skip
@click.option(
    "--errors", type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the bad rows (an .xlsx).",
)  # fmt: skip
def import_roll(
    file: Path,
    apply_: bool,
    mapped: tuple[str, ...],
    profile: str | None,
    supplement: bool,
    errors: Path | None,
) -> None:
    """Check a roll of residents (.xlsx or .csv), or take it in with --apply.

    Good rows are imported in one transaction; bad rows go to a workbook with number and reason.
    Importing the same file twice changes nothing. What somebody has corrected since the last roll
    stays, or waits on the desk for a decision. Ctrl-C stops before the commit: nothing is changed.
    """
    code = env.environment().county
    county = queries.county_by_code(code)
    if county is None:
        raise click.ClickException(f"County {code} is not loaded: weijing county load {code}")
    source = Source(
        profile=_profile(county, profile) if profile else None,
        columns=_columns(mapped),
        is_whole=not supplement,
    )
    try:
        _print(_import(file, county, source, apply_, errors))
    except KeyboardInterrupt:
        raise click.ClickException("Stopped. Nothing was changed.") from None


def _profile(county: County, name: str) -> ImportProfile:
    profiles = ImportProfile.objects.filter(county=county).order_by("name")
    found = profiles.filter(name=name).first()
    if found is None:
        known = ", ".join(profiles.values_list("name", flat=True)) or "none yet"
        raise click.BadParameter(f"no source {name}; saved are: {known}", param_hint="--profile")
    return found


def _import(
    file: Path, county: County, source: Source, apply_: bool, errors: Path | None
) -> RollReport:
    with _bars() as bars:
        task: TaskID | None = None
        stage_shown = ""

        def progress(stage: str, done: int, total: int | None) -> None:
            nonlocal task, stage_shown
            if stage != stage_shown or task is None:
                task, stage_shown = bars.add_task(STAGES[stage], total=None), stage
            bars.update(task, completed=done, total=total)

        return roll.import_roll(
            file, county=county, by=None, at=clock.now(), apply=apply_, source=source,
            errors_to=errors, progress=progress,
        )  # fmt: skip


def _columns(mapped: tuple[str, ...]) -> dict[str, str]:
    columns = {}
    for one in mapped:
        title, equals, heading = one.partition("=")
        name = field_named(title.strip())
        if not equals or name is None:
            raise click.BadParameter(f"{one}: write it like 户号=家庭编码", param_hint="--map")
        columns[name] = heading.strip()
    return columns


def _bars() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _print(report: RollReport) -> None:
    console = Console()
    done = "Imported" if report.applied else "Checked; nothing was changed (--apply imports)"
    table = Table(title=done)
    table.add_column("")
    table.add_column("rows", justify="right")
    for label, count in (
        ("in the file", report.rows),
        ("new residents", report.created),
        ("changed", report.updated),
        ("unchanged", report.unchanged),
        ("bad", report.bad_rows),
        ("cells in conflict, for a person to decide", report.conflicts),
        ("missing in it, perhaps moved away (they stay)", report.absent),
        ("new households", report.households_created),
        ("changed households", report.households_updated),
        ("new groups", report.groups_created),
        ("linked to a WeChat contact", report.linked),
    ):
        table.add_row(label, f"{count:,}")
    console.print(table)
    console.print("Columns: " + ", ".join(f"{k}={v}" for k, v in report.columns.items()))
    if report.ignored_columns:
        console.print("Ignored columns: " + ", ".join(report.ignored_columns))
    if report.ignored_sheets:
        console.print("Ignored sheets: " + ", ".join(report.ignored_sheets), style="yellow")
    if report.reasons:
        reasons = Table(title=f"Bad rows: {report.errors_file}")
        reasons.add_column("reason")
        reasons.add_column("rows", justify="right")
        for reason, count in report.reasons.items():
            reasons.add_row(reason, f"{count:,}")
        console.print(reasons)
