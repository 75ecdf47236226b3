"""The county's divisions, read once for a whole file."""

from collections.abc import Iterable

from weijing.residents.importing.places import Gazetteer, Village
from weijing.territory import queries
from weijing.territory.models import Division


def gazetteer(county_id: int) -> Gazetteer:
    """The divisions as they are now."""
    rows = Division.objects.filter(county_id=county_id)
    villages = rows.filter(level=Division.Level.VILLAGE).select_related("parent").order_by("code")
    groups = rows.filter(level=Division.Level.GROUP).values_list("code", "name")
    return Gazetteer(
        county_name=queries.root(county_id).name,
        villages=tuple(_villages(villages)),
        group_names=dict(groups),
    )


def _villages(rows: Iterable[Division]) -> Iterable[Village]:
    for row in rows:
        yield Village(row.code, row.name, row.parent.name if row.parent else "")
