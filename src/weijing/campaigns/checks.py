"""What an author should look at again before a message goes to a whole county."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn"]


@dataclass(frozen=True, slots=True)
class Check:
    """`found`: the words of the text that gave rise to a warning, as they stand there."""

    kind: str
    level: Level
    text: str
    found: tuple[str, ...] = ()


# Chinese letters are word characters too: a link may follow one without a space.
_PATH = r"[A-Za-z0-9._~:/?#@!$&'*+,;=%-]*"
_LINK = re.compile(
    rf"(?:https?://|www\.){_PATH}"
    rf"|(?<![A-Za-z0-9.-])[a-z0-9-]+\.(?:cn|com|net|cc|top|me|im|link)/{_PATH}",
    re.I,
)
_SHORTENERS = re.compile(
    r"(?<![A-Za-z0-9.-])(?:https?://)?"
    r"(?:t\.cn|url\.cn|dwz\.cn|suo\.im|suo\.nz|bit\.ly|tinyurl\.com|t\.im|mrw\.so|"
    rf"985\.so|is\.gd|goo\.gl|reurl\.cc|w\.url\.cn|dwz\.mk)(?![A-Za-z0-9.-]){_PATH}",
    re.I,
)
_OFFICIAL = re.compile(r"(?:https?://)?(?:[a-z0-9-]+\.)*gov\.cn(?:[/:?#]|$)", re.I)
_MONEY = re.compile(r"转账|汇款|打款|充值|缴费|付款|红包|银行卡号?|验证码|收款码|安全账户")
_ADDRESSED_AS = re.compile(
    r"(?:作为|您是|你是|身为|鉴于您是?)[^，。！？；\n]{0,14}?"
    r"(?:老人|老年人|残疾人|患者|病人|人员|对象|户主?|妇女|儿童|家庭|司机)"
)


def check(body: str, *, signatures: Iterable[str], tag_names: Iterable[str] = ()) -> list[Check]:
    """Every check with its outcome, in the order in which the composer shows them.

    `signatures`: names of bureau and stations, one of which should be in the text.
    `tag_names`: the tags of the audience; residents must not learn from a text that they carry one.
    """
    return [
        _signed(body, signatures),
        _links(body),
        _money(body),
        _tags(body, tag_names),
    ]


def _signed(body: str, signatures: Iterable[str]) -> Check:
    if any(name and name in body for name in signatures):
        return Check("signature", "ok", "已署名")
    return Check("signature", "warn", "没有署名：请写明是哪个公安局或派出所发的")


def _links(body: str) -> Check:
    short = [m.group() for m in _SHORTENERS.finditer(body)]
    outside = [m.group() for m in _LINK.finditer(body) if not _OFFICIAL.match(m.group())]
    found = tuple(dict.fromkeys(short + outside))
    if short:
        return Check("links", "warn", "有短链接：群众认不出它指向哪里，请换成完整网址", found)
    if outside:
        return Check("links", "warn", "有政府网站以外的链接，请核对", found)
    return Check("links", "ok", "没有外部链接")


def _money(body: str) -> Check:
    found = tuple(dict.fromkeys(_MONEY.findall(body)))
    if found:
        return Check(
            "money",
            "warn",
            f"提到「{'」「'.join(found)}」：警察不会要求转账，请确认不会被误解",
            found,
        )
    return Check("money", "ok", "没有涉及钱款的字样")


def _tags(body: str, tag_names: Iterable[str]) -> Check:
    named = [name for name in tag_names if len(name) >= 2 and name in body]
    found = tuple(dict.fromkeys([*named, *(m.group() for m in _ADDRESSED_AS.finditer(body))]))
    if found:
        return Check(
            "tags", "warn", "文字可能让群众看出自己被归到哪一类，请改成对所有人都适用的说法", found
        )
    return Check("tags", "ok", "没有透露标签")
