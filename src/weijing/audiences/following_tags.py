"""A tag was merged into another: saved audiences that name it mean the other one."""

from datetime import datetime

from weijing.accounts.models import Officer
from weijing.audiences.models import SavedAudience
from weijing.audiences.naming_tags import with_tag_replaced
from weijing.audit import trail
from weijing.tags.models import Tag


def follow(tag: Tag, into: Tag | None, by: Officer, at: datetime) -> None:
    """A `tags.catalogue.following.Follower`. Of a tag that only ended the name stays."""
    if into is None:
        return
    rows = SavedAudience.objects.select_for_update(of=("self",)).order_by("pk")
    for saved in rows.filter(county_id=tag.county_id):
        tree = with_tag_replaced(saved.tree, tag.code, into.code)
        if tree != saved.tree:
            saved.tree = tree
            saved.save(update_fields=["tree"])
            trail.record(by, "audience.followed_tag", saved, at=at, tag=tag.code)
