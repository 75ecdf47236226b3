"""Where each township sits in the hexagon picture. A layout, not a map: no boundary is drawn.

Published maps of real boundaries need a map approval number; equal hexagons do not, and they give
a small township the same weight as a large one. Odd rows are shifted right by half a hexagon.
"""

from collections.abc import Iterable
from math import ceil, sqrt

Place = tuple[int, int]  # column, row

LONGHUI = {
    "虎形山": (0, 0), "小沙江": (1, 0), "麻塘山": (2, 0),
    "大水田": (0, 1), "金石桥": (1, 1), "鸭田": (2, 1), "罗洪": (3, 1),
    "司门前": (1, 2), "羊古坳": (2, 2), "高平": (3, 2),
    "七江": (0, 3), "六都寨": (1, 3), "荷田": (2, 3), "滩头": (3, 3),
    "西洋江": (0, 4), "荷香桥": (1, 4), "横板桥": (2, 4), "岩口": (3, 4),
    "南岳庙": (0, 5), "三阁司": (1, 5), "北山": (2, 5), "周旺": (3, 5),
    "山界": (1, 6), "桃花坪": (2, 6), "花门": (3, 6),
}  # fmt: skip

BY_COUNTY = {"430524": LONGHUI}

# Longest first, so that 虎形山瑶族乡 loses all of 瑶族乡.
_SUFFIXES = ("瑶族乡", "回族乡", "苗族乡", "侗族乡", "土家族乡", "街道", "镇", "乡")


def short_name(name: str) -> str:
    """The name people say: 虎形山瑶族乡 → 虎形山. A name of one character keeps its suffix."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return name


def places(names: Iterable[str], *, county: str) -> dict[str, Place]:
    """Column and row of every name, no two the same.

    Names a drawn county does not know (a township founded since) follow in a row below it; a county
    nobody has drawn fills rows from the top left, about as wide as high.
    """
    named = list(dict.fromkeys(names))
    drawn = BY_COUNTY.get(county, {})
    placed = {name: drawn[short_name(name)] for name in named if short_name(name) in drawn}
    others = [name for name in named if name not in placed]
    width = 4 if placed else max(2, ceil(sqrt(len(others))))
    first_row = max((row for _, row in drawn.values()), default=-1) + 1 if placed else 0
    for index, name in enumerate(others):
        placed[name] = (index % width, first_row + index // width)
    return placed
