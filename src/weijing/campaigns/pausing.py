"""The kill switch: nobody is asked while it is on; what WeCom already has goes on."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.models import CampaignPause
from weijing.core.errors import PermissionDenied
from weijing.territory.models import County


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
def resume(county: County, *, by: Officer | None, at: datetime) -> bool:
    """Go on asking; whether it was paused. Raises `PermissionDenied`."""
    if by is not None and not policies.can_pause(by):
        raise PermissionDenied
    row = CampaignPause.objects.filter(county=county).first()
    if row is None:
        return False
    trail.record(by, "campaigns.resumed", row, at=at)
    row.delete()
    return True


def is_paused(county_id: int) -> bool:
    return CampaignPause.objects.filter(county_id=county_id).exists()
