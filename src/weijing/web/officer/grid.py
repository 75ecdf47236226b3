"""The officer's grid, place by place, and the doors still to knock at."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.residents import coverage
from weijing.residents.coverage import Coverage
from weijing.residents.models import Household
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.own_grid import OwnGrid, own_grid
from weijing.web.phone import phone_page

PER_PAGE = 20


@dataclass(frozen=True)
class Part:
    """A village (or a single group) of the grid. `rest` are households of no group."""

    place: Division
    total: Coverage
    groups: list[Coverage]
    rest: int


@for_roles(*FIELD_ROLES)
def grid(request: OfficerRequest) -> HttpResponse:
    own, today = own_grid(request.scope), clock.today()
    context = {
        "grid": own,
        "total": own.total(on=today),
        "today": today,
        "parts": [part for place in own.parts if (part := _part(own, place, on=today))],
    }
    return phone_page(request, "officer/grid.html", context, tab="grid")


def _part(own: OwnGrid, place: Division, *, on: date) -> Part | None:
    total = coverage.of_division(place, scope=own.scope, on=on)
    if total is None:
        return None
    is_group = place.level == Division.Level.GROUP
    level = Division.Level.GROUP
    groups = [] if is_group else coverage.of_level(place, level, scope=own.scope, on=on)
    in_groups = sum(group.households_missing for group in groups)
    return Part(place, total, groups, 0 if is_group else total.households_missing - in_groups)


@for_roles(*FIELD_ROLES)
def unlinked(request: OfficerRequest) -> HttpResponse:
    """Addresses only: the list is carried from door to door."""
    own, today = own_grid(request.scope), clock.today()
    code = request.GET.get("group", "")
    place = _place(own, code) if code else None
    households = coverage.unreached_households(own.scope, on=today)
    page = Paginator(_of(households, place), PER_PAGE).get_page(request.GET.get("page"))
    context = {"grid": own, "place": place, "page": page, "total": own.total(on=today)}
    return phone_page(request, "officer/unlinked.html", context, tab="grid", back="/o/grid/")


def _place(own: OwnGrid, code: str) -> Division:
    place = territory.by_code(own.scope.county_id, code)
    if place is None or not own.scope.covers(place):
        raise Http404
    return place


def _of(households: QuerySet[Household], place: Division | None) -> QuerySet[Household]:
    # Exactly there: a village's own row holds the households that belong to none of its groups.
    return households.filter(division=place) if place else households
