"""Reminders at chosen times: nobody has to be at the desk when they are due.

A planned one lies in `Campaign.reminders` beside those given, as `{"at": …, "by": officer id}`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies, reminding
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering import hours
from weijing.campaigns.stopping import NotRunning
from weijing.core.clock import COUNTY_TIME
from weijing.core.errors import DomainError, PermissionDenied

WITHIN = timedelta(hours=24)  # beyond, most messages are over


class BadReminder(DomainError):
    """The words say which time does not fit."""


def planned(campaign: Campaign) -> list[datetime]:
    """The times chosen and not come yet, the first one first."""
    return sorted(datetime.fromisoformat(plan["at"]) for plan in _plans(campaign))


def _plans(campaign: Campaign) -> list[dict[str, Any]]:
    return [one for one in campaign.reminders if isinstance(one, dict)]


@transaction.atomic
def plan(campaign: Campaign, *, by: Officer, at: datetime, when: Sequence[datetime]) -> None:
    """Remind at these times, instead of those chosen before; none takes them back.

    Raises `PermissionDenied`, `NotRunning`, `RemindedEnough`, `BadReminder`.
    """
    if not policies.can_remind(by, campaign, at=at):
        raise PermissionDenied
    fresh = _locked(campaign)
    if fresh.state != Campaign.State.RELEASED:
        raise NotRunning
    times = sorted(set(when))
    _check(fresh, times, at=at)
    plans = [{"at": time.isoformat(), "by": by.pk} for time in times]
    fresh.reminders = [*plans, *reminding.given(fresh)]
    fresh.save(update_fields=["reminders"])
    trail.record(
        by, "campaign.reminders_planned", fresh, at=at, times=[plan["at"] for plan in plans]
    )


def _check(campaign: Campaign, times: Sequence[datetime], *, at: datetime) -> None:
    if len(times) > reminding.reminders_left(campaign, at=at):
        raise reminding.RemindedEnough
    assert campaign.confirm_by is not None
    last = min(campaign.confirm_by, at + WITHIN)
    for time in times:
        if not at < time < last:
            end = f"{last.astimezone(COUNTY_TIME):%m 月 %d 日 %H:%M}"
            raise BadReminder(f"提醒要定在现在以后、{end} 以前，没有保存。")
        if why := hours.why_not(time):
            raise BadReminder(f"{time.astimezone(COUNTY_TIME):%H:%M} 不能提醒：{why}。没有保存。")


def counties() -> list[int]:
    """Those with a message that runs and has a reminder to come."""
    running = Campaign.objects.filter(state=Campaign.State.RELEASED).exclude(reminders=[])
    return sorted({one.county_id for one in running if _plans(one)})


def remind_due(county_id: int, *, at: datetime) -> int:
    """Give what is due; how many. One that cannot be given any more is dropped, never made up."""
    running = Campaign.objects.filter(county_id=county_id, state=Campaign.State.RELEASED)
    return sum(_remind(one, at=at) for one in running.order_by("pk") if _due(one, at))


def _due(campaign: Campaign, at: datetime) -> list[dict[str, Any]]:
    return [plan for plan in _plans(campaign) if datetime.fromisoformat(plan["at"]) <= at]


@transaction.atomic
def _remind(campaign: Campaign, *, at: datetime) -> bool:
    fresh = _locked(campaign)
    due = _due(fresh, at)
    if not due:  # another worker was quicker
        return False
    fresh.reminders = [one for one in fresh.reminders if one not in due]
    fresh.save(update_fields=["reminders"])
    by = Officer.objects.get(county_id=fresh.county_id, pk=due[-1]["by"])
    try:
        with transaction.atomic():
            reminding.remind(fresh, by=by, at=at)
    except DomainError as why:
        trail.record(None, "campaign.reminder_skipped", fresh, at=at, because=type(why).__name__)
        return False
    return True


def _locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update(of=("self",)).get(
        county_id=campaign.county_id, pk=campaign.pk
    )
