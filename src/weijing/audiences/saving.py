"""Saving an audience under a name, for messages that go to the same people again and again."""

import re
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, roles_of, scope_of
from weijing.audiences import expression, text
from weijing.audiences.models import SavedAudience
from weijing.audiences.standing_on import names_in
from weijing.audit import trail
from weijing.core.brackets import WIDE, are_balanced, spellings
from weijing.core.errors import DomainError, PermissionDenied

MAX_NAME_CHARS = 30
# Must stand between brackets in a typed expression.
UNFIT = re.compile(r"[\x00-\x1f,，]")


class NotAName(DomainError):
    """Nobody could type it."""

    def __init__(self) -> None:
        super().__init__(f"请给受众起一个 1 到 {MAX_NAME_CHARS} 个字的名称，括号要成对，不用逗号。")


class StillUsed(DomainError):
    """Another one would mean nobody."""


class SomebodyElses(DomainError):
    """Messages of its author go to whom it means."""

    def __init__(self, saved: SavedAudience) -> None:
        super().__init__(
            f"没有保存：受众「{saved.name}」是{saved.saved_by.name}存的，只有本人或县局能改。请换一个名称。"
        )


@transaction.atomic
def save(said: str, *, name: str, by: Officer, at: datetime, note: str = "") -> SavedAudience:
    """Keep this expression, in its text form, under a name; under one's own, instead of it.

    What waits for approval with the former meaning does not go out (`campaigns.ordering.meaning`).
    Raises `PermissionDenied`, `NotAName`, `BadExpression`, `SomebodyElses`.
    """
    _check(by)
    name = _checked_name(name)
    tree = expression.to_json(text.read(said, county_id=by.county_id))
    said_now = {"tree": tree, "note": note.strip()[:120], "saved_by": by, "saved_at": at}
    saved, is_new = _locked_or_new(name, said_now, by)
    if not is_new:
        if not may_change(saved, scope_of(by, at=at)):
            raise SomebodyElses(saved)
        for field, value in said_now.items():
            setattr(saved, field, value)
        saved.save()
    # Reads it by its name, and so finds a circle of names that lead to each other.
    expression.parse({"saved": saved.name}, county_id=by.county_id)
    trail.record(by, "audience.saved", saved, at=at, new=is_new)
    return saved


def _locked_or_new(name: str, said_now: dict[str, Any], by: Officer) -> tuple[SavedAudience, bool]:
    rows = SavedAudience.objects.select_for_update(of=("self",), no_key=True)
    of_the_county = rows.filter(county_id=by.county_id).select_related("saved_by")
    kept = of_the_county.filter(name__in=spellings(name)).order_by("pk").first()
    if kept is not None:
        return kept, False
    saved, is_new = SavedAudience.objects.get_or_create(
        county_id=by.county_id, name=name, defaults=said_now
    )
    # Somebody may have been faster.
    return (saved, True) if is_new else (of_the_county.get(pk=saved.pk), False)


@transaction.atomic
def delete(saved: SavedAudience, *, by: Officer, at: datetime) -> None:
    """Raises `PermissionDenied`, `StillUsed`."""
    _check(by)
    if saved.county_id != by.county_id or not may_change(saved, scope_of(by, at=at)):
        raise PermissionDenied("没有删除：只有存它的人或县局能删。")
    others = SavedAudience.objects.filter(county_id=by.county_id).exclude(pk=saved.pk)
    names = [other.name for other in others if saved.name in names_in(other.tree)]
    if names:
        raise StillUsed(f"没有删除：受众「{'」「'.join(names)}」用到它。请先改那些受众。")
    trail.record(by, "audience.deleted", saved, at=at)
    SavedAudience.objects.filter(county_id=by.county_id, pk=saved.pk).delete()


def may_change(saved: SavedAudience, scope: Scope) -> bool:
    """Whoever saved it, or an author of the county desk."""
    mine = saved.saved_by_id == scope.officer_id
    return scope.has(Role.CAMPAIGN_AUTHOR) and (mine or scope.whole_county)


def visible_to(scope: Scope) -> QuerySet[SavedAudience]:
    """All of the county's; whom one means depends on what its user answers for."""
    rows = SavedAudience.objects.filter(county_id=scope.county_id)
    return rows.select_related("saved_by").order_by("name")


def _check(by: Officer) -> None:
    roles = roles_of(by)
    if not by.is_active or Role.SYSTEM_ADMIN in roles or Role.CAMPAIGN_AUTHOR not in roles:
        raise PermissionDenied


def _checked_name(name: str) -> str:
    name = name.strip().translate(WIDE)
    if not are_balanced(name) or not name or len(name) > MAX_NAME_CHARS or UNFIT.search(name):
        raise NotAName
    return name
