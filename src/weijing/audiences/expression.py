"""Who a message is for, as a tree: places, tags, ages and states, joined by all, any and except.

    {"all": [{"division": ["430524101"]},
             {"any": [{"tag": ["TRF01001", "TRF01002"]}, {"age": {"from": 60}}]},
             {"except": [{"tag": ["SOC02001"]}]}]}

`except` means none of its parts. A leaf with several codes means any of them. The codes are
looked up when the tree is read, so an expression never names what is not there.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weijing.audiences.models import SavedAudience
from weijing.core.errors import DomainError
from weijing.residents.consent import TAG_GROUP
from weijing.residents.models import ConsentRecord, Contact, Resident
from weijing.tags import assigning, queries
from weijing.tags.models import Tag, TagGroup
from weijing.territory.models import Division

MAX_DEPTH = 6
MAX_NODES = 200
MAX_CODES = 600  # as many as the largest county has villages
MAX_AGE = 130
MAX_RECEIVED_DAYS = 31
# campaigns.Campaign.Topic
TOPICS = {
    "traffic": "交通安全", "anti_fraud": "反诈", "anti_drug": "禁毒", "disaster": "防灾避险",
    "service": "便民服务", "other": "其他",
}  # fmt: skip
ANTI_FRAUD_TOPIC = "anti_fraud"
# campaigns.Delivery.Result
RESULTS = {
    "pending": "未发", "sent": "已发出", "not_friend": "不是好友", "over_quota": "条数已满",
    "unusable": "企业微信不收", "withdrawn": "已退订",
}  # fmt: skip
MESSAGE_NUMBER = re.compile(r"[A-Z]{2}-\d{4}-\d{2,5}", re.ASCII)
CONTACT_STATES = {
    state.value: str(state.label) for state in Contact.State if state != Contact.State.LINKED
}


class BadExpression(DomainError):
    """`where` is the path into the tree: `all[1].tag[0]`; the message says the same in Chinese."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{message}（位置：{where}）" if where else message)
        self.where = where


@dataclass(frozen=True)
class All:
    """Everyone who matches every part; without parts, everyone."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    """Everyone who matches at least one part; without parts, nobody."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Except:
    """Everyone who matches none of the parts."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class InDivision:
    """Who lives in one of the subtrees. `ranges` are their pre-order numbers, from and to."""

    codes: tuple[str, ...]
    names: tuple[str, ...] = field(default=(), compare=False)
    ranges: tuple[tuple[int, int], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class HasTag:
    """Who carries one of the tags, unexpired and with consent in force where it is needed.

    `held`: the id of each tag, with the consent scope it needs, if any.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...] = field(default=(), compare=False)
    held: tuple[tuple[int, str], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Aged:
    """Full years, both ends included. Who has no birthday on record is in no age band."""

    from_: int | None = None
    to: int | None = None


@dataclass(frozen=True)
class OfSex:
    sex: str  # Resident.Sex: f or m


@dataclass(frozen=True)
class IsLinked:
    """With a live contact, or without any."""

    linked: bool


@dataclass(frozen=True)
class ContactIs:
    """With a contact in this state, with whomever: `Contact.State`, but for linked."""

    state: str


@dataclass(frozen=True)
class HasConsent:
    """A consent scope in force: contact, publicity, or the code of a sensitive group of tags."""

    scope: str
    group: str = field(default="", compare=False)  # name of that group


@dataclass(frozen=True)
class HasReceived:
    """Who got a message of ours in the last so many natural days, today included.

    `topic`: of that topic only (`campaigns.Campaign.Topic`); empty: of any.
    """

    days: int
    topic: str = ""


@dataclass(frozen=True)
class HadResult:
    """Whom a message was for, with one of these results (`RESULTS`) as it stands now.

    `message`: the number of a campaign. One that the county does not have was for nobody.
    """

    message: str
    results: tuple[str, ...]


@dataclass(frozen=True)
class Saved:
    """Whom an audience means that somebody has saved, as it reads now."""

    name: str
    meant: "Node" = field(compare=False)


Leaf = (
    InDivision | HasTag | Aged | OfSex | IsLinked | ContactIs | HasConsent | HasReceived
    | HadResult | Saved
)  # fmt: skip
Node = All | AnyOf | Except | Leaf
BRANCHES: dict[str, type[All] | type[AnyOf] | type[Except]] = {
    "all": All,
    "any": AnyOf,
    "except": Except,
}


def parse(tree: Any, *, county_id: int, topic: str = "") -> Node:
    """The expression of a JSON tree. `topic` is the message's: some tags serve only one topic.

    Raises `BadExpression`.
    """
    return _Reader(county_id, topic, _looked_up(tree, county_id)).node(tree, "", 1)


def to_json(node: Node) -> dict[str, Any]:
    """The tree back; `parse` reads it again."""
    match node:
        case All(parts) | AnyOf(parts) | Except(parts):
            key = next(key for key, kind in BRANCHES.items() if kind is type(node))
            return {key: [to_json(part) for part in parts]}
        case InDivision(codes):
            return {"division": list(codes)}
        case HasTag(codes):
            return {"tag": list(codes)}
        case Aged(from_, to):
            ends = {"from": from_, "to": to}
            return {"age": {name: age for name, age in ends.items() if age is not None}}
        case OfSex(sex):
            return {"sex": sex}
        case IsLinked(linked):
            return {"contact": "linked" if linked else "unlinked"}
        case ContactIs(state):
            return {"contact": state}
        case HasConsent(scope):
            return {"consent": scope}
        case HasReceived(days, topic):
            return {"received": {"days": days, **({"topic": topic} if topic else {})}}
        case HadResult(message, results):
            return {"outcome": {"message": message, "result": list(results)}}
        case Saved(name):
            return {"saved": name}


def canonical(node: Node) -> str:
    """One text for all trees that differ only in the order of parts and codes."""
    return json.dumps(_ordered(to_json(node)), ensure_ascii=False, separators=(",", ":"))


def fingerprint(node: Node) -> str:
    """SHA-256 of the canonical form, in hex: a count belongs to exactly this expression."""
    return hashlib.sha256(canonical(node).encode()).hexdigest()


def leaves(node: Node) -> list[Leaf]:
    """Every leaf, from left to right."""
    if isinstance(node, All | AnyOf | Except):
        return [leaf for part in node.parts for leaf in leaves(part)]
    return [node]


def _ordered(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _ordered(tree[key]) for key in sorted(tree)}
    if isinstance(tree, list):
        parts = [_ordered(part) for part in tree]
        unique = {json.dumps(part, ensure_ascii=False): part for part in parts}
        return [unique[key] for key in sorted(unique)]
    return tree


@dataclass(frozen=True)
class _LookedUp:
    """What a tree names and the county has, by code."""

    divisions: dict[str, Division]
    tags: dict[str, Tag]
    groups: dict[str, TagGroup]


def _looked_up(tree: Any, county_id: int) -> _LookedUp:
    codes = _codes(tree)
    divisions = Division.objects.filter(county_id=county_id, code__in=codes).select_related(
        "parent__parent"
    )
    tags = Tag.objects.filter(county_id=county_id, code__in=codes)
    scopes = {code for code in codes if TAG_GROUP.fullmatch(code)}
    groups = TagGroup.objects.filter(county_id=county_id, code__in=scopes) if scopes else ()
    return _LookedUp(
        {place.code: place for place in divisions},
        {tag.code: tag for tag in tags.select_related("group", "merged_into")},
        {group.code: group for group in groups},
    )


@dataclass
class _Read:
    """What has been read so far, of the tree and of every saved audience below it."""

    nodes: int = 0
    saved: dict[str, tuple[Node, int]] = field(default_factory=dict)  # with how many nodes it has


def path_name(division: Division) -> str:
    """`小沙江镇/桃李村/1组`: village names repeat within a county."""
    names = [division.name]
    while division.parent is not None and division.parent.level != Division.Level.COUNTY:
        division = division.parent
        names.append(division.name)
    return "/".join(reversed(names))


def _codes(tree: Any) -> set[str]:
    """Every text in the tree that could be a code; reads any rubbish without recursing."""
    found: set[str] = set()
    todo = [tree]
    while todo:
        thing = todo.pop()
        if isinstance(thing, Mapping):
            todo.extend(thing.values())
        elif isinstance(thing, list):
            todo.extend(thing)
        elif isinstance(thing, str) and len(thing) <= 15 and "\x00" not in thing:
            found.add(thing)
    return found


class _Reader:
    """Reads one tree; those of the saved audiences below it are read by others like it."""

    def __init__(
        self,
        county_id: int,
        topic: str,
        found: _LookedUp,
        inside: tuple[str, ...] = (),
        read: _Read | None = None,
    ) -> None:
        self._county_id, self._topic = county_id, topic
        self._found = found
        self._inside = inside  # names of the saved audiences that led here
        self._read = read or _Read()

    def node(self, tree: Any, where: str, depth: int) -> Node:
        self._count(1, where)
        if not isinstance(tree, Mapping) or len(tree) != 1:
            raise BadExpression("每个条件应是只有一项内容的一组。", where)
        ((key, value),) = tree.items()
        here = f"{where}.{key}" if where else str(key)
        if key in BRANCHES:
            return self._branch(key, value, here, depth)
        readers = {
            "division": self._division,
            "tag": self._tag,
            "age": _age,
            "sex": _sex,
            "contact": _contact,
            "consent": self._consent,
            "received": _received,
            "outcome": _outcome,
            "saved": self._saved,
        }
        if key not in readers:
            raise BadExpression(f"没有「{str(key)[:20]}」这种条件。", here)
        return readers[key](value, here)

    def _count(self, nodes: int, where: str) -> None:
        """A saved audience counts wherever it is named: so often it is looked at."""
        self._read.nodes += nodes
        if self._read.nodes > MAX_NODES:
            raise BadExpression(f"条件太多，连同已保存受众里面的最多 {MAX_NODES} 个。", where)

    def _branch(self, key: str, value: Any, where: str, depth: int) -> Node:
        if not isinstance(value, list):
            raise BadExpression("这里应是一列条件。", where)
        if not value:
            raise BadExpression("条件组是空的，请加条件，或删去这一组。", where)
        if depth >= MAX_DEPTH:
            raise BadExpression(f"条件套得太深，最多 {MAX_DEPTH} 层。", where)
        parts = (
            self.node(part, f"{where}[{number}]", depth + 1) for number, part in enumerate(value)
        )
        return BRANCHES[key](tuple(parts))

    def _division(self, value: Any, where: str) -> Leaf:
        codes = _code_list(value, where)
        for number, code in enumerate(codes):
            if code not in self._found.divisions:
                raise BadExpression(f"本县没有编码为 {code} 的地方。", f"{where}[{number}]")
        places = [self._found.divisions[code] for code in codes]
        return InDivision(
            codes, tuple(map(path_name, places)), tuple((place.lo, place.hi) for place in places)
        )

    def _tag(self, value: Any, where: str) -> Leaf:
        codes = _code_list(value, where)
        for number, code in enumerate(codes):
            if code not in self._found.tags:
                raise BadExpression(f"标签库里没有编码为 {code} 的标签。", f"{where}[{number}]")
            tag = self._found.tags[code]
            check_live(tag, f"{where}[{number}]")
            self._check_audience(tag.name, tag.group, f"{where}[{number}]")
        tags = [self._found.tags[code] for code in codes]
        return HasTag(
            codes, tuple(tag.name for tag in tags), tuple((tag.pk, _scope_of(tag)) for tag in tags)
        )

    def _saved(self, value: Any, where: str) -> Leaf:
        if not isinstance(value, str) or not value or "\x00" in value:
            raise BadExpression("这里应是已保存受众的名称。", where)
        if value in self._inside:
            raise BadExpression(f"受众「{value}」绕回了它自己。", where)
        if value in self._read.saved:
            meant, nodes = self._read.saved[value]
            self._count(nodes, where)
            return Saved(value, meant)
        if len(self._inside) >= MAX_DEPTH:
            raise BadExpression("已保存的受众套得太深。", where)
        saved = SavedAudience.objects.filter(county_id=self._county_id, name=value).first()
        if saved is None:
            raise BadExpression(f"没有名为「{value[:20]}」的已保存受众。", where)
        before = self._read.nodes
        meant = self._inner(saved, where)
        self._read.saved[value] = meant, self._read.nodes - before
        return Saved(value, meant)

    def _inner(self, saved: SavedAudience, where: str) -> Node:
        found = _looked_up(saved.tree, self._county_id)
        inside = (*self._inside, saved.name)
        reader = _Reader(self._county_id, self._topic, found, inside, self._read)
        try:
            return reader.node(saved.tree, "", 1)
        except BadExpression as bad:
            raise BadExpression(f"受众「{saved.name}」现在不能用：{bad}", where) from bad

    def _consent(self, value: Any, where: str) -> Leaf:
        """Whoever agreed to a group of tags is as good as known to carry one of them."""
        if isinstance(value, str) and value in self._found.groups:
            group = self._found.groups[value]
            self._check_audience(group.name, group, where)
            return HasConsent(value, group.name)
        if not isinstance(value, str) or value not in ConsentRecord.Scope.values:
            raise BadExpression("没有这一项同意内容。", where)
        return HasConsent(value)

    def _check_audience(self, name: str, group: TagGroup, where: str) -> None:
        if group.audience == TagGroup.Audience.NEVER:
            raise BadExpression(f"「{name}」不得作为群发条件。", where)
        if group.audience == TagGroup.Audience.ONE_TO_ONE:
            raise BadExpression(f"「{name}」只用于一对一服务，不能作为群发条件。", where)
        if group.audience == TagGroup.Audience.ANTI_FRAUD and self._topic != ANTI_FRAUD_TOPIC:
            raise BadExpression(f"「{name}」只能用于反诈内容的群发。", where)


def check_live(tag: Tag, where: str) -> None:
    """Nobody carries a tag that has ended: the message would go to others than were meant.

    Raises `BadExpression` with what stands in its place.
    """
    if tag.retired_at is None:
        return
    into = queries.successor(tag)
    instead = "" if into.retired_at else f"，并入了「{into.name}」（{into.code}），请改用它"
    raise BadExpression(f"标签「{tag.name}」已停用{instead}。", where)


def _scope_of(tag: Tag) -> str:
    """The consent a tag needs to count; empty: none."""
    return str(tag.group.code) if assigning.needs_consent(tag) else ""


def _code_list(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise BadExpression("这里应是一列编码，至少一个。", where)
    if len(value) > MAX_CODES:
        raise BadExpression(f"一个条件里最多 {MAX_CODES} 个编码。", where)
    for number, code in enumerate(value):
        if not isinstance(code, str):
            raise BadExpression("编码应是文字。", f"{where}[{number}]")
    return tuple(dict.fromkeys(value))


def _age(value: Any, where: str) -> Leaf:
    if not isinstance(value, Mapping) or not value or set(value) - {"from", "to"}:
        raise BadExpression("年龄应写明从几岁（from）、到几岁（to），至少一个。", where)
    for name, age in value.items():
        if type(age) is not int or not 0 <= age <= MAX_AGE:
            raise BadExpression(f"年龄应是 0 到 {MAX_AGE} 的整数。", f"{where}.{name}")
    if value.get("from", 0) > value.get("to", MAX_AGE):
        raise BadExpression("年龄的起点比终点大。", where)
    return Aged(value.get("from"), value.get("to"))


def _sex(value: Any, where: str) -> Leaf:
    if value not in (Resident.Sex.FEMALE, Resident.Sex.MALE):
        raise BadExpression("性别应是 f（女）或 m（男）。", where)
    return OfSex(str(value))


def _contact(value: Any, where: str) -> Leaf:
    if value in ("linked", "unlinked"):
        return IsLinked(value == "linked")
    if not isinstance(value, str) or value not in CONTACT_STATES:
        others = "、".join(CONTACT_STATES)
        raise BadExpression(
            f"联系状态应是 linked（已联系）、unlinked（未联系），或 {others}。", where
        )
    return ContactIs(value)


def _received(value: Any, where: str) -> Leaf:
    if not isinstance(value, Mapping) or "days" not in value or set(value) - {"days", "topic"}:
        raise BadExpression("收到过群发应写明最近几天（days），可加内容类别（topic）。", where)
    days, topic = value["days"], value.get("topic", "")
    if type(days) is not int or not 1 <= days <= MAX_RECEIVED_DAYS:
        raise BadExpression(f"天数应是 1 到 {MAX_RECEIVED_DAYS} 的整数。", f"{where}.days")
    if not isinstance(topic, str) or topic not in ("", *TOPICS):
        raise BadExpression("没有这一类内容。", f"{where}.topic")
    return HasReceived(days, str(topic))


def _outcome(value: Any, where: str) -> Leaf:
    if not isinstance(value, Mapping) or set(value) != {"message", "result"}:
        raise BadExpression("群发结果应写明哪一条群发（message）和哪些结果（result）。", where)
    message, results = value["message"], value["result"]
    if not isinstance(message, str) or not MESSAGE_NUMBER.fullmatch(message):
        raise BadExpression("群发编号应写成 QF-1124-01。", f"{where}.message")
    if not isinstance(results, list) or not results:
        raise BadExpression("这里应是一列结果，至少一个。", f"{where}.result")
    for number, result in enumerate(results):
        if not isinstance(result, str) or result not in RESULTS:
            raise BadExpression("没有这种结果。", f"{where}.result[{number}]")
    return HadResult(message, tuple(sorted(set(results), key=list(RESULTS).index)))
