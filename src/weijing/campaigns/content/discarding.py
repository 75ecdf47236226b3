"""The two ways out of a text in work: its author takes it back, or it is thrown away."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.content.judging import NotToBeJudged
from weijing.campaigns.content.models import ContentItem, ContentVersion
from weijing.campaigns.content.writing import NotInWork
from weijing.core.errors import PermissionDenied

State = ContentVersion.State


def can_recall(by: Officer, version: ContentVersion) -> bool:
    """Who wrote it."""
    own = version.written_by_id == by.pk and version.county_id == by.county_id
    return own and policies.can_draft(by)


def can_discard(by: Officer, version: ContentVersion) -> bool:
    """Who wrote it, or an approver: its author may have left."""
    return can_recall(by, version) or (version.county_id == by.county_id and policies.can_pause(by))


@transaction.atomic
def recall(version: ContentVersion, *, by: Officer, at: datetime) -> None:
    """Take it back before it is judged; it is a draft again.

    Raises `PermissionDenied`, `NotToBeJudged`.
    """
    fresh = _locked(version)
    if not can_recall(by, fresh):
        raise PermissionDenied("只有写这一版的人能撤回。")
    if fresh.state != State.SUBMITTED:
        raise NotToBeJudged
    fresh.state = State.DRAFT
    fresh.save(update_fields=["state"])
    trail.record(by, "content.recalled", fresh.item, at=at, version=fresh.number)


@transaction.atomic
def discard(version: ContentVersion, *, by: Officer, at: datetime) -> bool:
    """Throw a draft away with what hangs on it; whether its item went too, having no other version.

    Raises `PermissionDenied`, `NotInWork`.
    """
    item = ContentItem.objects.select_for_update(of=("self",)).get(
        county_id=version.county_id, pk=version.item_id
    )
    fresh = _locked(version)
    if not can_discard(by, fresh):
        raise PermissionDenied("草稿由写的人或有审批权的人丢弃。")
    if fresh.state != State.DRAFT:
        raise NotInWork
    trail.record(by, "content.discarded", item, at=at, version=fresh.number)
    fresh.delete()
    if ContentVersion.objects.filter(county_id=item.county_id, item=item).exists():
        return False
    item.delete()
    return True


def _locked(version: ContentVersion) -> ContentVersion:
    """Raises `NotInWork` when somebody has thrown it away."""
    rows = ContentVersion.objects.select_for_update(of=("self",)).select_related("item")
    found = rows.filter(county_id=version.county_id, pk=version.pk).first()
    if found is None:
        raise NotInWork
    return found
