"""Which tags an audience names, itself or through the saved audiences it stands on."""

from typing import Any

from weijing.audiences.models import SavedAudience
from weijing.audiences.standing_on import names_in, saved_under
from weijing.tags.models import Tag


def tags_named(tree: Any, county_id: int) -> list[Tag]:
    """The tags anywhere in a tree, also an unfinished one, and in the saved audiences below it."""
    codes = _codes_below(tree, county_id)
    tags = Tag.objects.filter(county_id=county_id, code__in=codes)
    return list(tags.select_related("group").order_by("code")) if codes else []


def ended_tags(tree: Any, county_id: int) -> list[Tag]:
    """Those of them that were retired, or merged into another, since it was written."""
    found = Tag.objects.filter(
        county_id=county_id, code__in=_codes_below(tree, county_id), retired_at__isnull=False
    )
    return list(found.select_related("merged_into").order_by("code"))


def saved_naming(tag: Tag) -> list[SavedAudience]:
    """The saved audiences that name the tag, or stand on one that does; by name."""
    rows = SavedAudience.objects.filter(county_id=tag.county_id).select_related("saved_by")
    trees = {saved.name: saved.tree for saved in rows}
    reaching = {name for name, tree in trees.items() if tag.code in _codes(tree)}
    more = reaching
    while more:
        more = {name for name, tree in trees.items() if names_in(tree) & more} - reaching
        reaching |= more
    return sorted((saved for saved in rows if saved.name in reaching), key=lambda one: one.name)


def with_tag_replaced(tree: Any, code: str, by: str) -> Any:
    """The tree with another tag in the place of one; a condition names no tag twice."""
    if isinstance(tree, list):
        return [with_tag_replaced(branch, code, by) for branch in tree]
    if not isinstance(tree, dict):
        return tree
    changed = {}
    for key, value in tree.items():
        if key == "tag" and isinstance(value, list):
            changed[key] = list(dict.fromkeys(by if each == code else each for each in value))
        else:
            changed[key] = with_tag_replaced(value, code, by)
    return changed


def _codes_below(tree: Any, county_id: int) -> set[str]:
    trees = [tree, *saved_under(tree, county_id).values()]
    return {code for each in trees for code in _codes(each)}


def _codes(tree: Any) -> set[str]:
    """Of the tree's own conditions."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += part
        elif isinstance(part, dict):
            named = part.get("tag")
            if isinstance(named, list):
                found |= {code for code in named if isinstance(code, str)}
            todo += part.values()
    return found
