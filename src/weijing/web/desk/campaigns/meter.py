"""How many an audience reaches, while it is being written."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from weijing.accounts.scope import Scope
from weijing.audiences import counting
from weijing.audiences.expression import (
    All,
    BadExpression,
    Except,
    Leaf,
    Node,
    fingerprint,
    parse,
)
from weijing.audiences.sentence import sentence
from weijing.audiences.text import to_text
from weijing.campaigns.reach import Reach, reach
from weijing.web.desk.campaigns.audience_form import Tree, finished, is_group, kind_of, walk

# Why somebody matched is not reached, as `campaigns.reach` tells them apart.
REASONS = {
    "no_contact": "没加好友",
    "officer_away": "民辅警不在岗，没有别人能发",
    "no_consent": "没同意或已退订宣传",
    "received_today": "今天已收到群发",
    "week_full": "本周条数已满",
    "quota_full": "企业微信条数已满",
    "shares_account": "与家人同用一个微信，发一次",
}
TOWNS_SHOWN = 8


@dataclass(frozen=True)
class Measured:
    """What one tree means now: its figures, its sentence, or why neither can be given."""

    reach: Reach | None = None
    said: str = ""
    typed: str = ""  # the same as people type it
    fingerprint: str = ""
    problem: str = ""
    advice: str = ""  # which condition leaves nobody
    hits: dict[str, int] = field(default_factory=dict)  # people each condition means, by path

    @property
    def reachable(self) -> int | None:
        return self.reach.reachable if self.reach else None

    @property
    def shown(self) -> dict[str, Any]:
        """For `{% audience_meter %}`."""
        assert self.reach is not None
        found = self.reach
        return {
            "matched": found.matched,
            "reachable": found.reachable,
            "households": found.households,
            "officers": found.officers,
            "computed_at": found.computed_at,
            "seconds": found.ms / 1000,
            "deductions": deductions(found.left_out),
            "towns": [(t.name or "住址不详", t.reachable) for t in found.by_township[:TOWNS_SHOWN]],
            "largest_share": found.largest_officer_load,
            "unlinked": found.unreachable_households,
            "unlinked_why": "里有符合条件的人，但没有一个能收到，要上门或打电话。",
        }

    @property
    def locked_hits(self) -> int | None:
        """Taken out by the system: everybody matched who has a contact but will not get it."""
        if self.reach is None:
            return None
        return -(self.reach.matched - self.reach.reachable)


def deductions(left_out: dict[str, int]) -> list[tuple[str, int]]:
    return [(words, left_out[reason]) for reason, words in REASONS.items() if left_out.get(reason)]


def measure(tree: Tree, *, scope: Scope, topic: str, at: datetime) -> Measured:
    """Count the finished part of a tree, within the scope."""
    kept = finished(tree)
    if kept is None:
        return Measured()
    try:
        node = parse(kept, county_id=scope.county_id, topic=topic)
    except BadExpression as bad:
        return Measured(problem=str(bad))
    found = reach(node, county_id=scope.county_id, at=at, within=scope)
    return Measured(
        reach=found,
        said=sentence(node),
        typed=to_text(node),
        fingerprint=fingerprint(node),
        advice="" if found.matched else _what_leaves_nobody(node, scope),
        hits=_hits(tree, node, scope),
    )


def _hits(tree: Tree, node: Node, scope: Scope) -> dict[str, int]:
    """What is unfinished was left out of `node`; the rest stands in both in the same order."""
    paths = [path for path, part in walk(tree) if not is_group(part) and part[kind_of(part)]]
    counts = counting.count_rows(node, county_id=scope.county_id, within=scope)
    return {path: count.people for path, count in zip(paths, counts, strict=True)}


def _count(node: Node, scope: Scope) -> int:
    return counting.count(node, county_id=scope.county_id, within=scope)


def _what_leaves_nobody(node: Node | Leaf, scope: Scope) -> str:
    parts = node.parts if isinstance(node, All) else ()
    if len(parts) < 2:
        return ""
    without = {
        number: _count(All(parts[:number] + parts[number + 1 :]), scope)
        for number in range(len(parts))
    }
    best = max(without, key=lambda number: without[number])
    if not without[best]:
        return ""
    part = parts[best]
    words = sentence(part).rstrip("。").removesuffix("的群众").removeprefix("全县群众；")
    removed = f"排除「{words}」" if isinstance(part, Except) else f"「{words}」"
    return f"去掉{removed}后有 {without[best]:,} 人。"
