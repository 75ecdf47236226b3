"""One campaign as the officer meets it: read it here, send it in WeCom."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from weijing.audit import trail
from weijing.campaigns import deselecting, objecting
from weijing.campaigns.content import filling
from weijing.campaigns.content.attaching import attachments_of
from weijing.campaigns.models import Delivery
from weijing.campaigns.reasons import why
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.content.attachments import file_answer, shown
from weijing.web.officer.own_part import SENDERS, OwnPart, own_part
from weijing.web.officer.today import todays
from weijing.web.phone import phone_page

PER_PAGE = 50


@for_roles(*SENDERS)
def campaign(request: OfficerRequest, number: str) -> HttpResponse:
    return _sheet(request, own_part(request, number))


def _sheet(
    request: OfficerRequest, part: OwnPart, *, error: str = "", reason: str = ""
) -> HttpResponse:
    number = part.campaign.number
    context: dict[str, Any] = {
        **todays(request, at=clock.now()),
        "part": part,
        "campaign": part.campaign,
        "leave_out_url": reverse("officer:campaign-left-out", args=[number]),
        "people_url": reverse("officer:campaign-people", args=[part.campaign.number]),
        "text": filling.text_for(part.shares[0], at=clock.now()),
        "attachments": shown(
            attachments_of(part.campaign),
            lambda row: reverse("officer:campaign-attachment", args=[number, row.pk]),
        ),
        "error": error,
        "reason": reason,
    }
    status = 422 if error else 200
    return phone_page(request, "officer/campaign.html", context, tab="today", status=status)


@for_roles(*SENDERS)
def attachment(request: OfficerRequest, number: str, pk: int) -> HttpResponse:
    part = own_part(request, number)
    row = attachments_of(part.campaign).filter(pk=pk).first()
    if row is None or row.file is None:
        raise Http404
    return file_answer(row.file)


@require_POST
@for_roles(*SENDERS)
def objections(request: OfficerRequest, number: str) -> HttpResponse:
    part = own_part(request, number)
    reason = request.POST.get("reason", "")
    try:
        objecting.give_back(part.campaign, by=request.user, at=clock.now(), reason=reason)
    except DomainError as wrong:
        return _sheet(request, part, error=str(wrong), reason=reason)
    return redirect("officer:campaign", number=number)


@for_roles(*SENDERS)
def people(request: OfficerRequest, number: str) -> HttpResponse:
    """Who gets it, or did not; masked, and noted as a reading all the same."""
    part = own_part(request, number)
    result = request.GET.get("result", "")
    if result and result not in Delivery.Result.values:
        raise Http404
    found = _deliveries(part, result)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        [delivery.resident_id for delivery in shown],
        purpose="campaign.confirm",
        at=clock.now(),
    )
    noted = deselecting.reasons_of(part.campaign.county_id, [delivery.pk for delivery in shown])
    rows = [
        (
            masked_name(delivery.resident.name),
            address(request, delivery.resident),
            why(delivery, noted[delivery.pk])
            if delivery.pk in noted
            else delivery.get_result_display(),
            _record_url(request, delivery.resident),
        )
        for delivery in shown
    ]
    context = {
        "campaign": part.campaign,
        "page": page,
        "rows": rows,
        "result": result,
        "results": [
            (value, label, count)
            for value, label in Delivery.Result.choices
            if (count := part.results[value])
        ],
        "all": sum(part.results.values()),
    }
    back = reverse("officer:campaign", args=[number])
    return phone_page(request, "officer/people.html", context, back=back)


def _became(delivery: Delivery, noted: str) -> str:
    return why(delivery, noted) if noted else delivery.get_result_display()


def _deliveries(part: OwnPart, result: str) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(county_id=part.campaign.county_id, share__in=part.shares)
    if result:
        rows = rows.filter(result=result)
    people = rows.select_related("share", "resident__household", "resident__division__parent")
    return people.order_by("resident__division__lo", "pk")


def _record_url(request: OfficerRequest, resident: Resident) -> str:
    """Where their code to add the officer is; "" for people of another officer's grid."""
    is_ours = request.scope.covers(resident.division)
    return reverse("officer:resident", args=[resident.pk]) if is_ours else ""


def address(request: OfficerRequest, resident: Resident) -> str:
    """Where to go; nothing for people of another officer's grid, who are only contacts here."""
    place = resident.division
    if place is None or not request.scope.covers(place):
        return ""
    village = f"{place.parent.name} " if place.level == "group" and place.parent else ""
    home = f" {resident.household.address}" if resident.household else ""
    return f"{village}{place.name}{home}"
