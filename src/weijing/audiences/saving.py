"""Saving an audience under a name, for messages that go to the same people again and again."""

import re
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, roles_of
from weijing.audiences import expression, text
from weijing.audiences.models import SavedAudience
from weijing.audit import trail
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


@transaction.atomic
def save(said: str, *, name: str, by: Officer, at: datetime, note: str = "") -> SavedAudience:
    """Keep this expression, in its text form, under a name; under one that is there, instead of it.

    Raises `PermissionDenied`, `NotAName`, `BadExpression`.
    """
    _check(by)
    name = _checked_name(name)
    tree = expression.to_json(text.read(said, county_id=by.county_id))
    saved, is_new = SavedAudience.objects.update_or_create(
        county_id=by.county_id,
        name=name,
        defaults={"tree": tree, "note": note.strip()[:120], "saved_by": by, "saved_at": at},
    )
    # Reads it by its name, and so finds a circle of names that lead to each other.
    expression.parse({"saved": name}, county_id=by.county_id)
    trail.record(by, "audience.saved", saved, at=at, new=is_new)
    return saved


@transaction.atomic
def delete(saved: SavedAudience, *, by: Officer, at: datetime) -> None:
    """Raises `PermissionDenied`, `StillUsed`."""
    _check(by)
    others = SavedAudience.objects.filter(county_id=by.county_id).exclude(pk=saved.pk)
    names = [other.name for other in others if saved.name in names_in(other.tree)]
    if names:
        raise StillUsed(f"没有删除：受众「{'」「'.join(names)}」用到它。请先改那些受众。")
    trail.record(by, "audience.deleted", saved, at=at)
    SavedAudience.objects.filter(county_id=by.county_id, pk=saved.pk).delete()


def visible_to(scope: Scope) -> QuerySet[SavedAudience]:
    """All of the county's; whom one means depends on what its user answers for."""
    rows = SavedAudience.objects.filter(county_id=scope.county_id)
    return rows.select_related("saved_by").order_by("name")


def names_in(tree: object) -> set[str]:
    """The saved audiences that a tree names, also an unfinished one."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += part
        elif isinstance(part, dict):
            if isinstance(part.get("saved"), str):
                found.add(part["saved"])
            todo += part.values()
    return found


def _check(by: Officer) -> None:
    roles = roles_of(by)
    if not by.is_active or Role.SYSTEM_ADMIN in roles or Role.CAMPAIGN_AUTHOR not in roles:
        raise PermissionDenied


def _checked_name(name: str) -> str:
    name = name.strip()
    plain = name.replace("（", "(").replace("）", ")")
    depth = 0
    for character in plain:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            raise NotAName
    if depth or not name or len(name) > MAX_NAME_CHARS or UNFIT.search(name):
        raise NotAName
    return name
