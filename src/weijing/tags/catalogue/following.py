"""Parts above that name tags follow when one ends, in the same transaction."""

from collections.abc import Callable
from datetime import datetime

from weijing.accounts.models import Officer
from weijing.tags.models import Tag

# Called with the tag that ended, what stands in its place (None: nothing), who did it, and when.
Follower = Callable[[Tag, Tag | None, Officer, datetime], None]
FOLLOWERS: list[Follower] = []


def tell(tag: Tag, into: Tag | None, *, by: Officer, at: datetime) -> None:
    for follow in FOLLOWERS:
        follow(tag, into, by, at)
