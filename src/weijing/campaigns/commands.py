"""`weijing campaigns`: the kill switch, and what is under way."""

import click

from weijing.campaigns import pausing, queries, restoring
from weijing.campaigns.models import Campaign, CampaignPause, Share
from weijing.core import clock, env
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
def resume() -> None:
    """Go on asking."""
    resumed = pausing.resume(_county(), by=None, at=clock.now())
    click.echo("Resumed." if resumed else "It was not paused.")


@campaigns.command("after-restore")
def after_restore() -> None:
    """After restoring a backup, before the workers start: look into WeCom before asking anyone."""
    shares = restoring.after_restore(_county(), by=None, at=clock.now())
    click.echo(
        f"{shares} shares are looked for in WeCom first; what is not there after two looks "
        "is asked for again, or waits for a person."
    )


@campaigns.command()
def status() -> None:
    """Running campaigns with their figures, and what needs a person."""
    county = _county()
    paused = CampaignPause.objects.filter(county=county).first()
    if paused:
        click.echo(f"PAUSED since {paused.paused_at:%F %H:%M} UTC: {paused.reason}")
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
