"""不发给谁: whom the officer leaves out of their share, and why."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.audit import trail
from weijing.campaigns import deselecting
from weijing.campaigns.models import Deselection
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.campaigns import address
from weijing.web.officer.own_part import SENDERS, OwnPart, own_part
from weijing.web.phone import phone_page

PER_PAGE = 50
OPEN_STEPS = ("to_confirm", "confirmed")  # there is a task of which people may be left out


@for_roles(*SENDERS)
@require_http_methods(["GET", "POST"])
def leaving_out(request: OfficerRequest, number: str) -> HttpResponse:
    part = own_part(request, number)
    if part.step not in OPEN_STEPS or part.campaign.is_urgent:
        return redirect("officer:campaign", number=number)
    if request.method != "POST":
        return _page(request, part)
    chosen = [int(pk) for pk in request.POST.getlist("person") if _is_number(pk)]
    acting: Any = {"by": request.user, "at": clock.now()}
    try:
        if request.POST.get("act") == "take-back":
            deselecting.take_back(part.campaign, chosen, **acting)
            return redirect(request.get_full_path())
        reason, words = request.POST.get("reason", ""), request.POST.get("words", "")
        people = deselecting.note(part.campaign, chosen, reason=reason, words=words, **acting)
    except DomainError as wrong:
        return _page(request, part, wrong=str(wrong), chosen=chosen)
    messages.success(request, f"已记下 {people} 人不发的原因。")
    return redirect(request.get_full_path())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _page(
    request: OfficerRequest, part: OwnPart, *, wrong: str = "", chosen: list[int] | None = None
) -> HttpResponse:
    text = request.GET.get("q", "").replace("\x00", "").strip()[:30]
    found = deselecting.unsent(part.shares)
    if text:
        found = found.filter(resident__name__contains=text)
    found = found.select_related("resident__household", "resident__division__parent")
    page = Paginator(found.order_by("resident__division__lo", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    shown = list(page.object_list)
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        [delivery.resident_id for delivery in shown],
        purpose="campaign.confirm",
        at=clock.now(),
    )
    noted = deselecting.reasons_of(part.campaign.county_id, [delivery.pk for delivery in shown])
    context = {
        "campaign": part.campaign,
        "part": part,
        "is_sent": part.step == "confirmed",
        "page": page,
        "rows": [
            {
                "pk": delivery.pk,
                "name": masked_name(delivery.resident.name),
                "address": address(request, delivery.resident),
                "noted": noted.get(delivery.pk, ""),
                "is_chosen": delivery.pk in (chosen or ()),
            }
            for delivery in shown
        ],
        "reasons": Deselection.Reason.choices,
        "reason": request.POST.get("reason", ""),
        "words": request.POST.get("words", ""),
        "q_here": text,
        "wrong": wrong,
    }
    back = reverse("officer:campaign", args=[part.campaign.number])
    status = 422 if wrong else 200
    return phone_page(request, "officer/leaving_out.html", context, back=back, status=status)
