"""Confirming ends some time; WeCom itself sets no limit, so we cancel what is left."""

from datetime import datetime

from django.db import transaction

from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import UNCONFIRMED, State
from weijing.campaigns.stopping import now_unless_being_asked


@transaction.atomic
def lapse(county_id: int, *, at: datetime) -> int:
    """Mark the unconfirmed shares of campaigns whose time is over; how many.

    The sweep then ends each by its state: one that waits at once, one that WeCom has by cancelling.
    """
    over = Campaign.objects.filter(
        county_id=county_id, state=Campaign.State.RELEASED, confirm_by__lte=at
    )
    shares = Share.objects.filter(
        county_id=county_id, campaign__in=over, state__in=UNCONFIRMED, stop=""
    )
    # A person was asked to decide about some of them; time has decided.
    return shares.update(stop=State.LAPSED, due_at=now_unless_being_asked(at), needs_person=False)
