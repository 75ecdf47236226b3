"""`weijing coverage`: count everything again, or prove that what is kept is true."""

import click

from weijing.core import clock, env
from weijing.residents.figures import keeping, touching, trends
from weijing.territory import queries
from weijing.territory.models import County


@click.group()
def coverage() -> None:
    """Keep the coverage figures that the pages read."""


@coverage.command()
@click.option("--all", "everything", is_flag=True, help="Every place, also those just counted.")
def count(everything: bool) -> None:
    """Count the places that changed and keep their figures; the first time that is every place."""
    county, at = _county(), clock.now()
    if everything:
        touching.touch_everything(county.pk)
    folded = keeping.fold(county.pk, at=at)
    days = trends.write_day(county.pk, at=at)
    click.echo(f"Counted {folded.places:,} of {days:,} places.")


@coverage.command()
def verify() -> None:
    """Compare every kept figure with the rows. Exits with 1 when one is wrong."""
    county = _county()
    wrong = keeping.wrong_figures(county.pk, at=clock.now())
    if wrong:
        names = queries.path_names(county.pk, wrong[:10]).values()
        raise click.ClickException(
            f"{len(wrong):,} places are kept wrongly, such as {', '.join(names)}. "
            "Cure: weijing coverage count --all"
        )
    click.echo("Every kept figure equals the rows.")


def _county() -> County:
    code = env.environment().county
    county = queries.county_by_code(code)
    if county is None:
        raise click.ClickException(f"County {code} is not loaded: weijing county load {code}")
    return county
