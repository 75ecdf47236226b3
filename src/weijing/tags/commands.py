"""`weijing tags`: the catalogue on the command line."""

import click

from weijing.core.env import environment
from weijing.tags import loading
from weijing.territory.models import County


@click.group()
def tags() -> None:
    """Load the tag catalogue."""


@tags.command()
@click.option("--county", "code", help="Six digits; WEIJING_COUNTY if not given.")
def load(code: str | None) -> None:
    """Load or refresh the catalogue of 962 tags. Safe to run again."""
    code = code or environment().county
    county = County.objects.filter(code=code).first()
    if county is None:
        raise click.ClickException(f"There is no county {code} (`weijing county load {code}`).")
    loaded = loading.load(county)
    click.echo(f"{loaded.tags} tags in {loaded.groups} groups and {loaded.categories} categories.")
