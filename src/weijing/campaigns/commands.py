"""`weijing campaigns`: the kill switch, what is under way, and what follows a restore."""

from datetime import datetime

import click

from wecom_api import WeComError
from weijing.campaigns import pausing, queries, restoring
from weijing.campaigns.models import Campaign, CampaignPause, Share
from weijing.core import clock, env, line
from weijing.core.clock import COUNTY_TIME
from weijing.territory.models import County


def _county() -> County:
    code = env.environment().county
    county = County.objects.filter(code=code).first()
    if county is None:
        raise click.ClickException(f"County {code} is not loaded: weijing county load {code}")
    return county


@click.group()
def campaigns() -> None:
    """Pause and resume all asking; see what is under way."""


@campaigns.command()
@click.option("--reason", required=True, help="Shown to everyone who waits.")
def pause(reason: str) -> None:
    """Stop asking officers within five seconds. What WeCom has already goes on."""
    pausing.pause(_county(), by=None, at=clock.now(), reason=reason)
    click.echo("Paused: no officer is asked until `weijing campaigns resume`.")


@campaigns.command()
@click.option("--without-look", is_flag=True, help="Though WeCom was not read since a restore.")
def resume(without_look: bool) -> None:
    """Go on asking. After a restore only once WeCom's list has been read."""
    try:
        resumed = pausing.resume(_county(), by=None, at=clock.now(), without_look=without_look)
    except pausing.NotLookedYet as not_yet:
        raise click.ClickException(str(not_yet)) from not_yet
    click.echo("Resumed." if resumed else "It was not paused.")


@campaigns.command("after-restore")
def after_restore() -> None:
    """After restoring a backup, before the workers start: pause, and look into WeCom first."""
    county = _county()
    restore = restoring.after_restore(county, by=None, at=clock.now())
    click.echo(
        f"Paused. The rows know of nothing after {_shown(restore.knows_until)}.\n"
        f"{restore.shares} shares are looked for in WeCom first; what is not there after two "
        "looks is asked for again, or waits for a person.\n"
        f"{restore.schedules} scheduled messages wait for approval again."
    )
    try:
        unknown = restoring.look(county, wecom=line.wecom(county.pk), at=clock.now())
    except WeComError as error:
        click.echo(f"WeCom could not be read ({error}); the worker goes on trying.")
    else:
        click.echo(f"{unknown} tasks of ours in WeCom that no row knows: weijing campaigns strays")
    click.echo(
        f"Start the workers. From {_shown(restoring.settles_from(restore))} on their look at WeCom "
        "counts; then: weijing campaigns resume"
    )


@campaigns.command()
def strays() -> None:
    """Tasks of ours in WeCom that should not have been there, the latest first."""
    for stray in queries.strays(_county().pk)[:200]:
        became = "SENT" if stray.was_sent else "cancelled"
        first, *_ = stray.text.splitlines() or [""]
        click.echo(f"{_shown(stray.seen_at)}  {stray.code}  {became:<9}  {first[:60]}")


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(COUNTY_TIME):%F %H:%M}"


@campaigns.command()
def status() -> None:
    """Running campaigns with their figures, and what needs a person."""
    county = _county()
    paused = CampaignPause.objects.filter(county=county).first()
    if paused:
        click.echo(f"PAUSED since {paused.paused_at:%F %H:%M} UTC: {paused.reason}")
    if restoring.unsettled(county.pk):
        click.echo("RESTORED: WeCom's list has not been read late enough since.")
    for campaign in Campaign.objects.filter(county=county, state=Campaign.State.RELEASED):
        figures = queries.progress(campaign)
        click.echo(
            f"{campaign.number}  officers {figures.officers_confirmed}/{figures.officers}  "
            f"people {figures.sent}/{figures.people} sent  "
            f"unsure {figures.shares_unsure}  for a person {figures.shares_needing_a_person}"
        )
    left = Share.objects.filter(county=county, needs_person=True).count()
    click.echo(
        f"{left} shares need a person; {queries.strays(county.pk).count()} stray tasks seen."
    )
