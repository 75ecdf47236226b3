"""The short names that people say: 龙腾镇 is 龙腾, 向家村 is 向家."""

import re

TOWNSHIP = re.compile(r"(..+?)(?:[一-龥]族)?(?:街道办事处|街道|乡|镇)$")
ETHNIC_TOWNSHIP = re.compile(r"(.{2,}?)(?:瑶|回|苗|侗|土家|壮|畲|维吾尔|白|满|蒙古)族[乡镇]$")
VILLAGE = re.compile(
    r"(..+?)(?:社区居民委员会|社区居委会|村民委员会|居民委员会|村委会|居委会|社区|村)$"
)
COUNTY = re.compile(r"(..+?)(?:[县区市旗])$")


def short_name(name: str) -> str:
    """Without the word for its kind. A name that would shrink to one character stays whole.

    The ethnic group in a township's official name goes too: it is no one's attribute.
    """
    for pattern in (ETHNIC_TOWNSHIP, VILLAGE, TOWNSHIP, COUNTY):
        if found := pattern.match(name):
            return found[1]
    return name


GROUP = re.compile(r"第?0*(\d{1,3})(?:组|村民小组|居民小组|小组|队)?", re.ASCII)
CHINESE_DIGITS = {digit: number for number, digit in enumerate("〇一二三四五六七八九")} | {"零": 0}
CHINESE_NUMBER = re.compile(
    r"(第?)([〇零一二三四五六七八九十]{1,3})(组|村民小组|居民小组|小组|队)?"
)


def grid_name(beat_name: str) -> str:
    """`桃李村网格`: a beat as residents and officers call it."""
    return beat_name if beat_name.endswith(("网格", "警务区")) else f"{beat_name}网格"


def group_name(text: str) -> str:
    """`4`, `04组`, `第四村民小组` → `4组`. Anything else is a name of its own and stays.

    "" when there is nothing.
    """
    text = "".join(text.split())
    if found := GROUP.fullmatch(text):
        return f"{int(found[1])}组" if int(found[1]) else ""
    if found := CHINESE_NUMBER.fullmatch(text):
        number = _number(found[2])
        return f"{number}组" if number else text
    return text


def group_number(name: str) -> int | None:
    """`4组` → 4; None for a group with a name of its own."""
    found = GROUP.fullmatch(name)
    return int(found[1]) if found else None


def _number(chinese: str) -> int:
    """一 to 九十九; 0 when it is no such number."""
    tens, ten, units = chinese.rpartition("十")
    if not ten:
        return CHINESE_DIGITS.get(chinese, 0)
    if len(tens) > 1 or len(units) > 1 or "十" in tens:
        return 0
    return (CHINESE_DIGITS.get(tens, 0) if tens else 1) * 10 + CHINESE_DIGITS.get(units, 0)
