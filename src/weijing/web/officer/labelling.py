"""Who is this contact? One person after the other, until nobody waits."""

from typing import Any

from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from psycopg.errors import DeadlockDetected

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents import policies
from weijing.residents.labels import labelling
from weijing.residents.models import Contact, Resident
from weijing.residents.queries import visible_to
from weijing.tags import labelling as tag_labelling
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.label_form import LabelForm
from weijing.web.officer.label_page import PURPOSE, LabelPage
from weijing.web.phone import phone_page

LARGEST_ID = 2**63 - 1  # what the database can compare with
ELSEWHERE = "这位好友刚刚由当地民警登记在其他网格。"


@for_roles(*FIELD_ROLES)
def label(request: OfficerRequest, pk: int) -> HttpResponse:
    contact = _own_contact(request, pk)
    if contact.state != Contact.State.LINKED:
        return _not_any_more(request, f"{contact.get_state_display()}，不能标注。")
    try:
        page = LabelPage(request, contact, _resident(request, contact))
    except Resident.DoesNotExist:
        if request.method != "POST":
            raise Http404 from None
        return _not_any_more(request, ELSEWHERE)
    if request.method != "POST":
        return page.show(page.form())
    form = page.form(request.POST)
    if page.wants_to_save():
        return _save(page, form)
    # Looking on the way: the preview, other groups, more tags. Nothing is judged yet.
    return page.show(page.form(initial=_as_typed(form)))


def _own_contact(request: OfficerRequest, pk: int) -> Contact:
    officer = request.user
    mine = Contact.objects.filter(county_id=officer.county_id, officer=officer, pk=pk)
    contact = mine.select_related("identity", "officer").first()
    if contact is None:
        raise Http404
    return contact


def _resident(request: OfficerRequest, contact: Contact) -> Resident:
    """The person behind the contact; opening the page is a reading, typing on it is not one more.

    Who lives in another officer's grid is for that officer: `DoesNotExist`.
    """
    resident_id = contact.identity.resident_id
    if request.method == "POST":
        people = visible_to(request.scope).select_related("division__parent", "household")
        return people.get(pk=resident_id)
    return policies.access_resident(
        request.scope, request.user, resident_id, purpose=PURPOSE, at=clock.now()
    )


def _save(page: LabelPage, form: LabelForm) -> HttpResponse:
    request, contact = page.request, page.contact
    same_as = _same_as(request)
    if same_as is not None:  # the roll knows name and address
        form.is_on_roll = True
    if not form.is_valid():
        return page.show(form, status=422)
    given = form.label(
        resident=same_as or page.resident,
        description=contact.description,
        extra=request.POST.getlist("consents"),
    )
    nobody_yet = contact.labelled_at is None
    try:
        tag_labelling.label(
            contact,
            given,
            form.chosen(),
            by=request.user,
            scope=request.scope,
            at=clock.now(),
            same_as=same_as,
            is_shared_phone=form.cleaned_data["is_shared"],
            seen=request.POST.get("seen", ""),
        )
    except labelling.NoLongerAFriend as ended:
        return _not_any_more(request, str(ended))
    except labelling.LabelledMeanwhile as changed:
        return _show_again(request, contact.pk, str(changed))
    except OperationalError as error:
        if not isinstance(error.__cause__, DeadlockDetected):
            raise
        form.add_error(None, "没有保存：刚才别人也在改这份资料。您填的还在，请再点一次「保存」。")
        return page.show(form, status=422)
    except DomainError as wrong:
        form.say(wrong)
        return page.show(form, status=422, phone_taken=isinstance(wrong, labelling.PhoneTaken))
    messages.success(request, f"已保存 {given.name}，企业微信备注稍后更新")
    following = page.following() if nobody_yet else None
    if following is not None:
        return redirect("officer:label", pk=following.pk)
    return redirect("officer:today" if nobody_yet else "officer:contacts")


def _show_again(request: OfficerRequest, pk: int, said: str) -> HttpResponse:
    """What was typed, beside what is recorded by now."""
    contact = _own_contact(request, pk)
    try:
        page = LabelPage(request, contact, _resident(request, contact))
    except Resident.DoesNotExist:
        return _not_any_more(request, said)
    form = page.form(initial=_as_typed(page.form(request.POST)))
    return page.show(form, status=409, said=said)


def _not_any_more(request: OfficerRequest, said: str) -> HttpResponse:
    """There is nothing to fill in; nothing that was typed is kept."""
    back = reverse("officer:contacts")
    context = {"said": said, "waiting_url": f"{back}?state=waiting"}
    return phone_page(request, "officer/label_ended.html", context, back=back, status=404)


def _as_typed(form: LabelForm) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}


def _same_as(request: OfficerRequest) -> Resident | None:
    given = request.POST.get("same_as", "")
    if not given:
        return None
    if not given.isdecimal() or int(given[:20]) > LARGEST_ID:
        raise Http404
    roll = visible_to(request.scope).filter(lifecycle=Resident.Lifecycle.ROLL)
    person = roll.select_related("division__parent").filter(pk=int(given)).first()
    if person is None or person.division is None:
        raise Http404
    return person
