"""Officers who have not confirmed are reminded: at most three times in 24 hours."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

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


class NobodyWaits(DomainError):
    """A reminder to nobody would use up one of the three."""

    def __init__(self) -> None:
        super().__init__("现在没有等着确认的民辅警，没有提醒，也没有用掉次数。还没派到的会自动派。")


def waiting(campaign: Campaign) -> QuerySet[Share]:
    """What officers have been asked for and have not sent: whom a reminder goes to.

    Of the whole campaign, also for a station's author, whose people may have officers elsewhere.
    """
    return Share.objects.filter(
        county_id=campaign.county_id, campaign=campaign, state=State.ASKED, stop=""
    )


def officers_waiting(campaign: Campaign) -> int:
    """How many officers those are."""
    return waiting(campaign).values("officer_id").distinct().count()


def reminders_left(campaign: Campaign, *, at: datetime) -> int:
    """How many of the three are left at this moment."""
    return max(0, PER_DAY - len(_recent(campaign, at)))


def given(campaign: Campaign) -> list[str]:
    """ISO times of the reminders that have gone out; beside them lie those that are planned."""
    return [one for one in campaign.reminders if isinstance(one, str)]


def _recent(campaign: Campaign, at: datetime) -> list[str]:
    return [text for text in given(campaign) if datetime.fromisoformat(text) > at - DAY]


@transaction.atomic
def remind(campaign: Campaign, *, by: Officer, at: datetime) -> int:
    """Remind everyone who has been asked and has not confirmed; how many officers.

    Raises `PermissionDenied`, `NotRunning`, `RemindedEnough`, `NobodyWaits`.
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
    officers = officers_waiting(fresh)
    if not officers:
        raise NobodyWaits
    planned = [one for one in fresh.reminders if not isinstance(one, str)]
    fresh.reminders = [*planned, *_recent(fresh, at), at.isoformat()]
    fresh.save(update_fields=["reminders"])
    trail.record(by, "campaign.reminded", fresh, at=at, officers=officers)
    jobs.enqueue("campaigns.remind", county_id=fresh.county_id, campaign_id=fresh.pk)
    return officers


def remind_shares(campaign: Campaign, *, wecom: WeCom) -> None:
    """Carry out the last reminder. Run again after a crash it goes on where it stopped.

    Raises `Unavailable`, `Misconfigured`; the share at hand was then not reminded.
    """
    rounds = given(campaign)
    if not rounds:
        return
    round_at = datetime.fromisoformat(rounds[-1])
    shares = waiting(campaign).filter(
        Q(reminded_at=None) | Q(reminded_at__lt=round_at), asked_at__lte=round_at
    )
    for share in shares.order_by("pk"):
        assert share.msgid is not None
        # Its own three are used up, or it may have worked: no second try.
        with suppress(Rejected, Unanswered):
            wecom.group_messages.remind(share.msgid)
        rows = Share.objects.filter(county_id=share.county_id, pk=share.pk)
        rows.update(reminded_at=round_at)
