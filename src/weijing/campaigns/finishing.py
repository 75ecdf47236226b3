"""A share ends; when the last one has, so does its campaign."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from weijing.audit import trail
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import ENDED, LIVE

State = Campaign.State


def finish_campaigns(county_id: int, *, at: datetime) -> int:
    """End the released campaigns of which every share has ended; how many."""
    shares = Share.objects.filter(county_id=county_id, campaign=OuterRef("pk"))
    done = Campaign.objects.filter(
        ~Exists(shares.filter(state__in=LIVE)),
        Exists(shares.filter(state__in=ENDED)),
        county_id=county_id,
        state=State.RELEASED,
    )
    ended = 0
    for campaign in done:
        any_sent = campaign.shares.filter(county_id=county_id, state=Share.State.FINISHED).exists()
        all_lapsed = (
            not campaign.shares.filter(county_id=county_id)
            .exclude(state=Share.State.LAPSED)
            .exists()
        )
        state = State.LAPSED if all_lapsed and not any_sent else State.FINISHED
        running = Campaign.objects.filter(county_id=county_id, pk=campaign.pk, state=State.RELEASED)
        if running.update(state=state, ended_at=at):
            trail.record(None, f"campaign.{state}", campaign, at=at)
            ended += 1
    return ended
