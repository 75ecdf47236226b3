"""A text for the library is written, and handed to somebody else to read."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import checks, codes, policies
from weijing.campaigns.content import attaching, filling
from weijing.campaigns.content.models import ContentItem, ContentVersion
from weijing.campaigns.content.wording import refuse_forbidden, wording
from weijing.campaigns.models import Campaign
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County

State = ContentVersion.State


class IncompleteText(DomainError):
    """Something is missing or too long."""


class TextEditedMeanwhile(DomainError):
    """Another window, or another person, was quicker."""

    def __init__(self) -> None:
        super().__init__("这篇素材在别处改过了，您写的还在。请另开一页看看再存。")


class NotInWork(DomainError):
    """It is being read, or published: then it stands."""

    def __init__(self) -> None:
        super().__init__("这一版已经提交或已审核，不能再改。要改请另起新的一版。")


@transaction.atomic
def begin(*, title: str, topic: str, body: str, by: Officer, at: datetime) -> ContentVersion:
    """The first version of a new item. Raises `PermissionDenied`, `IncompleteText`."""
    if not policies.can_draft(by):
        raise PermissionDenied
    _check(title, topic, body)
    item = ContentItem.objects.create(
        county_id=by.county_id, title=title.strip(), topic=topic, created_by=by, created_at=at
    )
    version = ContentVersion.objects.create(
        county_id=by.county_id, item=item, number=1, body=body, written_by=by, edited_at=at
    )
    trail.record(by, "content.begun", item, at=at)
    return version


@transaction.atomic
def edit(
    version: ContentVersion,
    *,
    title: str,
    topic: str,
    body: str,
    by: Officer,
    at: datetime,
    seen_edited_at: datetime | None = None,
) -> ContentVersion:
    """Save one's own draft. The title and topic are the item's, of all its versions.

    Raises `PermissionDenied`, `NotInWork`, `TextEditedMeanwhile`, `IncompleteText`.
    """
    fresh = _own_draft(version, by=by)
    if seen_edited_at is not None and fresh.edited_at != seen_edited_at:
        raise TextEditedMeanwhile
    _check(title, topic, body)
    item = fresh.item
    item.title, item.topic = title.strip(), topic
    item.save(update_fields=["title", "topic"])
    fresh.body, fresh.edited_at = body, at
    fresh.save(update_fields=["body", "edited_at"])
    return fresh


@transaction.atomic
def next_version(item: ContentItem, *, by: Officer, at: datetime) -> ContentVersion:
    """Begin a new version with the words and attachments of the latest; or find the one begun.

    Raises `PermissionDenied`, `NotInWork` when another person has one in work.
    """
    if not policies.can_draft(by) or item.county_id != by.county_id:
        raise PermissionDenied
    ContentItem.objects.select_for_update(of=("self",)).get(county_id=item.county_id, pk=item.pk)
    latest = ContentVersion.objects.filter(county_id=item.county_id, item=item).latest("number")
    if latest.state != State.PUBLISHED:
        if latest.written_by_id != by.pk:
            raise NotInWork
        return latest
    version = ContentVersion.objects.create(
        county_id=item.county_id, item=item, number=latest.number + 1, body=latest.body,
        written_by=by, edited_at=at,
    )  # fmt: skip
    attaching.copy(latest, version)
    trail.record(by, "content.version_begun", item, at=at, version=version.number)
    return version


@transaction.atomic
def submit(version: ContentVersion, *, by: Officer, at: datetime) -> None:
    """Hand it to those who review.

    Raises `PermissionDenied`, `NotInWork`, `IncompleteText`, `ForbiddenWording`.
    """
    fresh = _own_draft(version, by=by)
    if not fresh.body.strip():
        raise IncompleteText("请填写正文。")
    county = County.objects.get(pk=fresh.county_id)
    longest, _officer = filling.longest(fresh.body, county, at=at)
    if codes.text_bytes(longest, short_name=county.short_name) > codes.MAX_TEXT_BYTES:
        raise IncompleteText("正文太长：企业微信最多 4,000 字节（约 1,300 个汉字）。")
    refuse_forbidden(as_message(fresh))
    fresh.state, fresh.submitted_at, fresh.returned_reason = State.SUBMITTED, at, ""
    fresh.save()
    trail.record(by, "content.submitted", fresh.item, at=at, version=fresh.number)


def as_message(version: ContentVersion) -> Campaign:
    """As if it were a message to everybody, for checks and previews; never saved."""
    return Campaign(county_id=version.county_id, body=version.body, audience={})


def checked(version: ContentVersion) -> list[checks.Check]:
    return wording(as_message(version))


def _own_draft(version: ContentVersion, *, by: Officer) -> ContentVersion:
    rows = ContentVersion.objects.select_for_update(of=("self",)).select_related("item")
    fresh = rows.get(county_id=version.county_id, pk=version.pk)
    own = fresh.written_by_id == by.pk and fresh.county_id == by.county_id
    if not own or not policies.can_draft(by):
        raise PermissionDenied("只有写这一版的人能改。")
    if fresh.state != State.DRAFT:
        raise NotInWork
    return fresh


def _check(title: str, topic: str, body: str) -> None:
    if not title.strip():
        raise IncompleteText("请填写标题。")
    if len(title.strip()) > 60:
        raise IncompleteText("标题最多 60 个字。")
    if topic not in Campaign.Topic.values:
        raise IncompleteText("没有这个主题。")
    if len(body.encode()) > 3 * codes.MAX_TEXT_BYTES:
        raise IncompleteText("正文太长：企业微信最多 4,000 字节（约 1,300 个汉字）。")
    if "\0" in title + body:
        raise IncompleteText("文字里有无法识别的字符，请删除后再试。")
