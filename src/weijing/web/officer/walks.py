"""Doors to knock at: all that are left, those of one place, or those a chief handed out."""

import re
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.residents.adding import doors, walked
from weijing.residents.adding.doors import Door
from weijing.residents.figures import coverage
from weijing.residents.models import WalkingList
from weijing.territory import queries as territory
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.own_grid import own_grid
from weijing.web.officer.visit_form import VisitForm, milliseconds
from weijing.web.phone import phone_page

PER_PAGE = 20
_WHICH = re.compile(r"(list|group)=(\d{1,19})", re.ASCII)


@for_roles(*FIELD_ROLES)
def unlinked(request: OfficerRequest) -> HttpResponse:
    """Addresses only: the lists are carried from door to door, and kept on the phone."""
    if request.GET.get("list"):
        return _list(request, request.GET["list"])
    if request.GET.get("group"):
        return _group(request, request.GET["group"])
    own, at = own_grid(request.scope), clock.now()
    on = clock.local_day(at)
    households = coverage.unreached_households(own.scope, on=on)
    page = Paginator(households, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    found = doors.look(
        own.scope.county_id, [one.pk for one in shown], since=doors.midnight(at), at=at
    )
    context = {
        "grid": own,
        "page": page,
        "rows": [(door, home.division) for door, home in zip(found, shown, strict=True)],
        "total": own.total(on=on),
        "seen_ms": milliseconds(at),
    }
    return phone_page(request, "officer/unlinked.html", context, tab="grid", back="/o/grid/")


def _group(request: OfficerRequest, code: str) -> HttpResponse:
    """Exactly there: a village's own row holds the households that belong to none of its groups."""
    own, at = own_grid(request.scope), clock.now()
    place = territory.by_code(own.scope.county_id, code)
    if place is None or not own.scope.covers(place):
        raise Http404
    found = doors.of_place(place, scope=own.scope, at=at)
    name = territory.path_name(place)
    context = {
        "place": in_township(name),
        "code": place.code,
        "which": f"group={place.code}",
        "households_known": bool(found) or bool(own.total(on=clock.local_day(at))),
    }
    return _walk(request, found, context, back="/o/grid/", seen_at=at)


def _list(request: OfficerRequest, pk: str) -> HttpResponse:
    """A list that the chief ordered: mine, while it is open."""
    lists: dict[str, WalkingList] = {str(one.pk): one for one in walked.lists_of(request.user)}
    if pk not in lists:
        raise Http404
    one, at = lists[pk], clock.now()
    context = {
        "list": one,
        "place": in_township(territory.path_name(one.division)),
        "which": f"list={one.pk}",
        "is_late": one.due_on < clock.local_day(at),
    }
    found = doors.of_list(one, scope=request.scope, at=at)
    if not found:  # the grid is another officer's by now
        raise Http404
    return _walk(request, found, context, back="/o/today/", seen_at=at)


def _walk(
    request: OfficerRequest, found: list[Door], context: dict[str, Any], *, back: str, seen_at: Any
) -> HttpResponse:
    """All doors on one page: without a network there is no second one."""
    names = territory.path_names(request.scope.county_id, {door.division_id for door in found})
    context |= {
        "rows": [(door, in_township(names[door.division_id])) for door in found],
        "stops": len(found),
        "done": sum(door.is_done for door in found),
        "form": VisitForm(),
        "seen_at": seen_at,
        "seen_ms": milliseconds(seen_at),
    }
    return phone_page(request, "officer/walk.html", context, tab="grid", back=back)


def back_to(which: str) -> str:
    """The address of the list that a form was opened from, "" when it was none."""
    return f"/o/grid/unlinked/?{which}" if _WHICH.fullmatch(which) else ""


def in_township(path: str) -> str:
    """`桃李村 1组` of `小沙江镇 桃李村 1组`: whoever walks there knows the township."""
    return path.partition(" ")[2] or path
