"""One request at the desk: what is wanted, what stands now, and the one step that is next."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from weijing.accounts.models import Role
from weijing.core import clock
from weijing.privacy import erasing
from weijing.privacy.models import RightsRequest
from weijing.residents.masking import masked_phone
from weijing.residents.models import Resident
from weijing.residents.policies import access_resident
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest
from weijing.web.due_days import due_word

Kind, Field, State = RightsRequest.Kind, RightsRequest.Field, RightsRequest.State
# What is written for them; an officer may say it in other words.
ANSWERS = {
    Kind.DELETE: f"{erasing.DELETED}{erasing.KEPT}",
    Kind.CORRECT: "已按您说的更正，打开专页就能看到。",
}


def page_of_request(request: OfficerRequest, found: RightsRequest, wrong: str) -> HttpResponse:
    """With the step that is next; `wrong` says why the last one was not taken."""
    try:
        person = access_resident(
            request.scope, request.user, found.resident_id, purpose="request", at=clock.now()
        )
    except Resident.DoesNotExist as gone:
        raise Http404 from gone
    context: dict[str, Any] = {
        "asked": found,
        "person": person,
        "now": _as_it_stands(found, person),
        "where": whereabouts(person),
        "due": due_word(found.due_on, today=clock.today()),
        "steps": _steps(found),
        "checks": [(c.value, c.label) for c in RightsRequest.Check if c.value],
        "may_act": request.scope.has(Role.STATION_COMMAND),
        "does_itself": found.kind == Kind.DELETE
        or (found.kind == Kind.CORRECT and found.field in (Field.NAME, Field.PHONE, Field.ADDRESS)),
        "kept": erasing.KEPT if found.kind == Kind.DELETE else "",
        "deleted": erasing.WHAT if found.kind == Kind.DELETE else "",
        "places": _places(person) if found.field == Field.ADDRESS else [],
        "words": request.POST.get("words") or ANSWERS.get(Kind(found.kind), ""),
        "wrong": wrong,
    }
    return render(request, "desk/rights/request.html", context, status=422 if wrong else 200)


def _as_it_stands(found: RightsRequest, person: Resident) -> str:
    """What the record says now of what is to be corrected."""
    home = f" {person.household.address}" if person.household else ""
    match found.field:
        case Field.NAME:
            return person.name
        case Field.PHONE:
            return masked_phone(person.phone) or "没有登记"
        case Field.ADDRESS:
            return f"{territory.path_name(person.division)}{home}" if person.division else "不详"
    return ""


def _places(person: Resident) -> list[tuple[str, str]]:
    """Villages and groups of the person's township, to choose the right one from."""
    if person.division is None:
        return []
    town = next(
        (d for d in territory.ancestors(person.division) if d.level == Division.Level.TOWNSHIP),
        None,
    )
    if town is None:
        return []
    levels = [Division.Level.VILLAGE, Division.Level.GROUP]
    inside = Division.objects.filter(
        county_id=person.county_id, level__in=levels, lo__gte=town.lo, hi__lte=town.hi
    )
    rows = inside.select_related("parent").order_by("lo")
    return [
        (
            row.code,
            f"{row.parent.name} {row.name}" if row.level == "group" and row.parent else row.name,
        )
        for row in rows
    ]


def _steps(found: RightsRequest) -> list[dict[str, Any]]:
    rows = [
        ("收到申请", found.received_at, found.received_by, found.get_channel_display()),
        ("核实身份", found.checked_at, found.checked_by, found.get_checked_how_display()),
        ("决定", found.decided_at, found.decided_by, _decision(found)),
        ("办理", found.executed_at, found.executed_by, ""),
        ("答复", found.answered_at, found.answered_by, ""),
    ]
    if found.granted is False:
        rows = [row for row in rows if row[0] != "办理"]
    steps, is_now = [], True
    for what, at, by, note in rows:
        state = "done" if at else "now" if is_now else "future"
        is_now = is_now and bool(at)
        said = " · ".join(part for part in (by.name if by else "", note if at else "") if part)
        steps.append({"what": what, "state": state, "at": at, "note": said})
    return steps


def _decision(found: RightsRequest) -> str:
    return {True: "同意", False: "不予办理", None: ""}[found.granted]


def whereabouts(person: Resident) -> str:
    return territory.path_name(person.division) if person.division else "住址不详"
