"""The kill switch: nobody is asked while it is on; what WeCom already has goes on."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.models import CampaignPause, Restore, Share
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County

NOTE = "县局已暂停下发，恢复后自动继续。"


class NotLookedYet(DomainError):
    """After a restore WeCom's own list comes first: what went out is not in our rows."""

    def __init__(self) -> None:
        super().__init__(
            "没有恢复下发：数据库恢复后还没核对完企业微信里的任务，现在下发会重复。"
            "后台每两分钟核对一次，约 15 分钟后再试。"
        )


@transaction.atomic
def pause(county: County, *, by: Officer | None, at: datetime, reason: str) -> CampaignPause:
    """Stop all asking of a county, at the latest with the next call, within five seconds.

    `by` is None at the machine's own command line. Pausing twice keeps the first reason.
    Raises `PermissionDenied`.
    """
    if by is not None and not policies.can_pause(by):
        raise PermissionDenied
    row, created = CampaignPause.objects.get_or_create(
        county=county, defaults={"reason": reason[:200], "paused_at": at, "paused_by": by}
    )
    if created:
        trail.record(by, "campaigns.paused", row, at=at)
    return row


@transaction.atomic
def resume(county: County, *, by: Officer | None, at: datetime, without_look: bool = False) -> bool:
    """Go on asking, with everything that waited; whether it was paused.

    `without_look`: although WeCom's list has not been read since a restore.
    Raises `PermissionDenied`, `NotLookedYet`.
    """
    if by is not None and not policies.can_pause(by):
        raise PermissionDenied
    row = CampaignPause.objects.filter(county=county).first()
    if row is None:
        return False
    if not without_look and Restore.objects.filter(county=county, looked_at=None).exists():
        raise NotLookedYet
    trail.record(by, "campaigns.resumed", row, at=at, without_look=without_look)
    row.delete()
    due = Q(note=NOTE) | Q(due_at__lte=at)
    Share.objects.filter(due, county=county, state=Share.State.WAITING).update(due_at=at, note="")
    jobs.enqueue("campaigns.sweep_now", county_id=county.pk)
    return True


def is_paused(county_id: int) -> bool:
    return CampaignPause.objects.filter(county_id=county_id).exists()
