"""What never stands on a notice: numbers that lead to a person, names nobody allowed, diagnoses."""

import re
import unicodedata
from collections.abc import Iterable

from weijing.core.errors import DomainError

# Six digits in a row are a date or a price; seven begin a telephone. Gaps do not hide a number.
GAP = r"[\s\-－—–_.．·・,，、/／]"
NUMBER = re.compile(rf"\d(?:{GAP}{{0,3}}\d){{6,}}")
HIDDEN_NUMBER = "（号码不公开）"
CARE = "需要照护"
# Words of illness: a search needs how to help, not what somebody suffers from.
DIAGNOSES = (
    *("痴呆", "失智", "阿尔茨海默", "阿尔兹海默", "老年痴", "健忘症", "帕金森"),
    *("精神病", "精神障碍", "精神分裂", "精神异常", "精神失常", "神经病", "抑郁", "躁郁", "躁狂"),
    *("自闭", "孤独症", "智障", "弱智", "智力障碍", "智力残疾", "脑瘫", "脑梗", "癫痫", "羊癫疯"),
    *("疯子", "疯癫", "发疯", "傻子", "痴傻", "呆傻", "残疾", "聋哑", "哑巴", "瘸子", "瞎子"),
    *("艾滋", "乙肝", "肝炎", "结核", "癌", "糖尿病", "心脏病", "高血压"),
    *("中风", "确诊", "患有", "病史", "吸毒"),
)  # fmt: skip

# A place of that name (县精神病医院, 残疾人服务中心) says nothing about whoever passed it.
INSTITUTION = re.compile(
    rf"精神病院|(?:{'|'.join(DIAGNOSES)})"
    r"(?:病|人|儿童|老人|康复|综合|服务|防治|专科|托养|疗养|特殊|教育)*"
    r"(?:医院|病院|学校|中心|联合会|门诊部?|之家|(?<=防治)[院所站])"
)


class TooPrivate(DomainError):
    """Everybody would read it."""


class Diagnosis(DomainError):
    """What somebody suffers from is nobody's business; how to help them is."""


def checked(text: str, *, names: Iterable[str] = (), most: int = 200, illness: bool = True) -> str:
    """The text in one line, fit for a notice. `illness`: its words are refused; not of a thing,
    which may be a 残疾证.

    Raises `TooPrivate` for telephone, card and ID numbers and for `names`, `Diagnosis`.
    """
    text = plain(text)[:most]
    if NUMBER.search(text):
        raise TooPrivate("没有保存，您填的还在：说明里不要写电话和证件号，这里大家都看得到。")
    if any(_spelled(name).search(text) for name in names if _tight(name)):
        raise TooPrivate("没有保存，您填的还在：说明里不要写姓名，姓名填在专门的格子里。")
    if illness:
        refuse_diagnosis(text)
    return text


def checked_place(text: str, *, names: Iterable[str] = ()) -> str:
    """`checked` of where somebody was, which may be a hospital that is called after an illness."""
    refuse_diagnosis(INSTITUTION.sub("。", _tight(text)))
    return checked(text, names=names, illness=False)


def refuse_diagnosis(*texts: str) -> None:
    """Raises `Diagnosis`, with the word and what to write instead."""
    for text in texts:
        if word := diagnosis(text):
            raise Diagnosis(
                f"没有保存，您填的还在：「{word}」是病情，不写进寻人资料，请勾选「{CARE}」，"
                "再写遇到时怎么帮。"
            )


def diagnosis(text: str) -> str:
    """The first word of illness in it; "" when there is none."""
    tight = _tight(text)
    return next((word for word in DIAGNOSES if word in tight), "")


def redacted(text: str, names: Iterable[str] = ()) -> str:
    """As it may be shown: without long numbers, names masked. For text that was checked once, too:
    what may be shown can change afterwards."""
    text = plain(text)
    for name in names:
        if _tight(name):
            text = _spelled(name).sub("某某", text)
    return NUMBER.sub(HIDDEN_NUMBER, text)


def plain(text: str) -> str:
    """One line; digits and letters of any width and script as ordinary ones; nothing invisible."""
    shown = (c for c in text if unicodedata.category(c) != "Cf")
    return " ".join("".join(map(_ordinary, shown)).split())


def _ordinary(character: str) -> str:
    """Chinese punctuation stays as it is."""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) == "Cc":
        return " "
    normal = unicodedata.normalize("NFKC", character)
    return normal if normal.isalnum() else character


def _spelled(name: str) -> re.Pattern[str]:
    """The name, also with gaps between its characters."""
    return re.compile(f"{GAP}*".join(map(re.escape, _tight(name))), re.IGNORECASE)


def _tight(text: str) -> str:
    return re.sub(GAP, "", plain(text))
