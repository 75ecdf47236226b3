"""One campaign as the officer meets it: read it here, send it in WeCom."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.audit import trail
from weijing.campaigns import objecting, queries
from weijing.campaigns.content import filling
from weijing.campaigns.content.attaching import attachments_of
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.moving import ENDED, State
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.content.attachments import file_answer, shown
from weijing.web.officer.today import todays
from weijing.web.phone import phone_page

# A station's desk may hold contacts as well, and then has shares to send.
SENDERS = (*FIELD_ROLES, Role.STATION_COMMAND)
PER_PAGE = 50
REASONS = {
    "no_contact": "没有好友",
    "officer_away": "民辅警不在岗",
    "no_consent": "没同意接收宣传",
    "received_today": "今天已收到",
    "week_full": "本周条数已满",
    "quota_full": "企业微信条数已满",
    "shares_account": "与家人同用一个微信",
}
NOT_SENT_TO = (Delivery.Result.WITHDRAWN, Delivery.Result.UNUSABLE)


@dataclass(frozen=True)
class OwnPart:
    """All shares one officer has of a campaign, seen as one."""

    campaign: Campaign
    shares: list[Share]

    @property
    def results(self) -> Counter[str]:
        """People by result. Shares not asked yet have no results, only people."""
        found: Counter[str] = Counter()
        for share in self.shares:
            found.update(share.results or {Delivery.Result.PENDING.value: share.people})
        return found

    @property
    def will_get_it(self) -> int:
        return sum(self.results.values()) - sum(self.results[out] for out in NOT_SENT_TO)

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """Reasons with their people, the most frequent first."""
        counts: Counter[str] = Counter()
        for share in self.shares:
            counts.update({REASONS[reason]: n for reason, n in share.left_out.items()})
        counts["已退订"] += self.results[Delivery.Result.WITHDRAWN]
        counts["企业微信不收"] += self.results[Delivery.Result.UNUSABLE]
        return [(reason, n) for reason, n in counts.most_common() if n]

    @property
    def matched(self) -> int:
        return self.will_get_it + sum(n for _, n in self.left_out)

    @property
    def step(self) -> str:
        """coming, to_confirm, confirmed, refused, lapsed or cancelled: what the sheet is about."""
        states = {share.stop or share.state for share in self.shares}
        if states <= {State.CONFIRMED, State.FINISHED}:
            return "confirmed"
        if states <= {State.CONFIRMED, *ENDED}:
            return next(end for end in ("refused", "lapsed", "cancelled") if end in states)
        return "to_confirm" if State.ASKED in states else "coming"

    @property
    def all_results_in(self) -> bool:
        return all(share.state == State.FINISHED for share in self.shares)

    @property
    def asked_at(self) -> datetime | None:
        return max((share.asked_at for share in self.shares if share.asked_at), default=None)

    @property
    def confirmed_at(self) -> datetime | None:
        times = (share.confirmed_at for share in self.shares if share.confirmed_at)
        return max(times, default=None)

    @property
    def given_back(self) -> str:
        """The officer's own objection, while it is open."""
        return next(filter(None, map(objecting.reason_given, self.shares)), "")


def _own_part(request: OfficerRequest, number: str) -> OwnPart:
    shares = list(queries.shares_of(request.user, number))
    if not shares:
        raise Http404
    return OwnPart(shares[0].campaign, shares)


@for_roles(*SENDERS)
def campaign(request: OfficerRequest, number: str) -> HttpResponse:
    return _sheet(request, _own_part(request, number))


def _sheet(
    request: OfficerRequest, part: OwnPart, *, error: str = "", reason: str = ""
) -> HttpResponse:
    number = part.campaign.number
    context: dict[str, Any] = {
        **todays(request, at=clock.now()),
        "part": part,
        "campaign": part.campaign,
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
    part = _own_part(request, number)
    row = attachments_of(part.campaign).filter(pk=pk).first()
    if row is None or row.file is None:
        raise Http404
    return file_answer(row.file)


@require_POST
@for_roles(*SENDERS)
def objections(request: OfficerRequest, number: str) -> HttpResponse:
    part = _own_part(request, number)
    reason = request.POST.get("reason", "")
    try:
        objecting.give_back(part.campaign, by=request.user, at=clock.now(), reason=reason)
    except DomainError as wrong:
        return _sheet(request, part, error=str(wrong), reason=reason)
    return redirect("officer:campaign", number=number)


@for_roles(*SENDERS)
def people(request: OfficerRequest, number: str) -> HttpResponse:
    """Who gets it, or did not; masked, and noted as a reading all the same."""
    part = _own_part(request, number)
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
    rows = [
        (
            masked_name(delivery.resident.name),
            _address(request, delivery.resident),
            delivery.get_result_display(),
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


def _deliveries(part: OwnPart, result: str) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(county_id=part.campaign.county_id, share__in=part.shares)
    if result:
        rows = rows.filter(result=result)
    people = rows.select_related("resident__household", "resident__division__parent")
    return people.order_by("resident__division__lo", "pk")


def _record_url(request: OfficerRequest, resident: Resident) -> str:
    """Where their code to add the officer is; "" for people of another officer's grid."""
    is_ours = request.scope.covers(resident.division)
    return reverse("officer:resident", args=[resident.pk]) if is_ours else ""


def _address(request: OfficerRequest, resident: Resident) -> str:
    """Where to go; nothing for people of another officer's grid, who are only contacts here."""
    place = resident.division
    if place is None or not request.scope.covers(place):
        return ""
    village = f"{place.parent.name} " if place.level == "group" and place.parent else ""
    home = f" {resident.household.address}" if resident.household else ""
    return f"{village}{place.name}{home}"
