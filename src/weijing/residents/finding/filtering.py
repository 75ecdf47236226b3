"""Applying the filters of a list to the people that somebody may see."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Collate

from weijing.accounts.scope import Scope
from weijing.core import clock
from weijing.residents.finding import searching
from weijing.residents.finding.filters import Filters
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Contact, Resident
from weijing.residents.queries import narrowed
from weijing.territory.queries import by_code

State = Contact.State
ORDERS: dict[str, tuple[Any, ...]] = {
    "": ("ordinal",),
    # Ordinals are given in the order of coming, and have an index that is read from either end.
    "-added": ("-ordinal",),
    # Pinyin is plain letters: compared as bytes a county is sorted in a third of the time.
    "name": (Collate("pinyin", "C"), Collate("name", "C"), "pk"),
    "-name": (Collate("pinyin", "C").desc(), Collate("name", "C").desc(), "pk"),
    "age": (F("born_on").desc(nulls_last=True), "pk"),
    "-age": (F("born_on").asc(nulls_last=True), "pk"),
    "place": (F("division__lo").asc(nulls_last=True), "household_id", "ordinal"),
    "-place": (F("division__lo").desc(nulls_last=True), "household_id", "ordinal"),
}


def people(
    filters: Filters, *, scope: Scope, on: date, also: Sequence[Q] = ()
) -> QuerySet[Resident]:
    """Who fits, of those the scope sees, sorted. `also`: conditions of the parts above this one."""
    conditions = [*_conditions(filters, scope, on), *also]
    if filters.text:
        text, county_id = filters.text, scope.county_id
        conditions.append(searching.meaning(text, county_id=county_id, nearly=filters.nearly))
    found = narrowed(scope, lambda people: people.filter(*conditions))
    return found.order_by(*ORDERS[filters.sort])


def _conditions(filters: Filters, scope: Scope, on: date) -> Iterator[Q]:
    if filters.place:
        place = by_code(scope.county_id, filters.place)
        yield place.inside() if place and scope.covers(place) else Q(pk__in=[])
    if filters.state:
        yield _state(filters.state, scope.county_id)
    if filters.officer is not None or filters.since:
        yield Q(Exists(_added(filters, scope.county_id)))
    if filters.ages:
        yield _aged(*filters.ages, on)
    if filters.consent:
        given = Q(consents__contains=[filters.consent.removeprefix("no-")])
        yield ~given if filters.consent.startswith("no-") else given
    if filters.away:
        yield Q(away_at="") if filters.away == "no" else ~Q(away_at="")
    if filters.reach:
        yield Q(reach="" if filters.reach == "unknown" else filters.reach)
    plain = {"lifecycle": filters.life, "sex": filters.sex, "household_role": filters.role}
    yield Q(**{column: value for column, value in plain.items() if value})


def _contact(county_id: int, state: str) -> Q:
    pairs = Contact.objects.filter(county_id=county_id, state=state)
    return Q(Exists(pairs.filter(identity__resident=OuterRef("pk"))))


def _state(state: str, county_id: int) -> Q:
    linked = _contact(county_id, State.LINKED)
    match state:
        case "linked":
            return linked
        case "half":
            return _contact(county_id, State.HALF)
        case "removed":
            return _contact(county_id, State.REMOVED_BY_RESIDENT) & ~linked
        case "provisional":
            return Q(lifecycle=Resident.Lifecycle.PROVISIONAL)
        case _:
            return ~linked & Q(lifecycle=Resident.Lifecycle.ROLL)


def _added(filters: Filters, county_id: int) -> QuerySet[Contact]:
    pairs = live(county_id).filter(identity__resident=OuterRef("pk"))
    if filters.officer is not None:
        pairs = pairs.filter(officer_id=filters.officer)
    if filters.since:
        began = datetime.combine(filters.since, time(), tzinfo=clock.COUNTY_TIME)
        pairs = pairs.filter(added_at__gte=began)
    return pairs


def _aged(from_: int | None, to: int | None, day: date) -> Q:
    condition = Q(born_on__isnull=False)
    if from_ is not None:
        condition &= Q(born_on__lte=clock.years_before(day, from_))
    if to is not None:
        condition &= Q(born_on__gt=clock.years_before(day, to + 1))
    return condition
