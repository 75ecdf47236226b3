"""The audience as form fields: a tree in, named fields out, and back, for any depth.

A node's path is its place: `r` the root, `r-0` its first part, `r-0-2` that one's third. A group is
`kind-<path>`, a condition `field-<path>` with its values in `<field>-<path>`. What is half filled
in stays in the tree, so that it is still there when the page comes back.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import QueryDict

from weijing.audiences.expression import BRANCHES, MAX_DEPTH

Tree = dict[str, Any]

ROOT = "r"
MAX_DIGITS = 9
FIELDS = {
    "division": "所在网格",
    "tag": "标签",
    "age": "年龄",
    "sex": "性别",
    "contact": "联系状态",
    "consent": "已同意",
    "received": "收到过群发",
    "saved": "已保存受众",
}
# Written by another page; the form carries it along and can take it away.
FIXED = {"outcome": "群发结果"}
KINDS = {"all": "全部", "any": "任一", "except": "任一"}
NEW = {"add-condition": "division", "add-any": "any", "add-all": "all", "add-except": "except"}


def empty_tree() -> Tree:
    return {"all": [{"division": []}]}


def with_group_at_the_root(tree: Tree) -> Tree:
    """A stored audience as the form shows it; a single condition gets a group around it."""
    if not tree:
        return empty_tree()
    return tree if kind_of(tree) in ("all", "any") else {"all": [tree]}


def kind_of(tree: Tree) -> str:
    """Its only key: a kind of group, or the field of a condition."""
    return next(iter(tree), "")


def is_group(tree: Tree) -> bool:
    return kind_of(tree) in BRANCHES


def parts_of(tree: Tree) -> list[Tree]:
    parts: list[Tree] = tree[kind_of(tree)]
    return parts


def from_fields(data: QueryDict) -> Tree:
    """The tree that the posted fields say; a root without fields is the empty tree."""
    paths = {name.split("-", 1)[1] for name in data if name.startswith(("kind-", "field-"))}
    if f"kind-{ROOT}" not in data:
        return empty_tree()
    return _node(data, ROOT, sorted(paths, key=_order), depth=1)


def _order(path: str) -> list[int]:
    return [int(number) for number in path.split("-")[1:] if _is_number(number)]


def _node(data: QueryDict, path: str, paths: list[str], depth: int) -> Tree:
    kind = data.get(f"kind-{path}", "")
    if kind in BRANCHES:
        below = [p for p in paths if p.rpartition("-")[0] == path] if depth < MAX_DEPTH else []
        return {kind: [_node(data, each, paths, depth + 1) for each in below]}
    return _condition(data, path)


def _condition(data: QueryDict, path: str) -> Tree:
    match data.get(f"field-{path}", ""):
        case "age":
            ends = {end: data.get(f"{end}-{path}", "").strip() for end in ("from", "to")}
            return {"age": {end: int(said) for end, said in ends.items() if _is_number(said)}}
        case "received":
            days, topic = data.get(f"days-{path}", "").strip(), data.get(f"topic-{path}", "")
            if not _is_number(days):
                return {"received": {}}
            return {"received": {"days": int(days), **({"topic": topic} if topic else {})}}
        case "outcome":
            results = _said(data, f"result-{path}")
            message = "".join(_said(data, f"message-{path}")[:1])
            return {"outcome": {"message": message, "result": results}}
        case "sex" | "contact" | "consent" | "saved" as field:
            return {field: "".join(_said(data, f"{field}-{path}")[:1])}
        case "tag":
            return {"tag": _said(data, f"tag-{path}")}
        case _:
            return {"division": _said(data, f"division-{path}")}


def _is_number(text: str) -> bool:
    """Longer ones are no age and no place in a list; Python refuses to read the longest."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _said(data: QueryDict, name: str) -> list[str]:
    """The values of a field, each once, without what no database can hold."""
    return [value for value in dict.fromkeys(data.getlist(name)) if "\x00" not in value]


def changed(tree: Tree, data: QueryDict) -> Tree:
    """The tree after the button that was pressed, if it was one of the builder's."""
    for name, kind in NEW.items():
        if path := data.get(name):
            group = _at(tree, path)
            if group is not None and is_group(group):
                parts_of(group).append(_fresh(kind))
    for name, value in data.items():
        if name.startswith("remove-") and value:
            _remove(tree, name.removeprefix("remove-"))
    if picked := data.get("pick"):
        _pick(tree, *picked.rpartition(":")[::2])
    if dropped := data.get("drop"):
        _drop(tree, *dropped.rpartition(":")[::2])
    return tree


def _fresh(kind: str) -> Tree:
    return {"division": []} if kind == "division" else {kind: [{"tag": []}]}


def _at(tree: Tree, path: str) -> Tree | None:
    node = tree
    for number in _order(path):
        if not is_group(node) or number >= len(parts_of(node)):
            return None
        node = parts_of(node)[number]
    return node


def _remove(tree: Tree, path: str) -> None:
    above, _, number = path.rpartition("-")
    group = _at(tree, above) if above else None
    if group is None or not is_group(group) or not _is_number(number):
        return
    if int(number) < len(parts_of(group)):
        del parts_of(group)[int(number)]


def _values(tree: Tree, path: str) -> list[str] | None:
    node = _at(tree, path)
    if node is None or kind_of(node) not in ("division", "tag"):
        return None
    values: list[str] = node[kind_of(node)]
    return values


def _pick(tree: Tree, path: str, code: str) -> None:
    values = _values(tree, path)
    if values is not None and code and "\x00" not in code and code not in values:
        values.append(code)


def _drop(tree: Tree, path: str, code: str) -> None:
    values = _values(tree, path)
    if values is not None and code in values:
        values.remove(code)


def walk(tree: Tree, path: str = ROOT) -> Iterator[tuple[str, Tree]]:
    """Every node with its path, groups before their parts."""
    yield path, tree
    if is_group(tree):
        for number, part in enumerate(parts_of(tree)):
            yield from walk(part, f"{path}-{number}")


def unfinished(tree: Tree) -> list[str]:
    """Paths of the conditions without a value and of the groups without conditions."""
    return [path for path, node in walk(tree) if not node[kind_of(node)]]


def finished(tree: Tree) -> Tree | None:
    """The tree without what is unfinished; None when nothing is left to count."""
    if not is_group(tree):
        return tree if tree[kind_of(tree)] else None
    parts = [kept for part in parts_of(tree) if (kept := finished(part)) is not None]
    return {kind_of(tree): parts} if parts else None


def searches(data: Mapping[str, str]) -> dict[str, str]:
    """What was typed to be found, by the path of its condition."""
    return {
        name.removeprefix("find-"): text.strip()
        for name, text in data.items()
        if name.startswith("find-") and text.strip() and "\x00" not in text
    }
