"""Another person reads the campaign and lets it go out, or gives it back."""

from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies, releasing
from weijing.campaigns.drafting import check_recount, check_tags
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering import hours
from weijing.campaigns.ordering.meaning import check_unchanged
from weijing.core import jobs
from weijing.core.env import environment
from weijing.core.errors import DomainError, PermissionDenied
from weijing.core.simulated import is_simulator
from weijing.territory.models import County


class AlreadyReleased(DomainError):
    """A campaign goes out once; a second tap must not send it twice."""

    def __init__(self) -> None:
        super().__init__("这条群发已经下发过了。")


class NotSubmitted(DomainError):
    """It is a draft again, or has ended."""

    def __init__(self) -> None:
        super().__init__("这条群发不在待审批状态，请刷新后再看。")


class NeedsCountyDesk(DomainError):
    """The recount has made it larger than a station may let go."""

    def __init__(self, people: int) -> None:
        super().__init__(f"人数变为 {people:,}，要由县局审批；还没有发出，县局审批人能看到这一条。")


class DrillWouldLeave(DomainError):
    """This installation speaks to the real WeCom."""

    def __init__(self) -> None:
        super().__init__(
            "这条是演练，而这套系统连着真实的企业微信，没有下发。请在连接模拟器的系统上演练，"
            "或退回起草人去掉「演练」。"
        )


@transaction.atomic
def release(
    campaign: Campaign,
    *,
    by: Officer,
    at: datetime,
    count_seen: int | None = None,
    at_any_hour: bool = False,
) -> int:
    """Let a campaign go out: each officer is asked, through WeCom, to send their share.

    The audience is counted again and then fixed; how many people it has is returned. It must be
    within one per cent of `count_seen`, the number the approver has read (the author's if None).
    `at_any_hour`: the approver knows that it is night or a holiday, and wants it to go now.
    Raises `PermissionDenied`, `QuietTime`, `AlreadyReleased`, `NotSubmitted`, `Incomplete`,
    `RecountChanged`, `NeedsCountyDesk`, `EmptyAudience`.
    """
    if not policies.can_release(by, campaign, at=at):
        raise PermissionDenied("群发要由起草人以外、有审批权的人批准。")
    # Releases of a county wait for each other: two at once would both find the same resident
    # free today.
    County.objects.select_for_update(no_key=True).get(pk=campaign.county_id)
    fresh = submitted(campaign)
    quiet = "" if fresh.is_urgent else hours.why_not(at)
    if quiet and not at_any_hour:
        raise hours.QuietTime(
            f"{quiet}，还没有下发。不急的请定时；确实要现在发，请勾选「现在就发」再批准。"
        )
    people = let_go(fresh, by=by, at=at)
    seen = fresh.submitted_count if count_seen is None else count_seen
    check_recount(seen=seen or 0, now=people)
    if not policies.can_release(by, fresh, at=at, people=people):
        raise NeedsCountyDesk(people)
    trail.record(
        by, "campaign.released", fresh, at=at, people=people, left_out=fresh.left_out,
        **({"at_quiet_time": True} if quiet else {}),
    )  # fmt: skip
    jobs.enqueue("campaigns.sweep_now", county_id=fresh.county_id)
    return people


def let_go(campaign: Campaign, *, by: Officer, at: datetime) -> int:
    """Fix whom a locked campaign goes to and ask their officers; how many people.

    In the caller's transaction, who has checked everything else. Raises `DrillWouldLeave`,
    `AudienceChanged`, `EmptyAudience`, `BadExpression`.
    """
    if campaign.is_drill and not is_simulator(environment().wecom_base_url):
        raise DrillWouldLeave
    check_tags(campaign)
    check_unchanged(campaign)
    campaign.state = Campaign.State.RELEASED
    campaign.released_by = by
    campaign.released_at = at
    campaign.confirm_by = at + timedelta(hours=campaign.confirm_hours)
    campaign.save()
    return releasing.plan(campaign, at=at)


@transaction.atomic
def return_to_author(campaign: Campaign, *, by: Officer, at: datetime, reason: str) -> None:
    """Give a campaign back; it is a draft again, with the reason on top.

    Raises `PermissionDenied`, `AlreadyReleased`, `NotSubmitted`, `ReasonMissing`.
    """
    if not policies.can_release(by, campaign, at=at):
        raise PermissionDenied
    reason = reason.strip()
    if not reason:
        raise ReasonMissing("请写明退回的原因。")
    fresh = submitted(campaign)
    fresh.state = Campaign.State.DRAFT
    fresh.returned_reason = reason[:200]
    fresh.save()
    trail.record(by, "campaign.returned", fresh, at=at)


class ReasonMissing(DomainError):
    """Who gives something back says why."""


def submitted(campaign: Campaign) -> Campaign:
    """The campaign, locked. Raises `AlreadyReleased`, `NotSubmitted`."""
    fresh = Campaign.objects.select_for_update(of=("self",)).get(
        county_id=campaign.county_id, pk=campaign.pk
    )
    if fresh.released_at is not None:
        raise AlreadyReleased
    if fresh.state != Campaign.State.SUBMITTED:
        raise NotSubmitted
    return fresh
