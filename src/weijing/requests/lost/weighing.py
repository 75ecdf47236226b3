"""What speaks for a found thing being the lost one, and what against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet

from weijing.requests.lost.taking_in import DOCUMENTS
from weijing.requests.models import LostItem
from weijing.territory import queries as territory
from weijing.territory.models import Division

Side, Kind, State = LostItem.Side, LostItem.Kind, LostItem.State
EARLIEST = timedelta(days=1)  # people are a day wrong about when they lost a thing
LATEST = timedelta(days=90)
MOST_SHOWN = 5
MOST_WEIGHED = 300
NOT_COMPARED = ("place_sealed", "words_sealed", "marks_sealed", "reporter_sealed", "phone_sealed")
REASONS = {
    "number": "证件号一致",
    "tail": "证件号后四位一致",
    "name": "姓名一致",
    "kind": "同一类",
    "village": "同一个村",
    "township": "同一个乡镇",
    "days": "日期接得上",
    "came": "失主当面来认",
}
WEIGHTS = {
    "number": 100,
    "tail": 20,
    "name": 40,
    "kind": 10,
    "village": 8,
    "township": 4,
    "days": 2,
}


@dataclass(frozen=True)
class Candidate:
    """Another half, and what speaks for it: keys of `REASONS`."""

    item: LostItem
    reasons: tuple[str, ...]

    @property
    def weight(self) -> int:
        return sum(WEIGHTS[reason] for reason in self.reasons)

    @property
    def words(self) -> str:
        return "、".join(REASONS[reason] for reason in self.reasons)


def likely(item: LostItem) -> list[Candidate]:
    """Open things of the other side that could be it, the most likely first, county-wide.

    Two different numbers or two different names are never one document.
    """
    town = _township(item.division)
    found = []
    for other in _other_side(item, town)[:MOST_WEIGHED]:
        if spoken := _reasons(item, other, town):
            found.append(Candidate(other, spoken))
    return sorted(found, key=lambda one: (-one.weight, one.item.pk))[:MOST_SHOWN]


def counts(items: Iterable[LostItem]) -> dict[int, int]:
    """How many could be each of these open things, by id."""
    waiting = [item for item in items if item.state in (State.REPORTED, State.FOUND)]
    return {item.pk: len(likely(item)) for item in waiting}


def _other_side(item: LostItem, town: Division | None) -> QuerySet[LostItem]:
    """Those of the right days that share a number or a name, or a kind and a township."""
    is_found = item.side == Side.FOUND
    rows = LostItem.objects.filter(
        county_id=item.county_id,
        side=Side.LOST if is_found else Side.FOUND,
        state=State.REPORTED if is_found else State.FOUND,
    )
    day = item.happened_on
    earliest, latest = (
        (day - LATEST, day + EARLIEST) if is_found else (day - EARLIEST, day + LATEST)
    )
    rows = rows.filter(happened_on__range=(earliest, latest))
    alike = Q(pk__in=[])
    if item.kind not in DOCUMENTS and town is not None:
        alike |= Q(kind=item.kind) & town.inside()
    if item.tail_index:
        alike |= Q(kind=item.kind, tail_index=item.tail_index)
    for field in ("id_index", "holder_index"):
        if value := getattr(item, field):
            alike |= Q(**{field: value})
    rows = rows.filter(alike).select_related("division").defer(*NOT_COMPARED)
    return rows.order_by("-happened_on", "pk")


def reasons(one: LostItem, other: LostItem) -> tuple[str, ...]:
    """Keys of `REASONS`. Nothing when something speaks against it, or too little for it."""
    return _reasons(one, other, _township(one.division))


def _reasons(one: LostItem, other: LostItem, town: Division | None) -> tuple[str, ...]:
    """Nothing when something speaks against it, or when too little speaks for it."""
    if _cannot_be(one, other):
        return ()
    same_town = town is not None and town.lo <= other.division.lo <= town.hi
    facts = {
        "number": _same(one.id_index, other.id_index),
        "tail": _same(one.tail_index, other.tail_index) and not _same(one.id_index, other.id_index),
        "name": _same(one.holder_index, other.holder_index),
        "kind": one.kind == other.kind,
        "village": _same_village(one.division, other.division),
        "township": same_town and not _same_village(one.division, other.division),
    }
    held = [name for name, holds in facts.items() if holds]
    names_somebody = facts["number"] or facts["name"] or (facts["tail"] and facts["kind"])
    is_near = facts["kind"] and same_town and one.kind not in DOCUMENTS
    if not (names_somebody or is_near):
        return ()
    return (*held, "days")  # the query has looked at the days


def _cannot_be(one: LostItem, other: LostItem) -> bool:
    """Two numbers or two names speak against it, unless the whole number is the same."""
    if _same(one.id_index, other.id_index):
        return False
    for field in ("id_index", "tail_index", "holder_index"):
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine and theirs and mine != theirs:
            return True
    return False


def _same(one: object, other: object) -> bool:
    return one is not None and one == other


def _same_village(one: Division, other: Division) -> bool:
    places = (Division.Level.VILLAGE, Division.Level.GROUP)
    if one.level not in places or other.level not in places:
        return False
    return _village_id(one) == _village_id(other)


def _village_id(place: Division) -> int | None:
    return place.parent_id if place.level == Division.Level.GROUP else place.pk


def _township(place: Division) -> Division | None:
    above = territory.ancestors(place)
    return next((one for one in above if one.level == Division.Level.TOWNSHIP), None)
