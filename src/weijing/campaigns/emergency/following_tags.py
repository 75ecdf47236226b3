"""A tag was merged into another: emergencies that are on mean the other one."""

from datetime import datetime

from weijing.accounts.models import Officer
from weijing.audiences.naming_tags import with_tag_replaced
from weijing.audit import trail
from weijing.campaigns.emergency.models import EmergencyEvent
from weijing.campaigns.emergency.verifying import OPEN
from weijing.tags.models import Tag


def follow(tag: Tag, into: Tag | None, by: Officer, at: datetime) -> None:
    """A `tags.catalogue.following.Follower`. Of a tag that only ended the name stays."""
    if into is None:
        return
    events = EmergencyEvent.objects.select_for_update(of=("self",)).filter(
        county_id=tag.county_id, state__in=OPEN
    )
    for event in events.order_by("pk"):
        tree = with_tag_replaced(event.audience, tag.code, into.code)
        if tree != event.audience:
            event.audience = tree
            event.save(update_fields=["audience"])
            trail.record(by, "emergency.followed_tag", event, at=at, tag=tag.code)
