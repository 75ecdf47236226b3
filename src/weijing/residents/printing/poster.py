"""A village's poster, A4: 110 first, then whom to add and what for."""

from weijing.residents.printing import saying
from weijing.residents.printing.drawing import (
    BLUE,
    GREY,
    INK,
    RED,
    Box,
    Code,
    Drawing,
    Item,
    Picture,
    Text,
)
from weijing.residents.printing.measuring import fitting, paragraph, small_print, width
from weijing.residents.printing.saying import Saying

WIDTH, HEIGHT = 210.0, 297.0
MIDDLE, EDGE = WIDTH / 2, 18.0
ROOM = WIDTH - 2 * EDGE
SIDE = 96.0
CHECK_SIDE = 24.0


def poster(one: Saying) -> Drawing:
    items = [*_head(one), *_urgent(), *_code(one), *_what_for(), *_foot(one)]
    where = one.village or one.grid
    return Drawing(WIDTH, HEIGHT, f"{where} 加好友海报", tuple(items))


def _head(one: Saying) -> list[Item]:
    issuer = f"{one.bureau}  {one.station}".strip()
    return [
        Text(MIDDLE, 22, fitting(issuer, 6.4, ROOM), issuer, colour=GREY, align="middle"),
        Text(MIDDLE, 42, 16.4, "加公安微信 交警察朋友", colour=BLUE, bold=True, align="middle"),
    ]


def _urgent() -> list[Item]:
    left, number = saying.URGENT, "110"
    size, top, height = 10.0, 50.0, 17.0
    x = EDGE + 8
    after = x + width(left, size) + 4
    aside = after + width(number, 14, bold=True) + 8
    return [
        Box(EDGE, top, ROOM, height, line=0.9, colour=RED),
        Text(x, top + 12.2, size, left, colour=RED, bold=True),
        Text(after, top + 13.2, 14.0, number, colour=RED, bold=True),
        *paragraph(saying.NOT_HERE, aside, top + 7.2, 4.9, WIDTH - EDGE - aside - 4),
    ]


def _code(one: Saying) -> list[Item]:
    where = f"{one.village}的乡亲" if one.village else "乡亲"
    call = f"{where}，微信扫一扫，加上负责这里的民辅警"
    whose = "  ".join(word for word in (one.station, one.grid) if word)
    top = 85.0
    name = f"{one.rank}  {one.name}"
    return [
        Text(MIDDLE, 79.5, fitting(call, 7.4, ROOM), call, align="middle"),
        Picture(MIDDLE - SIDE / 2, top, SIDE, one.picture, one.kind, "加好友的二维码"),
        Text(MIDDLE, top + SIDE + 11, fitting(name, 10.5, ROOM, bold=True), name, bold=True,
             align="middle"),
        Text(MIDDLE, top + SIDE + 19.5, fitting(whose, 6.0, ROOM), whose, colour=GREY,
             align="middle"),
    ]  # fmt: skip


def _what_for() -> list[Item]:
    items: list[Item] = [Box(EDGE, 207.5, ROOM, 0.3, fill=BLUE)]
    for number, words in enumerate(saying.FOR):
        x = EDGE + (number % 2) * (ROOM / 2 + 4)
        y = 218.5 + (number // 2) * 11
        items += [
            Box(x, y - 4.6, 3.4, 3.4, fill=BLUE),
            Text(x + 6.5, y, 6.4, words),
        ]
    return items


def _foot(one: Saying) -> list[Item]:
    top, beside = 240.0, EDGE
    items: list[Item] = [
        Box(EDGE, top - 3, ROOM, 0.3, fill=BLUE),
        *paragraph(saying.PRIVACY, EDGE, top + 5, 5.2, ROOM, colour=INK),
        *small_print(saying.PRIVACY_MORE, EDGE, top + 13, 4.6, ROOM),
    ]
    check_top = top + 20
    if one.check_at:
        items.append(Code(EDGE, check_top, CHECK_SIDE, one.check_at, "核对民警身份的网页"))
        beside += CHECK_SIDE + 5
    room = WIDTH - EDGE - beside
    checking = "扫左边小码，输入他出示的本周核验码，就知道是不是。" if one.check_at else ""
    items += [
        Text(beside, check_top + 6.2, 6.4, saying.REAL, bold=True),
        *small_print(f"{checking or '让他出示证件，拿不准就打 110。'}{saying.NEVER}",
                     beside, check_top + 14, 4.6, room),
    ]  # fmt: skip
    return items
