"""How many people carry tags, as far as whoever looks may know."""

from collections.abc import Sequence

from weijing.accounts.scope import Scope
from weijing.audiences import counting
from weijing.audiences.expression import AnyOf, HasTag
from weijing.tags.assigning import needs_consent
from weijing.tags.models import Tag

TOO_FEW = 10  # of a sensitive tag; fewer would point at somebody


def carried(tags: Sequence[Tag], scope: Scope) -> dict[int, int]:
    """People of the scope by id of the tag, today; empty for who sees no residents."""
    if not tags or not scope.sees_residents:
        return {}
    leaves = tuple(
        HasTag((tag.code,), (tag.name,), ((tag.pk, tag.group.code if needs_consent(tag) else ""),))
        for tag in tags
    )
    rows = counting.count_rows(AnyOf(leaves), county_id=scope.county_id, within=scope)
    return {tag.pk: row.people for tag, row in zip(tags, rows, strict=True)}


def is_too_few(tag: Tag, people: int) -> bool:
    """Whether the page says `<10` instead."""
    return needs_consent(tag) and 0 < people < TOO_FEW
