"""Nobody needs a tag any more: it goes, and with it what it said of people."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags.catalogue import carrying, following, policies
from weijing.tags.catalogue.deciding import wecom_follows
from weijing.tags.catalogue.merging import CountChanged
from weijing.tags.catalogue.renaming import locked
from weijing.tags.models import Tag, TagChange, WayTag


class ReasonMissing(DomainError):
    """Whoever ends a tag says why; stations will ask."""


@transaction.atomic
def retire(
    tag: Tag, *, reason: str, by: Officer, scope: Scope, at: datetime, seen: int | None = None
) -> int:
    """Returns how many people carried it; `seen` is how many the page showed.

    A draft that names it keeps the condition, and cannot be handed in until its author has looked:
    left out silently, the message would go to others than they chose.

    Raises `PermissionDenied`, `HasEnded`, `ReasonMissing`, `CountChanged`.
    """
    if not policies.can_keep(scope) or tag.county_id != scope.county_id:
        raise PermissionDenied
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise ReasonMissing("还没有停用：请写明停用的原因。")
    tag = locked(tag)
    people = carrying.end(tag, at=at)
    if seen is not None and seen != people:
        raise CountChanged(people)
    WayTag.objects.filter(county_id=tag.county_id, tag=tag).delete()
    tag.retired_at = at
    tag.save(update_fields=["retired_at"])
    TagChange.objects.create(
        county_id=tag.county_id, tag=tag, kind=TagChange.Kind.RETIRED, at=at, by=by, people=people,
        reason=reason,
    )  # fmt: skip
    trail.record(by, "tag.retired", tag, at=at, code=tag.code, people=people)
    following.tell(tag, None, by=by, at=at)
    wecom_follows(tag.county_id)
    return people
