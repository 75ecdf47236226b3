"""Residents at the desk: found by what one remembers, masked."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse

from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import clock
from weijing.residents.finding import searching
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Resident
from weijing.residents.queries import visible_to
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

STATES = {"linked": "已加好友", "unlinked": "没加好友", "provisional": "待标注"}


@for_roles(*COMMAND)
def contacts(request: OfficerRequest) -> HttpResponse:
    scope = request.scope
    text = asked(request, "q")
    place = territory.by_code(scope.county_id, asked(request, "division"))
    state = request.GET.get("state", "")
    people = searching.fitting(text, scope=scope) if text else visible_to(scope)
    people = _filtered(people, scope, place, state).order_by("ordinal")
    page = page_of(request, people.select_related("division__parent__parent", "household"))
    shown = list(page.object_list)
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        [person.pk for person in shown],
        purpose="contacts.list",
        at=clock.now(),
    )
    context = {
        "page": page,
        "rows": _rows(scope, shown),
        "q_here": text,
        "place": place,
        "state": state,
        "states": STATES,
        "state_shown": STATES.get(state, ""),
        "townships": _townships(scope),
        "is_filtered": bool(text or place or state),
    }
    return show(request, "desk/contacts/list.html", context, part="rows")


def _filtered(
    people: QuerySet[Resident], scope: Scope, place: Division | None, state: str
) -> QuerySet[Resident]:
    if place is not None:
        people = people.filter(place.inside())
    contact = Exists(live(scope.county_id).filter(identity__resident=OuterRef("pk")))
    match state:
        case "linked":
            return people.filter(contact)
        case "unlinked":
            return people.filter(~contact, lifecycle=Resident.Lifecycle.ROLL)
        case "provisional":
            return people.filter(lifecycle=Resident.Lifecycle.PROVISIONAL)
    return people


def _townships(scope: Scope) -> list[Division]:
    return [town for town in territory.townships(scope.county_id) if scope.covers(town)]


def _rows(scope: Scope, people: list[Resident]) -> list[dict[str, Any]]:
    officers: dict[int, list[str]] = {}
    pairs = live(scope.county_id).filter(identity__resident__in=people)
    for contact in pairs.select_related("officer", "identity").order_by("-added_at"):
        names = officers.setdefault(contact.identity.resident_id, [])
        if contact.officer.name not in names:
            names.append(contact.officer.name)
    return [
        {
            "person": person,
            "name": masked_name(person.name),
            "phone": masked_phone(person.phone),
            "where": territory.path_name(person.division) if person.division else "",
            "officers": officers.get(person.pk, []),
        }
        for person in people
    ]
