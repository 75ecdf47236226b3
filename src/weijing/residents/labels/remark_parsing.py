"""What an officer meant by a remark written by hand: `桃李4组罗样例 户主`, `罗样例-4组`."""

import re
import unicodedata
from dataclasses import dataclass

from weijing.residents import phones
from weijing.residents.finding.names import plain_dots
from weijing.residents.models import Resident
from weijing.territory.naming import group_name

SEPARATORS = re.compile(r"[\s\-—－_/|,，、;；:：()（）]+")
NUMBER = "[0-9〇零一二三四五六七八九十]{1,3}"
PLACE = re.compile(rf"^(?P<village>.*?)(?P<group>第?{NUMBER}(?:村民小组|小组|组|队))(?P<rest>.*)$")
VILLAGE = re.compile(r"^(?P<village>.{1,10}?(?:村|社区))(?P<rest>.*)$")
# After a name: two digits of the birth year or a house number, as our own remarks have them.
MARK = re.compile(r"(?:\d{2}|\d{1,4}号)$")
NAME = re.compile(r"[^\W\d_]{2,6}|[^\W\d_]+(?:·[^\W\d_]+)+")
# The surnames of nearly everybody in China.
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖萧田董袁潘于蒋蔡余杜叶程"
    "苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛"
    "郝龚邵万钱严覃武戴莫孔向汤阳欧颜申奉游匡宁易文殷康庄章鲁倪庞邢俞翟蓝聂齐施施庄葛柳岳焦骆"
    "詹凌路符温关柯费靳耿管米卞鲍舒尚祝左屈岑卓纪包古甘童冉车成桂宫麻苗柴瞿牛樊霍牟艾辛商狄梅"
    "洪涂裴兰翁解伍房娄常乔盛单代喻缪辜谌"
)
DOUBLE_SURNAMES = frozenset({"欧阳", "上官", "司马", "诸葛", "夏侯", "皇甫", "东方", "尉迟"})
ROLES = {str(role.label): str(role.value) for role in Resident.HouseholdRole if role.value}


@dataclass(frozen=True)
class Parsed:
    """What could be made out; "" for the rest. `group` as divisions are called, `4组`."""

    village: str = ""
    group: str = ""
    name: str = ""
    role: str = ""
    phone: str = ""


def parsed(text: str) -> Parsed:
    """Read a remark. Words that fit nothing are left out.

    What looks like a name is one when it begins with a surname, or beside a group or a role:
    `卖鱼的` is nobody, `4组卖鱼的` is for a person to judge.
    """
    found: dict[str, str] = {}
    words: list[str] = []
    text = unicodedata.normalize("NFKC", plain_dots(text))
    for token in SEPARATORS.split(text):
        _read(token, found, words)
    named = next((word for word in words if begins_with_surname(word)), "")
    if not named and words and found.keys() & {"group", "role"}:
        named = words[0]
    return Parsed(**found, name=named)


def begins_with_surname(word: str) -> bool:
    """Of the common ones; a dot stands in names of other peoples."""
    return word[:1] in SURNAMES or word[:2] in DOUBLE_SURNAMES or "·" in word


def _read(token: str, found: dict[str, str], words: list[str]) -> None:
    if not token:
        return
    if token in ROLES:
        found.setdefault("role", ROLES[token])
    elif phone := phones.normal(token):
        found.setdefault("phone", phone)
    elif place := PLACE.match(token) or VILLAGE.match(token):
        found.setdefault("village", place["village"])
        if group := place.groupdict().get("group"):
            found.setdefault("group", group_name(group))
        _read(place["rest"], found, words)
    elif NAME.fullmatch(word := MARK.sub("", token)):
        words.append(word)
