"""A reviewed text goes into a draft, and the draft remembers which version it was."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import policies
from weijing.campaigns.content import attaching
from weijing.campaigns.content.models import ContentItem, ContentUse, ContentVersion
from weijing.campaigns.models import Campaign
from weijing.core.errors import DomainError, PermissionDenied

State = ContentVersion.State


class NotOffered(DomainError):
    """Withdrawn, or overtaken by a newer version, since the page was opened."""

    def __init__(self) -> None:
        super().__init__("没有套用：这篇素材已停用或有了新版，草稿没有变。请刷新后再选。")


def items(county_id: int) -> QuerySet[ContentItem]:
    """The whole library with the number of the version in use, the newest first."""
    published = Max("versions__number", filter=Q(versions__state=State.PUBLISHED))
    latest = ContentVersion.objects.filter(county_id=county_id, item=OuterRef("pk")).order_by(
        "-number"
    )
    rows = ContentItem.objects.filter(county_id=county_id).annotate(
        in_use=published, latest_state=Subquery(latest.values("state")[:1])
    )
    return rows.order_by("-created_at", "-pk")


def offered(county_id: int, *, topic: str = "", search: str = "") -> list[ContentVersion]:
    """The version of each item that may be used now, the last reviewed first."""
    newest = ContentVersion.objects.filter(
        county_id=county_id, item=OuterRef("item"), state=State.PUBLISHED
    ).order_by("-number")
    rows = ContentVersion.objects.filter(
        county_id=county_id,
        state=State.PUBLISHED,
        item__withdrawn_at=None,
        number=Subquery(newest.values("number")[:1]),
    )
    if topic:
        rows = rows.filter(item__topic=topic)
    if search:
        rows = rows.filter(Q(item__title__icontains=search) | Q(body__icontains=search))
    return list(rows.select_related("item", "reviewed_by").order_by("-reviewed_at", "-pk"))


@transaction.atomic
def use(
    version: ContentVersion,
    campaign: Campaign,
    *,
    by: Officer,
    at: datetime,
    behind: bool = False,
) -> Campaign:
    """Put the version's words and attachments into one's own draft.

    In place of the words that stand there, or `behind` them; attachments are added. A draft
    without a title takes the item's, and its topic with it.

    Raises `PermissionDenied`, `NotOpen`, `NotOffered`, `NotAttachable`.
    """
    fresh = Campaign.objects.select_for_update(of=("self",)).get(
        county_id=campaign.county_id, pk=campaign.pk
    )
    if not policies.can_edit(by, fresh) or version.county_id != by.county_id:
        raise PermissionDenied
    if fresh.state != Campaign.State.DRAFT:
        raise attaching.NotOpen
    if version.pk not in {one.pk for one in offered(by.county_id)}:
        raise NotOffered
    words = [fresh.body.rstrip(), version.body] if behind and fresh.body.strip() else [version.body]
    fresh.body = "\n".join(words)
    if not fresh.title:
        fresh.title, fresh.topic = version.item.title, version.item.topic
    fresh.edited_at = at
    fresh.save()
    attaching.copy(version, fresh)
    ContentUse.objects.update_or_create(
        county_id=fresh.county_id, campaign=fresh, version=version, defaults={"used_at": at}
    )
    trail.record(by, "content.used", fresh, at=at, version_id=version.pk)
    return fresh


def used_in(campaign: Campaign) -> list[ContentUse]:
    """The versions a message took words from, the first first."""
    rows = ContentUse.objects.filter(county_id=campaign.county_id, campaign=campaign)
    return list(rows.select_related("version__item", "version__reviewed_by").order_by("used_at"))


@dataclass(frozen=True, slots=True)
class Compared:
    """What a message says beside what was reviewed.

    `uses` with whether the whole text of that version is in the message; `is_exact`: the message
    is those texts in the order of use, and nothing else; `added`: its other signs, spaces apart.
    """

    uses: list[tuple[ContentUse, bool]]
    is_exact: bool
    added: int

    @property
    def has_more(self) -> bool:
        """All reviewed texts are there, and something else around or between them."""
        return not self.is_exact and all(is_there for _, is_there in self.uses)


def compared(campaign: Campaign) -> Compared:
    """The message with the versions it took words from. A text around a reviewed one is not it."""
    uses, rest, kept = [], campaign.body, []
    for use in used_in(campaign):
        text = use.version.body.strip()
        is_there = bool(text) and text in rest
        uses.append((use, is_there))
        if is_there:
            rest = rest.replace(text, "\0", 1)  # taken once: two uses are two texts
            kept.append(text)
    is_exact = bool(kept) and "\n".join(kept) == campaign.body.strip()
    added = sum(not (sign.isspace() or sign == "\0") for sign in rest)
    return Compared(uses, is_exact, added)
