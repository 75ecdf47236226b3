"""A tag has ended: drafts that name it follow, what waits for approval goes back to its author."""

from datetime import datetime

from django.db.models import TextField
from django.db.models.functions import Cast

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns.audience_tags import with_tag_replaced
from weijing.campaigns.models import Campaign
from weijing.tags.models import Tag

OPEN = (Campaign.State.DRAFT, Campaign.State.SUBMITTED)


def follow(tag: Tag, into: Tag | None, by: Officer, at: datetime) -> None:
    """A `tags.catalogue.following.Follower`."""
    for campaign in _naming(tag):
        if into is not None:
            campaign.audience = with_tag_replaced(campaign.audience, tag.code, into.code)
            campaign.edited_at = at  # a window that is open elsewhere must not save the old tree
        if campaign.state == Campaign.State.SUBMITTED:
            what = f"并入了「{into.name}」，人数可能变了" if into else "停用了"
            campaign.state = Campaign.State.DRAFT
            campaign.returned_reason = f"条件里的标签「{tag.name}」{what}，请看过再提交。"
            trail.record(by, "campaign.returned", campaign, at=at, tag=tag.code)
        campaign.save()


def _naming(tag: Tag) -> list[Campaign]:
    """Those not yet sent out, locked."""
    rows = Campaign.objects.select_for_update(of=("self",)).alias(
        tree=Cast("audience", TextField())
    )
    named = rows.filter(county_id=tag.county_id, state__in=OPEN, tree__contains=f'"{tag.code}"')
    return list(named.order_by("pk"))


def campaigns_naming(tag: Tag) -> list[Campaign]:
    """Every campaign whose conditions name the tag, the latest first."""
    rows = Campaign.objects.alias(tree=Cast("audience", TextField()))
    named = rows.filter(county_id=tag.county_id, tree__contains=f'"{tag.code}"')
    return list(named.select_related("drafted_by").order_by("-drafted_at", "-pk"))
