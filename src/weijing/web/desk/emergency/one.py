"""One event at the desk: verify, write, let go, follow, end; and what is left of it on paper."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.audit import trail
from weijing.campaigns.emergency import calling, policies, reaching
from weijing.campaigns.emergency.models import EmergencyEvent, HouseholdCall, Sms, Takeover
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.territory.queries import path_names
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show
from weijing.web.emergency import calls, page, steps
from weijing.web.emergency.form import picker


@for_roles(*policies.DESK)
@require_http_methods(["GET", "POST"])
def event(request: OfficerRequest, number: str) -> HttpResponse:
    found = seen(request, number)
    if request.method != "POST":
        return _drawn(request, found)
    try:
        messages.success(request, steps.take(request, found))
    except PermissionDenied:
        raise
    except DomainError as wrong:
        return _drawn(request, seen(request, number), wrong=str(wrong))
    return redirect("desk:emergency-one", number=number)


def seen(request: OfficerRequest, number: str) -> EmergencyEvent:
    """Raises `Http404`."""
    events = policies.visible_to(request.scope).filter(number=number)
    found = events.select_related(
        "road", "county", "reported_by", "verified_by", "ended_by"
    ).first()
    if found is None:
        raise Http404
    return found


def _drawn(request: OfficerRequest, found: EmergencyEvent, *, wrong: str = "") -> HttpResponse:
    now, kind = clock.now(), request.POST.get("kind") or asked(request, "kind")
    if request.htmx and request.method == "GET":
        # Every few seconds, on every open page: only what moves.
        moving = page.figures(found, page.sent(found), at=now)
        return show(request, "desk/emergency/one.html", moving, part="figures")
    context = page.record(found, request.user, kind=kind, at=now)
    if request.method == "POST":
        context["said"] = request.POST
        context["findings"] |= {
            name: text for name, text in request.POST.items() if name in context["findings"]
        }
        context["body"] = request.POST.get("body") or context["body"]
    context["wrong"] = wrong
    context["may_follow"] = request.scope.has(*COMMAND)  # the campaign's own page is theirs
    context["may_review"] = policies.can_review(request.user, at=now)
    ticked = request.POST.getlist("places") or context["place_codes"]
    picks = context["may_verify"] or context["may_change"]
    context["towns"] = picker(found.county_id, ticked) if picks else []
    status = 422 if wrong else 200
    return show(request, "desk/emergency/one.html", context, status=status)


@for_roles(*policies.DESK)
@require_http_methods(["GET", "POST"])
def calling_list(request: OfficerRequest, number: str) -> HttpResponse:
    found = seen(request, number)
    wrong = ""
    if request.method == "POST":
        try:
            messages.success(request, calls.act(request, found))
            return redirect("desk:emergency-calls", number=number)
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
    page_shown = page_of(request, calling.of(found, request.scope))
    context = {
        **page.facts(found),
        "page": page_shown,
        "rows": calls.rows(request, found, list(page_shown), at=clock.now()),
        "choices": calls.CHOICES,
        "wrong": wrong,
    }
    return show(request, "desk/emergency/calls.html", context, status=422 if wrong else 200)


@for_roles(*policies.DESK)
def not_reached(request: OfficerRequest, number: str) -> HttpResponse:
    """Whom to go to: masked, with their address; a reading, and noted as one."""
    found = seen(request, number)
    sent = page.sent(found)
    if not sent:
        raise Http404
    last, now = sent[-1], clock.now()
    page_shown = page_of(request, reaching.NotReached(last, request.scope, at=now))
    people = Resident.objects.filter(request.scope.divisions(), pk__in=page_shown.object_list)
    shown = list(people.select_related("household").order_by("division__lo", "household_id", "pk"))
    trail.viewed(
        request.user, Resident._meta.label_lower, [one.pk for one in shown],
        purpose="emergency.not_reached", at=now,
    )  # fmt: skip
    where = path_names(found.county_id, [one.division_id for one in shown if one.division_id])
    context = {
        **page.facts(found),
        "rows": [
            {
                "name": masked_name(one.name),
                "where": where.get(one.division_id or 0, "住址不详"),
                "address": one.household.address if one.household else "",
                "has_phone": one.phone_index is not None,
            }
            for one in shown
        ],
        "page": page_shown,
        "all": reaching.reached(last, at=now).not_reached,
        "is_part": not request.scope.whole_county,
        "last": last,
    }
    return show(request, "desk/emergency/not_reached.html", context)


@for_roles(*policies.DESK)
def sheet(request: OfficerRequest, number: str) -> HttpResponse:
    """处置记录, to print: every time, every message with its reach, the calls, the reviews."""
    found = seen(request, number)
    sent = page.sent(found)
    first_at = reaching.first_sent_at(found)
    context = {
        **page.facts(found),
        "messages_printed": [_printed(message) for message in sent],
        "first_sent_at": first_at,
        "until_first": first_at - found.reported_at if first_at else None,
        "until_pushed": found.pushed_at - found.reported_at if found.pushed_at else None,
        "lasted": found.ended_at - found.reported_at if found.ended_at else None,
        "calls": _calls(found),
        "now": clock.now(),
        "printed_by": request.user.name,
    }
    return show(request, "desk/emergency/sheet.html", context)


def _printed(message: Any) -> dict[str, Any]:
    taken = Takeover.objects.filter(county_id=message.county_id, message=message)
    found = reaching.reached(message, at=clock.now())
    return {
        "message": message,
        "reached": found,
        "ways": [(reaching.WORDS[way], found.people[way]) for way in reaching.WAYS],
        "officers": message.campaign.shares.filter(county_id=message.county_id).count(),
        "takeovers": taken.filter(outcome=Takeover.Outcome.HANDED_ON).count(),
        "taken_people": sum(taken.values_list("people", flat=True)),
        "sms_delivered": found.sms[Sms.State.DELIVERED],
        "sms_failed": found.sms[Sms.State.FAILED],
        "concerned": len(message.concerned()),
    }


def _calls(found: EmergencyEvent) -> dict[str, Any]:
    rows = HouseholdCall.objects.filter(county_id=found.county_id, event=found)
    states = list(rows.values_list("state", "tries"))
    return {
        "all": len(states),
        "tries": sum(tries for _, tries in states),
        "by_state": [
            (label, sum(state == value for state, _ in states))
            for value, label in HouseholdCall.State.choices
        ],
    }
