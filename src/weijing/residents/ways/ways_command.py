"""`weijing ways`: the codes of a county's officers and beats."""

import click
from rich.console import Console
from rich.table import Table

from wecom_api import WeComError
from weijing.core import clock, env, line
from weijing.residents.models import ContactWay
from weijing.residents.ways import leading, telling, troubles, wanting_all
from weijing.territory import queries
from weijing.territory.models import County


@click.group("ways")
def ways() -> None:
    """Codes residents scan to add officers: make them all, see what became of them."""


@ways.command()
@click.option("--now", is_flag=True, help="Call WeCom from here instead of leaving it to a worker.")
def make(now: bool) -> None:
    """A code for every beat and every officer who can be added. Twice changes nothing."""
    county = _county()
    fresh = wanting_all.in_county(county.pk, by=None, at=clock.now())
    click.echo(f"New: {fresh:,}. There are {leading.live(county.pk).count():,} codes.")
    if not now:
        click.echo("The worker has WeCom make them.")
        return
    settled = 0
    try:
        while told := telling.tell_due(county.pk, wecom=line.wecom(county.pk), now=clock.now):
            settled += told
    except WeComError as error:
        raise click.ClickException(f"WeCom: {error}. The worker goes on.") from error
    click.echo(f"Settled with WeCom: {settled:,}.")


@ways.command("list")
@click.option("--trouble", is_flag=True, help="Only those that are not ready.")
def list_ways(trouble: bool) -> None:
    """What there is, for whom, and what stands in the way."""
    table = Table("beat", "officer", "household", "members", "state")
    rows = leading.live(_county().pk).select_related("beat", "officer").defer("picture")
    for way in rows.order_by("beat__name", "officer__name", "pk"):
        said = _said(way)
        if trouble and said == "ready":
            continue
        table.add_row(
            way.beat.name if way.beat else "",
            way.officer.name if way.officer else "",
            str(way.household_id or ""),
            ", ".join(way.member_userids),
            said,
        )
    Console().print(table)


def _said(way: ContactWay) -> str:
    if way.refused_because:
        return troubles.words(way)
    return "waits" if way.due_at else "ready"


def _county() -> County:
    code = env.environment().county
    county = queries.county_by_code(code)
    if county is None:
        raise click.ClickException(f"County {code} is not loaded: weijing county load {code}")
    return county
