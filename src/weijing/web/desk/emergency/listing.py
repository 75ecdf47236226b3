"""紧急推送: what is open, what was, and what somebody still has to look at afterwards."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.campaigns.emergency import policies, reminding, reporting, reviewing, wording
from weijing.campaigns.emergency.models import EmergencyEvent
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.showing import asked, page_of, show
from weijing.web.emergency.form import EventForm, picker
from weijing.web.emergency.page import LOOKS, SEVERITY

State = EmergencyEvent.State
ENDED = (State.CLEARED, State.REJECTED)


@for_roles(*policies.DESK)
def events(request: OfficerRequest) -> HttpResponse:
    is_ended = asked(request, "list") == "ended"
    found = policies.visible_to(request.scope).filter(state__in=ENDED)
    found = found.order_by("-ended_at") if is_ended else reminding.open_events(request.scope)
    page = page_of(request, found.select_related("road", "reported_by"))
    context = {
        "page": page,
        "rows": [row(event) for event in page.object_list],
        "is_ended": is_ended,
        "overdue": reminding.overdue(request.scope, at=clock.now()),
        "to_review": list(reviewing.to_review(request.scope)[:10])
        if policies.can_review(request.user, at=clock.now())
        else [],
        "review_within": reviewing.REVIEW_WITHIN,
        "may_set_up": policies.can_keep_roads(request.user, at=clock.now()),
        "may_report": policies.can_report(request.user, at=clock.now()),
    }
    return show(request, "desk/emergency/list.html", context, part="rows")


def row(event: EmergencyEvent) -> dict[str, Any]:
    return {
        "event": event,
        "title": f"{wording.short_where(event)} {event.get_kind_display()}",
        "look": LOOKS[State(event.state)],
        "severity_look": SEVERITY[event.severity],
    }


@for_roles(*policies.WRITERS)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    form = EventForm(request.scope, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            event = reporting.report(form.report(), by=request.user, at=clock.now())
        except DomainError as wrong:
            form.add_error(None, str(wrong))
        else:
            messages.success(request, "已登记，请马上核实。")
            return redirect("desk:emergency-one", number=event.number)
    context = {"form": form, "towns": picker(request.scope.county_id, form.picked)}
    return show(request, "desk/emergency/new.html", context, status=422 if form.errors else 200)
