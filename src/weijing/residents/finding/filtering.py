"""Applying the filters of a list to the people that somebody may see."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.core import clock
from weijing.residents.finding import searching
from weijing.residents.finding.filters import Filters
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Contact, Resident
from weijing.residents.queries import visible_to
from weijing.territory.queries import by_code

State = Contact.State
ORDERS: dict[str, tuple[Any, ...]] = {
    "": ("ordinal",),
    "name": ("pinyin", "name", "pk"),
    "-name": ("-pinyin", "-name", "pk"),
    "age": (F("born_on").desc(nulls_last=True), "pk"),
    "-age": (F("born_on").asc(nulls_last=True), "pk"),
    "place": (F("division__lo").asc(nulls_last=True), "household_id", "ordinal"),
    "-place": (F("division__lo").desc(nulls_last=True), "household_id", "ordinal"),
}


def people(filters: Filters, *, scope: Scope, on: date) -> QuerySet[Resident]:
    """Who fits, of those the scope sees, sorted. Tags are for the part above this one."""
    if not filters.text:
        found = visible_to(scope)
    elif filters.nearly:
        found = searching.nearly_fitting(filters.text, scope=scope)
    else:
        found = searching.fitting(filters.text, scope=scope)
    for condition in _conditions(filters, scope, on):
        found = found.filter(condition)
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
