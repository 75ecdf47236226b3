"""`weijing officer`: accounts, roles and postings."""

import click
from rich.console import Console
from rich.table import Table

from weijing.accounts import appointing
from weijing.accounts.models import Officer, Role
from weijing.core import clock, env
from weijing.territory.models import Beat, County, Station

ROLES = click.Choice([role.value for role in Role])


def _county() -> County:
    code = env.environment().county
    county = County.objects.filter(code=code).first()
    if county is None:
        raise click.ClickException(f"County {code} is not loaded: weijing county load {code}")
    return county


def _officer(username: str) -> Officer:
    officer = Officer.objects.filter(county=_county(), username__iexact=username).first()
    if officer is None:
        raise click.ClickException(f"There is no account {username}.")
    return officer


@click.group()
def officer() -> None:
    """Create accounts, give and take roles, post officers."""


@officer.command()
@click.argument("username")
@click.option("--name", required=True, help="The person's name; no account is shared.")
@click.option("--role", "roles", type=ROLES, multiple=True)
@click.option("--wecom-userid", default="", help="Signs in through WeCom as this member.")
@click.option("--station", default="", help="Posts to this station's desk.")
@click.option("--county-desk", is_flag=True, help="Posts to the county desk.")
@click.option("--password", default="", help="Asked for when missing and there is no WeCom userid.")
def create(
    username: str,
    name: str,
    roles: tuple[str, ...],
    wecom_userid: str,
    station: str,
    county_desk: bool,
    password: str,
) -> None:
    """Create an account (the first administrator too: `--role system_admin`)."""
    county, at = _county(), clock.now()
    if not password and not wecom_userid:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    created = appointing.open_account(
        county,
        username=username,
        name=name,
        by=None,
        at=at,
        password=password,
        wecom_userid=wecom_userid,
    )
    for role in roles:
        appointing.give_role(created, Role(role), by=None, at=at)
    if station:
        place = Station.objects.filter(county=county, name=station).first()
        if place is None:
            raise click.ClickException(f"There is no station {station}.")
        appointing.post(created, station=place, by=None, at=at)
    elif county_desk:
        appointing.post(created, by=None, at=at)
    click.echo(f"Created {username}.")


@officer.command("list")
def list_officers() -> None:
    """Everyone who may sign in."""
    table = Table("username", "name", "station", "roles", "WeCom")
    rows = Officer.objects.filter(county=_county(), is_active=True).select_related("station")
    for row in rows.prefetch_related("role_grants").order_by("username"):
        roles = [grant.role for grant in row.role_grants.all() if grant.ended_at is None]
        place = row.station.name if row.station else ""
        table.add_row(row.username, row.name, place, ", ".join(roles), row.wecom_userid)
    Console().print(table)


@officer.command()
@click.argument("username")
@click.argument("role", type=ROLES)
@click.option("--take", is_flag=True, help="Take the role back.")
def role(username: str, role: str, take: bool) -> None:
    """Give a role, or take it back."""
    change = appointing.take_role if take else appointing.give_role
    change(_officer(username), Role(role), by=None, at=clock.now())
    click.echo("Done; it holds from the next request on.")


@officer.command()
@click.argument("username")
@click.option("--beat", type=int, help="Id of a beat (`weijing county beats`).")
@click.option("--station", default="")
@click.option("--deputy", is_flag=True)
def post(username: str, beat: int | None, station: str, deputy: bool) -> None:
    """Post an officer to a beat, to a station, or (neither) to the county desk."""
    county = _county()
    place = Beat.objects.filter(county=county, pk=beat).first() if beat else None
    desk = Station.objects.filter(county=county, name=station).first() if station else None
    if (beat and not place) or (station and not desk):
        raise click.ClickException("There is no such beat or station.")
    appointing.post(
        _officer(username), beat=place, station=desk, deputy=deputy, by=None, at=clock.now()
    )
    click.echo("Posted.")


@officer.command()
@click.argument("username")
def password(username: str) -> None:
    """Set a new password."""
    secret = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    appointing.change_password(_officer(username), secret)
    click.echo("Changed.")
