"""Which tags an audience names."""

from typing import Any

from weijing.tags.models import Tag


def tags_named(tree: Any, county_id: int) -> list[Tag]:
    """The tags anywhere in a tree, also an unfinished one."""
    codes = set(_tag_codes(tree))
    return list(Tag.objects.filter(county_id=county_id, code__in=codes)) if codes else []


def ended_tags(tree: Any, county_id: int) -> list[Tag]:
    """Tags of a tree that were retired, or merged into another, since it was written."""
    found = Tag.objects.filter(
        county_id=county_id, code__in=set(_tag_codes(tree)), retired_at__isnull=False
    )
    return list(found.select_related("merged_into").order_by("code"))


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


def _tag_codes(tree: Any) -> list[str]:
    if isinstance(tree, list):
        return [code for branch in tree for code in _tag_codes(branch)]
    if not isinstance(tree, dict):
        return []
    found = []
    for key, value in tree.items():
        if key.startswith("tag"):
            found += [
                code
                for code in ([value] if isinstance(value, str) else value or [])
                if isinstance(code, str)
            ]
        else:
            found += _tag_codes(value)
    return found
