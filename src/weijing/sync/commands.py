"""`weijing sync`: read officers, contacts, tags and figures from WeCom on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from wecom_api import WeCom, WeComError
from weijing.core import clock, line
from weijing.core.clock import COUNTY_TIME
from weijing.core.env import WECOM_FIELDS, environment, require
from weijing.sync import behaviour as behaviour_pull
from weijing.sync import contacts_full, refreshing, standing
from weijing.sync.address_book import read_address_book
from weijing.tags import catalogue_sync
from weijing.territory.models import County

console = Console(stderr=True)


@click.group()
@click.option("--county", "code", help="Six digits; WEIJING_COUNTY if not given.")
@click.pass_context
def sync(ctx: click.Context, code: str | None) -> None:
    """Read officers, contacts, tags and figures from WeCom. Safe to run again at any time."""
    code = code or environment().county
    county = County.objects.filter(code=code).first()
    if county is None:
        raise click.ClickException(f"There is no county {code} (`weijing county load {code}`).")
    ctx.obj = county


many_may_leave = click.option(
    "--many-may-leave",
    is_flag=True,
    help="Believe WeCom when a large part of the officers is gone.",
)


@sync.command()
@many_may_leave
@click.pass_obj
def departments(county: County, many_may_leave: bool) -> None:
    """Departments and members become stations and officers; nobody is deleted."""
    with _calling(county) as wecom, console.status("Reading the address book"):
        changes = read_address_book(county.pk, wecom, many_may_leave=many_may_leave)
    click.echo(
        f"{changes.stations} stations changed; officers: {len(changes.created)} new, "
        f"{len(changes.changed)} changed, {len(changes.left)} left, "
        f"{len(changes.returned)} returned."
    )


@sync.command()
@click.option("--officer", "userids", multiple=True, help="Only this member; may be repeated.")
@click.pass_obj
def contacts(county: County, userids: tuple[str, ...]) -> None:
    """Every contact of every officer. Goes on where it was stopped."""
    with _calling(county) as wecom:
        if userids:
            with console.status("Reading contacts"):
                numbers = contacts_full.read_officers(county.pk, userids, wecom)
        else:
            numbers = _read_all(county, wecom)
        while refreshing.refresh_due(county.pk, wecom, at=clock.now()).done:
            pass
    click.echo(
        f"{numbers.contacts:,} contacts of {numbers.officers_done} officers read with "
        f"{numbers.calls:,} calls; {numbers.changed:,} were new or changed."
    )


def _read_all(county: County, wecom: WeCom) -> contacts_full.Numbers:
    columns = (
        TextColumn("Reading contacts"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} officers, {task.fields[contacts]} contacts"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=None, contacts="0")

        def show(numbers: contacts_full.Numbers) -> None:
            progress.update(
                task,
                total=numbers.officers,
                completed=numbers.officers_done,
                contacts=f"{numbers.contacts:,}",
            )

        return contacts_full.read_all(county.pk, wecom, progress=show)


@sync.command()
@click.pass_obj
def tags(county: County) -> None:
    """Our catalogue and the corp's tag library are made equal."""
    with _calling(county) as wecom, console.status("Comparing the tag library"):
        done = catalogue_sync.sync_catalogue(county, wecom=wecom)
    click.echo(
        f"{done.made} tags made, {done.adopted} adopted, {done.renamed} renamed, "
        f"{done.deleted} deleted, {done.waiting} still waiting."
    )


@sync.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Read again from this day on.")
@click.pass_obj
def behaviour(county: County, since: datetime | None) -> None:
    """Statistics per officer and day up to yesterday; at first the last 180 days."""
    _behaviour(county, since)


def _behaviour(county: County, since: datetime | None) -> None:
    with _calling(county) as wecom, Progress(console=console) as progress:
        task = progress.add_task("Reading figures", total=None)
        pulled = behaviour_pull.pull(
            county.pk,
            wecom,
            at=clock.now(),
            since=since.date() if since else None,
            progress=lambda done, total: progress.update(
                task, completed=done.officers, total=total
            ),
        )
    click.echo(
        f"{pulled.days:,} days of {pulled.officers} officers read with {pulled.calls:,} calls; "
        f"for {pulled.not_there_yet} officers yesterday is not there yet."
    )


@sync.command("all")
@many_may_leave
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Read figures again from here.")
@click.pass_context
def everything(ctx: click.Context, many_may_leave: bool, since: datetime | None) -> None:
    """Departments, tags, contacts and figures, in this order."""
    ctx.invoke(departments, many_may_leave=many_may_leave)
    ctx.invoke(tags)
    ctx.invoke(contacts, userids=())
    _behaviour(ctx.obj, since)


@sync.command()
@click.pass_obj
def status(county: County) -> None:
    """How far each reading is, and what waits."""
    table = Table("What", "Last begun", "Finished", "Remark", box=None)
    for row in standing.readings(county.pk):
        table.add_row(row.name, _time(row.started_at), _time(row.finished_at), row.remark)
    Console().print(table)
    waiting = standing.waiting(county.pk, at=clock.now())
    for what, count in waiting.items():
        click.echo(f"{what}: {count:,}")


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}" if at else "-"


@contextmanager
def _calling(county: County) -> Iterator[WeCom]:
    """Our line, and WeCom's troubles as one line of text."""
    require(WECOM_FIELDS)
    try:
        yield line.wecom(county.pk)
    except WeComError as error:
        raise click.ClickException(f"WeCom: {error} What was read until then is kept.") from error
