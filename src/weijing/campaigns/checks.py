"""What an author should look at again before a message goes to a whole county.

A check warns, or it blocks: then the text is not handed in before it is changed. Blocking is what
residents must never get from the police (`domain.md` 3.4): a demand for money, a link that hides
where it leads, a text that tells them how they are labelled, somebody's identity number.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Level = Literal["ok", "warn", "block"]


@dataclass(frozen=True, slots=True)
class Check:
    """`found`: the words that gave rise to it, `lines`: in which line of the text each stands
    (from 1; 0 when in none, as a link that is attached). `advice`: what to do, in a sentence.
    """

    kind: str
    level: Level
    text: str
    found: tuple[str, ...] = ()
    advice: str = ""
    lines: tuple[int, ...] = ()

    @property
    def places(self) -> list[tuple[str, int]]:
        return list(zip(self.found, self.lines, strict=True))


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
_BARE_ADDRESS = re.compile(rf"https?://\d{{1,3}}(?:\.\d{{1,3}}){{3}}{_PATH}", re.I)
_OFFICIAL = re.compile(r"(?:https?://)?(?:[a-z0-9-]+\.)*gov\.cn(?:[/:?#]|$)", re.I)

_MONEY = re.compile(r"转账|汇款|打款|充值|缴费|付款|红包|银行卡号?|验证码|收款码|安全账户")
_DEMANDS = re.compile(
    r"(?:请|速|立即|马上|尽快|务必|需要?|须|点击|扫码|扫描|回复)[^，。！？；\n]{0,12}?"
    r"(?:转账|汇款|打款|充值|缴费|付款|支付|缴纳|银行卡号|验证码)"
    r"|(?:转账|汇款|打款|付款|缴费)(?:到|至|给)"
    r"|(?:验证码|银行卡号)[^，。！？；\n]{0,6}(?:发|告诉|提供)给?我"
)
# In the same sentence: the text warns of it, or says that the police never do it.
_WARNS = re.compile(
    r"不要|不会|不得|不能|不可|勿|切莫|切忌|别|莫|绝不|从不|拒绝|谨防|警惕|防范|防止|"
    r"骗|凡是|一律|止付|冒充|所谓|没有"
)
_ACCOUNT = re.compile(r"(?<!\d)(?:\d[ -]?){15,18}\d(?![\dXx])")
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{5}[\dXx](?!\d)")
_SENTENCE = re.compile(r"[^。！？!?；;\n]+")

_ADDRESSED_AS = re.compile(
    r"(?:作为|您是|你是|身为|鉴于您是?|您属于|因您是?)[^，。！？；\n]{0,14}?"
    r"(?:老人|老年人|残疾人|患者|病人|人员|对象|户主?|妇女|儿童|家庭|司机|受害人|被害人)"
)

# National and provincial lines anybody may be told to call.
_LINES = frozenset(
    {"110", "119", "120", "122", "96110", "12110", "12123", "12306", "12315", "12320", "12338",
     "12345", "12348", "12355", "12356", "12367", "12378", "12381", "12389", "12395"}
)  # fmt: skip
_NUMBER = re.compile(
    r"(?<![\d.:/-])(?:1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8}|400[ -]?\d{3}[ -]?\d{4}|"
    r"95\d{3,4}|96\d{3,4})(?![\d.:/-])"
)


def check(
    body: str,
    *,
    signatures: Iterable[str],
    tag_names: Iterable[str] = (),
    sensitive_names: Iterable[str] = (),
    phones: Iterable[str] = (),
    links: Iterable[str] = (),
    own_host: str = "",
    unknown: Iterable[str] = (),
) -> list[Check]:
    """Every check with its outcome, in the order in which the composer shows them.

    `signatures`: names of bureau and stations, one of which should be in the text.
    `tag_names`: the tags of the audience; residents must not learn from a text that they carry one.
    `sensitive_names`: those of them that are nobody's business at all.
    `phones`: numbers of the bureau. `links`: addresses of what is attached.
    `own_host`: where our own pages are. `unknown`: variables that nobody can fill in.
    """
    found = [
        _signed(body, signatures),
        _links("\n".join([body, *links]), own_host),
        _money(body),
        _tags(body, tag_names, sensitive_names),
        _phones(body, phones),
        _others(body),
    ]
    names = tuple(unknown)
    if names:
        found.append(
            Check(
                "variables", "block", "有填不出来的变量", names,
                "群发里同一位民辅警发出的文字都一样，写不了每个人的姓名。请删去或换成下面列出的变量。",
            )
        )  # fmt: skip
    return [replace(one, lines=tuple(place_of(w, body) for w in one.found)) for one in found]


def place_of(words: str, body: str) -> int:
    """The line, from 1, in which the words first stand; 0 when they are in none."""
    at = body.find(words)
    return body.count("\n", 0, at) + 1 if at >= 0 else 0


def _signed(body: str, signatures: Iterable[str]) -> Check:
    if any(name and name in body for name in signatures):
        return Check("signature", "ok", "已署名")
    return Check(
        "signature", "warn", "没有署名",
        advice="请在末尾写明是哪个公安局或派出所发的，群众才好核实。",
    )  # fmt: skip


def _links(body: str, own_host: str) -> Check:
    hidden = _unique([*_found(_SHORTENERS, body), *_found(_BARE_ADDRESS, body)])
    if hidden:
        return Check(
            "links", "block", "有看不出指向哪里的链接", hidden,
            "群众分不清真假，诈骗常用这种短链接。请换成政府网站的完整网址。",
        )  # fmt: skip
    outside = _unique(
        link for link in _found(_LINK, body)
        if not _OFFICIAL.match(link) and not (own_host and _host(link) == own_host)
    )  # fmt: skip
    if outside:
        return Check(
            "links", "warn", "有政府网站以外的链接", outside,
            "请核对是不是官方网址；能不放链接就不放。",
        )  # fmt: skip
    return Check("links", "ok", "没有外部链接")


def _money(body: str) -> Check:
    demands = _unique(
        match.group()
        for sentence in _SENTENCE.findall(body)
        if not _WARNS.search(sentence)
        for match in _DEMANDS.finditer(sentence)
    )
    accounts = _unique(m for m in _found(_ACCOUNT, body) if not _IDENTITY.search(m))
    if demands or accounts:
        return Check(
            "money", "block", "像是在要钱、要账号", (*demands, *accounts),
            "警察不会在微信里要求转账、付款或报验证码，群众会当成诈骗。请删去，要缴费的请写去哪里办。",
        )  # fmt: skip
    if found := _unique(_MONEY.findall(body)):
        return Check(
            "money", "warn", "提到了钱款", found,
            "警察不会要求转账，请再读一遍，确认不会被误解。",
        )  # fmt: skip
    return Check("money", "ok", "没有涉及钱款的字样")


def _tags(body: str, tag_names: Iterable[str], sensitive_names: Iterable[str]) -> Check:
    secret = [name for name in sensitive_names if len(name) >= 2 and name in body]
    if told := _unique([*secret, *_found(_ADDRESSED_AS, body)]):
        return Check(
            "tags", "block", "会让群众看出自己被归到哪一类", told,
            "请改成对所有人都适用的说法，例如不写「作为…」，只写该怎么做。",
        )  # fmt: skip
    if named := _unique(name for name in tag_names if len(name) >= 2 and name in body):
        return Check(
            "tags", "warn", "写到了这次所选的标签", named,
            "收到的人可能由此看出自己有这个标签。是公开的情况可以留，否则请改。",
        )  # fmt: skip
    return Check("tags", "ok", "没有透露标签")


def _phones(body: str, phones: Iterable[str]) -> Check:
    known = _LINES | {_digits(number) for number in phones if number}
    found = _unique(n for n in _found(_NUMBER, _without_links(body)) if _digits(n) not in known)
    if found:
        return Check(
            "phones", "warn", "电话不在本局登记的号码里", found,
            "请核对是不是值班电话；私人号码不要写，派出所电话可用变量填。",
        )  # fmt: skip
    return Check("phones", "ok", "电话都是登记过的")


def _others(body: str) -> Check:
    if found := _unique(_found(_IDENTITY, body)):
        return Check(
            "others", "block", "有身份证号码", found, "请删去：群发里不写任何人的身份证号码。"
        )
    return Check("others", "ok", "没有他人的证件号码")


def _found(pattern: re.Pattern[str], body: str) -> list[str]:
    return [match.group() for match in pattern.finditer(body)]


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _without_links(body: str) -> str:
    return _LINK.sub(" ", body)


def _host(link: str) -> str:
    return re.sub(r"^https?://", "", link, flags=re.I).split("/")[0].lower()
