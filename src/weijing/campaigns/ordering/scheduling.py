"""An approved message that goes at a chosen time, by itself, if nothing has changed until then."""

from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import pausing, policies
from weijing.campaigns.approving import NeedsCountyDesk, let_go, submitted
from weijing.campaigns.drafting import RecountChanged, check_recount, check_tags
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering import hours
from weijing.campaigns.ordering.meaning import check_unchanged
from weijing.campaigns.reach import reach_of
from weijing.campaigns.releasing import EmptyAudience
from weijing.core import jobs
from weijing.core.clock import COUNTY_TIME
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County

FURTHEST = timedelta(days=30)
# Our machine was off, or everything was paused: later than this it is no longer what was approved.
LATEST = timedelta(hours=24)


class BadTime(DomainError):
    """Past, or too far away."""


class NotScheduled(DomainError):
    """It has gone out, or was taken back."""

    def __init__(self) -> None:
        super().__init__("这条群发现在没有定时，请刷新后再看。")


class NoLongerApproved(DomainError):
    """Somebody lost the role that the message needs."""


@transaction.atomic
def schedule(
    campaign: Campaign, *, by: Officer, at: datetime, when: datetime, count_seen: int | None = None
) -> int:
    """Approve it now and let it go at `when`; how many people it has now.

    Checked like a release (`approving.release`), and again when its time comes.
    Raises `PermissionDenied`, `BadTime`, `QuietTime`, and as `release`.
    """
    if not policies.can_release(by, campaign, at=at):
        raise PermissionDenied("群发要由起草人以外、有审批权的人批准。")
    fresh = submitted(campaign)
    _check_time(fresh, at=at, when=when)
    check_tags(fresh)
    check_unchanged(fresh)
    people = reach_of(fresh, at=at).reachable
    if not people:
        raise EmptyAudience
    check_recount(seen=(fresh.submitted_count or 0) if count_seen is None else count_seen,
                  now=people)  # fmt: skip
    if not policies.can_release(by, fresh, at=at, people=people):
        raise NeedsCountyDesk(people)
    fresh.state = Campaign.State.SCHEDULED
    fresh.scheduled_at, fresh.scheduled_by, fresh.scheduled_people = when, by, people
    fresh.save()
    trail.record(by, "campaign.scheduled", fresh, at=at, people=people, for_=when.isoformat())
    return people


def _check_time(campaign: Campaign, *, at: datetime, when: datetime) -> None:
    if when <= at:
        raise BadTime("定的时间已经过了，请选一个以后的时间，或者立即下发。")
    if when > at + FURTHEST:
        raise BadTime("最多提前 30 天定时，请选近一些的时间。")
    if not campaign.is_urgent:
        hours.check(when)


@transaction.atomic
def cancel(campaign: Campaign, *, by: Officer, at: datetime) -> None:
    """Nothing goes out at that time. Its author gets a draft back, an approver decides anew.

    Raises `PermissionDenied`, `NotScheduled`.
    """
    if not policies.can_stop(by, campaign, at=at):
        raise PermissionDenied
    fresh = _scheduled(campaign)
    is_author = fresh.drafted_by_id == by.pk
    _clear(fresh, Campaign.State.DRAFT if is_author else Campaign.State.SUBMITTED)
    fresh.save()
    trail.record(by, "campaign.schedule_cancelled", fresh, at=at)


def due(county_id: int, *, at: datetime) -> list[int]:
    """Ids of what is to go now, whatever has waited longest first.

    While a county is paused, at night and on holidays it waits, but no longer than a day.
    """
    waiting = Campaign.objects.filter(
        county_id=county_id, state=Campaign.State.SCHEDULED, scheduled_at__lte=at
    )
    is_paused = pausing.is_paused(county_id)
    return [
        campaign.pk
        for campaign in waiting.order_by("scheduled_at", "pk")
        if _is_late(campaign, at) or not (is_paused or _is_quiet(campaign, at))
    ]


def _is_quiet(campaign: Campaign, at: datetime) -> bool:
    return not campaign.is_urgent and bool(hours.why_not(at))


def release_due(county_id: int, campaign_id: int, *, at: datetime) -> bool:
    """Let one of them go; whether it went. What must not go any more is returned, with why.

    The job may come late: what is not due is left alone.
    """
    if campaign_id not in due(county_id, at=at):
        return False
    campaign = Campaign.objects.get(county_id=county_id, pk=campaign_id)
    try:
        _release(campaign, at=at)
    except NotScheduled:  # somebody was quicker
        return False
    except DomainError as why:
        _return(campaign, why, at=at)
        return False
    return True


@transaction.atomic
def _release(campaign: Campaign, *, at: datetime) -> None:
    # Releases of a county wait for each other, as in `approving.release`.
    County.objects.select_for_update(no_key=True).get(pk=campaign.county_id)
    fresh = _scheduled(campaign)
    approver, seen, planned_for = fresh.scheduled_by, fresh.scheduled_people, fresh.scheduled_at
    assert approver is not None
    assert seen is not None
    if _is_late(fresh, at):
        raise BadTime("到了时间没能发出，已经过了一天。")
    if not policies.can_edit(fresh.drafted_by, fresh):
        raise NoLongerApproved(f"起草人{fresh.drafted_by.name}已经没有起草权限。")
    if not policies.can_release(approver, fresh, at=at, people=0):
        raise NoLongerApproved(f"审批人{approver.name}已经没有审批权限。")
    people = let_go(fresh, by=approver, at=at)
    if (people - seen) * 100 > seen:
        raise RecountChanged(seen, people)
    if not policies.can_release(approver, fresh, at=at, people=people):
        raise NeedsCountyDesk(people)
    trail.record(
        None, "campaign.released", fresh, at=at, people=people, left_out=fresh.left_out,
        approved_by=approver.pk, scheduled_for=planned_for and planned_for.isoformat(),
    )  # fmt: skip
    jobs.enqueue("campaigns.sweep_now", county_id=fresh.county_id)


@transaction.atomic
def _return(campaign: Campaign, why: DomainError, *, at: datetime) -> None:
    """To its author; what only the county desk may let go waits there for its approval."""
    try:
        fresh = _scheduled(campaign)
    except NotScheduled:
        return
    assert fresh.scheduled_at is not None
    planned = f"{fresh.scheduled_at.astimezone(COUNTY_TIME):%m 月 %d 日 %H:%M}"
    fresh.returned_reason = f"定在 {planned} 的没有发出：{why}"[:200]
    to_county = isinstance(why, NeedsCountyDesk)
    _clear(fresh, Campaign.State.SUBMITTED if to_county else Campaign.State.DRAFT)
    fresh.save()
    trail.record(None, "campaign.schedule_returned", fresh, at=at)


def _is_late(campaign: Campaign, at: datetime) -> bool:
    return campaign.scheduled_at is not None and at > campaign.scheduled_at + LATEST


def _clear(campaign: Campaign, state: str) -> None:
    campaign.state = state
    campaign.scheduled_at = campaign.scheduled_by = campaign.scheduled_people = None


def _scheduled(campaign: Campaign) -> Campaign:
    """The campaign, locked. Raises `NotScheduled`."""
    fresh = Campaign.objects.select_for_update(of=("self",)).get(
        county_id=campaign.county_id, pk=campaign.pk
    )
    if fresh.state != Campaign.State.SCHEDULED:
        raise NotScheduled
    return fresh
