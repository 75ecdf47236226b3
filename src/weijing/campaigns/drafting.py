"""An author writes a campaign, saves as they go, and hands it to another person."""

from datetime import datetime
from typing import Any

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audiences.naming_tags import ended_tags
from weijing.audit import trail
from weijing.campaigns import codes, policies
from weijing.campaigns.content import attaching, filling
from weijing.campaigns.content.wording import refuse_forbidden
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering.meaning import meaning_of
from weijing.campaigns.reach import Reach, reach_of
from weijing.campaigns.releasing import EmptyAudience
from weijing.core.clock import local_day
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County

FIELDS = frozenset({"title", "topic", "body", "audience", "confirm_hours", "is_drill"})
LONGEST_CONFIRM_HOURS = 7 * 24


class NotADraft(DomainError):
    """It was submitted or has gone out; the text stands as it was read."""

    def __init__(self) -> None:
        super().__init__("这条群发已经提交，不能再改。")


class EditedMeanwhile(DomainError):
    """Another window saved a newer text."""

    def __init__(self) -> None:
        super().__init__("这条草稿在别处改过了，您写的还在这一页，没有覆盖任何一份。")


class Incomplete(DomainError):
    """Something is missing or too long."""


class RecountChanged(DomainError):
    """The audience is no longer what the person saw; `now` is what it is."""

    def __init__(self, seen: int, now: int) -> None:
        super().__init__(f"人数从 {seen:,} 变为 {now:,}，请再看一眼。")
        self.seen = seen
        self.now = now


@transaction.atomic
def draft(*, by: Officer, at: datetime, **fields: Any) -> Campaign:
    """Start a campaign; `fields` as for `edit`. Raises `PermissionDenied`, `Incomplete`."""
    if not policies.can_draft(by):
        raise PermissionDenied
    campaign = Campaign(
        county_id=by.county_id,
        number=_next_number(by.county_id, at),
        drafted_by=by,
        drafted_at=at,
        edited_at=at,
        **_checked(fields),
    )
    campaign.save(force_insert=True)
    trail.record(by, "campaign.drafted", campaign, at=at)
    return campaign


@transaction.atomic
def edit(
    campaign: Campaign,
    *,
    by: Officer,
    at: datetime,
    seen_edited_at: datetime | None = None,
    **fields: Any,
) -> Campaign:
    """Save title, topic, body, audience (a tree), confirm_hours or is_drill of one's own draft.

    A draft may be half finished; what is wrong with it is said when it is submitted. With
    `seen_edited_at` a text that was saved since is not overwritten.
    Raises `PermissionDenied`, `NotADraft`, `EditedMeanwhile`, `Incomplete`.
    """
    fresh = _locked(campaign)
    if not policies.can_edit(by, fresh):
        raise PermissionDenied
    if fresh.state != Campaign.State.DRAFT:
        raise NotADraft
    if seen_edited_at is not None and fresh.edited_at != seen_edited_at:
        raise EditedMeanwhile
    for name, value in _checked(fields).items():
        setattr(fresh, name, value)
    fresh.edited_at = at
    fresh.save()
    return fresh


@transaction.atomic
def copied(campaign: Campaign, *, by: Officer, at: datetime, **fields: Any) -> Campaign:
    """Another draft with these fields and what hangs on this one, which stays as it is.

    Raises `PermissionDenied`, `Incomplete`.
    """
    if not policies.can_edit(by, campaign):
        raise PermissionDenied
    new = draft(by=by, at=at, **fields)
    attaching.copy(campaign, new)
    return new


@transaction.atomic
def replace(campaign: Campaign, *, by: Officer, at: datetime, **fields: Any) -> Campaign:
    """Save over what another window has saved; that becomes a draft of its own, nothing is lost.

    Raises as `edit`.
    """
    stored = _locked(campaign)
    if stored.state != Campaign.State.DRAFT:
        raise NotADraft
    kept = {name: getattr(stored, name) for name in FIELDS}
    kept["title"] = f"{stored.title[:50]}（另一处写的）"
    copied(stored, by=by, at=at, **kept)
    return edit(stored, by=by, at=at, **fields)


@transaction.atomic
def submit(campaign: Campaign, *, by: Officer, at: datetime, count_seen: int) -> Reach:
    """Hand a finished draft to the approvers, with the number of people its author saw.

    Raises `PermissionDenied`, `NotADraft`, `Incomplete`, `ForbiddenWording`, `EmptyAudience`,
    `BadExpression`, and `RecountChanged` when the number has moved by more than one per cent.
    """
    fresh = _locked(campaign)
    if not policies.can_edit(by, fresh):
        raise PermissionDenied
    if fresh.state != Campaign.State.DRAFT:
        raise NotADraft
    _check_complete(fresh, at=at)
    reach = reach_of(fresh, at=at)
    if not reach.reachable:
        raise EmptyAudience
    check_recount(seen=count_seen, now=reach.reachable)
    fresh.state = Campaign.State.SUBMITTED
    fresh.submitted_at = at
    fresh.submitted_count = reach.reachable
    fresh.audience_meant = meaning_of(fresh)
    fresh.returned_reason = ""
    fresh.save()
    trail.record(by, "campaign.submitted", fresh, at=at, people=reach.reachable)
    return reach


def check_recount(*, seen: int, now: int) -> None:
    """Raises `RecountChanged` when `now` differs from `seen` by more than one per cent."""
    if abs(now - seen) * 100 > seen:
        raise RecountChanged(seen, now)


def check_tags(campaign: Campaign) -> None:
    """Left out silently, a tag that has ended would send the message to others than were chosen.

    Raises `Incomplete`.
    """
    for tag in ended_tags(campaign.audience, campaign.county_id):
        instead = f"，并入了「{tag.merged_into.name}」" if tag.merged_into else ""
        raise Incomplete(
            f"条件里的标签「{tag.name}」已停用{instead}。请在条件里删去或换一个再提交。"
        )


def _locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update(of=("self",)).get(
        county_id=campaign.county_id, pk=campaign.pk
    )


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(fields) - FIELDS:
        raise TypeError(f"a campaign has no {', '.join(sorted(unknown))}")
    if "title" in fields:
        fields["title"] = str(fields["title"]).strip()
        if len(fields["title"]) > 60:
            raise Incomplete("标题最多 60 个字。")
    if "\0" in f"{fields.get('title', '')}{fields.get('body', '')}":
        raise Incomplete("文字里有无法识别的字符，请删除后再试。")
    if fields.get("topic", Campaign.Topic.OTHER) not in Campaign.Topic.values:
        raise Incomplete("没有这个主题。")
    if not 1 <= int(fields.get("confirm_hours", 24)) <= LONGEST_CONFIRM_HOURS:
        raise Incomplete("确认期限是 1 至 168 小时。")
    if not isinstance(fields.get("audience", {}), dict):
        raise Incomplete("发送对象的条件看不懂，请重新选择。")
    return fields


def _check_complete(campaign: Campaign, *, at: datetime) -> None:
    if not campaign.title:
        raise Incomplete("请填写标题。")
    if not campaign.body.strip():
        raise Incomplete("请填写正文。")
    check_tags(campaign)
    refuse_forbidden(campaign)
    _check_length(campaign, at=at)


def _check_length(campaign: Campaign, *, at: datetime) -> None:
    """Of the longest text that any officer would send."""
    county = County.objects.get(pk=campaign.county_id)
    body, officer = filling.longest(campaign.body, county, at=at)
    over = codes.text_bytes(body, short_name=county.short_name) - codes.MAX_TEXT_BYTES
    if over > 0:
        whose = f"（填上变量后，{officer.name}的最长）" if officer else ""
        raise Incomplete(
            f"正文太长{whose}：企业微信最多 4,000 字节，多了 {over:,} 字节"
            f"（约 {-(-over // 3)} 个汉字）。"
        )


def _next_number(county_id: int, at: datetime) -> str:
    """QF-1124-01: the day and a count, short enough to say over the radio."""
    County.objects.select_for_update(no_key=True).get(pk=county_id)  # one number at a time
    prefix = f"QF-{local_day(at):%m%d}-"
    taken = Campaign.objects.filter(county_id=county_id, number__startswith=prefix)
    # The same day of other years counts on: numbers stay unique without their year.
    last = max(
        (int(number[len(prefix) :]) for number in taken.values_list("number", flat=True)), default=0
    )
    return f"{prefix}{last + 1:02}"
