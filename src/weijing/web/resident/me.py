"""About me: what is kept, who looked, what I chose; and a copy of all of it."""

import json

from django.http import HttpResponse

from weijing.audit import trail
from weijing.core import clock
from weijing.privacy import choices, copying, openings, own_record
from weijing.privacy.queries import requests_of
from weijing.residents import consent, links, notices
from weijing.residents.models import Resident
from weijing.web.resident.visiting import VisitorRequest, for_visitors, show

ME = "/r/me/"


@for_visitors
def me(request: VisitorRequest) -> HttpResponse:
    person, now = request.visitor, clock.now()
    seen = openings.of(person, at=now)
    offered = choices.of(person)
    context = {
        "items": own_record.items(person, on=clock.today()),
        "hidden": own_record.hidden(person, on=clock.today()),
        "seen_by": own_record.SEEN_BY,
        "seen": openings.summary(seen),
        "publicity": offered[0],
        "sensitive": offered[1:],
        "own_groups": choices.set_by_themselves(person).filter(needs_separate_consent=False),
        "running_out": choices.running_out(person, on=clock.today()),
        "is_contact": consent.CONTACT in person.consents,
        "is_stranger": person.lifecycle == Resident.Lifecycle.PROVISIONAL,
        "requests": requests_of(person)[:5],
        "doors": links.in_use(person, at=now).count(),
        "version": notices.CURRENT,
    }
    return show(request, "resident/me.html", context, back="/r/")


@for_visitors
def seen(request: VisitorRequest) -> HttpResponse:
    """Each reading of the last half year: who, from where, why, when."""
    rows = openings.of(request.visitor, at=clock.now(), since=openings.HALF_A_YEAR)
    context = {"openings": rows[:200], "summary": openings.summary(rows)}
    return show(request, "resident/seen.html", context, back=ME)


@for_visitors
def copy(request: VisitorRequest) -> HttpResponse:
    """To read and to print."""
    person, now = request.visitor, clock.now()
    context = {"sections": copying.sections(person, at=now), "at": now, "person": person}
    return show(request, "resident/copy.html", context, back=ME)


@for_visitors
def copy_file(request: VisitorRequest) -> HttpResponse:
    """The same as a file that machines can read."""
    person, now = request.visitor, clock.now()
    trail.record(None, "resident.copy_taken", person, at=now, link=request.door.pk)
    text = json.dumps(copying.as_data(person, at=now), ensure_ascii=False, indent=1)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="my-record.json"'
    return response
