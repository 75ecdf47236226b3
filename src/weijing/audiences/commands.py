"""`weijing audience`: who an expression means, on the command line."""

import json

import click
from rich.console import Console
from rich.table import Table

from weijing.audiences import counting, expression, sentence, text
from weijing.core.env import environment
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.territory.models import County

LISTED = 50


@click.command()
@click.argument("wanted")
@click.option("--list", "show", is_flag=True, help=f"Show the first {LISTED}, names masked.")
@click.option("--topic", default="", help="The message's topic; some tags serve only one.")
def audience(wanted: str, show: bool, topic: str) -> None:
    """Count who a message would reach.

    WANTED is a JSON tree, {"tag": ["TRF01001"]}, or its text form, 标签(重型货车).
    """
    county = County.objects.filter(code=environment().county).first()
    if county is None:
        raise click.ClickException("There is no county yet (`weijing county load`).")
    node = _read(wanted, county.pk, topic)
    click.echo(text.to_text(node))
    click.echo(sentence.sentence(node))
    click.echo(f"{counting.count(node, county_id=county.pk):,} 人")
    _townships(node, county.pk)
    if show:
        found = counting.people(node, county_id=county.pk)
        rows = Resident.objects.filter(county=county, ordinal__in=found[:LISTED])
        for person in rows.order_by("ordinal"):
            click.echo(f"{person.ordinal:>9}  {masked_name(person.name)}")


def _read(wanted: str, county_id: int, topic: str) -> expression.Node:
    if not wanted.lstrip().startswith("{"):
        return text.read(wanted, county_id=county_id, topic=topic)
    try:
        tree = json.loads(wanted)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"Not JSON: {error}") from error
    return expression.parse(tree, county_id=county_id, topic=topic)


def _townships(node: expression.Node, county_id: int) -> None:
    table = Table("乡镇", "人数")
    for place, people in counting.by_township(node, county_id=county_id).items():
        table.add_row(place.name if place else "住址未知", f"{people:,}")
    Console().print(table)
