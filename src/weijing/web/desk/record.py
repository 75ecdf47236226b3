"""One person's record at the desk: it opens for a purpose, and is changed beside it."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.audit import trail
from weijing.core import clock
from weijing.residents.finding import favourites
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.models import ConsentRecord, Resident
from weijing.residents.policies import access_resident
from weijing.residents.queries import visible_to
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show
from weijing.web.records import changing
from weijing.web.records.form import ActForm, Acting
from weijing.web.records.page import record

# Why somebody opens a record. The code is kept in the trail, where the resident may read it too.
PURPOSES = {
    "visit": "走访前核对",
    "call": "群众来电或求助",
    "label": "核对标注",
    "case": "接处警、办案需要",
    "correction": "群众要求更正",
}


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def contact(request: OfficerRequest, pk: int) -> HttpResponse:
    """The record, once the reason is given; before that only that the person exists."""
    purpose = request.GET.get("purpose", "")
    if purpose not in PURPOSES:
        return _ask_purpose(request, pk)
    return _record(request, _opened(request, pk, purpose), purpose)


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def change(request: OfficerRequest, pk: int, act: str) -> HttpResponse:
    """The same page with a form open beside it. POST saves."""
    purpose = request.GET.get("purpose", "")
    if purpose not in PURPOSES:
        return redirect("desk:contact", pk=pk)
    acting = _acting(request, _opened(request, pk, purpose))
    return changing.change(
        request,
        acting,
        act,
        show=lambda form, status: _record(
            request, form.person, purpose, act=act, form=form, status=status
        ),
        back=f"{reverse('desk:contact', args=[pk])}?purpose={purpose}",
    )


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


def _acting(request: OfficerRequest, person: Resident) -> Acting:
    return Acting(person, request.user, request.scope, clock.now())


def _record(
    request: OfficerRequest,
    person: Resident,
    purpose: str,
    *,
    phone: str = "",
    act: str = "",
    form: ActForm | None = None,
    status: int = 200,
) -> HttpResponse:
    known = record(_acting(request, person))
    here = f"{reverse('desk:contact', args=[person.pk])}?purpose={purpose}"
    context = {
        **known,
        "phone": phone or known["phone"],
        "is_revealed": bool(phone),
        "phone_url": _phone_url(person.pk, purpose),
        "purpose": PURPOSES[purpose],
        "query": f"?purpose={purpose}",
        "change_url": reverse("desk:contact-change", args=[person.pk, "act"]).removesuffix("act/"),
        "back_to_record": here,
        "is_marked": person.pk in favourites.marked_among([person.pk], by=request.user),
        "mark_url": reverse("desk:favourite", args=[person.pk]),
        "name": person.name,
        "back": here,
        "act": act,
        "form": form,
        "consents": _consents(person),
    }
    return render(request, "desk/contacts/record.html", context, status=status)


def _consents(person: Resident) -> Any:
    rows = ConsentRecord.objects.filter(county_id=person.county_id, resident=person)
    return rows.select_related("recorded_by").order_by("-at", "-pk")[:20]


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
