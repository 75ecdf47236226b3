"""Which tags an audience names."""

from typing import Any

from weijing.tags.models import Tag


def tag_names(tree: Any, county_id: int) -> list[str]:
    """The names of the tags anywhere in a tree, also an unfinished one."""
    codes = set(_tag_codes(tree))
    found = Tag.objects.filter(county_id=county_id, code__in=codes) if codes else Tag.objects.none()
    return list(found.values_list("name", flat=True))


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
