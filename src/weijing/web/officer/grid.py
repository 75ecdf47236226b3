"""The officer's grid, place by place, and the doors still to knock at."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.residents.adding import walked
from weijing.residents.figures import coverage
from weijing.residents.figures.coverage import Coverage
from weijing.residents.figures.places import subtree
from weijing.residents.models import Household
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.own_grid import OwnGrid, own_grid
from weijing.web.phone import phone_page

PER_PAGE = 20
STOPS_PER_PAGE = 50


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
    tree = subtree(place, scope=own.scope, on=on)
    if not len(tree.ids):
        return None
    is_group = place.level == Division.Level.GROUP
    total = coverage.total_of(tree)
    groups = [] if is_group else coverage.level_in(tree, Division.Level.GROUP)
    in_groups = sum(group.households_missing for group in groups)
    return Part(place, total, groups, 0 if is_group else total.households_missing - in_groups)


@for_roles(*FIELD_ROLES)
def unlinked(request: OfficerRequest) -> HttpResponse:
    """Addresses only: the list is carried from door to door."""
    if request.GET.get("list"):
        return _walk(request, request.GET["list"])
    own, today = own_grid(request.scope), clock.today()
    code = request.GET.get("group", "")
    place = _place(own, code) if code else None
    households = coverage.unreached_households(own.scope, on=today)
    page = Paginator(_of(households, place), PER_PAGE).get_page(request.GET.get("page"))
    context = {"grid": own, "place": place, "page": page, "total": own.total(on=today)}
    return phone_page(request, "officer/unlinked.html", context, tab="grid", back="/o/grid/")


def _walk(request: OfficerRequest, pk: str) -> HttpResponse:
    """A list that the chief ordered: mine, while it is open."""
    lists = {str(one.pk): one for one in walked.lists_of(request.user)}
    if pk not in lists:
        raise Http404
    one, today = lists[pk], clock.today()
    stops = walked.stops_of(one, on=today)
    page = Paginator(stops, STOPS_PER_PAGE).get_page(request.GET.get("page"))
    names = territory.path_names(one.county_id, {stop.division_id for stop in page.object_list})
    context = {
        "list": one,
        "place": territory.path_name(one.division),
        "stops": len(stops),
        "done": sum(stop.is_done for stop in stops),
        "page": page,
        "rows": [(stop, _in_township(names[stop.division_id])) for stop in page.object_list],
        "is_late": one.due_on < today,
    }
    return phone_page(request, "officer/walk.html", context, tab="grid", back="/o/today/")


def _in_township(path: str) -> str:
    """`桃李村 1组` of `小沙江镇 桃李村 1组`: whoever walks there knows the township."""
    return path.partition(" ")[2] or path


def _place(own: OwnGrid, code: str) -> Division:
    place = territory.by_code(own.scope.county_id, code)
    if place is None or not own.scope.covers(place):
        raise Http404
    return place


def _of(households: QuerySet[Household], place: Division | None) -> QuerySet[Household]:
    # Exactly there: a village's own row holds the households that belong to none of its groups.
    return households.filter(division=place) if place else households
