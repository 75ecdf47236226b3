"""Expressions as people type them.

    在(小沙江镇,金石桥镇/桃李村) 且 (标签(重型货车,校车) 或 年龄(60-)) 除 收到过(7天,交通安全)

`且` binds closer than `或`; `除` comes last and takes everything after it away; `非(…)` is `除`
inside a condition. Full-width brackets and commas, codes instead of names, and English `and`,
`or`, `except`, `not` are read as well.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from weijing.audiences.expression import (
    CONTACT_STATES,
    RESULTS,
    TOPICS,
    Aged,
    All,
    AnyOf,
    BadExpression,
    ContactIs,
    Except,
    HadResult,
    HasConsent,
    HasReceived,
    HasTag,
    InDivision,
    IsLinked,
    Leaf,
    Node,
    OfSex,
    Saved,
    check_live,
    parse,
    path_name,
)
from weijing.audiences.models import SavedAudience
from weijing.core.brackets import spellings
from weijing.residents.consent import TAG_GROUP
from weijing.residents.models import ConsentRecord
from weijing.tags import queries
from weijing.territory.models import Division

MAX_CHARS = 4_000
MAX_NESTING = 20
WORDS = {
    "且": "and", "并且": "and", "and": "and",
    "或": "or", "或者": "or", "or": "or",
    "除": "except", "除了": "except", "except": "except",
    "非": "not", "不是": "not", "not": "not",
}  # fmt: skip
WITH_ARGUMENTS = ("在", "标签", "年龄", "同意", "收到过", "群发结果", "受众", "联系状态")
LEAVES = (*WITH_ARGUMENTS, "女", "男", "已联系", "未联系", "全县")
WORD = re.compile("|".join(sorted([*WORDS, *LEAVES], key=len, reverse=True)), re.IGNORECASE)
AGE = re.compile(r"(\d{0,3})\s*[-–—~至到]\s*(\d{0,3})", re.ASCII)
PLAIN = {ord("（"): "(", ord("）"): ")", ord("，"): ",", 0x3000: " "}  # one sign for each
CODE = re.compile(r"\d{6,15}|[A-Z]{3}\d{5}", re.ASCII)


def read(text: str, *, county_id: int, topic: str = "") -> Node:
    """The expression a text means.

    Raises `BadExpression`; `where` says at which character, counted from 1.
    """
    if len(text) > MAX_CHARS:
        raise BadExpression(f"条件太长，最多 {MAX_CHARS} 个字。")
    tree = _Parser(_tokens(text), _Names(county_id)).whole()
    return parse(tree, county_id=county_id, topic=topic)


def to_text(node: Node) -> str:
    """The canonical text; `read` makes an expression of it that means the same people."""
    return _written(_simplified(node), outer="")


def _simplified(node: Node) -> Node:
    """Without brackets that change nothing: a group of one, a group inside one of its kind."""
    if not isinstance(node, All | AnyOf | Except):
        return node
    inside = AnyOf if isinstance(node, Except) else type(node)
    parts: list[Node] = []
    for part in map(_simplified, node.parts):
        if isinstance(part, All | AnyOf) and type(part) is inside:
            parts += part.parts
        else:
            parts.append(part)
    if len(parts) == 1 and not isinstance(node, Except):
        return parts[0]
    return type(node)(tuple(parts))


def _written(node: Node, outer: str) -> str:
    match node:
        case All(parts):
            return _all_written(parts, outer)
        case AnyOf(parts):
            said = " 或 ".join(_written(part, "或") for part in parts)
            return f"({said})" if outer == "且" and len(parts) > 1 else said
        case Except(parts):
            return f"非({' 或 '.join(_written(part, '或') for part in parts)})"
        case _:
            return _leaf_written(node)


def _all_written(parts: tuple[Node, ...], outer: str) -> str:
    last = parts[-1]
    if not outer and len(parts) > 1 and isinstance(last, Except):
        # The reader takes what follows 除 as one list of alternatives.
        rest = _all_written(parts[:-1], "除")
        return f"{rest} 除 {' 或 '.join(_written(part, '或') for part in last.parts)}"
    return " 且 ".join(_written(part, "且") for part in parts)


def _leaf_written(leaf: Leaf) -> str:
    match leaf:
        case InDivision(codes, names):
            return f"在({','.join(names or codes)})"
        case HasTag(codes, names):
            named = zip(codes, names or codes, strict=True)
            return f"标签({','.join(name if _reads_back(name) else code for code, name in named)})"
        case Aged(from_, to):
            return f"年龄({'' if from_ is None else from_}-{'' if to is None else to})"
        case OfSex(sex):
            return "女" if sex == "f" else "男"
        case IsLinked(linked):
            return "已联系" if linked else "未联系"
        case ContactIs(state):
            return f"联系状态({CONTACT_STATES[state]})"
        case HasReceived(days, topic):
            return f"收到过({days}天{',' + TOPICS[topic] if topic else ''})"
        case HadResult(message, results):
            return f"群发结果({message},{','.join(RESULTS[one] for one in results)})"
        case Saved(name):
            return f"受众({name})"
        case HasConsent(scope):
            return f"同意({dict(ConsentRecord.Scope.choices).get(scope, scope)})"


def _reads_back(name: str) -> bool:
    """Whether a tag is found by this between the brackets; of one it is not, the code is."""
    if CODE.fullmatch(name) or not name or name != name.strip():
        return False
    try:
        arguments, end = _arguments(f"({name})", 0)
    except BadExpression:
        return False
    return arguments == ((name, 2),) and end == len(name) + 2


@dataclass(frozen=True)
class _Token:
    kind: str  # and or except not ( ) leaf end
    text: str
    at: int  # character, from 1
    arguments: tuple[tuple[str, int], ...] | None = None  # text and place of each


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    plain = text.translate(PLAIN)
    place = 0
    while place < len(plain):
        character = plain[place]
        if character.isspace():
            place += 1
        elif character in "()":
            found.append(_Token(character, character, place + 1))
            place += 1
        else:
            token, place = _word(text, plain, place)
            found.append(token)
    return [*found, _Token("end", "", len(plain) + 1)]


def _word(text: str, plain: str, place: int) -> tuple[_Token, int]:
    matched = WORD.match(plain, place)
    if matched is None:
        raise BadExpression(f"看不懂「{plain[place : place + 8]}」。", _at(place + 1))
    word, end = matched[0].lower(), matched.end()
    if word in WORDS:
        return _Token(WORDS[word], word, place + 1), end
    start = end
    while start < len(plain) and plain[start].isspace():
        start += 1
    if word not in WITH_ARGUMENTS:
        return _Token("leaf", word, place + 1), end
    if start >= len(plain) or plain[start] != "(":
        raise BadExpression(f"「{word}」后面应是括号。", _at(start + 1))
    arguments, end = _arguments(text, start)
    return _Token("leaf", word, place + 1, arguments), end


def _arguments(text: str, opening: int) -> tuple[tuple[tuple[str, int], ...], int]:
    """The texts between the brackets, and where the brackets end. Names may have brackets."""
    plain = text.translate(PLAIN)
    depth, begin = 1, opening + 1
    found = []
    for place in range(opening + 1, len(plain)):
        character = plain[place]
        depth += (character == "(") - (character == ")")
        if depth == 0 or (depth == 1 and character == ","):
            found.append((text[begin:place].strip(), begin + 1))
            begin = place + 1
        if depth == 0:
            return tuple(found), place + 1
    raise BadExpression("括号没有合上。", _at(opening + 1))


def _at(place: int) -> str:
    return f"第 {place} 个字"


class _Parser:
    """Recursive descent: whole = union [除 union]; union = inter {或 inter}; inter = {且 unit}."""

    def __init__(self, tokens: list[_Token], names: "_Names") -> None:
        self._tokens, self._names = tokens, names
        self._next = 0
        self._nesting = 0

    def whole(self) -> Any:
        tree = self._union()
        if self._take("except"):
            left_out = {"except": _parts(self._union(), "any")}
            tree = {"all": [*_parts(tree, "all"), left_out]}
        token = self._tokens[self._next]
        if token.kind != "end":
            raise BadExpression(f"「{token.text}」在这里多余，或前面少了 且、或。", _at(token.at))
        return tree

    def _union(self) -> Any:
        return self._joined("or", "any", self._intersection)

    def _intersection(self) -> Any:
        return self._joined("and", "all", self._unit)

    def _joined(self, word: str, key: str, part: Callable[[], Any]) -> Any:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else {key: parts}

    def _unit(self) -> Any:
        token = self._tokens[self._next]
        self._next += 1
        if token.kind == "leaf":
            return self._names.leaf(token)
        if token.kind == "not":
            opening = self._tokens[self._next]
            if opening.kind != "(":
                raise BadExpression("「非」后面应是括号。", _at(opening.at))
            self._next += 1
            return {"except": _parts(self._bracketed(opening), "any")}
        if token.kind == "(":
            return self._bracketed(token)
        raise BadExpression("这里少了条件。", _at(token.at))

    def _bracketed(self, opening: _Token) -> Any:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise BadExpression("括号套得太深。", _at(opening.at))
        tree = self._union()
        self._nesting -= 1
        if not self._take(")"):
            raise BadExpression("括号没有合上。", _at(opening.at))
        return tree

    def _take(self, kind: str) -> bool:
        if self._tokens[self._next].kind != kind:
            return False
        self._next += 1
        return True


def _parts(tree: Any, key: str) -> list[Any]:
    """The parts of a tree that is joined by `key` already, else the tree as the only part."""
    parts = tree.get(key)
    return parts if isinstance(parts, list) else [tree]


class _Names:
    """Leaves of the JSON tree, with the county's names looked up."""

    def __init__(self, county_id: int) -> None:
        self._county_id = county_id

    def leaf(self, token: _Token) -> dict[str, Any]:
        arguments = token.arguments or ()
        for text, at in arguments:
            if not text:
                raise BadExpression("括号里少了内容。", _at(at))
        match token.text:
            case "在":
                return {"division": [self._division(*argument) for argument in arguments]}
            case "标签":
                return {"tag": [self._tag(*argument) for argument in arguments]}
            case "年龄":
                return {"age": _age(*arguments[0])}
            case "同意":
                return {"consent": _scope(*arguments[0])}
            case "收到过":
                return {"received": _received(arguments)}
            case "群发结果":
                return {"outcome": _outcome(arguments)}
            case "受众":
                return {"saved": self._saved(*arguments[0])}
            case "联系状态":
                return {"contact": _contact_state(*arguments[0])}
            case "全县":
                return {"division": [self._county()]}
            case "女" | "男":
                return {"sex": "f" if token.text == "女" else "m"}
            case _:
                return {"contact": "linked" if token.text == "已联系" else "unlinked"}

    def _county(self) -> str:
        divisions = Division.objects.filter(county_id=self._county_id)
        return str(divisions.get(level=Division.Level.COUNTY).code)

    def _saved(self, text: str, at: int) -> str:
        saved = SavedAudience.objects.filter(county_id=self._county_id, name__in=spellings(text))
        if names := set(saved.values_list("name", flat=True)):
            return str(next(name for name in spellings(text) if name in names))
        raise BadExpression(f"没有名为「{text}」的已保存受众。", _at(at))

    def _division(self, text: str, at: int) -> str:
        if CODE.fullmatch(text):
            return text
        path = [part.strip() for part in text.split("/")]
        found = Division.objects.filter(county_id=self._county_id, name=path[-1])
        found = found.select_related("parent__parent").order_by("lo")
        fitting = [place for place in found if _fits(place, path)]
        if len(fitting) == 1:
            return str(fitting[0].code)
        if not fitting:
            raise BadExpression(f"本县没有「{text}」。", _at(at))
        example = path_name(fitting[0])
        raise BadExpression(
            f"本县有 {len(fitting)} 个「{text}」，请写明是哪一个，如 {example}。", _at(at)
        )

    def _tag(self, text: str, at: int) -> str:
        if CODE.fullmatch(text):
            return text
        for spelling in spellings(text):
            if tag := queries.ever_named(spelling, county_id=self._county_id):
                check_live(tag, _at(at))
                return str(tag.code)
        raise BadExpression(f"标签库里没有「{text}」。", _at(at))


def _fits(place: Division, path: list[str]) -> bool:
    """Whether the place's own path ends like this, with steps left out in between."""
    names = iter(reversed(path_name(place).split("/")))
    return all(any(name == wanted for name in names) for wanted in reversed(path))


def _age(text: str, at: int) -> dict[str, int]:
    text = unicodedata.normalize("NFKC", text).replace("岁", "").strip()
    if text.isascii() and text.isdigit():
        return {"from": int(text), "to": int(text)}
    matched = AGE.fullmatch(text)
    if matched is None or not (matched[1] or matched[2]):
        raise BadExpression("年龄应写成 18-59、60- 或 -13。", _at(at))
    ends = {"from": matched[1], "to": matched[2]}
    return {name: int(age) for name, age in ends.items() if age}


def _received(arguments: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    (text, at), *rest = arguments
    days = unicodedata.normalize("NFKC", text).removesuffix("天").strip()
    if not (days.isascii() and days.isdigit() and len(days) < 5) or len(rest) > 1:
        raise BadExpression("收到过应写成 收到过(7天) 或 收到过(7天,反诈)。", _at(at))
    if not rest:
        return {"days": int(days)}
    topics = {label: code for code, label in TOPICS.items()}
    word, place = rest[0]
    if word not in topics and word not in TOPICS:
        raise BadExpression(f"没有「{word}」这一类内容。", _at(place))
    return {"days": int(days), "topic": topics.get(word, word)}


def _outcome(arguments: tuple[tuple[str, int], ...]) -> dict[str, Any]:
    (message, at), *rest = arguments
    if not rest:
        raise BadExpression("群发结果应写成 群发结果(QF-1124-01,未发)。", _at(at))
    codes = {label: code for code, label in RESULTS.items()}
    for word, place in rest:
        if word not in codes and word not in RESULTS:
            raise BadExpression(f"没有「{word}」这种结果。", _at(place))
    return {"message": message.upper(), "result": [codes.get(word, word) for word, _ in rest]}


def _contact_state(text: str, at: int) -> str:
    states = {label: state for state, label in CONTACT_STATES.items()}
    if text not in states and text not in CONTACT_STATES:
        raise BadExpression(f"没有「{text}」这种联系状态。", _at(at))
    return states.get(text, text)


def _scope(text: str, at: int) -> str:
    labels = {str(label): str(value) for value, label in ConsentRecord.Scope.choices}
    scope = labels.get(text, text)
    if scope in ConsentRecord.Scope.values or TAG_GROUP.fullmatch(scope):
        return scope
    raise BadExpression(f"没有「{text}」这一项同意内容。", _at(at))
