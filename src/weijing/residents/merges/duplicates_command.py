"""`weijing duplicates`: the queue of records that may be one person."""

import click
from django.db.models import Count
from rich.console import Console
from rich.table import Table

from weijing.core import clock, env
from weijing.residents.merges import duplicates
from weijing.residents.models import DuplicatePair
from weijing.territory import queries


@click.command("duplicates")
@click.option("--find", "is_to_find", is_flag=True, help="Look for pairs now, not tonight.")
def duplicates_command(is_to_find: bool) -> None:
    """Count the pairs of records that may be one person, by rule and by decision."""
    code = env.environment().county
    county = queries.county_by_code(code)
    if county is None:
        raise click.ClickException(f"County {code} is not loaded: weijing county load {code}")
    if is_to_find:
        found = duplicates.find(county.pk, at=clock.now())
        click.echo(f"{found.new:,} new, {found.gone:,} no longer alike")
    pairs = DuplicatePair.objects.filter(county=county).values("rule", "state")
    table = Table("规则", "状态", "对")
    for row in pairs.annotate(pairs=Count("pk")).order_by("-rule", "state"):
        rule, state = DuplicatePair.Rule(row["rule"]), DuplicatePair.State(row["state"])
        table.add_row(rule.label, state.label, f"{row['pairs']:,}")
    Console().print(table)
