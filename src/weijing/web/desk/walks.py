"""补联任务: a chief picks places and a day, officers get their doors; how far each list is."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST

from weijing.accounts.models import Role
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.adding import walked, walking
from weijing.residents.adding.walking import Plan
from weijing.residents.figures import coverage as reading
from weijing.residents.figures.places import subtree
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

GROUPS_OFFERED = 40
USUAL_DAYS = 7
PER_PAGE = 20
MOST_PICKED = 200


@for_roles(*COMMAND)
def walks(request: OfficerRequest) -> HttpResponse:
    """Lists of the own places, open ones first."""
    is_closed = request.GET.get("state") == "closed"
    lists = walked.lists_in(request.scope).filter(closed_at__isnull=not is_closed)
    lists = lists.order_by(F("closed_at").desc(), "due_on", "pk")
    page = page_of(request, lists, size=PER_PAGE)
    today = clock.today()
    rows = walked.walks(list(page.object_list), on=today)
    places = territory.path_names(
        request.scope.county_id, [row.walking_list.division_id for row in rows]
    )
    context = {
        "page": page,
        "rows": [(row, places.get(row.walking_list.division_id, "")) for row in rows],
        "is_closed": is_closed,
        "today": today,
        "may_hand_out": request.scope.has(Role.STATION_COMMAND),
    }
    return show(request, "desk/walks/list.html", context, part="rows")


@for_roles(*COMMAND)
def walk(request: OfficerRequest, pk: int) -> HttpResponse:
    """One list, door by door: addresses and what was found, no names."""
    one = get_object_or_404(walked.lists_in(request.scope), pk=pk)
    stops = walked.stops_of(one, on=clock.today())
    page = page_of(request, stops)
    (row,) = walked.walks([one], on=clock.today())
    names = territory.path_names(one.county_id, {stop.division_id for stop in page.object_list})
    context = {
        "row": row,
        "list": one,
        "place": territory.path_name(one.division),
        "page": page,
        "stops": [(stop, names[stop.division_id]) for stop in page.object_list],
        "today": clock.today(),
        "may_hand_out": request.scope.has(Role.STATION_COMMAND),
        "words": reading.STATE_WORDS,
    }
    return show(request, "desk/walks/one.html", context, part="rows")


@for_roles(Role.STATION_COMMAND)
def new(request: OfficerRequest) -> HttpResponse:
    """Pick, see the number, hand out."""
    given = request.POST if request.method == "POST" else request.GET
    picked = _picked(request, given.getlist("place"))
    due_on = parse_date_or(given.get("due", ""), clock.today() + timedelta(days=USUAL_DAYS))
    wrong = ""
    if request.method == "POST":
        try:
            lists = walking.hand_out(
                picked, due_on=due_on, stops_seen=_number(given.get("stops", "")),
                by=request.user, scope=request.scope, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            wrong = str(error)
        else:
            stops = _number(given.get("stops", ""))
            messages.success(request, f"已派发 {stops} 户，{len(lists)} 位民辅警今天就能看到。")
            return redirect("desk:walks")
    context = _picking(request, picked) | {"due_on": due_on, "today": clock.today(), "wrong": wrong}
    return show(request, "desk/walks/new.html", context, part="plan", status=422 if wrong else 200)


@require_POST
@for_roles(Role.STATION_COMMAND)
def close(request: OfficerRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(walked.lists_in(request.scope), pk=pk)
    if walking.close(one, by=request.user, at=clock.now()):
        messages.success(request, f"{one.officer.name} 的补联任务已结束，走访记录都保留。")
    return redirect("desk:walks")


def _picked(request: OfficerRequest, codes: list[str]) -> list[Division]:
    """Places of the scope by code; what lies outside is not there."""
    if len(codes) > MOST_PICKED:
        raise Http404
    rows = Division.objects.filter(county_id=request.scope.county_id, code__in=codes)
    found = list(rows.select_related("parent__parent").order_by("lo"))
    if any(not request.scope.covers(row) for row in found):
        raise Http404
    return found


def _picking(request: OfficerRequest, picked: list[Division]) -> dict[str, Any]:
    """The groups to pick from, the worst first, and what the present choice would do."""
    scope = request.scope
    code = asked(request, "under")
    under = territory.by_code(scope.county_id, code) if code else None
    under = under or territory.root(scope.county_id)
    tree = subtree(under, scope=scope, on=clock.today())
    offered = reading.gaps_in(tree, most=GROUPS_OFFERED + 1, to_visit=True)
    is_cut = len(offered) > GROUPS_OFFERED
    offered = offered[:GROUPS_OFFERED]
    listed, codes = {row.code for row in offered}, {place.code for place in picked}
    ids = [place.pk for place in picked if place.code not in listed]
    besides = reading.rows_of(tree, np.flatnonzero(np.isin(tree.ids, ids)))
    offered = [*besides, *offered]
    names = territory.path_names(scope.county_id, [row.id for row in offered])
    return {
        "under": under,
        "groups": [(row, names.get(row.id, row.name), row.code in codes) for row in offered],
        "is_cut": is_cut,
        "picked": picked,
        **_planned(walking.plan(picked, scope=scope, at=clock.now()) if picked else Plan()),
    }


def _planned(plan: Plan) -> dict[str, Any]:
    by_officer = [(plan.officers[pk].name, len(doors)) for pk, doors in plan.doors.items()]
    return {"plan": plan, "by_officer": sorted(by_officer, key=lambda row: (-row[1], row[0]))}


def parse_date_or(text: str, otherwise: date) -> date:
    """A day as a date field sends it; `otherwise` when it is none."""
    try:
        return parse_date(text) or otherwise
    except ValueError:
        return otherwise


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
