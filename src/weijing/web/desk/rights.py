"""Residents' requests about their own data: the list by deadline, and one of them step by step."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.privacy import deciding, executing, queries
from weijing.privacy.models import RightsRequest
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.residents.record.homes import Place
from weijing.territory import queries as territory
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.rights_page import page_of_request
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show
from weijing.web.due_days import due_word

Field, State = RightsRequest.Field, RightsRequest.State
STATES = {"open": "待办", "answered": "已答复"}


@for_roles(*COMMAND)
def requests(request: OfficerRequest) -> HttpResponse:
    state = asked(request, "state") if asked(request, "state") in STATES else "open"
    rows = queries.requests_seen_by(request.scope)
    is_answered = {"state": State.ANSWERED}
    rows = rows.filter(queries.OPEN) if state == "open" else rows.filter(**is_answered)
    page = page_of(request, rows.select_related("resident__division__parent__parent"))
    shown = list(page.object_list)
    _note_seen(request, [row.resident_id for row in shown])
    context = {
        "page": page,
        "rows": [_row(row) for row in shown],
        "state": state,
        "states": STATES,
        "today": clock.today(),
    }
    return show(request, "desk/rights/list.html", context, part="rows")


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def rights_request(request: OfficerRequest, number: str) -> HttpResponse:
    """POST takes the one step that the state allows, named by the button."""
    found = get_object_or_404(queries.requests_seen_by(request.scope), number=number.upper())
    wrong = ""
    if request.method == "POST":
        try:
            _step(request, found)
            return redirect("desk:rights-request", number=found.number)
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
            found.refresh_from_db()
    return page_of_request(request, found, wrong)


def _step(request: OfficerRequest, found: RightsRequest) -> None:
    at, by, scope = clock.now(), request.user, request.scope
    words = request.POST.get("words", "").replace("\x00", "")
    match request.POST.get("step"):
        case "check":
            how = request.POST.get("how", "")
            deciding.check_identity(found, how, by=by, scope=scope, at=at)
            messages.success(request, "已登记身份核实。")
        case "grant":
            place = _place(request) if found.field == Field.ADDRESS else None
            executing.grant_and_execute(found, by=by, scope=scope, at=at, place=place)
            messages.success(request, "已同意。")
        case "refuse":
            deciding.refuse(found, words, by=by, scope=scope, at=at)
            messages.success(request, "已答复群众不予办理，并写明了依据和救济途径。")
        case "execute":
            deciding.mark_executed(found, by=by, scope=scope, at=at)
            messages.success(request, "已登记办理完成。")
        case "answer":
            deciding.answer(found, words, by=by, scope=scope, at=at)
            messages.success(request, "已答复，群众在专页里看到。")
        case _:
            raise Http404


def _place(request: OfficerRequest) -> Place | None:
    code, address = request.POST.get("division", ""), request.POST.get("address", "")
    division = territory.by_code(request.scope.county_id, code)
    return Place(division, address) if division else None


def _row(row: RightsRequest) -> dict[str, Any]:
    return {
        "asked": row,
        "name": masked_name(row.resident.name),
        "where": territory.path_name(row.resident.division)
        if row.resident.division
        else "住址不详",
        "due": due_word(row.due_on, today=clock.today()),
    }


def _note_seen(request: OfficerRequest, ids: list[int]) -> None:
    label = Resident._meta.label_lower
    trail.viewed(request.user, label, ids, purpose="request.list", at=clock.now())
