"""Somebody who did not write it reads a text and lets it be used, or gives it back."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.content.models import ContentItem, ContentVersion
from weijing.core.errors import DomainError, PermissionDenied

State = ContentVersion.State


class NotToBeJudged(DomainError):
    """It is a draft again, or has been judged."""

    def __init__(self) -> None:
        super().__init__("这一版不在待审核状态，请刷新后再看。")


class SubmittedAnew(DomainError):
    """It was taken back, changed and handed in again since the page was opened."""

    def __init__(self) -> None:
        super().__init__("没有办成：您打开之后这一版改过、又提交了。请把现在的文字再读一遍。")


class NoReason(DomainError):
    """Who gives something back, or takes it out of use, says why."""

    def __init__(self) -> None:
        super().__init__("请写明原因。")


class AlreadyWithdrawn(DomainError):
    """It is out of use already."""

    def __init__(self) -> None:
        super().__init__("这篇素材已经停用了。")


def can_judge(by: Officer, version: ContentVersion) -> bool:
    """An approver who did not write it."""
    return (
        by.county_id == version.county_id
        and version.written_by_id != by.pk
        and policies.can_pause(by)
    )


@transaction.atomic
def publish(
    version: ContentVersion, *, by: Officer, at: datetime, read: datetime | None = None
) -> None:
    """From now on it is the one that is offered; earlier versions stay readable.

    `read`: the `submitted_at` of the words they have read, by default those of `version`.
    Raises `PermissionDenied`, `NotToBeJudged`, `SubmittedAnew`.
    """
    fresh = _submitted(version, by=by, read=read)
    fresh.state, fresh.reviewed_by, fresh.reviewed_at = State.PUBLISHED, by, at
    fresh.save()
    trail.record(by, "content.published", fresh.item, at=at, version=fresh.number)


@transaction.atomic
def give_back(
    version: ContentVersion, *, by: Officer, at: datetime, reason: str, read: datetime | None = None
) -> None:
    """Raises `PermissionDenied`, `NotToBeJudged`, `NoReason`, `SubmittedAnew`; `read` as above."""
    if not reason.strip():
        raise NoReason
    fresh = _submitted(version, by=by, read=read)
    fresh.state, fresh.returned_reason = State.DRAFT, reason.strip()[:200]
    fresh.save()
    trail.record(by, "content.returned", fresh.item, at=at, version=fresh.number)


@transaction.atomic
def withdraw(item: ContentItem, *, by: Officer, at: datetime, reason: str) -> None:
    """Offer it no longer; messages that used it keep their words.

    Raises `PermissionDenied`, `NoReason`, `AlreadyWithdrawn`.
    """
    if not policies.can_pause(by) or by.county_id != item.county_id:
        raise PermissionDenied
    if not reason.strip():
        raise NoReason
    open_ones = ContentItem.objects.filter(county_id=item.county_id, pk=item.pk, withdrawn_at=None)
    if not open_ones.update(
        withdrawn_at=at, withdrawn_by=by, withdrawn_reason=reason.strip()[:200]
    ):
        raise AlreadyWithdrawn
    trail.record(by, "content.withdrawn", item, at=at)


def _submitted(version: ContentVersion, *, by: Officer, read: datetime | None) -> ContentVersion:
    rows = ContentVersion.objects.select_for_update(of=("self",)).select_related("item")
    fresh = rows.filter(county_id=version.county_id, pk=version.pk).first()
    if fresh is None:
        raise NotToBeJudged
    if not can_judge(by, fresh):
        raise PermissionDenied("素材要由写的人以外、有审批权的人审核。")
    if fresh.state != State.SUBMITTED:
        raise NotToBeJudged
    # Nothing changes while it is submitted, so the moment says which words they were.
    if fresh.submitted_at != (read or version.submitted_at or fresh.submitted_at):
        raise SubmittedAnew
    return fresh
