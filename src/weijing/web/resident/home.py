"""The way in, and the first page: 110, my officer, and where everything about me is."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weijing.accounts import identity_codes
from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.privacy.queries import OPEN, requests_of
from weijing.residents import links
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Resident, ResidentLink
from weijing.residents.record.answering import officers_of
from weijing.territory.models import StationTownship
from weijing.territory.queries import path_name
from weijing.web.access import open_to_all
from weijing.web.resident.visiting import (
    VisitorRequest,
    come_in,
    door_of,
    for_visitors,
    leave,
    show,
    the_county,
)


@open_to_all("the key in the address is what opens it")
def enter(request: HttpRequest, key: str) -> HttpResponse:
    """Swap the key for a cookie and an address without it.

    Both ways end in a redirect: an answer of 4xx would be logged with its address.
    """
    response = redirect("resident:home")
    try:
        come_in(response, links.open_with(the_county().pk, key, at=clock.now()))
    except links.NoSuchDoor as closed:
        messages.error(request, str(closed))
    return response


@open_to_all("110 and the check of an officer are for everybody; a person's own things need a link")
def home(request: HttpRequest) -> HttpResponse:
    door = door_of(request)
    if door is None:
        return show(request, "resident/way_in.html", {})
    request.door = door  # type: ignore[attr-defined]
    person, now = door.resident, clock.now()
    officer = officer_of(door, at=now)
    open_requests = requests_of(person).filter(OPEN)
    context = {
        "officer": officer,
        "code": identity_codes.code_of(officer, at=now) if officer else "",
        "station": officer.station if officer and officer.station else _station(person),
        "where": path_name(person.division) if person.division else "",
        "is_stranger": person.lifecycle == Resident.Lifecycle.PROVISIONAL,
        "is_shared": links.is_shared(person),
        "requests": open_requests[:3],
    }
    return show(request, "resident/home.html", context)


@for_visitors
@require_POST
def go(request: VisitorRequest) -> HttpResponse:
    """Leave on this phone; the link in the chat opens it again."""
    response = redirect("resident:home")
    leave(response)
    return response


def officer_of(door: ResidentLink, *, at: datetime) -> Officer | None:
    """Who answers for the person; of a stranger, the officer they have added."""
    person = door.resident
    if found := officers_of([person], at=at).get(person.pk):
        return found
    added = live(person.county_id).filter(identity__resident=person, officer__is_active=True)
    latest = added.select_related("officer__station").order_by("-added_at").first()
    return latest.officer if latest else None


def _station(person: Resident) -> object:
    if person.division is None:
        return None
    row = StationTownship.objects.filter(
        county_id=person.county_id,
        township__lo__lte=person.division.lo,
        township__hi__gte=person.division.hi,
    )
    found = row.select_related("station").first()
    return found.station if found else None
