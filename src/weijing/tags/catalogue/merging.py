"""Two tags say the same: one goes, and who carried it carries the other."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags.catalogue import carrying, following, policies
from weijing.tags.catalogue.deciding import wecom_follows
from weijing.tags.catalogue.renaming import locked
from weijing.tags.models import Tag, TagChange, TagGroup, WayTag


class DifferentRules(DomainError):
    """People agreed to something else than the other tag says, or somebody else may set it."""


class CountChanged(DomainError):
    """More or fewer people carry it than the page said."""

    def __init__(self, now: int) -> None:
        super().__init__(f"还没有改动：带这个标签的人变成了 {now:,} 人，请再看一眼。")
        self.now = now


@transaction.atomic
def merge(
    tag: Tag,
    into: Tag,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
) -> int:
    """`tag` ends. Returns how many people carried it; `seen` is how many the page showed.

    Who carries both keeps the word that was confirmed last. Nobody keeps the tag longer than
    either of the two would have let them. Codes that give the tag, drafts that name it and WeCom
    follow; a campaign that waits for approval goes back to its author.

    Raises `PermissionDenied`, `HasEnded`, `DifferentRules`, `CountChanged`.
    """
    counties = {tag.county_id, into.county_id}
    if not policies.can_keep(scope) or counties != {scope.county_id}:
        raise PermissionDenied
    first, second = sorted((tag, into), key=lambda one: one.pk)  # the same order for everyone
    fresh = {one.pk: locked(one) for one in (first, second)}
    tag, into = fresh[tag.pk], fresh[into.pk]
    check_same_rules(tag, into)
    people = carrying.move(tag, into, at=at)
    if seen is not None and seen != people:
        raise CountChanged(people)
    _move_ways(tag, into)
    tag.retired_at, tag.merged_into = at, into
    tag.save(update_fields=["retired_at", "merged_into"])
    reason = " ".join(reason.split())[:200]
    for one, kind, other in (
        (tag, TagChange.Kind.MERGED, into),
        (into, TagChange.Kind.RECEIVED, tag),
    ):
        TagChange.objects.create(
            county_id=one.county_id, tag=one, kind=kind, at=at, by=by, other=other, people=people,
            reason=reason,
        )  # fmt: skip
    trail.record(by, "tag.merged", tag, at=at, code=tag.code, into=into.code, people=people)
    following.tell(tag, into, by=by, at=at)
    wecom_follows(tag.county_id)
    return people


def check_same_rules(tag: Tag, into: Tag) -> None:
    """Raises `DifferentRules`."""
    if tag.pk == into.pk:
        raise DifferentRules("没有合并：请选另一个标签。")
    ours, theirs = _rules(tag), _rules(into)
    if ours != theirs:
        raise DifferentRules(
            f"没有合并：「{tag.name}」和「{into.name}」的规则不同（贴在谁身上、谁来设置、要不要单独同意、"
            "能不能群发），请选规则相同的标签。"
        )


def _rules(tag: Tag) -> tuple[object, ...]:
    group: TagGroup = tag.group
    consent = group.code if tag.sensitive or group.needs_separate_consent else ""
    return group.subject, group.audience, group.set_by_resident_only, consent


def _move_ways(tag: Tag, into: Tag) -> None:
    rows = WayTag.objects.filter(county_id=tag.county_id, tag=tag)
    has = WayTag.objects.filter(county_id=tag.county_id, tag=into).values("way_id")
    rows.filter(way_id__in=has).delete()
    rows.update(tag=into)
