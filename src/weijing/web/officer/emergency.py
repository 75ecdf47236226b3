"""险情 on an officer's phone: report it from the spot, call the households in danger."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.campaigns.emergency import calling, policies, reminding, reporting
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.emergency.listing import row
from weijing.web.desk.showing import page_of
from weijing.web.emergency import calls, page
from weijing.web.emergency.form import EventForm, picker
from weijing.web.phone import phone_page

PHONE = (*FIELD_ROLES, Role.STATION_COMMAND)
LISTED = 30
CALLS = 20  # on one page


@for_roles(*PHONE)
def events(request: OfficerRequest) -> HttpResponse:
    context = {
        "rows": [row(event) for event in reminding.open_events(request.scope)[:LISTED]],
        "to_call": calling.waiting_for(request.scope).count(),
    }
    return phone_page(request, "officer/emergency/list.html", context, back="/o/today/")


@for_roles(*PHONE)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    form = EventForm(request.scope, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            event = reporting.report(form.report(), by=request.user, at=clock.now())
        except DomainError as wrong:
            form.add_error(None, str(wrong))
        else:
            messages.success(request, "已报给指挥室核实。人先到安全的地方。")
            return redirect("officer:emergency-one", number=event.number)
    towns = picker(request.scope.county_id, form.picked)
    own = [town for town in towns if any(request.scope.covers(v) for v, _ in town.villages)]
    context = {"form": form, "towns": own or towns}
    status = 422 if form.errors else 200
    template = "officer/emergency/new.html"
    return phone_page(request, template, context, back="/o/emergency/", status=status)


@for_roles(*PHONE)
@require_http_methods(["GET", "POST"])
def event(request: OfficerRequest, number: str) -> HttpResponse:
    events = policies.visible_to(request.scope).filter(number=number)
    found = events.select_related(
        "road", "county", "reported_by", "verified_by", "ended_by"
    ).first()
    if found is None:
        raise Http404
    wrong = ""
    if request.method == "POST":
        try:
            messages.success(request, calls.act(request, found))
            return redirect("officer:emergency-one", number=number)
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
    page_shown = page_of(request, calling.of(found, request.scope), size=CALLS)
    context = {
        **page.facts(found),
        "page": page_shown,
        # Whoever calls needs the number; each reading is noted.
        "rows": calls.rows(request, found, list(page_shown), at=clock.now(), reveal=True),
        "messages_sent": page.sent(found),
        "choices": calls.CHOICES,
        "wrong": wrong,
    }
    status = 422 if wrong else 200
    template = "officer/emergency/one.html"
    return phone_page(request, template, context, back="/o/emergency/", status=status)
