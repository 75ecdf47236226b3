"""What WeCom shows beside a contact: village, group, name, role, in at most 20 characters."""

import re
import unicodedata

from weijing.core.errors import DomainError

MAX_REMARK_CHARS = 20  # externalcontact/remark; developer.work.weixin.qq.com/document/path/92115
MAX_DESCRIPTION_CHARS = 150
SHORT_VILLAGE_CHARS = 2
MAX_PLACE_CHARS = 12
# Fifteen digits: an ID number of the old form. Spaces and dashes between do not hide one.
LONG_NUMBER = re.compile(r"\d(?:[\s\-－—_.·]*\d){14,}")

# A contact's card is no register. Words of health, faith, ethnicity, offences, opinions, petitions.
FORBIDDEN_WORDS = (
    *("艾滋", "乙肝", "肝炎", "结核", "癌", "精神病", "精神障碍", "抑郁", "残疾", "确诊", "患有"),
    *("信教", "教徒", "基督", "天主", "佛教", "道教", "伊斯兰", "穆斯林", "邪教", "民族"),
    *("前科", "犯罪", "刑满", "服刑", "社区矫正", "吸毒", "涉毒", "戒毒", "在逃", "嫌疑"),
    *("上访", "信访", "缠访", "闹访", "维稳", "重点人员", "失信", "老赖", "政治", "党员"),
)


class UnfitDescription(DomainError):
    """The text would put on WeCom what must not leave our house."""


def remark(*, village: str, group: str, name: str, role: str, mark: str = "") -> str:
    """`桃李4组-罗样例-户主`: never over 20 characters, no ID number, no forbidden word.

    `mark` tells people of one name in one group apart (`罗样例85`). Too long: the role goes, then
    the village is cut to two characters, then the name.
    """
    parts = (_without_long_numbers(text) for text in (village, group, _sayable(name), role, mark))
    village, group, name, role, mark = parts
    candidates = (
        _joined(f"{village}{group}", f"{name}{mark}", role),
        _joined(f"{village}{group}", f"{name}{mark}"),
        _joined(f"{village[:SHORT_VILLAGE_CHARS]}{group}", f"{name}{mark}"),
    )
    fitting = next((text for text in candidates if length(text) <= MAX_REMARK_CHARS), "")
    if not fitting:
        place = _cut(f"{village[:SHORT_VILLAGE_CHARS]}{group}", MAX_PLACE_CHARS)
        room = MAX_REMARK_CHARS - length(place) - 1 - length(mark)
        fitting = _joined(place, f"{_cut(name, max(room, 0))}{mark}")
    # Joining pieces can make a number that no piece had.
    return _without_long_numbers(_cut(fitting, MAX_REMARK_CHARS))


def length(text: str) -> int:
    """In WeCom's characters: a rare one beyond the basic plane is counted as the two it takes."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def forbidden_word(text: str) -> str:
    """The first word in it that must not stand on WeCom; "" when there is none."""
    plain = unicodedata.normalize("NFKC", text)
    return next((word for word in FORBIDDEN_WORDS if word in plain), "")


def holds_long_number(text: str) -> bool:
    """An ID or bank card number, whatever stands between its digits."""
    return LONG_NUMBER.search(unicodedata.normalize("NFKC", text)) is not None


def check_description(text: str) -> str:
    """The text as it may be sent, without blanks around it.

    Raises `UnfitDescription`.
    """
    text = text.strip()
    if len(text) > MAX_DESCRIPTION_CHARS:
        over = len(text) - MAX_DESCRIPTION_CHARS
        raise UnfitDescription(f"描述最多 {MAX_DESCRIPTION_CHARS} 个字，请删去 {over} 个字。")
    if holds_long_number(text):
        raise UnfitDescription("描述里不能写身份证号、银行卡号等长号码，请删去。")
    if word := forbidden_word(text):
        raise UnfitDescription(f"描述里不能写「{word}」这类敏感信息，只写联系方式和服务事项。")
    return text


def _joined(*parts: str) -> str:
    return "-".join(part for part in parts if part)


def _sayable(name: str) -> str:
    """罗某, when what was written as a name says what must not be said."""
    return f"{name[0]}某" if forbidden_word(name) else name


def _cut(text: str, room: int) -> str:
    """The longest beginning that fits; a character is never halved."""
    while length(text) > room:
        text = text[:-1]
    return text


def _without_long_numbers(text: str) -> str:
    return LONG_NUMBER.sub("", text)
