"""Officers who have not confirmed are reminded: at most three times in 24 hours."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from wecom_api import Rejected, Unanswered, WeCom
from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import State
from weijing.campaigns.stopping import NotRunning
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied

PER_DAY = 3  # per task in 24 hours; developer.work.weixin.qq.com/document/path/97610
DAY = timedelta(hours=24)


class RemindedEnough(DomainError):
    """Three times in 24 hours is what WeCom allows."""

    def __init__(self) -> None:
        super().__init__("24 小时内已提醒 3 次，请改用电话联系。")


def reminders_left(campaign: Campaign, *, at: datetime) -> int:
    """How many of the three are left at this moment."""
    return max(0, PER_DAY - len(_recent(campaign, at)))


def _recent(campaign: Campaign, at: datetime) -> list[str]:
    return [text for text in campaign.reminders if datetime.fromisoformat(text) > at - DAY]


@transaction.atomic
def remind(campaign: Campaign, *, by: Officer, at: datetime) -> int:
    """Remind everyone who has not confirmed; how many officers.

    Raises `PermissionDenied`, `NotRunning`, `RemindedEnough`.
    """
    if not policies.can_remind(by, campaign, at=at):
        raise PermissionDenied
    fresh = Campaign.objects.select_for_update(of=("self",)).get(
        county_id=campaign.county_id, pk=campaign.pk
    )
    if fresh.state != Campaign.State.RELEASED:
        raise NotRunning
    if not reminders_left(fresh, at=at):
        raise RemindedEnough
    fresh.reminders = [*_recent(fresh, at), at.isoformat()]
    fresh.save(update_fields=["reminders"])
    waiting = Share.objects.filter(
        county_id=fresh.county_id, campaign=fresh, state=State.ASKED, stop=""
    ).count()
    trail.record(by, "campaign.reminded", fresh, at=at, officers=waiting)
    jobs.enqueue("campaigns.remind", county_id=fresh.county_id, campaign_id=fresh.pk)
    return waiting


def remind_shares(campaign: Campaign, *, wecom: WeCom) -> None:
    """Carry out the last reminder. Run again after a crash it goes on where it stopped.

    Raises `Unavailable`, `Misconfigured`; the share at hand was then not reminded.
    """
    if not campaign.reminders:
        return
    round_at = datetime.fromisoformat(campaign.reminders[-1])
    shares = Share.objects.filter(
        Q(reminded_at=None) | Q(reminded_at__lt=round_at),
        county_id=campaign.county_id,
        campaign=campaign,
        state=State.ASKED,
        stop="",
        asked_at__lte=round_at,
    )
    for share in shares.order_by("pk"):
        assert share.msgid is not None
        # Its own three are used up, or it may have worked: no second try.
        with suppress(Rejected, Unanswered):
            wecom.group_messages.remind(share.msgid)
        rows = Share.objects.filter(county_id=share.county_id, pk=share.pk)
        rows.update(reminded_at=round_at)
