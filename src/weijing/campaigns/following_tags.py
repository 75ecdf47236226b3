"""A tag has ended: drafts that name it follow, what is handed in goes back to its author."""

import json
from datetime import datetime

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from weijing.accounts.models import Officer
from weijing.audiences.naming_tags import saved_naming, with_tag_replaced
from weijing.audit import trail
from weijing.campaigns.models import Campaign
from weijing.tags.models import Tag

HANDED_IN = (Campaign.State.SUBMITTED, Campaign.State.SCHEDULED)
OPEN = (Campaign.State.DRAFT, *HANDED_IN)


def follow(tag: Tag, into: Tag | None, by: Officer, at: datetime) -> None:
    """A `tags.catalogue.following.Follower`."""
    rows = not_sent(tag.county_id).select_for_update(of=("self",))
    for campaign in _named(tag, rows).order_by("pk"):
        tree = with_tag_replaced(campaign.audience, tag.code, into.code) if into else None
        if tree is not None and tree != campaign.audience:
            campaign.audience = tree
            campaign.edited_at = at  # a window that is open elsewhere must not save the old tree
        if campaign.state in HANDED_IN:
            what = f"并入了「{into.name}」，人数可能变了" if into else "停用了"
            campaign.state = Campaign.State.DRAFT
            campaign.scheduled_at = campaign.scheduled_by = campaign.scheduled_people = None
            campaign.returned_reason = f"条件里的标签「{tag.name}」{what}，请看过再提交。"
            trail.record(by, "campaign.returned", campaign, at=at, tag=tag.code)
        campaign.save()


def not_sent(county_id: int) -> QuerySet[Campaign]:
    """Drafts, what waits for approval, and what waits for its time."""
    return Campaign.objects.filter(county_id=county_id, state__in=OPEN)


def campaigns_naming(tag: Tag, *, among: QuerySet[Campaign]) -> list[Campaign]:
    """Those whose conditions name the tag, also through saved audiences, the latest first."""
    named = _named(tag, among).select_related("drafted_by")
    return list(named.order_by("-drafted_at", "-pk"))


def _named(tag: Tag, among: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """What was handed in names what it meant then, a draft what its saved audiences say now."""
    rows = among.filter(county_id=tag.county_id).alias(
        tree=Cast("audience", TextField()), meant=Cast("audience_meant", TextField())
    )
    code = f'"{tag.code}"'
    named = Q(tree__contains=code)
    for saved in saved_naming(tag):
        name = json.dumps(saved.name, ensure_ascii=False)
        named |= Q(tree__contains=f'"saved": {name}', state__in=OPEN)
    return rows.filter(named | (Q(meant__contains=code) & ~Q(state=Campaign.State.DRAFT)))
