"""How far a campaign is: who confirmed, who got it, who has to be called."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from weijing.accounts.scope import Scope
from weijing.campaigns import (
    by_officer,
    pausing,
    policies,
    queries,
    reasons,
    reconciling,
    reminding,
    reminding_later,
    stopping,
)
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.core import clock, line
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns import setting_time
from weijing.web.desk.campaigns.attachments_shown import shown_on
from weijing.web.desk.campaigns.composing import STEPS
from weijing.web.desk.campaigns.listing import LOOKS
from weijing.web.desk.campaigns.meter import deductions
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show

LAGGARDS_SHOWN = 50
# A minute's wait is long just after the release, and nothing later on.
QUICK_FOR = timedelta(minutes=10)
QUICK_SECONDS, SLOW_SECONDS = 5, 30
RECEIPTS_ARE_LATE = timedelta(minutes=15)

# What to do about each result, of many people at once.
NEXT_STEPS = {**reasons.REASONS, Delivery.Result.PENDING: "民辅警还没确认"}


@for_roles(*COMMAND)
def progress(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    scope, now = request.scope, clock.now()
    seen = list(by_officer.shares_with_officers(campaign, scope))
    figures = queries.figures(seen)
    laggards = [share for share in seen if share.state == Share.State.ASKED]
    laggards.sort(key=lambda share: (-share.people, share.pk))
    is_running = campaign.state == Campaign.State.RELEASED
    may_act = policies.can_stop(request.user, campaign, at=now)
    context = {
        "campaign": campaign,
        "attachments": shown_on(campaign),
        "look": LOOKS[Campaign.State(campaign.state)],
        "progress": figures,
        "results": _results(campaign, figures.results),
        "stations": by_officer.by_station(seen),
        "laggards": laggards[:LAGGARDS_SHOWN],
        "unconfirmed": len(laggards),
        "doubts": _doubts(campaign, scope),
        "left_out": deductions(campaign.left_out),
        "to_remind": reminding.officers_waiting(campaign) if is_running else 0,
        "reminders_left": reminding.reminders_left(campaign, at=now),
        "reminders": _reminders(campaign, now) if is_running else [],
        "planned": reminding_later.planned(campaign) if is_running else [],
        "earliest": setting_time.local(now),
        "latest": setting_time.local(campaign.confirm_by) if campaign.confirm_by else "",
        "is_running": is_running,
        "may_act": may_act and is_running,
        "may_decide": may_act,
        "is_paused": pausing.is_paused(campaign.county_id),
        "line": line.health(now),
        "poll_seconds": _poll_seconds(campaign),
        "since_release": now - campaign.released_at if campaign.released_at else None,
        "receipts_are_late": _receipts_are_late(campaign, figures),
        "steps": STEPS,
        "step": 4 if is_running else 5,
        "as_of": now,
    }
    return show(request, "desk/campaigns/progress.html", context, part="figures")


def released(scope: Scope, number: str) -> Campaign:
    """A campaign that has gone out. Raises `Http404`."""
    campaigns = policies.visible_to(scope).select_related("drafted_by", "released_by")
    campaign = campaigns.filter(number=number).first()
    if campaign is None or campaign.released_at is None:
        raise Http404
    return campaign


def _results(campaign: Campaign, counts: dict[str, int]) -> list[dict[str, Any]]:
    url = reverse("desk:campaign-results", args=[campaign.number])
    always = (Delivery.Result.SENT, Delivery.Result.PENDING, Delivery.Result.NOT_FRIEND,
              Delivery.Result.OVER_QUOTA)  # fmt: skip
    return [
        {
            "word": result.label,
            "people": counts[result],
            "url": f"{url}?result={result}",
            "next": NEXT_STEPS[result],
        }
        for result in NEXT_STEPS
        if counts[result] or result in always
    ]


def _doubts(campaign: Campaign, scope: Scope) -> list[Share]:
    """Shares of which nobody knows for sure, or that somebody has to decide about."""
    shares = Share.objects.filter(county_id=campaign.county_id, campaign=campaign)
    if not scope.whole_county:
        shares = shares.filter(officer__station_id__in=scope.station_ids)
    open_ones = shares.filter(
        Q(needs_person=True) | Q(state__in=[Share.State.UNSURE, Share.State.REFUSED])
    )
    return list(open_ones.select_related("officer__station").order_by("-needs_person", "-people"))


def _poll_seconds(campaign: Campaign) -> int:
    """0 at the end: the last fragment asks for nothing more."""
    if campaign.state != Campaign.State.RELEASED:
        return 0
    assert campaign.released_at is not None
    is_fresh = clock.now() - campaign.released_at < QUICK_FOR
    return QUICK_SECONDS if is_fresh else SLOW_SECONDS


def _receipts_are_late(campaign: Campaign, figures: queries.Progress) -> bool:
    if campaign.state != Campaign.State.RELEASED or not figures.officers_confirmed:
        return False
    last = figures.last_receipt_at
    waits = figures.results[Delivery.Result.PENDING] and figures.officers_waiting == 0
    return bool(waits and last and clock.now() - last > RECEIPTS_ARE_LATE)


@for_roles(*COMMAND)
@require_POST
def remind(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    officers = reminding.remind(campaign, by=request.user, at=clock.now())
    messages.success(request, f"已提醒 {officers} 名没确认的民辅警。")
    return redirect("desk:campaign-progress", number=number)


@for_roles(*COMMAND)
@require_POST
def remind_later(request: OfficerRequest, number: str) -> HttpResponse:
    """At the times in the form; empty ones are none."""
    campaign = released(request.scope, number)
    chosen = [text for text in request.POST.getlist("when") if text.strip()]
    when = [setting_time.read(text) for text in chosen]
    reminding_later.plan(campaign, by=request.user, at=clock.now(), when=when)
    said = f"到时自动提醒没确认的民辅警，定了 {len(when)} 次。" if when else "没有定时提醒了。"
    messages.success(request, said)
    return redirect("desk:campaign-progress", number=number)


def _reminders(campaign: Campaign, now: datetime) -> list[str]:
    """What the fields hold: the times planned, then empty ones, as many as are left."""
    times = [setting_time.local(time) for time in reminding_later.planned(campaign)]
    left = reminding.reminders_left(campaign, at=now)
    return [*times, *[""] * left][: max(left, len(times))]


@for_roles(*COMMAND)
@require_POST
def stop(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    officers = stopping.stop(campaign, by=request.user, at=clock.now())
    messages.success(request, f"正在停止 {officers} 名没确认的民辅警的任务，已发出的不变。")
    return redirect("desk:campaign-progress", number=number)


@for_roles(*COMMAND)
@require_POST
def decide(request: OfficerRequest, number: str) -> HttpResponse:
    """A person has looked into WeCom: ask the officer again, or leave it."""
    campaign = released(request.scope, number)
    decisions: dict[str, tuple[Callable[..., None], str]] = {
        "again": (reconciling.decide_again, "会再派发一次。"),
        "give-up": (reconciling.decide_give_up, "这一份不再派发。"),
    }
    chosen = decisions.get(request.POST.get("decision", ""))
    share_id = request.POST.get("share", "")
    if chosen is None or not (share_id.isascii() and share_id.isdigit()):
        raise Http404
    shares = Share.objects.filter(county_id=campaign.county_id, campaign=campaign)
    share = get_object_or_404(shares, pk=int(share_id))
    chosen[0](share, by=request.user, at=clock.now())
    messages.success(request, chosen[1])
    return redirect("desk:campaign-progress", number=number)
