"""Residents at the desk: found by what one remembers, masked; a record opens for a purpose."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import clock
from weijing.residents import searching
from weijing.residents.contacts import live
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.models import ConsentRecord, Contact, Resident
from weijing.residents.policies import access_resident
from weijing.residents.queries import visible_to
from weijing.tags.queries import carried_by
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

# Why somebody opens a record. The code is kept in the trail, where the resident may read it too.
PURPOSES = {
    "visit": "走访前核对",
    "call": "群众来电或求助",
    "label": "核对标注",
    "case": "接处警、办案需要",
    "correction": "群众要求更正",
}
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


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def contact(request: OfficerRequest, pk: int) -> HttpResponse:
    """The record, once the reason is given; before that only that the person exists."""
    purpose = request.GET.get("purpose", "")
    if purpose not in PURPOSES:
        return _ask_purpose(request, pk)
    return _record(request, _opened(request, pk, purpose), purpose)


def _ask_purpose(request: OfficerRequest, pk: int) -> HttpResponse:
    person = visible_to(request.scope).filter(pk=pk).first()
    if person is None:
        raise Http404
    context = {"pk": pk, "name": masked_name(person.name), "purposes": PURPOSES}
    return render(request, "desk/contacts/purpose.html", context)


def _opened(request: OfficerRequest, pk: int, purpose: str) -> Resident:
    try:
        return access_resident(
            request.scope, request.user, pk, purpose=f"desk.{purpose}", at=clock.now()
        )
    except Resident.DoesNotExist as unknown:
        raise Http404 from unknown


def _record(
    request: OfficerRequest, person: Resident, purpose: str, *, phone: str = ""
) -> HttpResponse:
    county = request.scope.county_id
    pairs = Contact.objects.filter(county_id=county, identity__resident=person)
    consents = ConsentRecord.objects.filter(county_id=county, resident=person)
    household = person.household
    family = Resident.objects.filter(
        ~Q(pk=person.pk),
        county_id=county,
        household=household,
        lifecycle=Resident.Lifecycle.ROLL,
    )
    context = {
        "person": person,
        "where": territory.path_name(person.division) if person.division else "",
        "phone": phone or masked_phone(person.phone),
        "is_revealed": bool(phone),
        "phone_url": _phone_url(person.pk, purpose),
        "purpose": PURPOSES[purpose],
        "pairs": pairs.select_related("officer", "labelled_by").order_by("-added_at"),
        "tags": carried_by(person, on=clock.today()),
        "consents": consents.select_related("recorded_by").order_by("-at", "-pk")[:20],
        "family": [(each, masked_name(each.name)) for each in family.order_by("ordinal")]
        if household
        else [],
    }
    return render(request, "desk/contacts/record.html", context)


def _phone_url(pk: int, purpose: str) -> str:
    return f"{reverse('desk:contact-phone', args=[pk])}?purpose={purpose}"


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def phone(request: OfficerRequest, pk: int) -> HttpResponse:
    """POST shows the whole number, with the reason in the trail; GET hides it again."""
    purpose = request.GET.get("purpose", "")
    if purpose not in PURPOSES:
        return redirect("desk:contact", pk=pk)
    person = visible_to(request.scope).filter(pk=pk).first()
    if person is None:
        raise Http404
    number = ""
    if request.method == "POST":
        at = clock.now()
        trail.record(request.user, "resident.phone_revealed", person, at=at, purpose=purpose)
        number = person.phone
    if not request.htmx:
        if request.method == "GET":
            return redirect(f"{reverse('desk:contact', args=[pk])}?purpose={purpose}")
        return _record(request, _opened(request, pk, purpose), purpose, phone=number)
    context = {
        "phone": number or masked_phone(person.phone),
        "is_revealed": bool(number),
        "phone_url": _phone_url(pk, purpose),
    }
    return show(request, "desk/contacts/record.html", context, part="phone")
