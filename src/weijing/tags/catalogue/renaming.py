"""A tag gets a better name. Its code, its people and its history stay."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags.catalogue import policies
from weijing.tags.catalogue.deciding import wecom_follows
from weijing.tags.catalogue.naming import check_name
from weijing.tags.loading import pinyin_of
from weijing.tags.models import Tag, TagChange
from weijing.territory.models import County


class HasEnded(DomainError):
    """A tag that was merged away or retired does not change any more."""


class RenamedMeanwhile(DomainError):
    """Somebody else gave it another name since the page was opened."""


@transaction.atomic
def rename(tag: Tag, name: str, *, by: Officer, scope: Scope, at: datetime, seen: str = "") -> Tag:
    """`seen` is the name that stood on the page. Searches find the former name as well.

    The next catalogue of the software leaves the county's name alone.

    Raises `PermissionDenied`, `HasEnded`, `RenamedMeanwhile`, and what `check_name` raises.
    """
    if not policies.can_keep(scope) or tag.county_id != scope.county_id:
        raise PermissionDenied
    # One name at a time, as in `deciding.confirm`.
    County.objects.select_for_update(no_key=True).get(pk=scope.county_id)
    fresh = locked(tag)
    if seen and seen != fresh.name:
        raise RenamedMeanwhile(f"没有改名：刚有人把它改成了「{fresh.name}」，请看过再改。")
    name = check_name(name, county_id=fresh.county_id, of=fresh)
    if name == fresh.name:
        return fresh
    former, fresh.name = fresh.name, name
    fresh.pinyin, fresh.initials = pinyin_of(name)
    fresh.save(update_fields=["name", "pinyin", "initials"])
    TagChange.objects.create(
        county_id=fresh.county_id, tag=fresh, kind=TagChange.Kind.RENAMED, at=at, by=by,
        former_name=former,
    )  # fmt: skip
    trail.record(by, "tag.renamed", fresh, at=at, code=fresh.code)
    wecom_follows(fresh.county_id)
    return fresh


def locked(tag: Tag) -> Tag:
    """The tag, which nobody can put on anybody until the commit. Raises `HasEnded`."""
    rows = Tag.objects.select_for_update(of=("self",)).select_related("group")
    fresh = rows.get(county_id=tag.county_id, pk=tag.pk)
    if fresh.retired_at is not None:
        raise HasEnded(f"没有改动：「{fresh.name}」已经停用，请刷新后再看。")
    return fresh
