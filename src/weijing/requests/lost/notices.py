"""What everybody may read of a found thing: kind, day, township, the first sign of a name."""

from dataclasses import dataclass
from datetime import date

from weijing.requests.models import LostItem
from weijing.requests.wording import redacted
from weijing.residents.masking import masked_name
from weijing.territory import queries as territory
from weijing.territory.models import Division


@dataclass(frozen=True)
class Notice:
    """One line of the public list. No number of a document is anywhere in it."""

    number: str
    kind: str
    holder: str  # 罗**
    words: str
    where: str  # township and village
    found_on: date
    kept_at: str
    is_claimed: bool


def notice(item: LostItem) -> Notice:
    """Of a found thing in our hands."""
    station = item.held_by.station if item.held_by else None
    return Notice(
        number=item.number,
        kind=item.get_kind_display(),
        holder=masked_name(redacted(item.holder)),
        words=redacted(item.words, [item.holder, item.reporter]),
        where=whereabouts(item.division),
        found_on=item.happened_on,
        kept_at=station.name if station else "县公安局",
        is_claimed=item.state != LostItem.State.FOUND,
    )


def whereabouts(place: Division) -> str:
    """Never nearer than the village."""
    if place.level == Division.Level.GROUP and place.parent:
        return territory.path_name(place.parent)
    return territory.path_name(place)
