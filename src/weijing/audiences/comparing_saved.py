"""Whether saved audiences mean by the index whom they mean by the rows: for `weijing doctor`."""

from pyroaring import BitMap

from weijing.audiences import by_rows, counting
from weijing.audiences.expression import BadExpression, Node, parse
from weijing.audiences.models import SavedAudience

LOOKS = 3  # somebody may commit between the index and the rows


def differing(county_id: int) -> list[int]:
    """Ids of those that differ; what cannot be read means nobody either way.

    Seconds for each at the size of a county.
    """
    saved = SavedAudience.objects.filter(county_id=county_id).order_by("pk")
    return [each.pk for each in saved if _differs(each)]


def _differs(saved: SavedAudience) -> bool:
    try:
        node = parse(saved.tree, county_id=saved.county_id)
    except BadExpression:
        return False
    return all(_disagree(node, saved.county_id) for _ in range(LOOKS))


def _disagree(node: Node, county_id: int) -> bool:
    people = by_rows.matching(node, county_id=county_id).values_list("ordinal", flat=True)
    return BitMap(people.iterator()) != counting.people(node, county_id=county_id)
