"""`weijing county`: divisions, stations and beats of a county."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from weijing.territory import grouping, loading, queries


@click.group()
def county() -> None:
    """Set up a county's divisions, stations and beats."""


@county.command()
@click.argument("code")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A CSV with the columns code,name; without it the divisions that come with us.",
)
@click.option("--bureau", default="", help="Name of the bureau; XX县公安局 unless given.")
@click.option("--short", default="", help="One character that begins reference codes: 隆.")
@click.option("--source", default="", help="Where the divisions come from; the file's name.")
def load(code: str, file: Path | None, bureau: str, short: str, source: str) -> None:
    """Load the county CODE (six digits). Safe to run again."""
    path = file or loading.shipped_file(code)
    rows = loading.read_divisions(path, code)
    source = source or path.name
    loaded = loading.load_county(rows, source=source, bureau_name=bureau, short=short)
    table = Table(title=f"{loaded.county.name} {code}")
    for name in ("divisions", "added", "renamed", "stations", "beats"):
        table.add_column(name, justify="right")
    table.add_row(
        str(loaded.divisions),
        str(loaded.added),
        str(loaded.renamed),
        str(loaded.stations),
        str(loaded.beats),
    )
    Console().print(table)


@county.command("add-groups")
@click.argument("village_code")
@click.argument("names", nargs=-1, required=True)
def add_groups(village_code: str, names: tuple[str, ...]) -> None:
    """Add groups below a village: a number (`8` for 1组 to 8组) or names."""
    found = queries.county_by_code(village_code[:6])
    village = queries.by_code(found.pk, village_code) if found else None
    if village is None:
        raise click.ClickException(f"There is no village {village_code}.")
    wanted = int(names[0]) if len(names) == 1 and names[0].isdigit() else names
    groups = grouping.add_groups(village, wanted, source="command")
    click.echo(f"{queries.path_name(village)}: {'、'.join(group.name for group in groups)}")
