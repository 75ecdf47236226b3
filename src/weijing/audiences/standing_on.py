"""The saved audiences that an expression stands on, also through one another."""

from typing import Any

from weijing.audiences.expression import All, AnyOf, Except, Node, Saved
from weijing.audiences.models import SavedAudience


def written_out(node: Node) -> Node:
    """What is said with the saved audiences as they read now, so that no name is left."""
    match node:
        case All(parts) | AnyOf(parts) | Except(parts):
            return type(node)(tuple(map(written_out, parts)))
        case Saved(meant=meant):
            return written_out(meant)
        case _:
            return node


def names_in(tree: object) -> set[str]:
    """The saved audiences that a tree names itself, also an unfinished one."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo += part
        elif isinstance(part, dict):
            name = part.get("saved")
            if isinstance(name, str) and "\x00" not in name:
                found.add(name)
            todo += part.values()
    return found


def saved_under(tree: Any, county_id: int, *, hold: bool = False) -> dict[str, Any]:
    """The trees of the saved audiences below this one, by name; each once, circles or not.

    `hold`: nobody changes or deletes them until the commit.
    """
    rows = SavedAudience.objects.filter(county_id=county_id)
    if hold:
        rows = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    found: dict[str, Any] = {}
    names = names_in(tree)
    while names:
        trees = dict(rows.filter(name__in=names).values_list("name", "tree"))
        found |= trees
        names = {name for below in trees.values() for name in names_in(below)} - found.keys()
    return found
