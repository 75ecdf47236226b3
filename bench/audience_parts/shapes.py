"""How others count: the query shapes of row-based systems, over tables with the same content.

Each shape is kinder than its original: narrow tables made for the purpose, numbers instead of
texts, exact bounds instead of joins over a tree of places, no paging, no columns nobody asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Leaf = Callable[[str, Any], str]


@dataclass(frozen=True)
class Names:
    """What the codes of an expression are called in the tables of others."""

    ranks: dict[str, int]  # number of a tag in `bench_tag`, by code
    ranges: dict[str, tuple[int, int]]  # pre-order numbers of a place, by code
    bounds: Callable[[dict[str, int]], tuple[str | None, str | None]]  # first and last birthday


def exists(tree: Any, names: Names) -> str:
    """A probe for each person and tag."""
    words = _words(tree, _columns(names, lambda tags: (
        f"EXISTS (SELECT 1 FROM bench_tag t WHERE t.person = p.id AND t.tag {_in(tags)})"
    )))  # fmt: skip
    return f"SELECT count(*) FROM bench_person p WHERE {words}"


def within(tree: Any, names: Names) -> str:
    """The same with IN: PostgreSQL may hash the carriers first."""
    words = _words(tree, _columns(names, lambda tags: (
        f"p.id IN (SELECT t.person FROM bench_tag t WHERE t.tag {_in(tags)})"
    )))  # fmt: skip
    return f"SELECT count(*) FROM bench_person p WHERE {words}"


def set_algebra(tree: Any, names: Names) -> str:
    """INTERSECT, UNION and EXCEPT of lists of people; what the person's row says in one piece."""
    return f"SELECT count(*) FROM ({_list(tree, names)}) AS found"


def m2m(tree: Any, names: Names) -> str:
    """As RapidPro keeps groups: a join for each tag wanted, distinct people, NOT EXISTS."""
    parts = tree.get("all", [tree])
    joins = [
        f"JOIN bench_tag t{n} ON t{n}.person = p.id AND t{n}.tag {_in(_ranks(part, names))}"
        for n, part in enumerate(parts)
        if "tag" in part
    ]
    rest = {"all": [part for part in parts if "tag" not in part]}
    words = _words(rest, _columns(names, lambda tags: (
        f"EXISTS (SELECT 1 FROM bench_tag t WHERE t.person = p.id AND t.tag {_in(tags)})"
    )))  # fmt: skip
    return f"SELECT count(DISTINCT p.id) FROM bench_person p {' '.join(joins)} WHERE {words}"


def linkwechat(tree: Any, names: Names) -> str:
    """As LinkWeChat keeps tags: their ids as one text with commas, searched for each of them."""

    def tagged(tags: list[int]) -> str:
        return _or(f"position(md5('{tag}') IN p.tag_ids) > 0" for tag in tags)

    words = _words(tree, _columns(names, tagged))
    return f"SELECT count(*) FROM bench_linkwechat p WHERE {words}"


def listmonk(tree: Any, names: Names) -> str:
    """As listmonk counts: the user's own words over one jsonb column of attributes."""

    def leaf(kind: str, value: Any) -> str:
        match kind:
            case "tag":
                tags = [names.ranks[code] for code in value]
                return _or(f"p.attribs->'tags' @> '{tag}'" for tag in tags)
            case "division":
                places = [names.ranges[code] for code in value]
                number = "(p.attribs->>'lo')::int"
                return _or(f"{number} BETWEEN {lo} AND {hi}" for lo, hi in places)
            case "age":
                return _born("p.attribs->>'born'", *names.bounds(value))
            case "contact":
                return f"(p.attribs->>'linked')::bool = {value == 'linked'}"
            case _:
                return "NOT (p.attribs->>'opted_out')::bool"

    return (
        "SELECT count(*) FROM bench_listmonk p WHERE p.status <> 'blocklisted' AND "
        f"({_words(tree, leaf)})"
    )


def _words(tree: Any, leaf: Leaf) -> str:
    ((key, value),) = tree.items()
    match key:
        case "all":
            return "(" + (" AND ".join(_words(part, leaf) for part in value) or "true") + ")"
        case "any":
            return _or(_words(part, leaf) for part in value)
        case "except":
            return "NOT " + _or(_words(part, leaf) for part in value)
        case _:
            return leaf(key, value)


def _columns(names: Names, tagged: Callable[[list[int]], str]) -> Leaf:
    """Leaves over the columns of a person's row; tags as the shape has them."""

    def leaf(kind: str, value: Any) -> str:
        match kind:
            case "tag":
                return tagged([names.ranks[code] for code in value])
            case "division":
                places = [names.ranges[code] for code in value]
                return _or(f"p.lo BETWEEN {lo} AND {hi}" for lo, hi in places)
            case "age":
                return _born("p.born", *names.bounds(value))
            case "contact":
                return "p.linked" if value == "linked" else "NOT p.linked"
            case _:
                return "NOT p.opted_out"

    return leaf


def _list(tree: Any, names: Names) -> str:
    ((key, value),) = tree.items()
    if key == "any":
        return " UNION ".join(f"({_list(part, names)})" for part in value)
    if key == "except":
        return f"SELECT id FROM bench_person EXCEPT ({_list({'any': value}, names)})"
    if key == "tag":
        return f"SELECT person AS id FROM bench_tag WHERE tag {_in(_ranks(tree, names))}"
    if key != "all":
        return f"SELECT p.id FROM bench_person p WHERE {_words(tree, _columns(names, str))}"
    rows = [part for part in value if not part.keys() & {"all", "any", "except", "tag"}]
    sets = [f"({_list(part, names)})" for part in value if part.keys() & {"all", "any", "tag"}]
    if rows or not sets:
        words = _words({"all": rows}, _columns(names, str))
        sets.append(f"(SELECT p.id FROM bench_person p WHERE {words})")
    for part in value:
        if "except" in part:
            sets[-1] += f" EXCEPT ({_list({'any': part['except']}, names)})"
    return " INTERSECT ".join([*sets[:-1], f"({sets[-1]})"])


def _ranks(leaf: Any, names: Names) -> list[int]:
    return [names.ranks[code] for code in leaf["tag"]]


def _in(tags: list[int]) -> str:
    return f"= {tags[0]}" if len(tags) == 1 else f"IN ({', '.join(map(str, tags))})"


def _or(words: Any) -> str:
    return "(" + " OR ".join(words) + ")"


def _born(column: str, first: str | None, last: str | None) -> str:
    bounds = [f"{column} >= '{first}'"] if first else []
    return " AND ".join(bounds + ([f"{column} <= '{last}'"] if last else []))


BY_ROWS = {"EXISTS": exists, "IN": within, "INTERSECT/EXCEPT": set_algebra}
BY_OTHERS = {"LinkWeChat": linkwechat, "listmonk": listmonk, "RapidPro": m2m}
