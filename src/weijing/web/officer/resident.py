"""One person on an officer's phone: who they are, whom they live with, what happened."""

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.residents.finding import favourites
from weijing.residents.merges import duplicates
from weijing.residents.mirror import contacts
from weijing.residents.models import Contact, Resident
from weijing.residents.policies import access_resident
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.phone import phone_page
from weijing.web.records import changing
from weijing.web.records.form import ActForm, Acting
from weijing.web.records.page import record

PURPOSE = "officer.record"


@for_roles(*FIELD_ROLES)
def resident(request: OfficerRequest, pk: int) -> HttpResponse:
    """By the person; the number of an own contact leads to the person behind it."""
    if contact := _own_contacts(request).filter(pk=pk).first():
        return redirect("officer:resident", pk=contact.identity.resident_id)
    return _page(request, _opened(request, pk))


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def change(request: OfficerRequest, pk: int, act: str) -> HttpResponse:
    """The same page with a form open above it. POST saves."""
    acting = Acting(_opened(request, pk), request.user, request.scope, clock.now())
    return changing.change(
        request,
        acting,
        act,
        show=lambda form, status: _page(request, form.person, act=act, form=form, status=status),
        back=reverse("officer:resident", args=[pk]),
    )


def _opened(request: OfficerRequest, pk: int) -> Resident:
    """Of the own grid, or a stranger who is an own contact; others are for their own officer."""
    try:
        return access_resident(request.scope, request.user, pk, purpose=PURPOSE, at=clock.now())
    except Resident.DoesNotExist:
        raise Http404 from None


def _page(
    request: OfficerRequest,
    person: Resident,
    *,
    act: str = "",
    form: ActForm | None = None,
    status: int = 200,
) -> HttpResponse:
    here = reverse("officer:resident", args=[person.pk])
    own = _own_contacts(request).filter(identity__resident=person).first()
    context = {
        **record(Acting(person, request.user, request.scope, clock.now())),
        "own": own,
        "can_chat": own is not None and own.state == Contact.State.LINKED,
        "twins": duplicates.about(request.scope, person).exists(),
        "is_marked": person.pk in favourites.marked_among([person.pk], by=request.user),
        "mark_url": f"{here}favourite/",
        "name": person.name,
        "back": here,
        "change_url": f"{here}change/",
        "back_to_record": here,
        "act": act,
        "form": form,
    }
    back = reverse("officer:contacts" if own else "officer:grid")
    return phone_page(request, "officer/resident.html", context, back=back, status=status)


def _own_contacts(request: OfficerRequest) -> QuerySet[Contact]:
    mine = contacts.live(request.user.county_id).filter(officer=request.user)
    return mine.select_related("identity")
