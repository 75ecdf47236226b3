"""An expression read back in Chinese, so that an author sees what was really ordered."""

from weijing.audiences.expression import (
    CONTACT_STATES,
    RESULTS,
    TOPICS,
    Aged,
    All,
    AnyOf,
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
    leaves,
)
from weijing.residents.models import ConsentRecord

MAX_NAMES = 12  # in one clause; the rest is counted


def sentence(node: Node, *, written_out: bool = False) -> str:
    """`住在小沙江镇，并且有重型货车或校车的群众；不发给……的人。`

    `written_out`: with what each saved audience means behind its name, for whoever decides.
    """
    text = _sentence(node)
    if not written_out:
        return text
    inside: dict[str, Node] = {}
    _add_saved(node, inside)
    return text + "".join(f"受众「{name}」：{_sentence(meant)}" for name, meant in inside.items())


def _add_saved(node: Node, inside: dict[str, Node]) -> None:
    for leaf in leaves(node):
        if isinstance(leaf, Saved) and leaf.name not in inside:
            inside[leaf.name] = leaf.meant
            _add_saved(leaf.meant, inside)


def _sentence(node: Node) -> str:
    parts = node.parts if isinstance(node, All) else (node,)
    wanted = [part for part in parts if not isinstance(part, Except)]
    left_out = [part for part in parts if isinstance(part, Except)]
    said = "，并且".join(_clause(part) for part in wanted)
    text = f"{said}的群众" if said else "全县群众"
    for part in left_out:
        text += f"；不发给{_joined(part.parts, '，或')}的人"
    return text + "。"


def _clause(node: Node) -> str:
    match node:
        case All(parts):
            said = _joined(parts, "，并且")
            return f"（{said}）" if len(parts) > 1 else said
        case AnyOf(parts):
            said = _joined(parts, "，或")
            return f"（{said}）" if len(parts) > 1 else said
        case Except(parts):
            return f"不是（{_joined(parts, '，或')}）"
        case _:
            return _leaf(node)


def _joined(parts: tuple[Node, ...], word: str) -> str:
    return word.join(_clause(part) for part in parts)


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case InDivision(codes, names):
            return f"住在{_names(tuple(name.replace('/', '') for name in names or codes))}"
        case HasTag(codes, names):
            return f"有标签{_names(names or codes)}"
        case Aged(from_, to):
            return _age(from_, to)
        case OfSex(sex):
            return "女性" if sex == "f" else "男性"
        case IsLinked(linked):
            return "已加好友" if linked else "没加好友"
        case ContactIs(state):
            return f"联系状态为{CONTACT_STATES[state]}"
        case HasReceived(days, topic):
            what = f"{TOPICS[topic]}群发" if topic else "群发"
            return f"最近 {days} 天收到过{what}"
        case HadResult(message, results):
            return f"群发 {message} 的结果是{_names(tuple(RESULTS[one] for one in results))}"
        case Saved(name):
            return f"属于受众「{name}」"
        case HasConsent(scope, group):
            labels = dict(ConsentRecord.Scope.choices)
            return f"同意{labels.get(scope, f'登记「{group or scope}」类标签')}"


def _names(names: tuple[str, ...]) -> str:
    if len(names) > MAX_NAMES:
        return f"{'、'.join(names[:MAX_NAMES])}等 {len(names)} 项之一"
    if len(names) == 1:
        return names[0]
    return f"{'、'.join(names[:-1])}或{names[-1]}"


def _age(from_: int | None, to: int | None) -> str:
    if from_ is None:
        return f"{to} 岁及以下"
    if to is None:
        return f"{from_} 岁及以上"
    return f"{from_} 岁" if from_ == to else f"{from_} 到 {to} 岁"
